"""From when until when a replay goes; `agent.cli.spans` reads what people write for it.

The time of an object is that in its name: when CloudTrail wrote it, some minutes after its events. A span has its
beginning and not its end. So two replays, up to a moment and from it on, have each object once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

EARLIEST: Final = datetime(2013, 11, 1, tzinfo=UTC)
"""CloudTrail began in November 2013: whoever writes an earlier time has mistyped."""

ON_ITS_WAY: Final = timedelta(days=1)
"""How long after the time in its name an object may come into the bucket and be found by a later run.

CloudTrail needs some minutes as a rule, promises nothing, and tries for long to deliver what a bucket refused. Of so
long a time the checkpoint knows every object by its name.
"""

_DAY: Final = timedelta(days=1)


class SpanError(ValueError):
    """A time that cannot be used. `option` names where it was given, the text says why and what to write."""

    def __init__(self, option: str, problem: str) -> None:
        super().__init__(problem)
        self.option = option


@dataclass(frozen=True, slots=True)
class Span:
    """From `since` on, and before `until`; both in UTC."""

    since: datetime
    until: datetime

    def days(self) -> Iterator[date]:
        """The days of which some time is in it, in their order: CloudTrail has a folder for each."""
        day = self.since.date()
        while datetime.combine(day, time(), UTC) < self.until:
            yield day
            day += _DAY

    def day_count(self) -> int:
        """How many days these are."""
        last = (self.until - timedelta(microseconds=1)).date()
        return (last - self.since.date()).days + 1

    def holds_end_of(self, day: date) -> bool:
        """Whether nothing of `day` comes behind the span."""
        return datetime.combine(day + _DAY, time(), UTC) <= self.until

    def holds(self, moment: datetime) -> bool:
        """Whether `moment` is in it."""
        return self.since <= moment < self.until

    def __str__(self) -> str:
        return f"{shown(self.since)} to {shown(self.until)} UTC"


def shown(moment: datetime) -> str:
    """`2026-10-05 12:00`, in UTC; with seconds where it has some."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}" + (f":{moment.second:02}" if moment.second else "")
