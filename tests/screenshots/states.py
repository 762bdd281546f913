"""The states in which the pages are looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from agent.errors import Fault
from agent.faults.dead_letters import Reason
from agent.faults.environment_faults import EnvironmentFault
from agent.faults.ignored import IgnoredReason
from agent.faults.retries import RetryReason
from agent.model import QueueAttributes, Reading
from tests.screenshots.shift import GUARD, Kind, Shift
from tests.support.objects import BUCKET
from tests.support.telemetry import ObservedTelemetry

_REFUSED: Final = (
    "HTTPConnectionPool(host='collector.monitoring.svc', port=4318): connection refused: the sink at "
    "http://collector.monitoring.svc:4318/v1/logs does not answer"
)


def starting() -> ObservedTelemetry:
    """The process is there, and nothing has answered yet."""
    shift = Shift()
    shift.seen.clock.elapsed += 4
    return shift.seen


def idle() -> ObservedTelemetry:
    """Everything answers, and nothing has come for a quarter of an hour."""
    shift = Shift()
    shift.seen.clock.elapsed += 2
    shift.start()
    shift.idle(17)
    return shift.seen


def busy() -> ObservedTelemetry:
    """An hour of ordinary work after quiet ones, with one event that somebody should look at."""
    shift = Shift()
    shift.start()
    shift.seen.clock.elapsed += 4 * 3600
    shift.work(50)
    shift.pass_over(IgnoredReason.DIGEST, 3)
    shift.work(9)
    shift.export(GUARD)
    shift.work(3.5)
    shift.read(shift.receive(3)[0])
    shift.seen.telemetry.bytes_reserved(3 << 20)
    return shift.seen


def sink_down() -> ObservedTelemetry:
    """The sink went away twelve minutes ago; the work waits."""
    shift = Shift()
    shift.start()
    shift.work(48)
    held = shift.receive(10) + shift.receive(10)
    for message in held:
        shift.read(message)
    shift.seen.telemetry.in_flight(len(held), min(message.sent_at for message in held))
    shift.seen.telemetry.bytes_reserved(21 << 20)
    waiting = 0
    for step in range(48):
        shift.seen.telemetry.export_answered("unavailable", 0.002)
        shift.seen.telemetry.sink_down("unavailable", _REFUSED)
        shift.seen.telemetry.leases_extended(20 if step % 4 == 0 else 0)
        waiting += 7
        shift.describe(waiting)
        shift.seen.clock.elapsed += 15
    return shift.seen


def in_doubt() -> ObservedTelemetry:
    """Ten dead letters in a row: the agent asks whether it is wrong itself, and makes no more of them."""
    shift = Shift()
    shift.start()
    shift.work(56)
    for number in range(10):
        shift.bury(_fault(Reason.NOT_ALLOWED, "bucket acme-trail-444455556666 is not listed in buckets", shift.key()))
        shift.seen.clock.elapsed += 1 + number % 3
    held = shift.receive(10)
    for _ in range(16):
        shift.seen.telemetry.gate_closed(
            "dead letters",
            EnvironmentFault.DEAD_LETTERS,
            "10 messages in a row would be dead letters (not_allowed 10); asking whether the agent is wrong",
        )
        shift.describe(310)
        shift.seen.clock.elapsed += 15
    shift.give_back(RetryReason.HELD_BACK)
    shift.seen.telemetry.in_flight(len(held), held[0].sent_at)
    return shift.seen


def after_dead_letters() -> ObservedTelemetry:
    """The work went on; what did not pass is there to be looked at."""
    shift = Shift()
    shift.start()
    shift.work(39)
    shift.bury(_fault(Reason.OBJECT_CORRUPT, "the gzip data ends early, after 18,312 bytes", shift.key()))
    for _ in range(3):
        shift.give_back(RetryReason.OBJECT_MISSING)
    shift.bury(_fault(Reason.OBJECT_MISSING, "S3 says: NoSuchKey, at four receives within 11 minutes", shift.key()))
    shift.seen.telemetry.records_fated("dead_lettered", 4)
    shift.seen.telemetry.records_fated("duplicate", 31)
    shift.seen.telemetry.export_answered("partial", 0.05)
    shift.bury(_fault(Reason.SINK_TOO_OLD, "entry has timestamp too old: 2026-09-01T06:30:00Z", shift.key()))
    shift.seen.telemetry.gate_closed(f"bucket {BUCKET}", EnvironmentFault.BUCKET_UNAVAILABLE, "S3 says: SlowDown")
    shift.seen.clock.elapsed += 210
    shift.seen.telemetry.gate_opened(f"bucket {BUCKET}")
    shift.pass_over(IgnoredReason.DIGEST, 24)
    shift.pass_over(IgnoredReason.OTHER_KEY, 2)
    shift.work(18, load=1.7)
    return shift.seen


def hostile() -> ObservedTelemetry:
    """Names as long as they may be, numbers as large as they get, texts without a blank."""
    shift = Shift()
    shift.start()
    shift.seen.clock.elapsed += 40 * 60
    telemetry = shift.seen.telemetry
    for source in ("", f"{'s' * 100}.amazonaws.com"):
        shift.export(*(Kind(0, letter * 128, source, failing=1.0) for letter in "abcdefgh"))
    telemetry.records_fated("skipped", 10**15)
    message = shift.receive(1)[0]
    telemetry.readings_finished([Reading(message, skipped=10**15)])
    telemetry.queue_described("main", QueueAttributes(10**12, 10**12, 10**12, "", 1))
    telemetry.in_flight(1, 1.0)
    telemetry.bytes_reserved(10**18)
    shift.bury(Fault(Reason.SINK_REJECTED, "W" * 5000, "b" * 63, f"AWSLogs/{'k' * 1000}"))
    shift.pass_over(IgnoredReason.OTHER_KEY, 12_345)
    telemetry.gate_closed(f"bucket {'b' * 63}", EnvironmentFault.BUCKET_DENIED, "<" * 5000)
    shift.seen.clock.elapsed += 20 * 60
    return shift.seen


def _fault(reason: Reason, detail: str, key: str) -> Fault:
    return Fault(reason, detail, BUCKET, key)


STATES: Final[Mapping[str, Callable[[], ObservedTelemetry]]] = {
    "starting": starting,
    "idle": idle,
    "busy": busy,
    "sink-down": sink_down,
    "in-doubt": in_doubt,
    "after-dead-letters": after_dead_letters,
    "hostile": hostile,
}
