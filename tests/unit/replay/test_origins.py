"""A replay of a log: its windows, its places, and how they are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agent.errors import DependencyError
from agent.replay.origins import LogOrigin
from agent.replay.span import Span
from tests.support.event_log import FakeEventLog, logged
from tests.support.events import event

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SPAN = Span(NOON, NOON + timedelta(hours=12))


def test_a_first_look_decides_how_long_windows_are() -> None:
    """A busy place has many short ones, a quiet one has one a day."""
    busy = [logged(event(str(number), minute=number)) for number in range(60)]
    origin = LogOrigin(FakeEventLog({"us-west-2": busy, "eu-west-1": []}))
    streams = origin.find(SPAN)
    counts = {each.region: len(origin.listing.page(each.bucket, "2026/11/20/").objects) for each in streams}
    assert counts == {"us-west-2": 2, "eu-west-1": 1}
    assert origin.described(streams) == "fake-log:eu-west-1, fake-log:us-west-2"
    assert origin.requests() == 2


def test_a_log_that_may_not_be_asked_ends_it_before_anything_is_read() -> None:
    """With the log's own words."""
    log = FakeEventLog()
    log.refusal = DependencyError("denied: allow it")
    with pytest.raises(DependencyError, match="allow it"):
        LogOrigin(log).find(SPAN)
