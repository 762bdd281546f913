"""A replay of a log: its windows, its places, and how they are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agent.errors import DependencyError
from agent.flow.event_log import FirstLook, LoggedEvent
from agent.replay.origins import LogOrigin
from agent.replay.span import Span
from tests.support.event_log import FakeEventLog

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
SPAN = Span(NOON, NOON + timedelta(hours=12))


def test_a_first_look_decides_how_long_windows_are() -> None:
    """A busy place has many short ones, a quiet one has one a day."""
    busy = each_few_seconds(600, NOON, 6)
    origin = LogOrigin(FakeEventLog({"us-west-2": busy, "eu-west-1": []}))
    streams = origin.find(SPAN)
    counts = {each.region: len(origin.listing.page(each.bucket, "2026/11/20/").objects) for each in streams}
    assert counts == {"us-west-2": 48, "eu-west-1": 1}
    assert origin.described(streams) == "fake-log:eu-west-1, fake-log:us-west-2"
    assert origin.requests() == 1 + 1 + 10 + 10


def test_a_short_burst_makes_no_short_windows() -> None:
    """A few events in some seconds do not tell how much happens in a month."""
    burst = each_few_seconds(60, NOON + 2 * DAY, 0.25)
    origin = LogOrigin(FakeEventLog({"us-west-2": [*burst, *each_few_seconds(20, NOON, 3600)]}))
    streams = origin.find(Span(NOON, NOON + 20 * DAY))
    listed = [origin.listing.page(streams[0].bucket, f"2026/{day:%m/%d}/") for day in days(NOON, 21)]
    assert sum(len(page.objects) for page in listed) == 21
    assert origin.requests() == 3


def test_only_the_days_on_which_much_happens_have_short_windows() -> None:
    """A storm of one day costs no requests of the others but a look."""
    storm = each_few_seconds(2000, NOON + 19 * DAY, 1)
    origin = LogOrigin(FakeEventLog({"us-west-2": [*storm, *each_few_seconds(76, NOON, 3600 * 6)]}))
    bucket = origin.find(Span(NOON, NOON + 20 * DAY))[0].bucket
    counts = [len(origin.listing.page(bucket, f"2026/{day:%m/%d}/").objects) for day in days(NOON + 17 * DAY, 4)]
    assert counts == [1, 1, 288, 1]


def test_a_log_whose_newest_pages_are_empty_has_long_windows() -> None:
    """Nothing says that much happens in it."""

    class EmptyPages(FakeEventLog):
        def sample(self, place: str, begin: datetime, end: datetime, pages: int = 1) -> FirstLook:
            """Never the last page."""
            return FirstLook(0, 0.0, is_all=False)

    origin = LogOrigin(EmptyPages())
    streams = origin.find(SPAN)
    assert len(origin.listing.page(streams[0].bucket, "2026/11/20/").objects) == 1


def each_few_seconds(count: int, begin: datetime, seconds: float) -> list[LoggedEvent]:
    """So many events."""
    return [LoggedEvent(b"{}", int((begin.timestamp() + number * seconds) * 1e9)) for number in range(count)]


def days(begin: datetime, count: int) -> list[datetime]:
    """So many days."""
    return [begin + number * DAY for number in range(count)]


def test_a_log_that_may_not_be_asked_ends_it_before_anything_is_read() -> None:
    """With the log's own words."""
    log = FakeEventLog()
    log.refusal = DependencyError("denied: allow it")
    with pytest.raises(DependencyError, match="allow it"):
        LogOrigin(log).find(SPAN)
