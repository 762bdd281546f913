"""Where deliveries come from and go back to: a receive that waits out a failing queue, a settle that never raises."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from agent.aws.sqs import Hiding, Refusal
from agent.errors import AwsError, Fault, RetryReason
from agent.model import BATCH, Delivery, Outcome, Settlement
from agent.pulse import Pulse

_SETTLE_ATTEMPTS: Final = 5
_SHORT_POLL_SECONDS: Final = 1  # with 0, SQS asks only some of its servers


Release = Callable[[Sequence[Delivery]], None]


def _keep(_deliveries: Sequence[Delivery]) -> None:
    """No lease is held on them."""


class SourceTelemetry(Protocol):
    """What receiving and settling tell the outside."""

    def deliveries_received(self, deliveries: Sequence[Delivery]) -> None:
        """A receive was answered."""
        ...

    def queue_up(self) -> None:
        """The queue answers."""
        ...

    def queue_down(self, kind: str, detail: str) -> None:
        """The queue does not answer."""
        ...

    def delivery_settled(self, settlement: Settlement) -> None:
        """SQS has been told what became of a delivery."""
        ...

    def settle_failed(self, operation: str, count: int, detail: str) -> None:
        """SQS could not be told; so many deliveries come again when their lease lapses."""
        ...

    def settling_down(self, detail: str) -> None:
        """SQS answers no request that settles, or refuses them all."""
        ...

    def settling_up(self) -> None:
        """SQS answered one."""
        ...


class Queue(Protocol):
    """The queue, as `agent.aws.sqs.Sqs` has it. Every method raises `AwsError` if it does not answer."""

    def receive(self, most: int = BATCH, wait_seconds: int | None = None) -> list[Delivery]:
        """Up to `most` deliveries, after a long poll of `wait_seconds`, or of the usual length."""
        ...

    def delete(self, deliveries: Sequence[Delivery]) -> list[Refusal]:
        """Delete; returns what was refused."""
        ...

    def hide(self, hidings: Sequence[Hiding]) -> list[Refusal]:
        """Change visibility; returns what was refused."""
        ...

    def bury(self, delivery: Delivery, fault: Fault, dead_letter_url: str) -> None:
        """Send to the dead-letter queue."""
        ...


class Source:
    """One queue and its dead-letter queue. Waits end when `drain` (receiving) or `halt` (settling) is set.

    `random` gives numbers from 0 to 1: every wait is a backoff with full jitter.
    """

    def __init__(
        self,
        queue: Queue,
        dead_letter_url: str,
        *,
        telemetry: SourceTelemetry,
        pulse: Pulse,
        drain: threading.Event,
        halt: threading.Event,
        random: Callable[[], float],
    ) -> None:
        self._queue = queue
        self._dead_letter_url = dead_letter_url
        self._telemetry = telemetry
        self._pulse = pulse
        self._drain = drain
        self._halt = halt
        self._random = random
        self._failed_receives = 0

    def receive(self, most: int = BATCH) -> Sequence[Delivery]:
        """Up to `most` deliveries, after a long poll; none after a failed receive, and the wait that follows it."""
        return self._receive(most, None)

    def receive_soon(self, most: int) -> Sequence[Delivery]:
        """As `receive`, after as short a poll as sees the whole queue."""
        return self._receive(most, _SHORT_POLL_SECONDS)

    def _receive(self, most: int, wait_seconds: int | None) -> Sequence[Delivery]:
        self._pulse.beat()
        try:
            deliveries = self._queue.receive(most, wait_seconds)
        except AwsError as error:
            self._telemetry.queue_down(error.kind, error.detail)
            self._pulse.wait(self._drain, self._jitter(1, 30, self._failed_receives))
            self._failed_receives += 1
            return ()
        self._failed_receives = 0
        self._telemetry.queue_up()
        self._telemetry.deliveries_received(deliveries)
        return deliveries

    def settle(self, settlements: Sequence[Settlement], release: Release = _keep) -> None:
        """Tell SQS what became of each delivery; never raises, at worst the lease lapses and it comes again.

        `release` ends the leases of deliveries, and is called right before SQS is told. A dead letter is deleted only
        once the dead-letter queue has it, and keeps its lease until then; nothing else waits for that.
        """
        letters = [each for each in settlements if each.outcome is Outcome.DEAD_LETTER]
        self._tell_all([each for each in settlements if each.outcome is not Outcome.DEAD_LETTER], release)
        self._tell_all(self._bury_all(letters), release)

    def _tell_all(self, settlements: Sequence[Settlement], release: Release) -> None:
        release([settlement.delivery for settlement in settlements])
        done = [each for each in settlements if each.outcome in (Outcome.DELIVERED, Outcome.DEAD_LETTER)]
        again = [each for each in settlements if each.outcome in (Outcome.RETRY, Outcome.RETURNED)]
        self._tell("DeleteMessageBatch", done, self._delete)
        self._tell("ChangeMessageVisibilityBatch", again, self._give_back)

    def _bury_all(self, letters: Sequence[Settlement]) -> list[Settlement]:
        """Send dead letters to the dead-letter queue; those that cannot be sent are to come again instead."""
        buried: list[Settlement] = []
        attempts = _SETTLE_ATTEMPTS
        for letter in letters:
            buried.append(self._buried(letter, attempts))
            if buried[-1].outcome is Outcome.RETRY:
                attempts = 1  # the next one will hardly fare better
        return buried

    def _buried(self, letter: Settlement, attempts: int) -> Settlement:
        if letter.fault and self._bury(letter.delivery, letter.fault, attempts):
            return letter
        detail = f"the dead-letter queue {self._dead_letter_url} did not take it"
        return Settlement(
            letter.delivery, Outcome.RETRY, retry=RetryReason.DEAD_LETTER_UNAVAILABLE, retry_detail=detail
        )

    def _bury(self, delivery: Delivery, fault: Fault, attempts: int) -> bool:
        """Whether the dead-letter queue has `delivery` now."""
        detail = ""
        for attempt in range(attempts):
            self._pulse.beat()  # one request after another may wait for its time-out
            if attempt:
                self._pulse.wait(self._halt, self._jitter(0.5, 5, attempt))
            try:
                self._queue.bury(delivery, fault, self._dead_letter_url)
            except AwsError as error:
                detail = error.detail
            else:
                return True
        self._telemetry.settle_failed("SendMessage", 1, detail)
        return False

    def _tell(
        self,
        operation: str,
        settlements: Sequence[Settlement],
        ask: Callable[[Sequence[Settlement]], Sequence[Refusal]],
    ) -> None:
        """Ask until SQS has done it for each, has forgotten it, or too many attempts were made."""
        detail = ""
        for attempt in range(_SETTLE_ATTEMPTS):
            if not settlements:
                return
            self._pulse.beat()
            if attempt:
                self._pulse.wait(self._halt, self._jitter(0.5, 5, attempt))
            try:
                refusals = ask(settlements)
            except AwsError as error:
                detail = error.detail
                self._telemetry.settling_down(detail)
                continue
            self._telemetry.settling_up()
            settlements = self._refused(operation, settlements, refusals)
            detail = "; ".join(sorted({refusal.detail for refusal in refusals}))
        if settlements:
            self._telemetry.settle_failed(operation, len(settlements), detail)

    def _refused(
        self, operation: str, settlements: Sequence[Settlement], refusals: Sequence[Refusal]
    ) -> list[Settlement]:
        """Report what was done and what can never be; returns the rest."""
        refused = {refusal.delivery.receipt_handle: refusal for refusal in refusals}
        again = []
        for settlement in settlements:
            refusal = refused.get(settlement.delivery.receipt_handle)
            if refusal is None:
                self._telemetry.delivery_settled(settlement)
            elif refusal.stale:
                self._telemetry.settle_failed(operation, 1, refusal.detail)
            else:
                again.append(settlement)
        return again

    def _delete(self, settlements: Sequence[Settlement]) -> Sequence[Refusal]:
        return self._queue.delete([settlement.delivery for settlement in settlements])

    def _give_back(self, settlements: Sequence[Settlement]) -> Sequence[Refusal]:
        return self._queue.hide(
            [Hiding(settlement.delivery, self._seconds_hidden(settlement)) for settlement in settlements]
        )

    def _seconds_hidden(self, settlement: Settlement) -> int:
        if settlement.outcome is Outcome.RETURNED:
            return 0
        return round(self._jitter(60, 900, settlement.delivery.receive_count - 1))

    def _jitter(self, first: float, most: float, attempt: int) -> float:
        """Seconds to wait: anything up to `first`, doubled with each attempt, and never more than `most`."""
        return self._random() * min(most, first * float(2 ** min(attempt, 16)))


class DryRunSource:
    """Receives from `source` and settles nothing."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def receive(self, most: int = BATCH) -> Sequence[Delivery]:
        """As the source does."""
        return self._source.receive(most)

    def receive_soon(self, most: int) -> Sequence[Delivery]:
        """As the source does."""
        return self._source.receive_soon(most)

    def settle(self, settlements: Sequence[Settlement], release: Release = _keep) -> None:
        """Nothing is deleted, given back or dead-lettered."""
