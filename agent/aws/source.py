"""Where deliveries come from and go back to. Receiving waits while the queue fails. Settling never raises."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from agent.aws.lease import Leases
from agent.aws.settling import Settling, SettlingTelemetry
from agent.aws.sqs import Sqs
from agent.errors import AwsError
from agent.model import BATCH, Delivery, Outcome, Settlement
from agent.pulse import Pulse
from agent.waiting.backoff import full_jitter
from agent.waiting.gate import Gate

_LONGEST_PAUSE_SECONDS: Final = 30.0
_SHORT_POLL_SECONDS: Final = 1  # with 0, SQS asks only some of its servers


class SourceTelemetry(SettlingTelemetry, Protocol):
    """What receiving and settling tell the outside; telemetry stands beside aws, and is not imported here."""

    def deliveries_received(self, deliveries: Sequence[Delivery]) -> None:
        """A receive was answered."""
        ...

    def queue_up(self) -> None:
        """The queue answers."""
        ...

    def queue_down(self, kind: str, detail: str) -> None:
        """The queue does not answer."""
        ...


class AnySource(ABC):
    """Where deliveries come from, and who is told what became of them: a queue, or a listing of buckets."""

    @abstractmethod
    def receive(self, most: int = BATCH) -> Sequence[Delivery]:
        """Up to `most` deliveries, oldest first, after a wait of some seconds at most. Raises nothing on purpose."""

    @abstractmethod
    def receive_soon(self, most: int) -> Sequence[Delivery]:
        """As `receive`, with a short wait; the list is empty while nothing can be settled."""

    @abstractmethod
    def settle(self, settlements: Sequence[Settlement]) -> None:
        """What became of deliveries that are no dead letters; never raises, at worst they come again."""

    @abstractmethod
    def bury(self, letters: Sequence[Settlement]) -> None:
        """Dead letters; never raises, at worst they come again."""

    @abstractmethod
    def give_back(self, deliveries: Sequence[Delivery]) -> None:
        """Nobody works on `deliveries` any more. Those that are settled already stay so."""

    def has_ended(self) -> bool:
        """Whether nothing will ever come again: never, for a queue."""
        return False


class Source(AnySource):
    """One queue and its dead-letter queue. Waits end when `drain` (receiving) or `halt` (settling) is set.

    `random` gives numbers from 0 to 1: every wait is a backoff with full jitter.
    """

    def __init__(
        self,
        queue: Sqs,
        dead_letter_url: str,
        *,
        leases: Leases,
        gate: Gate,
        telemetry: SourceTelemetry,
        pulse: Pulse,
        drain: threading.Event,
        halt: threading.Event,
        random: Callable[[], float],
    ) -> None:
        self._queue = queue
        self._telemetry = telemetry
        self._pulse = pulse
        self._drain = drain
        self._random = random
        self._settling = Settling(
            queue, dead_letter_url, leases=leases, gate=gate, telemetry=telemetry, pulse=pulse, halt=halt, random=random
        )
        self._failed_receives = 0

    def receive(self, most: int = BATCH) -> Sequence[Delivery]:
        """Up to `most` deliveries, after a long poll; none after a failed receive, and the wait that follows it."""
        return self._receive(most, None)

    def receive_soon(self, most: int) -> Sequence[Delivery]:
        """As `receive`, with a poll of one second, the shortest that asks all of SQS's servers.

        The list is empty while nothing can be settled.
        """
        if self._settling.is_at_fault():
            return ()
        return self._receive(most, _SHORT_POLL_SECONDS)

    def _receive(self, most: int, wait_seconds: int | None) -> Sequence[Delivery]:
        self._pulse.beat()
        try:
            deliveries = self._queue.receive(most, wait_seconds)
        except AwsError as error:
            self._telemetry.queue_down(error.kind, error.detail)
            pause = full_jitter(self._random(), 1.0, self._failed_receives, _LONGEST_PAUSE_SECONDS)
            self._pulse.wait(self._drain, pause)
            self._failed_receives += 1
            return ()
        self._failed_receives = 0
        self._telemetry.queue_up()
        self._telemetry.deliveries_received(deliveries)
        return deliveries

    def settle(self, settlements: Sequence[Settlement]) -> None:
        """Tell SQS what became of deliveries that are no dead letters; never raises, at worst they come again."""
        self._settling.settle(settlements)

    def bury(self, letters: Sequence[Settlement]) -> None:
        """Send dead letters to the dead-letter queue, then delete them; never raises, at worst they come again."""
        self._settling.bury(letters)

    def give_back(self, deliveries: Sequence[Delivery]) -> None:
        """Show `deliveries` to others at once: nobody works on them any more."""
        self._settling.settle([Settlement(delivery, Outcome.RETURNED) for delivery in deliveries])


class DryRunSource(Source):
    """Receives and settles nothing, until at the end everything is given back."""

    def settle(self, settlements: Sequence[Settlement]) -> None:
        """Nothing is deleted or given back."""

    def bury(self, letters: Sequence[Settlement]) -> None:
        """Nothing is dead-lettered."""
