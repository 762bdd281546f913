"""From when until when: `--since` and `--until`, as people write them.

The time of an object is that in its name: when CloudTrail wrote it, some minutes after its events. A span has its
beginning and not its end. So two replays, up to a moment and from it on, have each object once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from agent.errors import printable

EARLIEST: Final = datetime(2013, 11, 1, tzinfo=UTC)
"""CloudTrail began in November 2013: whoever writes an earlier time has mistyped."""

ON_ITS_WAY: Final = timedelta(minutes=15)
"""How long after the time in its name an object may still come into the bucket."""

_BACK: Final = re.compile(r"(?P<number>\d{1,6})\s*(?P<unit>[mhdw])", re.ASCII | re.IGNORECASE)
_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_FORMS: Final = "write a date (2026-10-05), a time (2026-10-05T12:00Z), or how long ago (30d, 12h, 2w)"
_SHOWN: Final = 40
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


def read_span(since: str, until: str | None, now: datetime) -> Span:
    """What the options say at the time `now`; raises `SpanError`. Without `until`, up to now."""
    begin = _moment("--since", since, now)
    if begin < EARLIEST:
        raise SpanError("--since", f"{shown(begin)} is before CloudTrail began, in November 2013")
    end = _moment("--until", until, now) if until is not None else now.replace(microsecond=0)
    if end > now:
        raise SpanError("--until", f"{shown(end)} UTC is in the future: leave it out, to go up to now")
    if begin >= end:
        raise SpanError("--until", f"{shown(end)} UTC is not after --since, which is {shown(begin)} UTC")
    return Span(begin, end)


def _moment(option: str, text: str, now: datetime) -> datetime:
    """One option, as a moment in UTC that is not in the future where it is `--since`."""
    text = text.strip()
    try:
        back = _BACK.fullmatch(text)
        moment = now - timedelta(**{_UNITS[back["unit"].lower()]: int(back["number"])}) if back else _written(text)
    except (ValueError, OverflowError):
        raise SpanError(option, f"'{printable(text, _SHOWN)}' is no time: {_FORMS}") from None
    if option == "--since" and moment >= now:
        raise SpanError(option, f"{shown(moment)} UTC is in the future")
    return moment.replace(microsecond=0)


def _written(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if not re.match(r"\d{4}-\d\d-\d\d", text):  # ISO has week dates and 20261005, too; those are mistyped more often
        raise ValueError
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
