"""Which events stand in CodeCatalyst's own event log, in a trail, or in both, and by what an event is known again.

AWS does not say that an event has one id in both logs. So a request id counts first, then what was done by whom and
when, and last what was done when, where only one event can be meant.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Self

from agent.model import LogRecord
from agent.records.summary import Summary

_SECOND: Final = 1_000_000_000  # nanoseconds; a trail's times are whole seconds, an event log's are not
_APART: Final = 2 * _SECOND
_WHO: Final = ("user.id", "aws.principal.id", "user.name")


class KnownBy(StrEnum):
    """What two records have alike that are taken for one event."""

    REQUEST_ID = "request_id"
    EVENT_ACTOR_TIME = "event_actor_time"
    EVENT_TIME = "event_time"


@dataclass(frozen=True, slots=True)
class Pair:
    """One event: its record in the event log, in the trail, or in both, and then `by` what it was known again."""

    event_log: LogRecord | None
    trail: LogRecord | None
    by: KnownBy | None = None

    @property
    def record(self) -> LogRecord:
        """That of the event log; the trail's, if it has none."""
        record = self.event_log or self.trail
        if record is None:
            raise ValueError("a pair has a record at least")
        return record


@dataclass(slots=True)
class Side:
    """The records of one log, each event once, in order of time. `left` are those that are not known again yet."""

    records: Sequence[LogRecord]
    left: dict[int, LogRecord] = field(default_factory=dict)

    @classmethod
    def of(cls, records: Iterable[LogRecord]) -> Self:
        """CodeCatalyst's among `records`; a trail can have an event twice, in two files."""
        ours = sorted((one for one in records if not one.labels.event_source), key=lambda one: one.time_unix_nano)
        once = {one.event_id or f"without an id {place}": one for place, one in enumerate(ours)}
        return cls(list(once.values()), dict(enumerate(once.values())))

    def covers(self, moment: int) -> bool:
        """Whether the log has events before and after the second of this moment, or in it."""
        if not self.records:
            return False
        first, last = (self.records[end].time_unix_nano // _SECOND for end in (0, -1))
        return first <= moment // _SECOND <= last


class Comparison:
    """All events of both logs. `pairs` are in order of time."""

    def __init__(self, event_log: Iterable[LogRecord], trail: Iterable[LogRecord]) -> None:
        self.event_log, self.trail = Side.of(event_log), Side.of(trail)
        found = [*self._alike(_request_and_event), *self._alike(_request)]
        self._ids_are_alike = bool(found)
        found += self._near(KnownBy.EVENT_ACTOR_TIME)
        found += self._near(KnownBy.EVENT_TIME)
        found += [Pair(one, None) for one in self.event_log.left.values()]
        found += [Pair(None, one) for one in self.trail.left.values()]
        self.pairs = sorted(found, key=lambda pair: pair.record.time_unix_nano)

    @property
    def differing(self) -> list[Pair]:
        """The events that only one of the logs has."""
        return [pair for pair in self.pairs if pair.by is None]

    def is_outside(self, pair: Pair) -> bool:
        """Whether an event of one log happened before or after all that the other one has."""
        other = self.trail if pair.trail is None else self.event_log
        return pair.by is None and not other.covers(pair.record.time_unix_nano)

    def _alike(self, key: Callable[[LogRecord], tuple[str, ...]]) -> Iterator[Pair]:
        """Records whose keys are equal, the first with the first; an empty part makes no key."""
        by_key: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for place, record in reversed(self.trail.left.items()):
            by_key[key(record)].append(place)
        for place, record in list(self.event_log.left.items()):
            wanted = key(record)
            if all(wanted) and by_key.get(wanted):
                yield self._pair(place, by_key[wanted].pop(), KnownBy.REQUEST_ID)

    def _near(self, by: KnownBy) -> Iterator[Pair]:
        """Records of one event name, close to each other in time, and by one actor or without any other candidate."""
        trail, event_log = _Shelf(self.trail.left), _Shelf(self.event_log.left)
        for place, record in list(self.event_log.left.items()):
            near = [(at, one) for at, one in trail.near(record) if at in self.trail.left and self._may_be(record, one)]
            if by is KnownBy.EVENT_ACTOR_TIME:
                near = [(at, one) for at, one in near if _actors(record) & _actors(one)]
                near = sorted(near, key=lambda each: abs(each[1].time_unix_nano - record.time_unix_nano))
            elif len(near) != 1 or len([at for at, _ in event_log.near(near[0][1]) if at in self.event_log.left]) != 1:
                continue
            if near:
                yield self._pair(place, near[0][0], by)

    def _may_be(self, one: LogRecord, other: LogRecord) -> bool:
        """False for two people, and for two requests where requests have the same ids in both logs."""
        names = [str(each.attributes.get("user.name", "")).lower() for each in (one, other)]
        if all(names) and names[0] != names[1]:
            return False
        return not (self._ids_are_alike and all(_request(one)) and all(_request(other)))

    def _pair(self, place: int, other: int, by: KnownBy) -> Pair:
        return Pair(self.event_log.left.pop(place), self.trail.left.pop(other), by)


class _Shelf:
    """Records by event name, in order of time."""

    def __init__(self, records: dict[int, LogRecord]) -> None:
        self._of_name: dict[str, list[tuple[int, int, LogRecord]]] = defaultdict(list)
        for place, record in records.items():
            self._of_name[_event(record)].append((record.time_unix_nano, place, record))

    def near(self, record: LogRecord) -> list[tuple[int, LogRecord]]:
        """Those of the same name, with their places, that happened within some seconds."""
        row, time = self._of_name.get(_event(record), []), record.time_unix_nano
        begin = bisect_left(row, time - _APART, key=lambda each: each[0])
        end = bisect_right(row, time + _APART, key=lambda each: each[0])
        return [(place, one) for _, place, one in row[begin:end]]


def _event(record: LogRecord) -> str:
    return record.labels.event_name.lower()


def _request(record: LogRecord) -> tuple[str, ...]:
    return (str(record.attributes.get("aws.request_id", "")),)


def _request_and_event(record: LogRecord) -> tuple[str, ...]:
    return (*_request(record), _event(record))


def _actors(record: LogRecord) -> set[str]:
    """Whatever names the actor, in lower case."""
    names = [str(record.attributes.get(name, "")) for name in _WHO]
    names.append(Summary.of(record.event_name, record.attributes).actor)
    return {name.lower() for name in names if name}
