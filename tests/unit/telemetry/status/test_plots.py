"""The plots of the last hour: what is drawn is what happened, to scale, whatever the numbers are."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.telemetry.hour import MINUTES, SLOTS, LastHour, Ring, Values
from agent.telemetry.status.plots import COUNT, SPAN, Measure, Plot, Spoken, figure
from tests.support.clock import START
from tests.support.web_page import Outline

NOTHING: Values = (0.0,) * SLOTS
PLAIN = LastHour(START, NOTHING, NOTHING, NOTHING, NOTHING, (False,) * SLOTS)


def plot(values: Values, measure: Measure = COUNT, *, adds_up: bool = True) -> Plot:
    """A plot of `values`."""
    return Plot("Things", "received", values, measure, Spoken("1", "a minute"), "none in this hour", adds_up=adds_up)


def heights(html: str) -> list[float]:
    """How high each step of the areas is, in hundredths of the plot, from left to right."""
    (path,) = re.findall('<path class="area" d="([^"]*)"', html)
    return [100 - float(top) for top in re.findall(r"V([\d.]+)H", path)]


@given(
    st.lists(st.one_of(st.none(), st.floats(), st.integers(0, 10**400)), min_size=SLOTS, max_size=SLOTS),
    st.lists(st.booleans(), min_size=SLOTS, max_size=SLOTS),
    st.sampled_from([COUNT, SPAN]),
    st.booleans(),
)
def test_any_numbers_make_a_plot(
    numbers: list[float | None], waited: list[bool], measure: Measure, adds_up: bool
) -> None:
    """Also none, those that are no numbers, and those beyond all bounds: well-formed, bounded, each step inside."""
    ring = Ring()
    for minute, number in enumerate(numbers):
        if number is not None:
            ring.add(minute, number)
    values = ring.values(MINUTES)
    html = figure(plot(values, measure, adds_up=adds_up), replace(PLAIN, received=values, waited=tuple(waited)))
    outline = Outline(html)
    drawn = heights(html)
    assert len(drawn) == sum(bool(value) for value in values)
    assert all(3 <= height <= 100 for height in drawn)
    assert "nan" not in html
    assert "inf" not in html
    assert len(outline.text) < 300
    assert len(html) < 12_000


@given(st.lists(st.integers(0, 10**9), min_size=SLOTS, max_size=SLOTS))
def test_steps_are_to_scale(numbers: list[int]) -> None:
    """A minute with twice as much is twice as high, unless it is too low to be seen."""
    html = figure(plot(tuple(map(float, numbers))), PLAIN)
    most = max(numbers)
    expected = [number for number in numbers if number]
    drawn = heights(html)
    assert len(drawn) == len(expected)
    ceiling = COUNT.ceiling(most) if most else 1
    for number, height in zip(expected, drawn, strict=True):
        assert height == pytest.approx(max(100 * number / ceiling, 3), abs=0.06)


@given(st.floats(0, 1e15))
def test_a_scale_ends_at_a_round_number_that_is_not_far(value: float) -> None:
    """So it seldom changes from one look to the next, and the plot is not empty."""
    count, span = COUNT.ceiling(value), SPAN.ceiling(value)
    assert value <= count <= max(2.5 * value, 5)
    assert value <= span <= max(3 * value, 5)
    digits = f"{count:.0f}".rstrip("0")
    assert digits in {"1", "2", "5"}


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "5 s"), (4, "5 s"), (61, "2 min"), (290, "5 min"), (7_300, "4 h"), (100_000, "2 d")]
)
def test_a_scale_of_time_ends_at_a_time_that_people_use(seconds: float, shown: str) -> None:
    """Minutes and hours, no thousands of seconds."""
    values: Values = (*NOTHING[:-1], float(seconds))
    html = figure(plot(values, SPAN, adds_up=False), PLAIN)
    assert f'<span class="top">{shown}</span>' in html


def test_who_cannot_see_it_hears_the_peak_and_the_present() -> None:
    """The label of the drawing says what it is about."""
    values: Values = (*NOTHING[:30], 1_500.0, *NOTHING[31:])
    html = figure(plot(values), PLAIN)
    peak = "most 1,500 at 13:43 UTC"  # START is 14:13 UTC
    assert f'role="img" aria-label="Things in the last hour. {peak}. Now: 1 a minute"' in html
    assert f"1 h ago {peak} now" in Outline(html).text


def test_an_empty_hour_says_so() -> None:
    """There is no peak, and no drawing that looks like one."""
    html = figure(plot(NOTHING), PLAIN)
    assert "none in this hour" in Outline(html).text
    assert heights(html) == []


def test_a_pointer_sees_time_and_value() -> None:
    """Of the minute that runs, it says that it is not over; of a wait, that there was one."""
    values: Values = (*NOTHING[:-2], 7.0, 3.0)
    waited = (True, *(False,) * MINUTES)
    hints = re.findall("<title>([^<]*)</title>", figure(plot(values), replace(PLAIN, waited=waited)))
    assert hints == ["13:13 UTC: 0; the work waited", "14:12 UTC: 7", "14:13 UTC: 3, so far"]
    assert re.findall("<title>([^<]*)</title>", figure(plot(values, adds_up=False), PLAIN))[-1] == "14:13 UTC: 3"


def test_waits_and_the_time_before_the_start_lie_behind() -> None:
    """Each stretch of waiting is one mark; what was before the start looks like nothing else."""
    waited = (*(False,) * 40, *(True,) * 5, *(False,) * 15, True)
    values: Values = (*(None,) * 20, *(0.0,) * 41)
    html = figure(plot(values), replace(PLAIN, received=values, waited=waited))
    assert re.findall('<rect class="waited" x="([0-9]+)" width="([0-9]+)"', html) == [("40", "5"), ("60", "1")]
    assert re.findall('<rect class="unborn" width="([0-9]+)"', html) == ["20"]
    assert "unborn" not in figure(plot(NOTHING), PLAIN)
