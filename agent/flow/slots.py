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
        self._free = most
        self._freed = threading.Condition()
        self._pulse = pulse
        self._halt = halt

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Have a slot for the length of the block; waits for one, and raises `DrainedError` when told to halt."""
        while not self._await_one():
            self._pulse.beat()
            if self._halt.is_set():
                raise DrainedError("no read came to its end before the daemon had to stop")
        try:
            yield
        finally:
            self._give_back(1)

    @contextmanager
    def take(self, most: int) -> Iterator[int]:
        """Have up to `most` slots for the length of the block: as many as are free, or none. Never waits."""
        with self._freed:
            taken = min(most, self._free)
            self._free -= taken
        try:
            yield taken
        finally:
            self._give_back(taken)

    def _await_one(self) -> bool:
        """Take a slot, once one is free; False if none is for a while."""
        with self._freed:
            is_free = self._freed.wait_for(lambda: self._free > 0, _LOOK_AGAIN_SECONDS)
            self._free -= is_free
            return is_free

    def _give_back(self, slots: int) -> None:
        with self._freed:
            self._free += slots
            self._freed.notify(slots)
