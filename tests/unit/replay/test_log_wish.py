"""What of a span a log can be asked for, and what may still come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agent.replay.history_log import wish_for
from agent.replay.log_wish import LogWish
from agent.replay.space_logs import wish_for as spaces_wish_for
from agent.replay.span import Span, SpanError
from tests.support.event_log import FakeEventLog

NOW = datetime(2026, 11, 20, 12, 0, 30, tzinfo=UTC)
HISTORY = wish_for(["us-west-2"])


def open_log(*_: object) -> FakeEventLog:
    """A log that is never asked."""
    return FakeEventLog()


def span(since: timedelta, until: timedelta = timedelta(0)) -> Span:
    """From so long ago, until so long ago."""
    return Span(NOW - since, NOW - until)


def test_what_may_still_come_is_left_to_the_next_run() -> None:
    """Half an hour: twice of what Event history is known to take."""
    assert HISTORY.within(span(timedelta(days=1)), NOW).until == NOW.replace(hour=11, minute=30, second=0)
    earlier = span(timedelta(days=1), timedelta(hours=2))
    assert HISTORY.within(earlier, NOW) == earlier


def test_the_last_ninety_days_are_there() -> None:
    """`90d` is accepted, though the command took a moment to begin."""
    ninety = span(timedelta(days=90, seconds=2))
    assert HISTORY.within(ninety, NOW).since == ninety.since
    with pytest.raises(SpanError, match="begin at 2026-08-22"):
        HISTORY.within(span(timedelta(days=91)), NOW)


def test_a_span_that_is_all_too_young_is_refused() -> None:
    """It says so, in place of finding nothing."""
    with pytest.raises(
        SpanError, match=r"last 30 minutes may still be missing .*: begin before 2026-11-20 11:30"
    ) as until_now:
        HISTORY.within(Span(NOW - timedelta(minutes=20), NOW), NOW)
    assert until_now.value.option == "--since"


def test_a_span_that_has_ended_is_refused_until_all_of_it_is_there() -> None:
    """An earlier beginning would leave out what is wanted; at the time that is named, all of it is shipped."""
    wanted = span(timedelta(minutes=5), timedelta(minutes=4, seconds=59))
    with pytest.raises(
        SpanError, match=r"may still be missing .*: run this at 2026-11-20 12:26 UTC or later"
    ) as refused:
        HISTORY.within(wanted, NOW)
    assert refused.value.option == "--until"
    named = datetime(2026, 11, 20, 12, 26, tzinfo=UTC)
    assert HISTORY.within(wanted, named) == wanted
    with pytest.raises(SpanError):
        HISTORY.within(wanted, named - timedelta(seconds=1))


def test_what_a_log_does_not_promise_to_have_is_told() -> None:
    """CodeCatalyst's own: it is asked all the same. `30d` is promised, though the command took a moment to begin."""
    wish = spaces_wish_for(["ExampleCorp"])
    assert wish.within(span(timedelta(days=60)), NOW).since == NOW - timedelta(days=60)
    (told,) = wish.unpromised(NOW - timedelta(days=60), NOW)
    assert told.startswith(
        "event-logs are promised for the last 30 days only: of what happened before 2026-10-21 12:00"
    )
    assert wish.unpromised(NOW - timedelta(days=30, seconds=2), NOW) == []
    assert HISTORY.unpromised(NOW - timedelta(days=90), NOW) == []


def test_a_log_without_such_limits_has_all() -> None:
    """Whatever is asked for."""
    whole = span(timedelta(days=400))
    assert LogWish("fake-log", ["us-west-2"], open_log).within(whole, NOW) == whole


def test_a_region_that_is_named_twice_is_asked_once() -> None:
    """Nothing is shipped twice for it."""
    assert wish_for(["us-west-2", "eu-west-1", "us-west-2"]).places == ["us-west-2", "eu-west-1"]


def test_a_wish_names_what_a_checkpoint_holds() -> None:
    """The order in which places are named does not matter."""
    wish = LogWish("fake-log", ["us-west-2", "eu-west-1"], open_log)
    assert wish.buckets() == ("fake-log:eu-west-1", "fake-log:us-west-2")
