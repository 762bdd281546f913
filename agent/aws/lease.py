"""The right to keep deliveries hidden from other replicas: held from receive to settle, extended at half-life.

Page: SQS developer guide, "Amazon SQS visibility timeout" (a message stays with one receiver for 12 hours at most).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from typing import Final, Protocol

from agent.aws.sqs import Hiding, Sqs
from agent.errors import AwsError
from agent.model import BATCH, Delivery
from agent.pulse import Pulse

_LONGEST_SECONDS: Final = 12 * 3600 - 60  # SQS counts from its own receive, a little before ours
_CHECK_SECONDS: Final = 1.0


class LeaseTelemetry(Protocol):
    """What the keeper tells the outside; telemetry stands beside aws, and is not imported here."""

    def in_flight(self, deliveries: int, oldest_sent_at: float | None) -> None:
        """So many deliveries are held now, the oldest of which was sent at this time (Unix seconds)."""
        ...

    def leases_extended(self, count: int) -> None:
        """So many leases were extended."""
        ...

    def lease_lost(self, delivery: Delivery) -> None:
        """Another replica may now receive this delivery too."""
        ...


@dataclass(slots=True)
class _Lease:
    delivery: Delivery
    extend_at: float


class InHand:
    """The deliveries that this process works on, from receive to settle. Nobody else can have them."""

    _half_life: float = inf

    def __init__(self, telemetry: LeaseTelemetry) -> None:
        self._telemetry = telemetry
        self._held: dict[str, _Lease] = {}
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, deliveries: Sequence[Delivery]) -> Iterator[None]:
        """Hold `deliveries` for the length of the block."""
        self.take(deliveries)
        try:
            yield
        finally:
            self.release(deliveries)

    def take(self, deliveries: Sequence[Delivery]) -> None:
        """Hold `deliveries` from here on."""
        with self._lock:
            for delivery in deliveries:
                self._held[delivery.receipt_handle] = _Lease(delivery, delivery.received_at + self._half_life)
            if deliveries:
                self._tell_held()

    def release(self, deliveries: Sequence[Delivery]) -> None:
        """Hold `deliveries` no longer: they are about to be settled, or to lapse."""
        with self._lock:
            before = len(self._held)
            for delivery in deliveries:
                self._held.pop(delivery.receipt_handle, None)
            if len(self._held) < before:  # most are released twice: when they are settled, and when the work has ended
                self._tell_held()

    def holds(self, delivery: Delivery) -> bool:
        """Whether `delivery` is held: not once it was released, or lost."""
        with self._lock:
            return delivery.receipt_handle in self._held

    def of(self, deliveries: Iterable[Delivery]) -> list[Delivery]:
        """Those of `deliveries` that are held."""
        with self._lock:
            return [each for each in deliveries if each.receipt_handle in self._held]

    def count(self) -> int:
        """How many deliveries are held now."""
        with self._lock:
            return len(self._held)

    def held(self) -> list[Delivery]:
        """The deliveries that are held now."""
        with self._lock:
            return [lease.delivery for lease in self._held.values()]

    def _tell_held(self) -> None:
        """With the lock held."""
        oldest = min((lease.delivery.sent_at for lease in self._held.values()), default=None)
        self._telemetry.in_flight(len(self._held), oldest)


class Leases(InHand):
    """Every lease that this process holds, `seconds` long each; one keeper thread runs `keep`.

    `trouble` is why SQS did not extend what it was asked for last; None where it did.
    """

    def __init__(self, queue: Sqs, seconds: int, telemetry: LeaseTelemetry, pulse: Pulse) -> None:
        super().__init__(telemetry)
        self._queue = queue
        self._seconds = seconds
        self._half_life = seconds / 2
        self._pulse = pulse
        self.trouble: AwsError | None = None

    def keep(self, stop: threading.Event) -> None:
        """Extend leases as they reach their half-life, until `stop` is set; the body of the keeper thread."""
        with self._pulse.alive():
            while not self._pulse.wait(stop, _CHECK_SECONDS):
                self.extend_due()

    def extend_due(self) -> None:
        """Extend every lease of which half is over; let those lapse whose 12 hours are over."""
        now = self._pulse.clock.monotonic()
        with self._lock:
            due = [lease for lease in self._held.values() if lease.extend_at <= now]
        for lease in due:
            if now - lease.delivery.received_at + self._seconds > _LONGEST_SECONDS:
                self._lose(lease.delivery)
        due = [lease for lease in due if lease.delivery.receipt_handle in self._held]
        for begin in range(0, len(due), BATCH):
            self._pulse.beat()
            self._extend(due[begin : begin + BATCH], now)

    def renew(self, deliveries: Sequence[Delivery]) -> None:
        """Extend the leases of `deliveries` now, however much of them is left; at most ten."""
        now = self._pulse.clock.monotonic()
        with self._lock:
            leases = [self._held[each.receipt_handle] for each in deliveries if each.receipt_handle in self._held]
        if leases:
            self._extend(leases, now)

    def lapse(self) -> None:
        """Lose each lease whose time is over: somebody else may have its delivery since, whatever SQS says."""
        now = self._pulse.clock.monotonic()
        with self._lock:
            over = [lease for lease in self._held.values() if lease.extend_at + self._half_life <= now]
        for lease in over:
            self._lose(lease.delivery)

    def _extend(self, due: Sequence[_Lease], now: float) -> None:
        try:
            refusals = self._queue.hide([Hiding(lease.delivery, self._seconds) for lease in due])
        except AwsError as error:
            self.trouble = error
            return  # tried again in a second: nearly half of the lease is left
        self.trouble = next((refusal.as_error() for refusal in refusals if not refusal.stale), None)
        refused = {refusal.delivery.receipt_handle for refusal in refusals}
        extended = [lease for lease in due if lease.delivery.receipt_handle not in refused]
        for lease in extended:
            lease.extend_at = now + self._seconds / 2
        for refusal in refusals:
            if refusal.stale:
                self._lose(refusal.delivery)
        self._telemetry.leases_extended(len(extended))

    def _lose(self, delivery: Delivery) -> None:
        with self._lock:
            known = self._held.pop(delivery.receipt_handle, None)
            self._tell_held()
        if known:  # else it was settled meanwhile, so SQS does not know it any more
            self._telemetry.lease_lost(delivery)


class DryRunLeases(Leases):
    """Holds every lease until the end: what a dry run does not settle must not come again meanwhile."""

    def release(self, deliveries: Sequence[Delivery]) -> None:
        """Hold them all the same."""

    def count(self) -> int:
        """How many have to be settled before more may be received: none, because nothing is."""
        return 0
