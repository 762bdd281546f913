"""How the metrics of a process go on: what was counted between the answers of its `/metrics` page.

A counter that is lower than before belongs to a new process, and began at 0 (Prometheus, "Counter").
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from agent.telemetry.snapshot import Snapshot

STARTED: Final = "process_start_time_seconds"
"""When the process started, in Unix seconds; the process collector has it on Linux only."""


@dataclass(frozen=True, slots=True)
class Seen:
    """The metrics `at` a time, in monotonic seconds."""

    at: float
    snapshot: Snapshot


class Course:
    """The last answers of one process, or of those that followed it. Not thread-safe."""

    def __init__(self, seconds: float) -> None:
        """Remembers answers for about so many seconds."""
        self._seconds = seconds
        self._seen: deque[Seen] = deque()

    def add(self, seen: Seen) -> None:
        """The latest answer; what is older than the time that is remembered is forgotten, but for one before it."""
        self._seen.append(seen)
        while len(self._seen) > 2 and self._seen[1].at <= seen.at - self._seconds:  # noqa: PLR2004 - a begin and an end
            self._seen.popleft()

    def forget(self) -> None:
        """Begin anew: nobody knows what happened meanwhile."""
        self._seen.clear()

    @property
    def latest(self) -> Snapshot:
        """The last answer; raises `IndexError` if there was none."""
        return self._seen[-1].snapshot

    @property
    def seconds(self) -> float:
        """How long the answers span; 0 after the first."""
        return self._seen[-1].at - self._seen[0].at if self._seen else 0.0

    def increase(self, name: str) -> float:
        """What all series of the counter `name` have counted in that time."""
        return sum(self.increase_by(name, "").values())

    def increase_by(self, name: str, label: str) -> Mapping[str, float]:
        """The same by the values of a label; for `le` of a histogram's buckets, too."""
        total: dict[str, float] = {}
        for before, after in pairwise(one.snapshot for one in self._seen):
            counted = {} if _has_restarted(before, after) else before.by(name, label)
            for value, count in after.by(name, label).items():
                begun = counted.get(value, 0.0)
                total[value] = total.get(value, 0.0) + count - (begun if begun <= count else 0.0)
        return total


def _has_restarted(before: Snapshot, after: Snapshot) -> bool:
    return before.value(STARTED) != after.value(STARTED)
