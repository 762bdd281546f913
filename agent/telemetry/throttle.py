"""Bounds on the log's volume: a fault that lasts is told once a minute, and a warning that repeats is told once."""

from __future__ import annotations

import threading
from typing import Final

from agent.pulse import Clock

EVERY_SECONDS: Final = 60.0
DISTINCT_MESSAGES: Final = 100


class Throttle:
    """Says whether it is time to tell of a fault again. `key` names the kind of fault, never a value. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told_at: dict[str, float] = {}
        self._untold: dict[str, int] = {}
        self._lock = threading.Lock()

    def due(self, key: str) -> int | None:
        """None: not now. A number: tell it now; so many times it was left untold since the last time."""
        now = self._clock.monotonic()
        with self._lock:
            told_at = self._told_at.get(key)
            if told_at is not None and now - told_at < EVERY_SECONDS:
                self._untold[key] = self._untold.get(key, 0) + 1
                return None
            self._told_at[key] = now
            return self._untold.pop(key, 0)


class Distinct:
    """Remembers up to a hundred messages, and takes no more: what a stranger words anew each time is told no longer."""

    def __init__(self, room: int = DISTINCT_MESSAGES) -> None:
        self._room = room
        self._seen: set[str] = set()
        self._lock = threading.Lock()

    def is_new(self, message: str) -> bool:
        """Whether `message` is to be told."""
        with self._lock:
            if message in self._seen or len(self._seen) >= self._room:
                return False
            self._seen.add(message)
            return True
