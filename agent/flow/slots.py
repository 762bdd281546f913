"""How many reads of S3 go on at once, all workers together."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from agent.errors import DrainedError
from agent.pulse import Pulse

_LOOK_AGAIN_SECONDS: Final = 1.0


class ReadSlots:
    """`most` of them. One is held during an attempt to read, and by nobody who waits for a bucket: a bucket that is
    denied must not keep the others from being read.
    """

    def __init__(self, most: int, pulse: Pulse, halt: threading.Event) -> None:
        self._free = threading.Semaphore(most)
        self._pulse = pulse
        self._halt = halt

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Have a slot for the length of the block; waits for one, and raises `DrainedError` when told to halt."""
        while not self._free.acquire(timeout=_LOOK_AGAIN_SECONDS):
            self._pulse.beat()
            if self._halt.is_set():
                raise DrainedError("no read came to its end before the daemon had to stop")
        try:
            yield
        finally:
            self._free.release()

    @contextmanager
    def take(self, most: int) -> Iterator[int]:
        """Have up to `most` slots for the length of the block: as many as are free, or none. Never waits."""
        taken = 0
        while taken < most and self._free.acquire(blocking=False):
            taken += 1
        try:
            yield taken
        finally:
            if taken:
                self._free.release(taken)
