"""One receive loop: receive → read → export → settle."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from typing import Protocol

from agent.aws.sqs import BATCH
from agent.doubt import Probed, Sorted
from agent.errors import DrainedError
from agent.model import Delivery, Outcome, Reading, Settlement
from agent.pulse import Pulse

_AFTER_BUG_SECONDS = 5.0
_MOST_HELD = 100  # back, by one worker, before it tries others one at a time


class Intake(Protocol):
    """Decides when to receive, as `agent.intake.Intake` does."""

    def receive(self) -> AbstractContextManager[Sequence[Delivery]]:
        """Up to ten deliveries, with their leases held for the length of the block; none after a drain."""
        ...

    def settled(self, settlements: Sequence[Settlement]) -> None:
        """These have been settled."""
        ...


class Source(Protocol):
    """Where deliveries go back to, and where one comes from at a time of doubt."""

    def receive_soon(self, most: int) -> Sequence[Delivery]:
        """Up to `most` deliveries, or none, after a short poll."""
        ...

    def settle(self, settlements: Sequence[Settlement], release: Callable[[Sequence[Delivery]], None]) -> None:
        """Tell the queue what became of each delivery; never raises, at worst the lease lapses and it comes again.

        `release` is called with deliveries right before the queue is told of them.
        """
        ...


class Leases(Protocol):
    """Keeps deliveries hidden from other replicas."""

    def hold(self, deliveries: Sequence[Delivery]) -> AbstractContextManager[None]:
        """Extend the leases of `deliveries` for the length of the block, or until they are released."""
        ...

    def release(self, deliveries: Sequence[Delivery]) -> None:
        """Extend the leases of `deliveries` no longer."""
        ...

    def holds(self, delivery: Delivery) -> bool:
        """Whether the lease of `delivery` is held: not once it was released, or lost."""
        ...


class Doubt(Protocol):
    """Whether dead letters accuse their messages or us, as `agent.doubt.Doubt` knows."""

    def reassure(self) -> None:
        """A delivery in which events were found has been delivered."""
        ...

    def sort(self, letters: Sequence[Settlement]) -> Sorted:
        """Which of `letters` may be buried, and which are to be held back."""
        ...

    def outlast(self, probe: Callable[[], Probed]) -> None:
        """Return when there is no doubt, or `probe` says that nothing is held back; raises `DrainedError`."""
        ...

    def gives_one_up(self) -> bool:
        """Whether one of those that are held back may be buried now."""
        ...


class Reads(Protocol):
    """Reads deliveries, as `agent.readpool.ReadPool` does."""

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
        """Settle dead letters; if they accuse us, hold them back until we know better, and then judge them anew."""
        found = self._doubt.sort(letters)
        self._settle(found.buried)
        if not found.held:
            return
        with ExitStack() as leases:
            try:
                self._doubt.outlast(partial(self._probe, found.held, leases))
            except DrainedError:
                self._give_back([letter.delivery for letter in found.held])
            else:
                self._settle(self._work_on([letter.delivery for letter in found.held]))

    def _probe(self, held: list[Settlement], leases: ExitStack) -> Probed:
        """Try other messages: some from the queue, else one that is `held`.

        What turns out a dead letter (again) is held; if there is nothing else to try, one of those may be given up.
        """
        if self._drain.is_set():
            raise DrainedError("the daemon is stopping, and receives nothing more")
        self._let_go(held)
        fresh = self._source.receive_soon(max(1, min(BATCH, _MOST_HELD - len(held))))
        leases.enter_context(self._leases.hold(fresh))
        retried = [] if fresh else held[:1]
        del held[: len(retried)]
        found = self._doubt.sort(self._work_on(fresh or [letter.delivery for letter in retried]))
        self._settle(found.buried)
        held += found.held
        if fresh and len(held) < _MOST_HELD:
            return Probed.MORE
        if held and self._doubt.gives_one_up():
            self._settle([held.pop(0)])
        return Probed.IN_VAIN if held else Probed.NONE_HELD

    def _let_go(self, held: list[Settlement]) -> None:
        """Those whose lease is lost, after 12 hours or sooner, are not ours any more, and come again."""
        lost = [letter for letter in held if not self._leases.holds(letter.delivery)]
        self._give_back([letter.delivery for letter in lost])
        held[:] = [letter for letter in held if letter not in lost]

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
