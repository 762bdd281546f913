"""A small plot of the last hour as inline SVG: one step for each minute, with a scale that seldom changes.

The SVG holds shapes only. It is stretched to the width of its card, so its words stand around it, in HTML.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby
from typing import Final

from agent.telemetry.hour import MINUTES, SLOTS, LastHour, Values
from agent.telemetry.wording import brief, span

_HEIGHT: Final = 100
_LEAST_HEIGHT: Final = 3.0  # a single event among thousands can still be seen
_LEAST_COUNT: Final = 5.0
_STEPS: Final = (1, 2, 5, 10)
_SPANS: Final = (
    *(5.0, 10.0, 30.0),
    *(minutes * 60.0 for minutes in (1, 2, 5, 10, 20, 30)),
    *(hours * 3600.0 for hours in (1, 2, 4, 8, 12, 24)),
)
_DAY: Final = 86400.0


@dataclass(frozen=True, slots=True)
class Measure:
    """How a value is written, and the round number at which a scale ends that has to reach it."""

    say: Callable[[float], str]
    ceiling: Callable[[float], float]


def _round_up(value: float) -> float:
    """The next 1, 2 or 5 with zeros behind."""
    power = 10.0 ** math.floor(math.log10(value))
    return next((step * power for step in _STEPS if step * power >= value), value)


def _count_ceiling(value: float) -> float:
    return _round_up(max(value, _LEAST_COUNT))


def _span_ceiling(seconds: float) -> float:
    place = bisect_left(_SPANS, seconds)
    return _SPANS[place] if place < len(_SPANS) else _round_up(seconds / _DAY) * _DAY


COUNT: Final = Measure(brief, _count_ceiling)
SPAN: Final = Measure(span, _span_ceiling)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A value as it is written large, and what stands behind it."""

    value: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot. `kind` chooses its colour; `now` stands under its title.

    `empty` is shown where the hour has nothing to draw. A plot that `adds_up` counts, so its last minute is not whole.
    """

    title: str
    kind: str
    values: Values
    measure: Measure
    now: Spoken
    empty: str
    adds_up: bool = False


def figure(plot: Plot, hour: LastHour) -> str:
    """The plot with its words, as HTML; `hour` says which minutes it shows."""
    known = [(value, slot) for slot, value in enumerate(plot.values) if value]
    most, place = max(known, default=(0.0, 0))
    ceiling = plot.measure.ceiling(most)
    peak = f"most {plot.measure.say(most)} at {hour.minute(place)} UTC" if known else ""
    about = f"{plot.title} in the last hour. {peak or plot.empty}. Now: {plot.now.value} {plot.now.unit}".rstrip()
    nothing = "" if known else f'<span class="nothing">{escape(plot.empty)}</span>'
    return (
        f'<figure class="card plot {plot.kind}"><figcaption><h3>{escape(plot.title)}</h3>'
        f"<p><b>{escape(plot.now.value)}</b> {escape(plot.now.unit)}</p></figcaption>"
        f'<div class="graph"><span class="top">{escape(plot.measure.say(ceiling))}</span>{nothing}'
        f'<svg viewBox="0 0 {SLOTS} {_HEIGHT}" preserveAspectRatio="none" role="img" aria-label="{escape(about)}">'
        f"{_ground(hour)}{_shape(plot, ceiling)}{_hints(plot, hour)}</svg></div>"
        f'<div class="axis"><span>1 h ago</span><span>{escape(peak)}</span><span>now</span></div></figure>\n'
    )


def _ground(hour: LastHour) -> str:
    """What lies behind: the time before the start, the minutes in which the work waited, lines at half and whole."""
    before = hour.before_start
    unborn = f'<rect class="unborn" width="{before}" height="{_HEIGHT}"/>' if before else ""
    waits = "".join(
        f'<rect class="waited" x="{begin}" width="{end - begin}" height="{_HEIGHT}"/>'
        for begin, end in _runs(hour.waited)
    )
    return f'{unborn}{waits}<path class="lines" d="M0 0H{SLOTS}M0 {_HEIGHT // 2}H{SLOTS}M0 {_HEIGHT}H{SLOTS}"/>'


def _shape(plot: Plot, ceiling: float) -> str:
    """Steps that stand on the ground wherever minutes have something, with a line on top of the whole minutes."""
    tops = [_top(value, ceiling) if value else "" for value in plot.values]
    areas, edges = [], []
    for begin, end in _runs([bool(top) for top in tops[: MINUTES if plot.adds_up else SLOTS]]):
        steps = "".join(f"V{tops[slot]}H{slot + 1}" for slot in range(begin, end))
        areas.append(f"M{begin} {_HEIGHT}{steps}V{_HEIGHT}Z")
        edges.append(f"M{begin} {tops[begin]}{steps}")
    if plot.adds_up and tops[MINUTES]:
        areas.append(f"M{MINUTES} {_HEIGHT}V{tops[MINUTES]}H{SLOTS}V{_HEIGHT}Z")
    return f'<path class="area" d="{"".join(areas)}"/><path class="edge" d="{"".join(edges)}"/>'


def _top(value: float, ceiling: float) -> str:
    height = max(min(value / ceiling, 1.0) * _HEIGHT, _LEAST_HEIGHT)
    return f"{_HEIGHT - height:.1f}".removesuffix(".0")


def _hints(plot: Plot, hour: LastHour) -> str:
    """What a pointer sees at a minute: its time, its value, and that the work waited."""
    return "".join(
        f'<rect class="hint" x="{slot}" width="1" height="{_HEIGHT}"><title>{_hint(plot, hour, slot)}</title></rect>'
        for slot, value in enumerate(plot.values)
        if value or hour.waited[slot]
    )


def _hint(plot: Plot, hour: LastHour, slot: int) -> str:
    value = plot.values[slot]
    told = [] if value is None else [plot.measure.say(value) + (", so far" if plot.adds_up and slot == MINUTES else "")]
    waited = ["the work waited"] if hour.waited[slot] else []
    return escape(f"{hour.minute(slot)} UTC: {'; '.join([*told, *waited])}")


def _runs(marks: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """Begin and end of each stretch of marked slots."""
    for marked, stretch in groupby(enumerate(marks), key=lambda one: one[1]):
        if marked:
            slots = [slot for slot, _ in stretch]
            yield slots[0], slots[-1] + 1
