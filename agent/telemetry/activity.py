"""What the status page shows beyond the metrics: the last minute, the last hour, the last events and dead letters."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from agent.model import EventLabels, LogRecord
from agent.pulse import Clock
from agent.telemetry.hour import MINUTE_SECONDS, MINUTES, LastHour, Lasting, Medians, Ring, Values, minute_at
from agent.telemetry.tally import EventTally, ProfileEvents, by_profile

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


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A part of a region's Event history that was passed over at `at` (Unix seconds); None: before the start.

    It happened from `begin` on and before `end`, in Unix seconds. Its texts are safe to show; `name` is empty where it
    is not one event.
    """

    at: float | None
    region: str
    begin: int
    end: int
    name: str
    reason: str
    detail: str


class Activity:
    """Counts of the last minute and the last hour, by stage of the flow, and the last of what went through.

    Thread-safe. Its size is bounded: by time, by number, or by the limits of labels.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.started_at = clock.monotonic()
        self._stages: defaultdict[str, _Stage] = defaultdict(_Stage)
        self._dead_letters: deque[DeadLetter] = deque(maxlen=RECENT_DEAD_LETTERS)
        self._left_out: deque[LeftOut] = deque(maxlen=RECENT_DEAD_LETTERS)
        self._left_out_for: Counter[str] = Counter()
        self._tally = EventTally()
        # Minutes end when those of the wall clock do, so that a peak is found again in a log.
        self._offset = (clock.time() - self.started_at) % MINUTE_SECONDS
        self._ages = Medians()
        self._taken_unnamed = 0
        self._oldest = Lasting(self._offset)
        self._wait = Lasting(self._offset)
        self._lock = threading.Lock()

    def mark(self, stage: str, count: int) -> None:
        """`count` more things went through `stage` just now."""
        if count <= 0:
            return
        now = self._clock.monotonic()
        with self._lock:
            self._stages[stage].mark(int(now), self._minute(now), count)

    def per_minute(self, stage: str) -> float:
        """What went through `stage` in the last minute. During the first minute: the rate since the start."""
        now = self._clock.monotonic()
        with self._lock:
            total = self._stages[stage].since(now - WINDOW_SECONDS)
        return total * WINDOW_SECONDS / min(max(self.uptime(), 1.0), WINDOW_SECONDS)

    def accepted(self, ages: Sequence[float]) -> None:
        """The sink accepted events of these ages, in seconds."""
        typical = median(ages)
        with self._lock:
            self._ages.add(self._minute(self._clock.monotonic()), typical)

    def take_unnamed(self, count: int) -> None:
        """The sink took so many records more of which it is not known which they are."""
        with self._lock:
            self._taken_unnamed += count

    def taken_unnamed(self) -> int:
        """How many these are by now."""
        return self._taken_unnamed

    def oldest(self, age: Callable[[], float | None]) -> None:
        """The oldest message may be another one from now on: `age` says its age in seconds, or None without one."""
        self._change(self._oldest, age)

    def waiting(self, seconds: Callable[[], float | None]) -> None:
        """The work waits, or goes on: `seconds` says for how long it has waited, or None if it does not."""
        self._change(self._wait, seconds)

    def last_hour(self) -> LastHour:
        """What happened in each of the last sixty minutes, and in the one that runs."""
        now = self._clock.monotonic()
        with self._lock:
            minute = self._minute(now)
            return LastHour(
                ended=self._clock.time() - (now + self._offset) % MINUTE_SECONDS,
                received=self._since_start(self._stages["received"].minutes.values(minute), minute),
                exported=self._since_start(self._stages["exported"].minutes.values(minute), minute),
                event_age=self._ages.values(minute),
                oldest=self._oldest.values(now),
                waited=tuple(value is not None for value in self._wait.values(now)),
            )

    def uptime(self) -> float:
        """Seconds since the start."""
        return self._clock.monotonic() - self.started_at

    def deliver(self, accepted: Iterable[tuple[EventLabels, Sequence[LogRecord]]]) -> None:
        """The sink accepted records. Those with the same labels come together, the oldest first.

        Before them stand labels that are safe to show.
        """
        now = self._clock.time()
        with self._lock:
            for limited, records in accepted:
                newest = min(records[-1].time_unix_nano / 1e9, now)
                for profile, count in by_profile(records[0].labels, records).values():
                    self._tally.add(profile, limited, count, newest)

    def events(self, most: int) -> list[ProfileEvents]:
        """What the sink accepted since the start, by profile, each with up to `most` names."""
        with self._lock:
            return self._tally.newest(most)

    def remember(self, dead_letter: DeadLetter) -> None:
        """Keep `dead_letter` for the status page; the oldest one is dropped."""
        with self._lock:
            self._dead_letters.append(dead_letter)

    def dead_letters(self) -> list[DeadLetter]:
        """The last dead letters, newest first."""
        with self._lock:
            return list(reversed(self._dead_letters))

    def pass_over(self, parts: Sequence[LeftOut]) -> None:
        """Keep the last of `parts` for the status page, and count those of this process."""
        with self._lock:
            self._left_out.extend(parts)
            self._left_out_for.update(part.reason for part in parts if part.at is not None)

    def left_out(self) -> list[LeftOut]:
        """What was passed over last, newest first."""
        with self._lock:
            return list(reversed(self._left_out))

    def left_out_for(self) -> Mapping[str, int]:
        """How many parts were passed over since the start, by reason."""
        with self._lock:
            return dict(self._left_out_for)

    def _change(self, lasting: Lasting, seconds: Callable[[], float | None]) -> None:
        # Asked with the lock held: of two threads that tell, the later one tells what both have changed.
        with self._lock:
            now, lasted = self._clock.monotonic(), seconds()
            lasting.change(None if lasted is None else now - lasted, now)

    def _minute(self, at: float) -> int:
        return minute_at(at, self._offset)

    def _since_start(self, values: Values, minute: int) -> Values:
        """A minute in which nothing was counted has 0, unless the process did not run yet."""
        lived = minute - self._minute(self.started_at)
        return tuple(value or 0.0 if MINUTES - slot <= lived else None for slot, value in enumerate(values))


class _Stage:
    """What went through one stage of the flow."""

    def __init__(self) -> None:
        self.minutes = Ring()
        self._seconds: deque[_Second] = deque(maxlen=WINDOW_SECONDS + 1)

    def mark(self, second: int, minute: int, count: int) -> None:
        """`count` more things, in this second of this minute."""
        self.minutes.add(minute, count)
        if self._seconds and self._seconds[-1].second == second:
            self._seconds[-1].count += count
        else:
            self._seconds.append(_Second(second, count))

    def since(self, begin: float) -> int:
        """How many things went through after `begin`."""
        return sum(one.count for one in self._seconds if one.second > begin)


@dataclass(slots=True)
class _Second:
    second: int
    count: int
