"""Clocks for tests: one on which waiting is free, one on which only an event ends a wait; and waits in real time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush

START = 1_790_000_000.0
DEADLINE_SECONDS = 60.0  # for what another process does
_REALLY_LONG = 20.0  # real seconds after which a test that hangs is told so
_PAUSE = threading.Event()


@dataclass(slots=True, order=True)
class _Chore:
    """Of two that are due at the same time, the one that was asked for first is done first."""

    due: float
    number: int
    again_after: float | None = field(compare=False)
    do: Callable[[], object] = field(compare=False)
    is_over: bool = field(default=False, compare=False)


class FakeClock:
    """Time that passes at once when somebody waits, and in which chores fall due meanwhile.

    For tests with one thread: what other threads would do is given to `at` and `every`, and is done in order of time
    while the thread under test waits. `waits` lists every wait that was asked for, in seconds. `off` is how far `time`
    is wrong: nobody else's is.
    """

    def __init__(self) -> None:
        self.elapsed = self.off = 0.0
        self.waits: list[float] = []
        self._chores: list[_Chore] = []  # a heap: there are hours in which some chore is due each second
        self._asked = 0

    def monotonic(self) -> float:
        """Seconds that only go forward."""
        return 1000.0 + self.elapsed

    def time(self) -> float:
        """Unix seconds."""
        return START + self.elapsed + self.off

    def steady(self) -> float:
        """Seconds that only go forward."""
        return self.monotonic()

    def set_to(self, off: float) -> None:
        """Set it so far wrong."""
        self.off = off

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Let `seconds` pass, or as many as it takes until a chore sets `event`."""
        self.waits.append(seconds)
        self._pass(seconds, event)
        return event.is_set()

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self._pass(seconds, threading.Event())

    def at(self, seconds: float, do: Callable[[], object]) -> None:
        """Have something done `seconds` from now."""
        self._add(seconds, None, do)

    def every(self, seconds: float, do: Callable[[], object]) -> Callable[[], None]:
        """Have something done every so many seconds, until the function that this returns is called."""
        chore = self._add(seconds, seconds, do)
        return lambda: setattr(chore, "is_over", True)

    def _add(self, seconds: float, again_after: float | None, do: Callable[[], object]) -> _Chore:
        self._asked += 1
        chore = _Chore(self.elapsed + seconds, self._asked, again_after, do)
        heappush(self._chores, chore)
        return chore

    def _pass(self, seconds: float, event: threading.Event) -> None:
        end = self.elapsed + seconds
        while not event.is_set():
            if not self._chores or self._chores[0].due > end:
                self.elapsed = max(self.elapsed, end)
                return
            chore = heappop(self._chores)
            if not chore.is_over:
                self._do(chore)

    def _do(self, chore: _Chore) -> None:
        self.elapsed = max(self.elapsed, chore.due)
        if chore.again_after is not None:
            chore.due += chore.again_after
            heappush(self._chores, chore)
        chore.do()


class PatientClock:
    """Time that stands still: a wait ends when its event is set, and fails the test if that never happens.

    For tests with several threads, whose every wait must have somebody that ends it. `waiting` is set while one waits.
    """

    def __init__(self) -> None:
        self.waiting = threading.Event()

    def monotonic(self) -> float:
        """Always the same."""
        return 1000.0

    def time(self) -> float:
        """Always the same."""
        return START

    def steady(self) -> float:
        """Always the same."""
        return 1000.0

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for `event`, however many `seconds` were asked for."""
        self.waiting.set()
        assert event.wait(_REALLY_LONG), f"nothing ended a wait of {seconds} s"
        return True


def finish(*threads: threading.Thread) -> None:
    """Join threads that are about to end."""
    for thread in threads:
        thread.join(_REALLY_LONG)
        assert not thread.is_alive(), f"{thread.name} did not end"


def soon(event: threading.Event) -> None:
    """Wait for something that another thread is about to do."""
    assert event.wait(_REALLY_LONG), "another thread did not get that far"


def eventually(met: Callable[[], object], what: str, seconds: float = DEADLINE_SECONDS) -> None:
    """Return as soon as `met()` is true; fail if that takes longer than `seconds`."""
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        _PAUSE.wait(0.05)
