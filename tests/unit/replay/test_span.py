"""`--since` and `--until`: what people write, and what they mean."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.replay.span import EARLIEST, Span, SpanError, read_span

NOW = datetime(2026, 11, 29, 7, 30, 40, tzinfo=UTC)
MOMENTS = st.datetimes(EARLIEST.replace(tzinfo=None), NOW.replace(tzinfo=None), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("since", "begin"),
    [
        ("2026-10-05", "2026-10-05T00:00:00+00:00"),
        (" 2026-10-05T12:00 ", "2026-10-05T12:00:00+00:00"),
        ("2026-10-05 12:00:30", "2026-10-05T12:00:30+00:00"),
        ("2026-10-05T12:00Z", "2026-10-05T12:00:00+00:00"),
        ("2026-10-05T12:00+02:00", "2026-10-05T10:00:00+00:00"),
        ("2026-10-05T12:00:00.9Z", "2026-10-05T12:00:00+00:00"),
        ("30d", "2026-10-30T07:30:40+00:00"),
        ("12H", "2026-11-28T19:30:40+00:00"),
        ("90m", "2026-11-29T06:00:40+00:00"),
        ("2w", "2026-11-15T07:30:40+00:00"),
    ],
)
def test_a_time_is_read_as_it_is_written(since: str, begin: str) -> None:
    """Dates, times with and without a zone, and how long ago; what has no zone is UTC."""
    assert read_span(since, None, NOW).since.isoformat() == begin


def test_without_an_end_it_goes_up_to_now() -> None:
    """With one, up to there."""
    assert read_span("1d", None, NOW).until == NOW
    assert read_span("1d", "1h", NOW).until == NOW - timedelta(hours=1)


@pytest.mark.parametrize(
    ("since", "until", "option", "words"),
    [
        ("yesterday", None, "--since", "write a date"),
        ("", None, "--since", "write a date"),
        ("20261005", None, "--since", "write a date"),
        ("2026-W40-1", None, "--since", "write a date"),
        ("2026-13-01", None, "--since", "write a date"),
        ("30dd", None, "--since", "'30dd' is no time"),
        ("-3d", None, "--since", "is no time"),
        ("999999w", None, "--since", "is no time"),
        ("\x1b[31m" + "x" * 99, None, "--since", "…' is no time"),
        ("2012-01-01", None, "--since", "before CloudTrail began"),
        ("2026-11-30", None, "--since", "in the future"),
        ("0d", None, "--since", "in the future"),
        ("2d", "2026-12-01", "--until", "leave it out"),
        ("2d", "3d", "--until", "is not after --since"),
        ("2026-10-05", "2026-10-05", "--until", "is not after --since"),
        ("2d", "never", "--until", "write a date"),
    ],
)
def test_what_cannot_be_meant_is_refused(since: str, until: str | None, option: str, words: str) -> None:
    """With the option, and what to write."""
    with pytest.raises(SpanError) as caught:
        read_span(since, until, NOW)
    assert caught.value.option == option
    assert words in str(caught.value)
    assert str(caught.value).isprintable()


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
