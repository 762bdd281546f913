"""One receive loop: receive → read → export → settle."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Protocol

from agent.model import Delivery, Outcome, Reading, Settlement
from agent.pulse import Pulse
from agent.waiting import heldback
from agent.waiting.heldback import HeldBack

_AFTER_BUG_SECONDS = 5.0


class Intake(Protocol):
    """Decides when to receive, as `agent.flow.intake.Intake` does."""

    def receive(self) -> AbstractContextManager[Sequence[Delivery]]:
        """Up to ten deliveries, with their leases held for the length of the block; none after a drain."""
        ...

    def settled(self, settlements: Sequence[Settlement]) -> None:
        """These have been settled."""
        ...


class Source(heldback.Source, Protocol):
    """Where deliveries go back to, and where others come from at a time of doubt."""

    def settle(self, settlements: Sequence[Settlement], release: Callable[[Sequence[Delivery]], None]) -> None:
        """Tell the queue what became of each delivery; never raises, at worst the lease lapses and it comes again.

        `release` is called with deliveries right before the queue is told of them.
        """
        ...


class Leases(heldback.Leases, Protocol):
    """Keeps deliveries hidden from other replicas."""

    def release(self, deliveries: Sequence[Delivery]) -> None:
        """Extend the leases of `deliveries` no longer."""
        ...


class Doubt(heldback.Doubt, Protocol):
    """Whether dead letters accuse their messages or us."""

    def reassure(self) -> None:
        """A delivery in which events were found has been delivered."""
        ...


class Reads(Protocol):
    """Reads deliveries, as `agent.flow.readpool.ReadPool` does."""

    def read_all(self, deliveries: Sequence[Delivery]) -> Iterator[list[Reading]]:
        """Their readings, in one list or in several."""
        ...

    def free(self, readings: Sequence[Reading]) -> None:
        """What `readings` hold is shipped, or given up."""
        ...


class WorkerTelemetry(Protocol):
    """What a worker tells the outside."""

    def worker_failed(self, error: BaseException) -> None:
        """A bug of ours stopped one unit of work; what it held comes again."""
        ...


class Worker:
    """Runs units of work until `drain` is set: one receive, and all that follows from it, in one stack frame."""

    def __init__(
        self,
        *,
        intake: Intake,
        source: Source,
        leases: Leases,
        reads: Reads,
        ship: Callable[[Sequence[Reading]], Sequence[Settlement]],
        doubt: Doubt,
        telemetry: WorkerTelemetry,
        pulse: Pulse,
        drain: threading.Event,
    ) -> None:
        self._intake = intake
        self._source = source
        self._leases = leases
        self._reads = reads
        self._ship = ship
        self._doubt = doubt
        self._telemetry = telemetry
        self._pulse = pulse
        self._drain = drain

    def run(self) -> None:
        """Work until drained; the body of a worker thread."""
        with self._pulse.alive():
            while not self._drain.is_set():
                try:
                    self.run_once()
                except Exception as error:  # noqa: BLE001 - the one place where a bug must not end the daemon
                    self._telemetry.worker_failed(error)
                    self._pulse.wait(self._drain, _AFTER_BUG_SECONDS)

    def run_once(self) -> None:
        """One unit of work. Returns when every delivery of one receive has been settled."""
        with self._intake.receive() as deliveries:
            if self._drain.is_set():  # the long poll was under way when the daemon was told to stop
                self._give_back(deliveries)
            else:
                self._bury(self._work_on(deliveries))

    def _work_on(self, deliveries: Sequence[Delivery]) -> list[Settlement]:
        """Read, ship and settle `deliveries`; returns the dead letters among them, which are not settled yet."""
        letters: list[Settlement] = []
        for readings in self._reads.read_all(deliveries):
            settlements = self._ship_and_free(readings)
            letters += [each for each in settlements if each.outcome is Outcome.DEAD_LETTER]
            self._settle([each for each in settlements if each.outcome is not Outcome.DEAD_LETTER])
            for reading, settlement in zip(readings, settlements, strict=True):
                if reading.found_events and settlement.outcome is Outcome.DELIVERED:
                    self._doubt.reassure()
        return letters

    def _bury(self, letters: Sequence[Settlement]) -> None:
        """Settle dead letters; those that accuse us are held back until we know better, and then judged anew."""
        found = self._doubt.sort(letters)
        self._settle(found.buried)
        if not found.held:
            return
        with ExitStack() as leases_held:
            held_back = HeldBack(
                found.held,
                source=self._source,
                leases=self._leases,
                leases_held=leases_held,
                doubt=self._doubt,
                work_on=self._work_on,
                settle=self._settle,
                drain=self._drain,
            )
            self._settle(held_back.outlast_doubt())

    def _give_back(self, deliveries: Sequence[Delivery]) -> None:
        self._settle([Settlement(delivery, Outcome.RETURNED) for delivery in deliveries])

    def _settle(self, settlements: Sequence[Settlement]) -> None:
        self._source.settle(settlements, release=self._leases.release)
        self._intake.settled(settlements)

    def _ship_and_free(self, readings: Sequence[Reading]) -> Sequence[Settlement]:
        try:
            return self._ship(readings)
        finally:
            self._reads.free(readings)
