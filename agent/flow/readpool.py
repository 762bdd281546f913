"""Many deliveries read side by side: what was read comes out together, or sooner if somebody waits for it.

The memory of each delivery is one `Share`. It is opened, handed to the read, lent to the shipping, and released here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from types import TracebackType
from typing import Final

from agent.faults.retries import RetryReason
from agent.flow.budget import Budget, Share
from agent.model import Delivery, Reading
from agent.pulse import Pulse
from agent.telemetry.events import Telemetry
from agent.waiting.gate import Gate

_LOOK_AGAIN_SECONDS: Final = 0.25
STANDSTILL_SECONDS: Final = 0.7
"""For how long a read may bring nothing after a stop: with the time until somebody looks, a second."""


@dataclass(frozen=True, slots=True)
class _Read:
    """One delivery that is being read, or was."""

    delivery: Delivery
    memory: Share
    future: Future[Reading]

    def is_idle(self, seconds: float) -> bool:
        """Whether it has waited for one thing for so long."""
        return not self.future.done() and self.memory.idle_seconds() >= seconds

    def give_up(self) -> None:
        """Nobody wants it any more: it ends when it can, and its memory is free then."""
        self.memory.is_given_up = True
        self.future.add_done_callback(lambda _: self.memory.release())


class Portion:
    """Readings that came together. They are for use inside the block; its end releases their memory, and forgets them.

    Whoever still has the list afterwards has an empty one: nothing may be held that is not counted.
    """

    def __init__(self, readings: list[Reading], memory: Sequence[Share], budget: Budget) -> None:
        self._readings = readings
        self._memory = memory
        self._budget = budget
        self._sending = 0

    def __enter__(self) -> Sequence[Reading]:
        self._sending = self._budget.begin_sending(sum([share.kept for share in self._memory]))
        return self._readings

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def release(self) -> None:
        """Give the memory back. It may be called again."""
        self._readings.clear()
        sent, self._sending = self._sending, 0
        self._budget.release(self._memory, sent)


class ReadPool:
    """Shared by all workers. `read` reads one delivery, in a thread of `pool`.

    From when `drain` is set, a read that waits for something and gets nothing of it within a second is given up, and
    its delivery is returned. Its thread may hang until S3 answers, or the process ends.
    """

    def __init__(
        self,
        *,
        pool: Executor,
        read: Callable[[Delivery, Share], Reading],
        budget: Budget,
        gate: Gate,
        telemetry: Telemetry,
        pulse: Pulse,
        drain: threading.Event,
    ) -> None:
        self._pool = pool
        self._read = read
        self._budget = budget
        self._gate = gate
        self._telemetry = telemetry
        self._pulse = pulse
        self._drain = drain

    def read_all(self, deliveries: Sequence[Delivery]) -> Generator[Portion]:
        """The readings of `deliveries`, all together; those that are done come sooner if another read has to wait.

        A read that waits for memory gets what others hold once they are shipped, and one that waits for a bucket must
        not hold back what was read of others.
        """
        left: list[_Read] = []
        lent: list[Portion] = []
        try:
            left.extend(self._begin(delivery) for delivery in deliveries)
            while left:
                self._pulse.beat()
                hurry = self._drain.is_set() or self._budget.is_short() or self._gate.is_closed()
                until = FIRST_COMPLETED if hurry else ALL_COMPLETED
                wait([read.future for read in left], timeout=_LOOK_AGAIN_SECONDS, return_when=until)
                if self._drain.is_set() and (returned := self._give_up_idle(left)):
                    yield Portion(returned, [], self._budget)
                if portion := self._take_done(left, hurry=hurry):
                    lent.append(portion)
                    yield portion
        except BaseException:  # a bug ended this unit of work: some are not shipped, or not even read
            for read in left:
                read.give_up()
            for portion in lent:
                portion.release()
            raise

    def _take_done(self, left: list[_Read], *, hurry: bool) -> Portion | None:
        """What is read of `left`, which nobody else holds from then on: all of it, or in a hurry what there is."""
        done = [read for read in left if read.future.done()]
        if not done or not (hurry or len(done) == len(left)):
            return None
        left[:] = [read for read in left if read not in done]
        return Portion([self._reading(read) for read in done], [read.memory for read in done], self._budget)

    def _give_up_idle(self, left: list[_Read]) -> list[Reading]:
        """Those of `left` that stand still, as returned; nobody waits for them from then on."""
        idle = [read for read in left if read.is_idle(STANDSTILL_SECONDS)]
        for read in idle:
            read.give_up()
        left[:] = [read for read in left if read not in idle]
        return [Reading(read.delivery, returned=True) for read in idle]

    def _begin(self, delivery: Delivery) -> _Read:
        memory = self._budget.open_share()
        return _Read(delivery, memory, self._pool.submit(self._read_one, delivery, memory))

    def _read_one(self, delivery: Delivery, memory: Share) -> Reading:
        with self._pulse.busy():
            try:
                return self._read(delivery, memory)
            finally:
                memory.close()

    def _reading(self, read: _Read) -> Reading:
        if error := read.future.exception():
            self._telemetry.worker_failed(error)
            return Reading(read.delivery, retry=RetryReason.BUG)
        return read.future.result()
