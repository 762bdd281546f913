"""What becomes of a window of a log: the same records, in whatever window an event is found."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta

from agent.errors import DependencyError, PermanentError
from agent.faults.dead_letters import Reason
from agent.flow.budget import Budget, Share
from agent.flow.event_log import LoggedEvent, Window
from agent.flow.window_reader import WindowReader
from agent.model import Delivery, ObjectSource, Reading
from agent.pulse import Pulse
from agent.records.selection import Selector
from tests.support.clock import FakeClock
from tests.support.event_log import FakeEventLog, logged
from tests.support.events import ACCOUNT, REGION, event, noise
from tests.support.records import open_mapper
from tests.support.telemetry import FakeTelemetry

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = Window(f"fake-log:{REGION}", NOON, NOON + timedelta(hours=1))


class Rig:
    """A reader over a log, with memory for `memory_bytes`."""

    def __init__(self, log: FakeEventLog, *, memory_bytes: int = 1 << 30) -> None:
        self.telemetry, self.pulse = FakeTelemetry(), Pulse(FakeClock())
        self.budget = Budget(memory_bytes, self.pulse, threading.Event(), self.telemetry.bytes_reserved)
        self.reader = WindowReader(
            log, selection=Selector(), mapper=open_mapper(), tell_reads=self.telemetry.objects_read, pulse=self.pulse
        )

    def read(self, window: Window = HOUR, memory: Share | None = None) -> Reading:
        """What is read of a window."""
        body = json.dumps({"s3Bucket": window.bucket, "s3ObjectKey": [window.key]})
        delivery = Delivery("window", "handle", body, 1, 0.0, 0.0)
        return self.reader.read(delivery, memory or self.budget.open_share())


def ids(reading: Reading) -> list[str]:
    """The events of a reading."""
    return [record.event_id for record in reading.records]


def test_events_are_selected_and_mapped_oldest_first() -> None:
    """What is not CodeCatalyst's is skipped."""
    events = [event("late", minute=40), noise("noise"), event("early", minute=5)]
    reading = Rig(FakeEventLog({REGION: list(map(logged, events))})).read()
    assert ids(reading) == ["early", "late"]
    assert (reading.skipped, reading.malformed, reading.faults) == (1, 0, ())


def test_a_record_does_not_depend_on_the_window() -> None:
    """Stores recognise what is shipped again by another replay, with windows of another length."""
    rig = Rig(FakeEventLog({REGION: [logged(event("one", minute=5))]}))
    whole, part = rig.read(), rig.read(Window(HOUR.bucket, NOON, NOON + timedelta(minutes=10)))
    first, second = whole.records[0], part.records[0]
    assert (first.attributes, first.observed_time_unix_nano) == (second.attributes, second.observed_time_unix_nano)
    assert first.observed_time_unix_nano == first.time_unix_nano


def test_the_record_is_that_of_the_trail_but_for_the_object() -> None:
    """The same body and digest, and the same attributes without `log.file.*`."""
    found = logged(event("one", minute=5))
    (here,) = Rig(FakeEventLog({REGION: [found]})).read().records
    there = open_mapper().to_record(found.raw, ObjectSource("acme-trail", "a.json.gz", ACCOUNT, 1))
    files = {"log.file.path", "log.file.name"}
    assert (here.body, here.digest, here.account) == (there.body, there.digest, there.account)
    assert dict(here.attributes) == {name: value for name, value in there.attributes.items() if name not in files}


def test_what_is_no_event_is_told_and_the_rest_is_read() -> None:
    """As in an object."""
    bad = [LoggedEvent(raw, int(NOON.timestamp()) * 10**9) for raw in (b"", b"null", b'{"eventSource":')]
    reading = Rig(FakeEventLog({REGION: [logged(event("good")), *bad]})).read()
    assert (ids(reading), reading.malformed) == (["good"], 3)
    assert [fault.reason for fault in reading.faults] == [Reason.EVENT_MALFORMED]
    assert reading.faults[0].bucket == HOUR.bucket


def test_a_window_that_can_never_be_read_is_a_fault() -> None:
    """It is listed at the end of the replay."""
    log = FakeEventLog()
    log.refusal = PermanentError(Reason.OBJECT_TOO_LARGE, "too many events")
    (fault,) = Rig(log).read().faults
    assert (fault.reason, fault.key) == (Reason.OBJECT_TOO_LARGE, HOUR.key)


def test_a_refusal_gives_the_window_back() -> None:
    """The replay ends, and the next one reads it."""
    log = FakeEventLog()
    log.refusal = DependencyError("denied")
    assert Rig(log).read().returned


def test_memory_is_reserved_and_what_is_read_is_asked_for_once() -> None:
    """Where others hold the memory, it is mapped again when they have given it back, and not read again."""
    log = FakeEventLog({REGION: [logged(event(str(number), minute=number)) for number in range(50)]})
    rig = Rig(log, memory_bytes=100_000)
    share, others = rig.budget.open_share(), rig.budget.open_share()
    with others.reserve(50_000) as held:
        held.kept = 50_000
    others.close()
    rig.pulse.clock.at(5.0, others.release)  # type: ignore[attr-defined]
    assert len(rig.read(memory=share).records) == 50
    assert len(log.asked) == 1
    assert share.kept > 50 * 2048
