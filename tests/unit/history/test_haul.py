"""What is read of a window: all of it, or its newest part, and never a second with a hole in it."""

from __future__ import annotations

import sys

import pytest

from agent.errors import LimitError
from agent.flow.event_log import LoggedEvent
from agent.history.haul import Haul


def page(*seconds: int, of: str = "") -> list[LoggedEvent]:
    """Events at these times, newest first."""
    return [LoggedEvent(f"{of}{second}-{place}".encode(), second * 10**9) for place, second in enumerate(seconds)]


def haul(*, enough: int = 4, most_events: int = 100, most_bytes: int = sys.maxsize) -> Haul:
    """Of the seconds from 10 to 99."""
    return Haul(10, 100, most_events=most_events, most_bytes=most_bytes, enough=enough)


def seconds(found: Haul) -> list[int]:
    """When its events happened."""
    return [event.time_ns // 10**9 for event in found.events()]


def test_what_fits_is_there_whole() -> None:
    """Oldest first."""
    one = haul()
    assert not one.add(page(90, 80), is_last=False)
    assert one.add(page(70, 60, 50), is_last=True)
    one.end()
    assert (one.since, seconds(one)) == (10, [50, 60, 70, 80, 90])


def test_of_more_the_newest_are_enough() -> None:
    """What happened in the second of the last page may not be there whole, and nor may what is older."""
    one = haul()
    assert not one.add(page(90, 80), is_last=False)
    assert one.add(page(80, 70), is_last=False)
    one.end()
    assert (one.since, seconds(one)) == (81, [90])


def test_each_service_is_read_from_where_all_are_whole() -> None:
    """One that has more moves it for those before it, too."""
    one = haul()
    assert one.add(page(90, 50, 20, of="a"), is_last=True)
    one.end()
    assert not one.add(page(95, 94, 90, of="b"), is_last=False)
    assert one.add(page(60, 59, of="b"), is_last=False)
    one.end()
    assert (one.since, seconds(one)) == (61, [90, 90, 94, 95])


def test_a_service_that_is_begun_anew_is_there_once() -> None:
    """AWS had forgotten the page."""
    one = haul()
    one.add(page(90, 80), is_last=False)
    one.start()
    assert one.add(page(90, 80), is_last=True)
    one.end()
    assert seconds(one) == [80, 90]


def test_the_last_second_is_read_whole_or_not_at_all() -> None:
    """There is no newer part; with more than the limit, nothing of it can be used."""
    one = haul(most_events=6)
    assert not one.add(page(99, 99, 99), is_last=False)
    assert not one.add(page(99, 99, 99), is_last=False)
    with pytest.raises(LimitError, match="more than 6 events in it"):
        one.add(page(99), is_last=False)


@pytest.mark.parametrize(("most_events", "most_bytes"), [(3, sys.maxsize), (100, 13)])
def test_a_limit_that_is_met_early_cuts_early(most_events: int, most_bytes: int) -> None:
    """However few are enough; the limit holds for what is kept."""
    one = haul(enough=50, most_events=most_events, most_bytes=most_bytes)
    assert not one.add(page(90, 80), is_last=False)
    assert one.add(page(70, 60), is_last=True)
    one.end()
    assert (one.since, seconds(one)) == (71, [80, 90])


def test_one_that_is_wanted_whole_has_its_limits() -> None:
    """A replay's, say."""
    one = haul(enough=0, most_events=3)
    assert not one.add(page(90, 80), is_last=False)
    with pytest.raises(LimitError, match="more than 3 events in it"):
        one.add(page(70, 60), is_last=True)


def test_events_without_a_time_are_kept() -> None:
    """They are nowhere else."""
    one = haul()
    one.add([*page(90, 80), LoggedEvent(b"?", 0)], is_last=False)
    assert one.add(page(60), is_last=False)
    one.end()
    assert (one.since, seconds(one)) == (61, [0, 80, 90])
