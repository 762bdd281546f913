"""The memory that all reads together may take: reserved before it is used, given back when it is free."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from agent.errors import DrainedError
from agent.pulse import Pulse

_LOOK_AGAIN_SECONDS = 1.0


class Budget:
    """`total` bytes, shared by the threads of the read pool.

    A reservation is made once per object, for the most that its read can need, so that no read that has begun ever
    waits for another; one that asks for more than `total` gets it when nothing else is reserved.
    """

    def __init__(self, total: int, pulse: Pulse, halt: threading.Event, reserved: Callable[[int], None]) -> None:
        self._total = total
        self._pulse = pulse
        self._halt = halt
        self._report = reserved
        self._reserved = 0
        self._lock = threading.Lock()
        self._freed = threading.Event()

    @contextmanager
    def reserve(self, wanted: int) -> Iterator[None]:
        """Hold `wanted` bytes for the length of the block; waits for them, raises `DrainedError` when told to halt."""
        while not self._take(wanted):
            if self._halt.is_set():
                raise DrainedError("no memory came free before the daemon had to stop")
            self._pulse.wait(self._freed, _LOOK_AGAIN_SECONDS)
        try:
            yield
        finally:
            self._give_back(wanted)

    def _take(self, wanted: int) -> bool:
        with self._lock:
            if self._reserved and self._reserved + wanted > self._total:
                self._freed.clear()
                return False
            self._reserved += wanted
            self._report(self._reserved)
            return True

    def _give_back(self, reserved: int) -> None:
        with self._lock:
            self._reserved -= reserved
            self._report(self._reserved)
            self._freed.set()
