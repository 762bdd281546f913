"""Many deliveries read side by side: what was read comes out together, or sooner if somebody waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, Executor, Future, wait
from typing import Final, Protocol

from agent.errors import RetryReason
from agent.model import Delivery, Reading
from agent.pulse import Pulse

_LOOK_AGAIN_SECONDS: Final = 1.0


class Memory(Protocol):
    """What the records that were read may take together."""

    def is_short(self) -> bool:
        """Whether a read waits for memory."""
        ...

    def free(self, kept: int) -> None:
        """Records of so many bytes are shipped, or given up."""
        ...


class Gate(Protocol):
    """Whether everything that the work needs is there."""

    def is_closed(self) -> bool:
        """Whether a read may have to wait for long."""
        ...


class ReadTelemetry(Protocol):
    """What reading tells the outside."""

    def worker_failed(self, error: BaseException) -> None:
        """A bug of ours ended the reading of one delivery; it comes again."""
        ...


class ReadPool:
    """Shared by all workers. `read` reads one delivery, in a thread of `pool`."""

    def __init__(
        self,
        *,
        pool: Executor,
        read: Callable[[Delivery], Reading],
        memory: Memory,
        gate: Gate,
        telemetry: ReadTelemetry,
        pulse: Pulse,
    ) -> None:
        self._pool = pool
        self._read = read
        self._memory = memory
        self._gate = gate
        self._telemetry = telemetry
        self._pulse = pulse

    def read_all(self, deliveries: Sequence[Delivery]) -> Iterator[list[Reading]]:
        """The readings of `deliveries`, all together; those that are done come sooner if another read has to wait.

        A read that waits for memory gets what others hold once they are shipped, and one that waits for a bucket must
        not hold back what was read of others.
        """
        reads = {self._pool.submit(self._read_one, delivery): delivery for delivery in deliveries}
        try:
            while reads:
                self._pulse.beat()
                hurry = self._memory.is_short() or self._gate.is_closed()
                until = FIRST_COMPLETED if hurry else ALL_COMPLETED
                done, unfinished = wait(reads, timeout=_LOOK_AGAIN_SECONDS, return_when=until)
                if done and (hurry or not unfinished):
                    yield [self._reading(reads.pop(read), read) for read in list(reads) if read in done]
        finally:
            for read in reads:  # a bug of ours ended this unit of work
                read.add_done_callback(self._forget)

    def free(self, readings: Sequence[Reading]) -> None:
        """What `readings` hold is shipped, or given up."""
        self._memory.free(sum(reading.kept_bytes for reading in readings))

    def _read_one(self, delivery: Delivery) -> Reading:
        with self._pulse.busy():
            return self._read(delivery)

    def _forget(self, read: Future[Reading]) -> None:
        if not read.cancelled() and not read.exception():
            self.free([read.result()])

    def _reading(self, delivery: Delivery, read: Future[Reading]) -> Reading:
        if error := read.exception():
            self._telemetry.worker_failed(error)
            return Reading(delivery, retry=RetryReason.BUG)
        return read.result()
