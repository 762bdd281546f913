"""Many deliveries read side by side: what was read comes out together, or sooner if somebody waits for it.

The memory of each delivery is one `Share`. It is opened, handed to the read, lent to the shipping, and released here.
"""

from __future__ import annotations

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

_LOOK_AGAIN_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class _Read:
    """One delivery that is being read, or was."""

    delivery: Delivery
    memory: Share
    future: Future[Reading]


class Portion:
    """Readings that came together. They are for use inside the block; its end releases their memory."""

    def __init__(self, readings: Sequence[Reading], memory: Sequence[Share]) -> None:
        self._readings = readings
        self._memory = memory

    def __enter__(self) -> Sequence[Reading]:
        return self._readings

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for share in self._memory:
            share.release()


class ReadPool:
    """Shared by all workers. `read` reads one delivery, in a thread of `pool`."""

    def __init__(
        self,
        *,
        pool: Executor,
        read: Callable[[Delivery, Share], Reading],
        budget: Budget,
        gate: Gate,
        telemetry: Telemetry,
        pulse: Pulse,
    ) -> None:
        self._pool = pool
        self._read = read
        self._budget = budget
        self._gate = gate
        self._telemetry = telemetry
        self._pulse = pulse

    def read_all(self, deliveries: Sequence[Delivery]) -> Generator[Portion]:
        """The readings of `deliveries`, all together; those that are done come sooner if another read has to wait.

        A read that waits for memory gets what others hold once they are shipped, and one that waits for a bucket must
        not hold back what was read of others.
        """
        reads: list[_Read] = []
        try:
            reads.extend(self._begin(delivery) for delivery in deliveries)
            left = reads
            while left:
                self._pulse.beat()
                hurry = self._budget.is_short() or self._gate.is_closed()
                until = FIRST_COMPLETED if hurry else ALL_COMPLETED
                wait([read.future for read in left], timeout=_LOOK_AGAIN_SECONDS, return_when=until)
                done = [read for read in left if read.future.done()]
                if done and (hurry or len(done) == len(left)):
                    left = [read for read in left if read not in done]
                    yield Portion([self._reading(read) for read in done], [read.memory for read in done])
        finally:
            for read in reads:  # if a bug ended this unit of work, some are not shipped, or not even read
                read.future.add_done_callback(lambda _, memory=read.memory: memory.release())  # type: ignore[misc]

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
