"""From when until when a replay goes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from agent.replay.span import EARLIEST, Span

NOW = datetime(2026, 11, 29, 7, 30, 40, tzinfo=UTC)
MOMENTS = st.datetimes(EARLIEST.replace(tzinfo=None), NOW.replace(tzinfo=None), timezones=st.just(UTC))


def test_its_days_are_those_of_which_it_has_some_time() -> None:
    """A span that ends at midnight has nothing of the day that begins then."""
    span = Span(datetime(2026, 10, 5, 18, tzinfo=UTC), datetime(2026, 10, 7, tzinfo=UTC))
    assert list(span.days()) == [date(2026, 10, 5), date(2026, 10, 6)]
    assert span.day_count() == 2
    assert span.holds_end_of(date(2026, 10, 6))
    assert not span.holds_end_of(date(2026, 10, 7))
    assert str(span) == "2026-10-05 18:00 to 2026-10-07 00:00 UTC"


@given(st.lists(MOMENTS, min_size=3, max_size=3, unique=True), MOMENTS)
def test_two_spans_that_meet_have_each_moment_once(bounds: list[datetime], moment: datetime) -> None:
    """Nobody ships anything twice, or not at all, who goes on where another replay ended."""
    a, b, c = sorted(bounds)
    assert Span(a, b).holds(moment) + Span(b, c).holds(moment) == Span(a, c).holds(moment)


@given(MOMENTS, MOMENTS)
def test_every_moment_of_a_span_is_on_one_of_its_days(since: datetime, moment: datetime) -> None:
    """And it has as many days as it says."""
    span = Span(since, since + timedelta(days=9, seconds=1))
    days = list(span.days())
    assert len(days) == span.day_count()
    assert not span.holds(moment) or moment.date() in days
