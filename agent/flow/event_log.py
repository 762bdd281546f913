"""Events that stand in no object: a log of AWS's own, which is asked for one span of time after the other.

Such a span is a `Window`. For a replay it is what an object is otherwise: it has a key, it is read whole or not at all,
and what became of it is noted.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Self

from agent.records.mapping import Mapper

_KEY: Final = re.compile(r"(\d{4})/(\d\d)/(\d\d)/(\d{6})-(\d{6})", re.ASCII)
_DAY: Final = timedelta(days=1)
_MIDNIGHT: Final = "240000"


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One event as the log gives it: its JSON in UTF-8, and when it happened, in Unix nanoseconds (0: not told).

    `event_id` is what the log calls it, where `raw` is no JSON object that could tell it.
    """

    raw: bytes
    time_ns: int
    event_id: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time of one day in UTC, from `begin` on and before `end`, in whole seconds.

    `bucket` names the log and the place in it, such as `event-history:us-west-2`. No bucket of S3 has a colon.
    """

    bucket: str
    begin: datetime
    end: datetime

    @property
    def place(self) -> str:
        """The region, or whatever else the log has a part for."""
        return self.bucket.partition(":")[2]

    @property
    def key(self) -> str:
        """`2026/10/05/120000-130000`. The keys of a day are in the order of time; its end is written 240000."""
        is_midnight = self.end.time() == time()
        return f"{self.begin:%Y/%m/%d/%H%M%S}-{_MIDNIGHT if is_midnight else f'{self.end:%H%M%S}'}"

    @classmethod
    def of(cls, bucket: str, key: str) -> Self:
        """The window with this key; raises `ValueError` for anything else."""
        match = _KEY.fullmatch(key)
        if match is None:
            raise ValueError(f"{key} is the key of no window")
        year, month, day, begin, end = match.groups()
        of_day = datetime.combine(date(int(year), int(month), int(day)), time(), UTC)
        return cls(bucket, of_day + _since_midnight(begin), of_day + _since_midnight(end))

    @classmethod
    def named_by(cls, body: str) -> Self:
        """The window that a delivery of a replay names; raises `ValueError` if it names anything else."""
        named = json.loads(body)
        return cls.of(named["s3Bucket"], named["s3ObjectKey"][0])


def _since_midnight(text: str) -> timedelta:
    return timedelta(hours=int(text[:2]), minutes=int(text[2:4]), seconds=int(text[4:]))


@dataclass(frozen=True, slots=True)
class FirstLook:
    """A look at one place: how many of the newest `events` of a span fill `seconds`; `is_all`: it has no more."""

    events: int
    seconds: float
    is_all: bool


class EventLog(ABC):
    """A log that gives events. Safe to use from many threads at once.

    `name` is the word for it in `--from`, `places` are its parts, which are asked independently of each other.
    """

    name: str
    places: Sequence[str]
    per_second: float
    """How many requests each place allows."""
    requests: int
    """How many requests were made so far."""
    per_window: int
    """How many requests a window takes at least."""
    events_per_request: int
    """How many events a request gives at most."""
    mapper: type[Mapper] = Mapper
    """What maps the events: a kind of its own where they are not in the form of a trail's."""

    @abstractmethod
    def sample(self, place: str, begin: datetime, end: datetime, pages: int = 1) -> FirstLook:
        """The newest events from `begin` on and before `end`, by up to so many answers to each question.

        Raises `DependencyError` if the log may not be asked, with what to do, and `DrainedError` if told to halt.
        """

    @abstractmethod
    def read(self, window: Window) -> Sequence[LoggedEvent]:
        """All events of a window, oldest first; waits while the log does not answer.

        Raises as `sample`, and `PermanentError` if this window can never be read. Whoever raises `DependencyError` has
        told the replay, which then ends.
        """

    def owner(self) -> str:
        """Whose events these are, where the places do not tell: a checkpoint is for no other. Raises as `sample`."""
        return ""

    def now(self) -> datetime | None:
        """What time it is where the log is kept, by its last answer.

        None where nobody with another time here gets an answer, or it has told none.
        """
        return None

    def buckets(self) -> tuple[str, ...]:
        """What stands for a bucket, for each place."""
        return tuple(f"{self.name}:{place}" for place in self.places)
