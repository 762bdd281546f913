"""The memory that reading and what was read may take: reserved before it is used, given back when it is free."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from agent.errors import DrainedError
from agent.pulse import Pulse

_LOOK_AGAIN_SECONDS = 1.0


@dataclass(slots=True)
class Reservation:
    """What one read holds. `kept` bytes of it stay reserved after the read, for what it found."""

    kept: int = 0


class Budget:
    """`total` bytes, shared by the threads of the read pool.

    A reservation is made once per object, for the most that its read can need, so that no read that has begun ever
    waits for another. What is kept of it counts until it is freed: `finish` says that its delivery is read, so that
    whoever ships it will free it. A reservation that finds nobody who could make room is granted, however large.
    """

    def __init__(self, total: int, pulse: Pulse, halt: threading.Event, reserved: Callable[[int], None]) -> None:
        self._total = total
        self._pulse = pulse
        self._halt = halt
        self._report = reserved
        self._reserved = 0
        self._reading = 0
        self._waiting = 0
        self._to_free = 0
        self._lock = threading.Lock()
        self._freed = threading.Event()

    @contextmanager
    def reserve(self, wanted: int) -> Iterator[Reservation]:
        """Hold `wanted` bytes for the length of the block; waits for them, raises `DrainedError` when told to halt."""
        self._await(wanted)
        reservation = Reservation()
        try:
            yield reservation
        finally:
            with self._lock:
                self._reading -= 1
                self._change(reservation.kept - wanted)

    def is_short(self) -> bool:
        """Whether a read waits for memory."""
        with self._lock:
            return self._waiting > 0

    def finish(self, kept: int) -> None:
        """A delivery is read: the `kept` bytes of its reservations will be freed by whoever ships it."""
        with self._lock:
            self._to_free += kept

    def free(self, kept: int) -> None:
        """What a delivery held is shipped, or given up."""
        with self._lock:
            self._to_free -= kept
            self._change(-kept)

    def _await(self, wanted: int) -> None:
        if self._take(wanted):
            return
        with self._lock:
            self._waiting += 1
        try:
            while not self._take(wanted):
                if self._halt.is_set():
                    raise DrainedError("no memory came free before the daemon had to stop")
                self._pulse.wait(self._freed, _LOOK_AGAIN_SECONDS)
        finally:
            with self._lock:
                self._waiting -= 1

    def _take(self, wanted: int) -> bool:
        with self._lock:
            somebody_makes_room = self._reading or self._to_free
            if somebody_makes_room and self._reserved + wanted > self._total:
                self._freed.clear()
                return False
            self._reading += 1
            self._change(wanted)
            return True

    def _change(self, by: int) -> None:
        """With the lock held: the sum of all reservations changes."""
        self._reserved += by
        self._report(self._reserved)
        if by < 0:
            self._freed.set()
