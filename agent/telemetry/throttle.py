"""Limits the volume of the log: a lasting fault is logged once a minute, a repeated warning once."""

from __future__ import annotations

import threading
from typing import Final

from agent.pulse import Clock

EVERY_SECONDS: Final = 60.0
DISTINCT_MESSAGES: Final = 100


class Throttle:
    """Says whether to log a fault again. `key` names the kind of fault and holds no value. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._told_at: dict[str, float] = {}
        self._suppressed: dict[str, int] = {}
        self._lock = threading.Lock()

    def take_turn(self, key: str) -> int | None:
        """None: do not log it yet. A number: log it; so many lines were suppressed since the last one."""
        now = self._clock.monotonic()
        with self._lock:
            told_at = self._told_at.get(key)
            if told_at is not None and now - told_at < EVERY_SECONDS:
                self._suppressed[key] = self._suppressed.get(key, 0) + 1
                return None
            self._told_at[key] = now
            return self._suppressed.pop(key, 0)


class Distinct:
    """Remembers a hundred messages. After that no new one is logged: a sink may use new words each time."""

    def __init__(self, room: int = DISTINCT_MESSAGES) -> None:
        self._room = room
        self._seen: set[str] = set()
        self._lock = threading.Lock()

    def note(self, message: str) -> bool:
        """Remember `message`, if there is room: True if it is to be logged."""
        with self._lock:
            if message in self._seen or len(self._seen) >= self._room:
                return False
            self._seen.add(message)
            return True
