"""The last hour, minute by minute: one small slot for each minute, however much happens in it.

Times are monotonic seconds. Nothing here is thread-safe, and nothing grows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import Final, TypeAlias

from agent.telemetry.wording import clock

MINUTE_SECONDS: Final = 60.0
MINUTES: Final = 60
SLOTS: Final = MINUTES + 1  # the last one is the minute that runs
LARGEST: Final = 1e15
_MEASUREMENTS: Final = 33
_NEVER: Final = -(10**9)

Values: TypeAlias = tuple[float | None, ...]
"""One value for each slot, the oldest first; None where there is none."""


@dataclass(frozen=True, slots=True)
class LastHour:
    """What the plots show. `ended` is when the last whole minute ended, in Unix seconds.

    `received` and `exported` are None before the start of the process; `event_age` and `oldest` also in a minute that
    had nothing to measure. `waited` says in which minutes the work waited for something.
    """

    ended: float
    received: Values
    exported: Values
    event_age: Values
    oldest: Values
    waited: tuple[bool, ...]

    @property
    def before_start(self) -> int:
        """How many of the slots lie before the start of the process."""
        return next((slot for slot, value in enumerate(self.received) if value is not None), SLOTS)

    def minute(self, slot: int) -> str:
        """When the minute of `slot` began, such as `06:30`."""
        return clock(self.ended - (MINUTES - slot) * MINUTE_SECONDS)


@dataclass(slots=True)
class Ring:
    """A number for each of the last minutes. What is below 0, or is no number, is left out; a number has a limit."""

    _minutes: list[int] = field(default_factory=lambda: [_NEVER] * SLOTS)
    _values: list[float] = field(default_factory=lambda: [0.0] * SLOTS)

    def add(self, minute: int, value: float) -> None:
        """Add `value` to what `minute` has."""
        if value >= 0:
            slot = self._slot(minute)
            self._values[slot] = min(self._values[slot] + min(value, LARGEST), LARGEST)

    def lift(self, minute: int, value: float) -> None:
        """Let `minute` have at least `value`."""
        if value >= 0:
            slot = self._slot(minute)
            self._values[slot] = max(self._values[slot], min(value, LARGEST))

    def values(self, minute: int) -> Values:
        """The values up to `minute`."""
        return tuple(self.value(each) for each in range(minute - MINUTES, minute + 1))

    def value(self, minute: int) -> float | None:
        """What `minute` has; None if nothing was told of it, or if that is too long ago."""
        slot = minute % SLOTS
        return self._values[slot] if self._minutes[slot] == minute else None

    def _slot(self, minute: int) -> int:
        slot = minute % SLOTS
        if self._minutes[slot] != minute:
            self._minutes[slot] = minute
            self._values[slot] = 0.0
        return slot


@dataclass(slots=True)
class Medians:
    """The median of what was measured in each of the last minutes: of the last 33 measurements, if there were more.

    Not the mean: one event that is days old would make an hour of others look like nothing.
    """

    _counts: Ring = field(default_factory=Ring)
    _measured: list[list[float]] = field(default_factory=lambda: [[] for _ in range(SLOTS)])

    def add(self, minute: int, value: float) -> None:
        """`value` was measured in `minute`."""
        if not value >= 0:
            return
        before = int(self._counts.value(minute) or 0)
        self._counts.add(minute, 1)
        measured = self._measured[minute % SLOTS]
        del measured[before:]
        measured[before % _MEASUREMENTS : before % _MEASUREMENTS + 1] = [min(value, LARGEST)]

    def values(self, minute: int) -> Values:
        """The medians up to `minute`; None for a minute without a measurement."""
        minutes = range(minute - MINUTES, minute + 1)
        return tuple(median(self._measured[each % SLOTS]) if self._counts.value(each) else None for each in minutes)


def minute_at(at: float, offset: float) -> int:
    """The number of the minute of `at`; `offset` moves the ends of minutes to those of the wall clock."""
    return int((at + offset) // MINUTE_SECONDS)


class Lasting:
    """How long something has lasted, at most, in each of the last minutes, also while nobody reports anything.

    `offset` is that of `minute_at`.
    """

    def __init__(self, offset: float) -> None:
        self._offset = offset
        self._ring = Ring()
        self._since: float | None = None
        self._seen = 0.0

    def change(self, since: float | None, now: float) -> None:
        """From `now` on, what lasts began at `since`; None: nothing lasts."""
        self._pass(now)
        self._since = since

    def values(self, now: float) -> Values:
        """How long it has lasted up to now; None for a minute in which nothing did."""
        self._pass(now)
        return self._ring.values(minute_at(now, self._offset))

    def _pass(self, now: float) -> None:
        """Write down the minutes since the last look."""
        if self._since is not None:
            this = minute_at(now, self._offset)
            for minute in range(max(minute_at(self._seen, self._offset), this - MINUTES), this + 1):
                end = min((minute + 1) * MINUTE_SECONDS - self._offset, now)
                self._ring.lift(minute, max(end - self._since, 0.0))
        self._seen = now
