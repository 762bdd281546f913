"""One receive loop: receive → read → ship → settle."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing
from typing import Final

from agent.aws.lease import InHand
from agent.aws.source import AnySource
from agent.flow.at_once import AtOnce
from agent.flow.hands import Hands
from agent.flow.intake import Intake
from agent.flow.readpool import ReadPool
from agent.model import Delivery, Outcome, Reading, Settlement
from agent.pulse import Pulse
from agent.telemetry.events import Telemetry
from agent.waiting.doubt import Doubt, NoDoubt

_AFTER_BUG_SECONDS: Final = 5.0


class Worker:
    """Runs units of work until `drain` is set: one receive, and all that follows from it, in one stack frame.

    `hands` tell whether the worker of this `number` is to work.
    """

    def __init__(
        self,
        *,
        number: int = 1,
        hands: Hands,
        intake: Intake,
        reads: AtOnce | ReadPool,
        ship: Callable[[Sequence[Reading]], Sequence[Settlement]],
        source: AnySource,
        leases: InHand,
        doubt: Doubt | NoDoubt,
        telemetry: Telemetry,
        pulse: Pulse,
        drain: threading.Event,
    ) -> None:
        self._number = number
        self._hands = hands
        self._intake = intake
        self._reads = reads
        self._ship = ship
        self._source = source
        self._leases = leases
        self._doubt = doubt
        self._telemetry = telemetry
        self._pulse = pulse
        self._drain = drain

    def run(self) -> None:
        """Work until drained; the body of a worker thread."""
        with self._pulse.alive():
            while not self._drain.is_set():
                try:
                    if self._hands.may_work(self._number):
                        self.run_once()
                    else:
                        self._pulse.wait(self._drain, self._hands.pause)
                except Exception as error:  # noqa: BLE001 - the one place where a bug must not end the daemon
                    self._telemetry.worker_failed(error)
                    self._pulse.wait(self._drain, _AFTER_BUG_SECONDS)

    def run_once(self) -> None:
        """One unit of work. Returns when every delivery of one receive has been settled."""
        self._hands.asks(self._number)
        with self._intake.receive() as deliveries:
            self._hands.received(self._number, len(deliveries))
            if self._drain.is_set():  # the long poll was under way when the daemon was told to stop
                self.settle([Settlement(delivery, Outcome.RETURNED) for delivery in deliveries])
            else:
                self._doubt.bury(self.work_on(deliveries), self)

    def work_on(self, deliveries: Sequence[Delivery]) -> list[Settlement]:
        """Read, ship and settle `deliveries`; returns the dead letters among them, which are not settled yet."""
        letters: list[Settlement] = []
        with closing(self._reads.read_all(deliveries)) as portions:
            for portion in portions:
                with portion as readings:
                    settlements = self._ship(readings)
                    self._tell_doubt(readings, settlements)
                letters += [each for each in settlements if each.outcome is Outcome.DEAD_LETTER]
                self.settle([each for each in settlements if each.outcome is not Outcome.DEAD_LETTER])
        return letters

    def _tell_doubt(self, readings: Sequence[Reading], settlements: Sequence[Settlement]) -> None:
        for reading, settlement in zip(readings, settlements, strict=True):
            if settlement.outcome is Outcome.DELIVERED:
                self._doubt.delivered(reading)

    def settle(self, settlements: Sequence[Settlement]) -> None:
        """Tell the queue what became of deliveries that are no dead letters."""
        self._source.settle(settlements)
        self._intake.finished(settlements)

    def bury(self, letters: Sequence[Settlement]) -> None:
        """Send dead letters to the dead-letter queue, and delete them from the queue."""
        self._source.bury(letters)
        self._intake.finished(letters)

    def receive_more(self, most: int) -> AbstractContextManager[Sequence[Delivery]]:
        """Up to `most` deliveries, or none, after a short poll; their leases are held for the length of the block."""
        return self._intake.receive_more(most)

    def holds(self, delivery: Delivery) -> bool:
        """Whether the lease of `delivery` is held: not once it was settled, or lost."""
        return self._leases.holds(delivery)
