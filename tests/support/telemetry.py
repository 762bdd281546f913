"""A telemetry that remembers what it was told, for every part of the flow."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from agent.errors import EnvironmentFault
from agent.model import Delivery, Ignored, LogRecord, Outcome, Reading, Settlement


@dataclass(frozen=True, slots=True)
class Told:
    """One named event, and what came with it."""

    name: str
    what: tuple[object, ...]


class FakeTelemetry:
    """Remembers every event in `told`, and adds up the ledger; many threads may tell it."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.fates: Counter[str] = Counter()
        self.events_read = 0
        self.held = 0
        self.reserved = 0
        self.settled: list[Settlement] = []
        self.exported: list[LogRecord] = []
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

    def _tell(self, name: str, *what: object) -> None:
        with self._lock:
            self.told.append(Told(name, what))

    def sqs_request(self, operation: str, result: str) -> None:
        """Remember."""
        self._tell("sqs_request", operation, result)

    def in_flight(self, deliveries: int) -> None:
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

    def gate_opened(self, part: str) -> None:
        """Remember."""
        self._tell("gate_opened", part)

    def queue_up(self) -> None:
        """Remember."""
        self._tell("queue_up")

    def queue_down(self, kind: str, detail: str) -> None:
        """Remember."""
        self._tell("queue_down", kind, detail)

    def delivery_settled(self, settlement: Settlement) -> None:
        """Remember."""
        self._tell("delivery_settled", settlement.delivery.message_id, settlement.outcome)
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

    def object_read(self, size_bytes: int, seconds: float, last_modified: float) -> None:
        """Remember."""
        self._tell("object_read", size_bytes, seconds, last_modified)

    def reading_finished(self, reading: Reading) -> None:
        """Add to the ledger."""
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
        self._tell("export_answered", result, seconds)

    def sink_up(self) -> None:
        """Remember."""
        self._tell("sink_up")

    def sink_down(self, kind: str, detail: str) -> None:
        """Remember."""
        self._tell("sink_down", kind, detail)

    def sink_warned(self, message: str) -> None:
        """Remember."""
        self._tell("sink_warned", message)

    def record_shrunk(self) -> None:
        """Remember."""
        self._tell("record_shrunk")

    def worker_failed(self, error: BaseException) -> None:
        """Remember."""
        self._tell("worker_failed", type(error).__name__)

    def queue_depth(self, queue: str, visible: int, in_flight: int, delayed: int) -> None:
        """Remember."""
        self._tell("queue_depth", queue, visible, in_flight, delayed)
