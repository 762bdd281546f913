"""Time and waiting: the one way in which a thread of the daemon waits.

Every wait is a wait on a `threading.Event`, cut into slices, and each slice beats the waiting thread's heart; so a
thread that waits for a sink for an hour is alive, and one that hangs is not. Tests pass a `Clock` of their own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

SLICE_SECONDS = 5.0
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # macOS has one clock for both


class Clock(Protocol):
    """Where time comes from."""

    def monotonic(self) -> float:
        """Seconds that only go forward; for deadlines and ages within this process."""
        ...

    def time(self) -> float:
        """Unix seconds; for comparing with what others wrote down."""
        ...

    def steady(self) -> float:
        """As `monotonic`, and it counts while the machine sleeps, too: where `time` goes another way, it was set."""
        ...

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Return when `event` is set or `seconds` have passed, whichever is first; True if it is set."""
        ...


class SystemClock:
    """The machine's own clock."""

    monotonic = staticmethod(time.monotonic)
    time = staticmethod(time.time)

    def steady(self) -> float:
        """Seconds that only go forward, also while the machine sleeps."""
        return time.clock_gettime(_STEADY)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for `event` for at most `seconds`."""
        return event.wait(seconds)


def setting_of(clock: Clock) -> float:
    """How far its `time` is ahead of its `steady`, in seconds. It changes when somebody sets the clock."""
    return clock.time() - clock.steady()


class Pulse:
    """The hearts of the daemon's threads, and their patience.

    A thread lives inside `alive()`, a thread of a pool inside `busy()` while it has a task. It beats by itself in every
    `wait`, and calls `beat` between steps of work.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock: Clock = clock or SystemClock()
        self._beats: dict[str, float] = {}
        self._lock = threading.Lock()

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Watch the calling thread from here on; stop watching only when the block ends without an exception.

        A thread that dies of a bug thus stays on the list, its heart stands still, and liveness fails.
        """
        name = threading.current_thread().name
        with self._lock:
            self._beats[name] = self.clock.monotonic()
        yield
        with self._lock:
            self._beats.pop(name, None)

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Watch the calling thread for the length of one task, however that ends: whoever waits for it hears of errors.

        A task that hangs is missed like a thread; without this, a thread that waits for it would beat in its place.
        """
        name = threading.current_thread().name
        with self._lock:
            is_watched = name in self._beats
            self._beats[name] = self.clock.monotonic()
        try:
            yield
        finally:
            if not is_watched:
                with self._lock:
                    del self._beats[name]

    def beat(self) -> None:
        """Say that the calling thread is alive; nothing happens in a thread that is not watched."""
        name = threading.current_thread().name
        with self._lock:
            if name in self._beats:
                self._beats[name] = self.clock.monotonic()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for `event` for at most `seconds`, beating all the while; True if it is set."""
        deadline = self.clock.monotonic() + seconds
        while not event.is_set():
            left = deadline - self.clock.monotonic()
            if left <= 0:
                return False
            self.beat()
            self.clock.wait(event, min(left, SLICE_SECONDS))
        return True

    def still(self, longer_than: float) -> list[str]:
        """The names of the threads that have not beaten for `longer_than` seconds."""
        now = self.clock.monotonic()
        with self._lock:
            return sorted(name for name, beat in self._beats.items() if now - beat > longer_than)
