"""What the status page shows beyond the metrics: rates of the last minute and the last dead letters."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import Final

from agent.pulse import Clock

WINDOW_SECONDS: Final = 60
RECENT_DEAD_LETTERS: Final = 20


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One dead letter; `at` is Unix seconds. Its texts are safe to show."""

    at: float
    reason: str
    detail: str
    bucket: str
    key: str
    message_id: str


class Activity:
    """Counts per second of the last minute, by stage of the flow, and the last twenty dead letters. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.started_at = clock.monotonic()
        self._marks: dict[str, deque[_Second]] = {}
        self._dead_letters: deque[DeadLetter] = deque(maxlen=RECENT_DEAD_LETTERS)
        self._lock = threading.Lock()

    def mark(self, stage: str, count: int) -> None:
        """`count` more things went through `stage` just now."""
        if count <= 0:
            return
        second = int(self._clock.monotonic())
        with self._lock:
            marks = self._marks.setdefault(stage, deque(maxlen=WINDOW_SECONDS + 1))
            if marks and marks[-1].second == second:
                marks[-1].count += count
            else:
                marks.append(_Second(second, count))

    def per_minute(self, stage: str) -> float:
        """What went through `stage` in the last minute. During the first minute: the rate since the start."""
        now = self._clock.monotonic()
        with self._lock:
            marks = self._marks.get(stage, ())
            total = sum(mark.count for mark in marks if mark.second > now - WINDOW_SECONDS)
        return total * WINDOW_SECONDS / min(max(self.uptime(), 1.0), WINDOW_SECONDS)

    def uptime(self) -> float:
        """Seconds since the start."""
        return self._clock.monotonic() - self.started_at

    def remember(self, dead_letter: DeadLetter) -> None:
        """Keep `dead_letter` for the status page; the oldest one is dropped."""
        with self._lock:
            self._dead_letters.append(dead_letter)

    def dead_letters(self) -> list[DeadLetter]:
        """The last dead letters, newest first."""
        with self._lock:
            return list(reversed(self._dead_letters))


@dataclass(slots=True)
class _Second:
    second: int
    count: int
