"""A telemetry that remembers what it was told, for every part of the flow; and the real one, laid open."""

from __future__ import annotations

import io
import json
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from agent.faults.environment_faults import EnvironmentFault
from agent.model import Delivery, Ignored, LogRecord, Outcome, QueueAttributes, Reading, Settlement
from agent.pulse import Pulse
from agent.records.profiles import CODECATALYST
from agent.records.profiles.profile import Profile
from agent.telemetry.events import Telemetry, open_telemetry
from agent.telemetry.flow_events import HowRead
from agent.telemetry.history_events import PassedOver
from agent.telemetry.labels import vocabulary
from agent.telemetry.logs import open_log
from agent.telemetry.metrics import Build
from agent.telemetry.snapshot import Snapshot
from tests.support.clock import FakeClock


@dataclass(frozen=True, slots=True)
class Told:
    """One named event, and what came with it."""

    name: str
    what: tuple[object, ...]


class FakeTelemetry(Telemetry):
    """Remembers every event in `told`, and adds up the ledger; many threads may tell it.

    `on_down` is called with each sink_down: tests stop a hopeless export there.
    """

    def __init__(self, on_down: Callable[[], object] = lambda: None) -> None:
        self.told: list[Told] = []
        self.fates: Counter[str] = Counter()
        self.events_read = 0
        self.held = 0
        self.reserved = 0
        self.settled: list[Settlement] = []
        self.exported: list[LogRecord] = []
        self.reached: dict[str, int] = {}
        self.lost: list[range] = []
        self.faults: list[tuple[EnvironmentFault, str]] = []
        self.set_back: list[range] = []
        self.unshipped: list[PassedOver] = []
        self._on_down = on_down
        self._lock = threading.Lock()

    def named(self, name: str) -> list[tuple[object, ...]]:
        """What came with each event of this name."""
        with self._lock:
            return [told.what for told in self.told if told.name == name]

    def count(self, name: str) -> int:
        """How often an event was told."""
        return len(self.named(name))

    def outcomes(self) -> Counter[Outcome]:
        """How many deliveries were settled how."""
        return Counter(settlement.outcome for settlement in self.settled)

    def answers(self) -> Counter[object]:
        """How many exports had which result."""
        return Counter(result for result, _ in self.named("export_answered"))

    def sink_states(self) -> list[object]:
        """What the sink was said to be, in order: "up", or the kind of trouble."""
        with self._lock:
            told = [told for told in self.told if told.name in {"sink_up", "sink_down"}]
        return [one.what[0] if one.what else "up" for one in told]

    def _tell(self, name: str, *what: object) -> None:
        with self._lock:
            self.told.append(Told(name, what))

    def sqs_request(self, operation: str, result: str) -> None:
        """Remember."""
        self._tell("sqs_request", operation, result)

    def in_flight(self, deliveries: int, oldest_sent_at: float | None) -> None:
        """Remember the latest."""
        self.held = deliveries

    def leases_extended(self, count: int) -> None:
        """Remember."""
        self._tell("leases_extended", count)

    def lease_lost(self, delivery: Delivery) -> None:
        """Remember."""
        self._tell("lease_lost", delivery.message_id)

    def deliveries_received(self, deliveries: Sequence[Delivery]) -> None:
        """Remember."""
        self._tell("deliveries_received", len(deliveries))

    def gate_closed(self, part: str, fault: EnvironmentFault, detail: str) -> None:
        """Remember."""
        self._tell("gate_closed", part)
        self.faults.append((fault, detail))

    def gate_opened(self, part: str) -> None:
        """Remember."""
        self._tell("gate_opened", part)

    def queue_up(self) -> None:
        """Remember."""
        self._tell("queue_up")

    def queue_down(self, kind: str, detail: str) -> None:
        """Remember."""
        self._tell("queue_down", kind, detail)

    def deliveries_settled(self, settlements: Sequence[Settlement]) -> None:
        """Remember each."""
        for settlement in settlements:
            self._tell("delivery_settled", settlement.delivery.message_id, settlement.outcome)
        self.settled += settlements

    def object_settled(self, settlement: Settlement) -> None:
        """Remember."""
        self._tell("object_settled", settlement.delivery.message_id, settlement.outcome)
        self.settled.append(settlement)

    def settle_failed(self, operation: str, count: int, detail: str) -> None:
        """Remember."""
        self._tell("settle_failed", operation, count, detail)

    def settling_down(self, detail: str) -> None:
        """Remember."""
        self._tell("settling_down", detail)

    def settling_up(self) -> None:
        """Remember."""
        self._tell("settling_up")

    def notification_ignored(self, ignored: Ignored) -> None:
        """Remember."""
        self._tell("notification_ignored", ignored.reason)

    def objects_read(self, reads: Sequence[HowRead]) -> None:
        """Remember each."""
        for read in reads:
            self._tell("object_read", read.facts, read.seconds, read.last_modified)

    def readings_finished(self, readings: Sequence[Reading]) -> None:
        """Add each to the ledger."""
        for reading in readings:
            self._tell("reading_finished", reading.delivery.message_id)
            with self._lock:
                self.events_read += len(reading.records) + reading.skipped + reading.malformed
                self.fates["skipped"] += reading.skipped
                self.fates["malformed"] += reading.malformed

    def records_exported(self, records: Sequence[LogRecord]) -> None:
        """Add to the ledger."""
        self._tell("records_exported", len(records))
        with self._lock:
            self.exported.extend(records)
            self.fates["exported"] += len(records)

    def records_fated(self, fate: str, count: int) -> None:
        """Add to the ledger."""
        self._tell("records_fated", fate, count)
        with self._lock:
            self.fates[fate] += count

    def bytes_reserved(self, reserved: int) -> None:
        """Remember the latest."""
        self.reserved = reserved

    def export_answered(self, result: str, seconds: float) -> None:
        """Remember."""
        assert seconds >= 0
        self._tell("export_answered", result, seconds)

    def sink_up(self) -> None:
        """Remember."""
        self._tell("sink_up")

    def sink_down(self, kind: str, detail: str) -> None:
        """Remember."""
        self._tell("sink_down", kind, detail)
        self._on_down()

    def sink_warned(self) -> None:
        """Remember."""
        self._tell("sink_warned")

    def records_taken_unnamed(self, count: int) -> None:
        """Remember."""
        self._tell("records_taken_unnamed", count)

    def record_shrunk(self) -> None:
        """Remember."""
        self._tell("record_shrunk")

    def worker_failed(self, error: BaseException) -> None:
        """Remember."""
        self._tell("worker_failed", type(error).__name__)

    def history_followed(self, region: str, position: int) -> None:
        """Remember."""
        self._tell("history_followed", region, position)

    def history_begun(self, region: str, position: int, *, is_new: bool) -> None:
        """Remember."""
        self._tell("history_begun", region, position, is_new)

    def history_remembered(self, region: str, passed: Sequence[PassedOver]) -> None:
        """Remember."""
        self._tell("history_remembered", region, *passed)

    def history_reached(self, region: str, position: int) -> None:
        """Remember the latest."""
        self.reached[region] = position

    def history_asked(self, region: str, result: str) -> None:
        """Remember."""
        self._tell("history_asked", region, result)

    def history_lost(self, region: str, begin: int, end: int) -> None:
        """Remember."""
        self._tell("history_lost", region)
        self.lost.append(range(begin, end))

    def history_set_back(self, region: str, was: int, to: int) -> None:
        """Remember."""
        self._tell("history_set_back", region)
        self.set_back.append(range(to, was))

    def windows_held(self, region: str, windows: int) -> None:
        """Remember the latest."""
        self.held = windows

    def windows_read(self, reads: Sequence[HowRead]) -> None:
        """Remember each."""
        for read in reads:
            self._tell("window_read", read.facts, read.seconds, read.last_modified)

    def window_settled(self, settlement: Settlement) -> None:
        """Remember."""
        self._tell("window_settled", settlement.delivery.message_id, settlement.outcome)
        self.settled.append(settlement)

    def events_unshipped(self, region: str, passed: Sequence[PassedOver]) -> None:
        """Remember."""
        self._tell("events_unshipped", region)
        self.unshipped.extend(passed)

    def places_unkept(self, detail: str) -> None:
        """Remember."""
        self._tell("places_unkept", detail)

    def places_kept(self) -> None:
        """Remember."""
        self._tell("places_kept")

    def queue_described(self, queue: str, found: QueueAttributes | None) -> None:
        """Remember."""
        self._tell("queue_described", queue, found)


@dataclass(slots=True)
class ObservedTelemetry:
    """The real telemetry, on a clock that is told, with its metrics and its log laid open."""

    telemetry: Telemetry
    clock: FakeClock
    pulse: Pulse
    stream: io.StringIO = field(default_factory=io.StringIO)

    def value(self, name: str, **labels: str) -> float:
        """The value of a metric now."""
        return Snapshot.of(self.telemetry.metrics.registry).value(name, **labels)

    def lines(self) -> list[dict[str, object]]:
        """The log's lines since the last look."""
        text = self.stream.getvalue()
        self.stream.seek(0)
        self.stream.truncate()
        return [json.loads(line) for line in text.splitlines()]


def observed(
    *,
    level: str = "info",
    event_name_labels: int = 200,
    retired_spaces: Sequence[str] = (),
    profiles: Sequence[Profile] = (CODECATALYST,),
) -> ObservedTelemetry:
    """A telemetry that nothing has been told yet."""
    clock, stream = FakeClock(), io.StringIO()
    pulse = Pulse(clock)
    log = open_log(level, "json", stream, clock)
    build = Build("1.2.3", "abcdef", "3.11.0")
    telemetry = open_telemetry(
        log, pulse, build, event_name_labels, vocabulary(profiles), retired_spaces=retired_spaces
    )
    return ObservedTelemetry(telemetry, clock, pulse, stream)
