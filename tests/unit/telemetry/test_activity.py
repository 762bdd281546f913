"""What the status page remembers of the last minute."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.telemetry.activity import Activity
from tests.support.clock import FakeClock


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9)), max_size=40))
def test_the_rate_of_a_minute_is_what_was_marked_in_it(steps: list[tuple[int, int]]) -> None:
    """However marks are spread over time, the rate counts those of the last sixty seconds."""
    clock = FakeClock()
    activity = Activity(clock)
    clock.elapsed += 60
    marked: list[tuple[float, int]] = []
    for wait, count in steps:
        clock.elapsed += wait
        activity.mark("read", count)
        marked.append((clock.monotonic(), count))
    assert activity.per_minute("read") == sum(count for at, count in marked if at > clock.monotonic() - 60)
