"""How `top` shows running agents: in eighty columns, a line for each agent, and below what they do together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from agent.cli.spans import brief_span
from agent.cli.watched import WatchedAgent
from agent.errors import number_of
from agent.faults.environment_faults import EnvironmentFault
from agent.faults.letter_reasons import what_to_do
from agent.telemetry.figures import Figures, Flow, Spread
from agent.telemetry.wording import ago, brief, instant, number, size, span

_COLUMNS: Final = ("messages", "objects", "bytes", "events", "shipped", "skipped")
_AGENT_COLUMNS: Final = ("agent", "state", "events/s", "shipped/s", "held", "oldest", "dead", "up")
_LESS_WANTED: Final = ("up", "events/s", "oldest", "shipped/s", "held", "dead")
_FOLDED: Final = 20
_GAP: Final = 2
_NAME: Final = 12
_VALUE: Final = 18  # what stands beside a name has so many columns, or stands below it
_COLOURS: Final = {"✓": "green", "!": "yellow", "✗": "red"}
_MOST: Final = 5
_MOST_ADVICE: Final = 2
_NOTHING: Final = "-"
_IF_NOWHERE: Final = "start the agent, or name its address (http.listen): trail-agent top http://HOST:PORT"
_IF_AWAY: Final = "see its log: the container's, or `journalctl -u trail-agent`; it is followed when it comes back"


@dataclass(frozen=True, slots=True)
class Moment:
    """Now: `unix` for what agents say, `monotonic` for how long they have been away."""

    unix: float
    monotonic: float


def view(agents: Sequence[WatchedAgent], now: Moment, *, hint: str = "") -> RenderableType:
    """Everything there is to see; `hint` stands in the first line."""
    known = [one.figures for one in agents if one.figures and not one.is_away] or [
        one.figures for one in agents if one.figures
    ]
    title = Text.assemble(("trail-agent top", "bold"), f"  {instant(now.unix)}", (f"  {hint}" if hint else "", "dim"))
    parts: list[RenderableType] = [title]
    if len(agents) > 1:
        parts += [Text(""), _agents(agents, now)]
    parts.append(_states(agents, now))
    if known:
        told = known[0] if len(known) == 1 else Figures.together(known)
        parts += _figures(told, now, _without_sink(agents), advised=len(agents) == 1)
    return Group(*parts)


def _without_sink(agents: Sequence[WatchedAgent]) -> Sequence[str]:
    """The places of those that say of their sink that it is not up; none where they all do, or none does."""
    known = [one for one in agents if one.figures and not one.is_away]
    places = [one.place for one in known if one.figures and not one.figures.is_sink_up]
    return places if len(places) < len(known) else []


def _agents(agents: Sequence[WatchedAgent], now: Moment) -> RenderableType:
    rows = [[Text(one.place), _state(one), *map(Text, _agent_cells(one, now))] for one in agents]
    left_out: list[int] = []
    tables = [_table_of(_AGENT_COLUMNS, rows, left=2)]
    for heading in ("", *_LESS_WANTED):
        left_out += [_AGENT_COLUMNS.index(heading)] if heading else []
        kept = [column for column in range(len(_AGENT_COLUMNS)) if column not in left_out]
        headings = [_AGENT_COLUMNS[column] for column in kept]
        tables.append(_table_of(headings, [[row[column] for column in kept] for row in rows], left=2, folded=_FOLDED))
    return _Fitting(tables)


def _agent_cells(one: WatchedAgent, now: Moment) -> Sequence[str]:
    told = one.figures
    if told is None or one.is_away:
        return [_NOTHING] * (len(_AGENT_COLUMNS) - 2)
    rates = [_NOTHING] * 2 if told.rate is None else [_rate(told.rate.read), _rate(told.rate.exported)]
    up = brief_span(now.unix - told.started) if told.started else _NOTHING
    return [*rates, brief(told.held), brief_span(told.oldest), brief(sum(told.dead_letters.values())), up]


def _state(one: WatchedAgent) -> Text:
    if one.is_away:
        return Text("no answer", "red")
    if one.is_only_asked:
        return Text("asked", "dim")
    return Text("ready", "green") if one.is_ready else Text("not ready", "yellow")


def _states(agents: Sequence[WatchedAgent], now: Moment) -> RenderableType:
    """A mark and some words for each thing to say; what needs several lines stands beside its mark."""
    lines = Table.grid(padding=(0, 1, 0, 0))
    lines.add_column(min_width=1)
    lines.add_column(overflow="fold")
    for mark, words in _told(agents, now):
        lines.add_row(Text(mark, _COLOURS.get(mark, "")), Text(words))
    return lines


def _told(agents: Sequence[WatchedAgent], now: Moment) -> Iterator[tuple[str, str]]:
    """Whether they are ready, and why not; with several, only of those that are not. Each with its mark, if any."""
    several = len(agents) > 1
    for one in agents:
        who = f"{one.place}  " if several else ""
        if one.is_away:
            seconds = max(now.monotonic - one.away_since, 0.0) // 1
            since = f" (for {span(seconds)})" if seconds else ""
            seen = "; below is what it said last" if one.figures and not several else ""
            yield "✗", f"{one.place} does not answer: {one.absence}{since}{seen}"
            if not several:
                yield "", _IF_AWAY if one.figures else _IF_NOWHERE
        elif one.is_only_asked and not several:
            yield "!", f"{one.place} has not answered yet"
        elif one.reasons:
            yield from (("!", f"{who}not ready: {reason}") for reason in one.reasons)
        elif one.figures and not several:
            build = " ".join(part for part in (one.figures.version, one.figures.revision[:12]) if part)
            yield "✓", f"{one.place} is ready  {build}  up {_up(one.figures, now)}"


def _figures(told: Figures, now: Moment, without_sink: Sequence[str], *, advised: bool) -> list[RenderableType]:
    """The flow and the facts; what to do about what is waited for stands there where there is room."""
    beside, below = Table.grid(padding=(0, 1)), Table.grid()
    beside.add_column(style="dim", no_wrap=True, min_width=_NAME)
    beside.add_column(overflow="fold")
    below.add_column(overflow="fold")
    for name, value in _facts(told, now, without_sink, advised=advised):
        beside.add_row(name, value)
        below.add_row(Text(name, "dim"))
        below.add_row(Padding(value, (0, 0, 0, 2)))
    return [Text(""), _flow(told), Text(""), _Fitting([(_NAME + _VALUE, beside), (0, below)])]


def _flow(told: Figures) -> RenderableType:
    """A line for each span of time; where that is too wide, a line for each figure, and of one span at the least."""
    lines = {"since start": _cells(told.total, per_second=False)}
    if told.rate:
        lines = {f"per second ({span(told.seconds // 1)})": _cells(told.rate, per_second=True), **lines}
    rows = [[Text(name), *map(Text, cells)] for name, cells in lines.items()]
    columns = [[Text(name), *map(Text, cells)] for name, *cells in zip(_COLUMNS, *lines.values(), strict=True)]
    brief_names = ["per s", "total"][-len(lines) :]
    tables = [_table_of(("", *_COLUMNS), rows, left=1)]
    tables += [_table_of(("", *names), columns, left=1) for names in (lines, brief_names)]
    tables.append(_table_of(("", brief_names[0]), [row[:2] for row in columns], left=1))
    return _Fitting(tables)


def _cells(flow: Flow, *, per_second: bool) -> Sequence[str]:
    shown = _rate if per_second else brief
    return [
        shown(flow.received),
        shown(flow.objects),
        size(flow.object_bytes),
        shown(flow.read),
        shown(flow.exported),
        shown(flow.skipped),
    ]


def _facts(
    told: Figures, now: Moment, without_sink: Sequence[str], *, advised: bool
) -> Iterator[tuple[str, str | Text]]:
    if told.waiting:
        yield "waits for", Text(", ".join(told.waiting), "yellow")
        advice = [what_to_do(fault) for fault in EnvironmentFault if advised and fault in told.waiting]
        yield from (("what to do", each) for each in advice[:_MOST_ADVICE])
    yield "sink", _sink(told, without_sink)
    yield "held", _held(told)
    yield "queue", _queue(told, now)
    times = {"receive": told.last_receive, "delivery": told.last_delivery, "newest event": told.last_event}
    yield "last", ", ".join(f"{what} {ago(then, now.unix)}" for what, then in times.items())
    yield "event age", _ages(told.event_age)
    yield "object age", _ages(told.object_age)
    dead = sum(told.dead_letters.values())
    yield "dead letters", Text(f"{number(dead)}: {_counts(told.dead_letters)}", "red") if dead else _counts({})
    if told.retries:
        yield "retried", _counts(told.retries)
    yield "events", _counts(told.events)


def _held(told: Figures) -> str:
    if not told.held:
        return _counts({})
    return (
        f"{number_of(round(told.held), 'message')}, {size(told.reserved)}; the oldest is {span(told.oldest // 1)} old"
    )


def _sink(told: Figures, without: Sequence[str]) -> Text:
    """`without` are the places of some agents for which it is not up."""
    down = ("down", "red") if told.exports else ("has not answered yet", "yellow")
    state = ("up", "green") if told.is_sink_up else down
    if without:
        more = f" and {number_of(len(without) - _MOST, 'other')}" if len(without) > _MOST else ""
        state = (f"not up for {', '.join(without[:_MOST])}{more}", "yellow")
    return Text.assemble(state, f"; requests: {_counts(told.exports)}; answers {_ages(told.export_seconds)}")


def _queue(told: Figures, now: Moment) -> str:
    """As SQS estimates it, and when it did: the agent asks it more seldom than it is asked itself."""
    depths = told.depths
    if depths.visible is None:
        return "SQS has not said how many messages there are"
    letters = "" if depths.dead_letters is None else f"; {number(depths.dead_letters)} in the dead-letter queue"
    in_flight, delayed = depths.in_flight or 0.0, depths.delayed or 0.0
    when = "" if depths.counted_at is None else f" ({ago(depths.counted_at, now.unix)})"
    return f"{number(depths.visible)} waiting, {number(in_flight)} in flight, {number(delayed)} delayed{letters}{when}"


def _ages(ages: Spread) -> str:
    half, most = ages.within(0.5), ages.within(0.95)
    if half is None or most is None:
        return _counts({})
    return f"half {_within(half)}, 95 % {_within(most)}"


def _within(bound: float) -> str:
    return "beyond the last bucket" if math.isinf(bound) else f"< {span(bound)}"


def _counts(counts: Mapping[str, float]) -> str:
    shown = [f"{name} {brief(count)}" for name, count in list(counts.items())[:_MOST]]
    return ", ".join([*shown, *([f"{len(counts) - _MOST} more"] if len(counts) > _MOST else [])]) or "none"


def _rate(value: float) -> str:
    return f"{value:.1f}" if value < 100 else brief(value)  # noqa: PLR2004 - three digits need no fraction


def _up(told: Figures, now: Moment) -> str:
    return span(max(now.unix - told.started, 0.0) // 1) if told.started else _NOTHING


def _table_of(
    headings: Sequence[str], rows: Sequence[Sequence[Text]], *, left: int, folded: int = 0
) -> tuple[int, Table]:
    """A table, and how many columns of the terminal it needs; its first cells can be folded to so many."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, _GAP, 0, 0))
    needed = 0
    for place, heading in enumerate(headings):
        width = max(len(heading), *(len(row[place]) for row in rows))
        is_folded = place == 0 and folded > 0
        table.add_column(heading, justify="left" if place < left else "right", no_wrap=not is_folded, overflow="fold")
        needed += (min(width, folded) if is_folded else width) + (_GAP if place else 0)
    for row in rows:
        table.add_row(*row)
    return needed, table


class _Fitting:
    """Tables of the same things: the first that fits is shown whole, or else the last."""

    def __init__(self, tables: Sequence[tuple[int, Table]]) -> None:
        self._tables = tables

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Table]:
        fitting = (table for needed, table in self._tables if needed <= options.max_width)
        yield next(fitting, self._tables[-1][1])
