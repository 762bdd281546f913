"""When a replay stops, because nothing can be shipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest

from agent.errors import Fault
from agent.faults.dead_letters import Reason
from agent.flow.worker import Worker
from agent.model import Outcome, Reading, Settlement
from agent.replay.suspicion import Suspicion
from tests.support.messages import delivery
from tests.support.objects import BUCKET
from tests.support.records import log_record


@dataclass
class Rig:
    """What stops, and what was buried until then."""

    stops: list[str] = field(default_factory=list)
    buried: list[Settlement] = field(default_factory=list)
    is_second_try: bool = False
    bucket: str = BUCKET

    def __post_init__(self) -> None:
        self.taken = 0
        self.suspicion = Suspicion(self.stops.append, lambda _delivery: self.is_second_try, lambda: self.taken)

    def bury(self, letters: Sequence[Settlement]) -> None:
        """As a worker does."""
        self.buried += letters

    def fail(self, times: int, reason: Reason = Reason.OBJECT_UNREADABLE) -> None:
        """So many objects cannot be shipped."""
        for _ in range(times):
            fault = Fault(reason, "it is archived", self.bucket, "key")
            letter = Settlement(delivery(), Outcome.DEAD_LETTER, fault=fault)
            self.suspicion.bury([letter], cast("Worker", self))

    def noise(self, times: int) -> None:
        """So many objects without an event that is selected."""
        for _ in range(times):
            self.suspicion.delivered(Reading(delivery(), skipped=3))

    def events(self) -> None:
        """An object whose records the sink took."""
        self.suspicion.delivered(Reading(delivery(), records=(log_record(),)))


def test_ten_in_a_row_stop_it() -> None:
    """With the last of them; all that failed is listed."""
    rig = Rig()
    rig.fail(9)
    assert not rig.stops
    rig.fail(1)
    (why,) = rig.stops
    assert why.startswith(f"10 objects in a row could not be shipped; the last of them s3://{BUCKET}/key: ")
    assert why.endswith("object_unreadable: it is archived")
    assert len(rig.buried) == 10


def test_windows_of_a_log_are_called_windows() -> None:
    """Nobody finds an object of that name."""
    rig = Rig(bucket="event-history:us-west-2")
    rig.fail(10)
    assert rig.stops[0].startswith("10 windows in a row could not be shipped; the last of them event-history:us-west-2")


def test_what_can_be_read_between_them_ends_the_row() -> None:
    """A few bad objects are theirs alone."""
    rig = Rig()
    for _ in range(5):
        rig.fail(9)
        rig.noise(9)
    assert not rig.stops


def test_more_than_half_of_a_hundred_stop_it() -> None:
    """In whatever order they come."""
    rig = Rig()
    for _ in range(30):
        rig.fail(2)
        rig.noise(1)
    assert "more than half of the last 100 objects" in rig.stops[0]


@pytest.mark.parametrize("reason", [Reason.SINK_TOO_OLD, Reason.SINK_REJECTED])
def test_noise_says_nothing_about_the_sink(reason: Reason) -> None:
    """A thousand objects without a record for it do not hide that it takes none."""
    rig = Rig()
    for _ in range(10):
        rig.noise(100)
        rig.fail(1, reason)
    assert "the sink refused the records of 10 objects, and took none" in rig.stops[0]


def test_a_sink_that_takes_others_is_not_doubted() -> None:
    """Some records are odd."""
    rig = Rig()
    for _ in range(5):
        rig.fail(9, Reason.SINK_REJECTED)
        rig.events()
    assert not rig.stops


def test_a_sink_that_takes_some_of_a_request_is_not_doubted() -> None:
    """It does not say which, so all objects of the request are listed; one that takes no part of any is."""
    rig = Rig()
    fault = Fault(Reason.SINK_REJECTED, "the sink refused the record", BUCKET, "key", is_final=True)
    letters = [Settlement(delivery(), Outcome.DEAD_LETTER, fault=fault)] * 12
    rig.taken = 5
    rig.suspicion.bury(letters, cast("Worker", rig))
    assert not rig.stops
    rig.suspicion.bury(letters[:10], cast("Worker", rig))
    assert len(rig.stops) == 1


def test_what_failed_before_says_nothing_new() -> None:
    """Else a replay with ten objects that nobody can mend would never get past them."""
    rig = Rig(is_second_try=True)
    rig.fail(99)
    assert not rig.stops
    assert len(rig.buried) == 99
