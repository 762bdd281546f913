"""How the time of a replay is cut into windows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agent.flow.event_log import FirstLook
from agent.replay.span import Span
from agent.replay.windows import WindowListing, length_for, streams_of
from tests.support.event_log import FakeEventLog

BUCKET = "fake-log:us-west-2"
DAY = datetime(2026, 10, 5, tzinfo=UTC)


def keys(listing: WindowListing, day: str, after: str = "") -> list[str]:
    """The windows of a day, without the day."""
    page = listing.page(BUCKET, f"2026/10/{day}/", after)
    assert page.is_last
    return [each.key.rpartition("/")[2] for each in page.objects]


def test_windows_fill_the_span_and_no_more() -> None:
    """They end at borders of the day; the first and the last are as short as the span makes them."""
    span = Span(DAY + timedelta(hours=5, minutes=30), DAY + timedelta(days=1, hours=7))
    listing = WindowListing(span, {BUCKET: timedelta(hours=6)})
    assert keys(listing, "05") == ["053000-060000", "060000-120000", "120000-180000", "180000-240000"]
    assert keys(listing, "06") == ["000000-060000", "060000-070000"]
    assert keys(listing, "07") == []


def test_a_listing_goes_on_behind_a_window_of_another_length() -> None:
    """An earlier run may have cut the time in another way; nothing is left out, and nothing is asked for twice."""
    listing = WindowListing(Span(DAY, DAY + timedelta(days=1)), {BUCKET: timedelta(hours=6)})
    assert keys(listing, "05", "2026/10/05/120000-123400") == ["123400-180000", "180000-240000"]
    assert keys(listing, "05", "2026/10/05/180000-240000") == []


@pytest.mark.parametrize(
    ("sample", "length"),
    [
        (FirstLook(0, 0.0, is_all=True), timedelta(days=1)),
        (FirstLook(49, 60.0, is_all=True), timedelta(days=1)),
        (FirstLook(50, 3600.0, is_all=False), timedelta(hours=6)),
        (FirstLook(50, 600.0, is_all=False), timedelta(hours=1)),
        (FirstLook(50, 60.0, is_all=False), timedelta(minutes=5)),
        (FirstLook(50, 0.0, is_all=False), timedelta(minutes=5)),
    ],
)
def test_windows_are_shorter_where_more_happens(sample: FirstLook, length: timedelta) -> None:
    """So that each takes some requests, and not hundreds."""
    assert length_for(sample, 50) == length


def test_each_place_is_a_stream() -> None:
    """They go on side by side."""
    streams = streams_of(FakeEventLog({"us-west-2": [], "eu-west-1": []}))
    assert [each.address for each in streams] == ["fake-log:eu-west-1/", "fake-log:us-west-2/"]
