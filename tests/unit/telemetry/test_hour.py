"""The last hour, minute by minute: what is kept is what happened, and no more."""

from __future__ import annotations

import math
from statistics import median

from hypothesis import given
from hypothesis import strategies as st

from agent.telemetry.hour import LARGEST, MINUTES, SLOTS, Lasting, Medians, Ring

STEPS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9)), max_size=60)


@given(st.integers(0, 200), STEPS)
def test_a_ring_has_what_was_added_in_each_of_the_last_minutes(first: int, steps: list[tuple[int, int]]) -> None:
    """However long the pauses are: nothing of an hour ago is left, and nothing is counted in another minute."""
    ring, minute = Ring(), first
    added: dict[int, int] = {}
    for wait, count in steps:
        minute += wait
        ring.add(minute, count)
        added[minute] = added.get(minute, 0) + count
    assert ring.values(minute) == tuple(added.get(each) for each in range(minute - MINUTES, minute + 1))
    assert ring.values(minute + SLOTS) == (None,) * SLOTS


@given(st.lists(st.sampled_from([math.nan, math.inf, -math.inf, -1.0, 1e308, 10**400, 2.0]), max_size=20))
def test_a_ring_leaves_out_what_is_no_number(values: list[float]) -> None:
    """A value that cannot be drawn spoils none that can, and none is beyond the limit."""
    ring, lifted = Ring(), Ring()
    for value in values:
        ring.add(5, value)
        lifted.lift(5, value)
    good = [min(value, LARGEST) for value in values if value >= 0]
    assert ring.values(5)[-1] == (min(sum(good), LARGEST) if good else None)
    assert lifted.values(5)[-1] == max(good, default=None)


@given(st.lists(st.tuples(st.sampled_from([0, 0, 0, 0, 1, 70]), st.integers(-1, 90)), max_size=120))
def test_medians_are_those_of_each_minute(steps: list[tuple[int, int]]) -> None:
    """A minute without a measurement has none, which is not 0; of many measurements, the last 33 count."""
    medians, minute = Medians(), 100
    measured: dict[int, list[int]] = {}
    for wait, value in steps:
        minute += wait
        medians.add(minute, value)
        if value >= 0:
            measured.setdefault(minute, []).append(value)
    told = medians.values(minute)
    for slot, each in enumerate(range(minute - MINUTES, minute + 1)):
        mine = measured.get(each)
        assert told[slot] == (median(mine[-33:]) if mine else None)


@given(
    st.floats(0, 59),
    st.lists(st.tuples(st.integers(1, 500), st.one_of(st.none(), st.integers(0, 900))), min_size=1, max_size=20),
    st.integers(0, 5_000),
)
def test_what_lasts_grows_while_nobody_tells(offset: float, steps: list[tuple[int, int | None]], after: int) -> None:
    """In each minute stands the longest time that it had lasted by then, told or not."""
    lasting, now = Lasting(offset), 10_000.0
    changes: list[tuple[float, float | None]] = []
    for wait, age in steps:
        now += wait
        since = None if age is None else now - age
        lasting.change(since, now)
        changes.append((now, since))
    now += after
    told = lasting.values(now)
    this = int((now + offset) // 60)
    ends = [*(at for at, _ in changes[1:]), now]
    for slot, minute in enumerate(range(this - MINUTES, this + 1)):
        begin, end = minute * 60 - offset, (minute + 1) * 60 - offset
        ages = [
            min(end, until) - since
            for (at, since), until in zip(changes, ends, strict=True)
            if since is not None and at < end and until >= begin
        ]
        assert (told[slot] is None) == (not ages)
        if ages:
            assert told[slot] == max(ages) or math.isclose(told[slot] or 0.0, max(ages), abs_tol=1e-6)


def test_nothing_lasts_before_anybody_told() -> None:
    """Also on a machine that has just started, whose clock is younger than an hour."""
    assert Lasting(0.0).values(90.0) == (None,) * SLOTS
    assert Ring().values(1) == (None,) * SLOTS
