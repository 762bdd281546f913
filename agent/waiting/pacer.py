"""No more requests a second than somebody allows."""

from __future__ import annotations

import threading

from agent.errors import DrainedError
from agent.pulse import Pulse


class Pacer:
    """Lets one caller pass after the other, `per_second` of them; shared by threads. Waits end when `halt` is set."""

    def __init__(self, per_second: float, pulse: Pulse, halt: threading.Event) -> None:
        self._gap = 1 / per_second
        self._pulse = pulse
        self._halt = halt
        self._lock = threading.Lock()
        self._next = 0.0

    def pass_(self) -> None:
        """Wait for the caller's turn; raises `DrainedError` if told to halt first."""
        with self._lock:
            now = self._pulse.clock.monotonic()
            turn = max(self._next, now)
            self._next = turn + self._gap
        if self._pulse.wait(self._halt, turn - now):
            raise DrainedError("told to stop before the next request was due")

    def rest(self, seconds: float) -> None:
        """Nobody passes for so long: somebody was told that there are too many."""
        with self._lock:
            self._next = max(self._next, self._pulse.clock.monotonic() + seconds)
