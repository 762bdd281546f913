"""The lines of a checkpoint: what a replay was asked for, how far it came, and what it could not ship."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

import msgspec

from agent.errors import printable
from agent.model import address_of, is_of_log
from agent.replay.span import shown

VERSION: Final = 2
_BUCKETS: Final = "buckets"
_IN_THE_CHECKPOINT: Final = "in the checkpoint"
_LONGEST_SHOWN: Final = 200
_DAY: Final = timedelta(days=1)


class Arguments(msgspec.Struct, frozen=True, tag_field="is", tag="replay", kw_only=True):
    """What decides which records go where, and in which form: another replay must not go on with this one's place.

    `since_given` is the text of `--since`: `30d` means the same moment when the same line is run again. `until_given`
    is that of `--until`, empty where it goes up to now. `select` and `record` are those settings.
    """

    version: int = VERSION
    buckets: tuple[str, ...]
    prefixes: tuple[str, ...]
    accounts: tuple[str, ...]
    regions: tuple[str, ...]
    since: datetime
    since_given: str
    until: datetime
    until_given: str = ""
    select: Mapping[str, Any]
    record: Mapping[str, Any]
    destination: str


class SettledUpTo(msgspec.Struct, frozen=True, tag_field="is", tag="settled"):
    """Everything of a stream's `day` is settled, up to the object `key`."""

    bucket: str
    folder: str
    day: date
    key: str


class AlsoSettled(msgspec.Struct, frozen=True, tag_field="is", tag="also"):
    """An object of `day` is settled behind which no run may begin: others may still come that stand before it."""

    bucket: str
    folder: str
    day: date
    key: str


class StreamsFound(msgspec.Struct, frozen=True, tag_field="is", tag="streams"):
    """A run goes over these streams, each a bucket and a folder. Another run may find more of them, or fewer."""

    streams: tuple[tuple[str, str], ...]


class DayDone(msgspec.Struct, frozen=True, tag_field="is", tag="day"):
    """Everything of the streams that were found last is settled, up to the end of `day`. It says nothing of others."""

    day: date


class Unshipped(msgspec.Struct, frozen=True, tag_field="is", tag="unshipped"):
    """An object that could not be shipped, and why: a reason of `agent.faults`, and one sentence."""

    bucket: str
    key: str
    reason: str
    detail: str

    @property
    def address(self) -> str:
        """`s3://bucket/key`."""
        return address_of(self.bucket, self.key)


class ShippedAfterAll(msgspec.Struct, frozen=True, tag_field="is", tag="shipped"):
    """An object that could not be shipped before."""

    bucket: str
    key: str


Note = SettledUpTo | AlsoSettled | StreamsFound | DayDone | Unshipped | ShippedAfterAll
Line = Arguments | SettledUpTo | AlsoSettled | StreamsFound | DayDone | Unshipped | ShippedAfterAll


@dataclass(slots=True)
class Whereabouts:
    """How far a replay came. A stream is a bucket and a folder; `streams` are those that were found last.

    `first_days` has the first day that is not done of each stream of which one is, also of those that are not found any
    more. `settled` has the place in each day of each stream, `also` what is settled behind such a place.
    """

    streams: tuple[tuple[str, str], ...] = ()
    first_days: dict[tuple[str, str], date] = field(default_factory=dict)
    settled: dict[tuple[str, str, date], SettledUpTo] = field(default_factory=dict)
    also: dict[tuple[str, str], AlsoSettled] = field(default_factory=dict)
    unshipped: dict[tuple[str, str], Unshipped] = field(default_factory=dict)

    def take(self, note: Note) -> None:
        """What follows from one more note."""
        match note:
            case SettledUpTo():
                self.settled[note.bucket, note.folder, note.day] = note
            case AlsoSettled():
                self.also[note.bucket, note.key] = note
            case StreamsFound():
                self.streams = note.streams
            case DayDone():
                self._end_days(note.day + _DAY)
            case Unshipped():
                self.unshipped[note.bucket, note.key] = note
            case ShippedAfterAll():
                self.unshipped.pop((note.bucket, note.key), None)

    def copied(self) -> Whereabouts:
        """The same now, and its own from now on."""
        return Whereabouts(
            self.streams, dict(self.first_days), dict(self.settled), dict(self.also), dict(self.unshipped)
        )

    def has_begun(self) -> bool:
        """Whether anything is settled, or could not be shipped."""
        return bool(self.first_days or self.settled or self.also or self.unshipped)

    def is_done(self, stream: tuple[str, str], day: date) -> bool:
        """Whether everything of a stream's `day` is settled."""
        return day < self.first_days.get(stream, date.min)

    def notes(self) -> list[Note]:
        """As few notes as say all of this."""
        alike: defaultdict[date, list[tuple[str, str]]] = defaultdict(list)
        for stream, first in self.first_days.items():
            alike[first].append(stream)
        done = [note for first, streams in alike.items() for note in (_found(streams), DayDone(first - _DAY))]
        found = [_found(self.streams)] if self.streams else []
        if done[-2:-1] == found:
            found = []
        return [*done, *found, *self.settled.values(), *self.also.values(), *self.unshipped.values()]

    def _end_days(self, first: date) -> None:
        """The streams that were found last have nothing to do before `first`. Others stay where they are."""
        for stream in self.streams:
            self.first_days[stream] = max(first, self.first_days.get(stream, first))
        self.settled = {where: each for where, each in self.settled.items() if not self._is_of_done_day(each)}
        self.also = {where: each for where, each in self.also.items() if not self._is_of_done_day(each)}

    def _is_of_done_day(self, each: SettledUpTo | AlsoSettled) -> bool:
        return self.is_done((each.bucket, each.folder), each.day)


def _found(streams: Iterable[tuple[str, str]]) -> StreamsFound:
    return StreamsFound(tuple(sorted(streams)))


def differences(before: Arguments, now: Arguments) -> list[str]:
    """What keeps a replay with the arguments `now` from going on where one with `before` ended; one line each.

    It may go on to a later end.
    """
    if (was := _origin(before)) != (origin := _origin(now)):
        return [_told("--from", was, origin)]
    places = "buckets" if origin == _BUCKETS else "places"
    found = [
        _told(places if name == "buckets" else name, getattr(before, name), getattr(now, name))
        for name in ("buckets", "prefixes", "accounts", "regions", "destination")
        if getattr(before, name) != getattr(now, name)
    ]
    if before.since != now.since and before.since_given != now.since_given:
        found.append(_told("--since", shown(before.since), shown(now.since)))
    if now.until < before.until:
        found.append(f"{_told('--until', shown(before.until), shown(now.until))}, which is earlier")
    for section in ("select", "record"):
        found += section_changes(section, getattr(before, section), getattr(now, section), _IN_THE_CHECKPOINT)
    return found


def clock_change(before: Arguments, now: Arguments) -> str:
    """That the end is earlier than `before` though the same line was run; one sentence, empty if it is not so."""
    if now.until >= before.until or now.until_given != before.until_given:
        return ""
    return (
        f"it goes up to {shown(before.until)} UTC, and the same command goes up to {shown(now.until)} UTC now: the "
        "clock was ahead when it was written, or is behind now"
    )


def section_changes(section: str, then: Mapping[str, Any], here: Mapping[str, Any], where: str) -> list[str]:
    """What differs in a section of the settings, one line each; `where` tells of the other ones."""
    return [
        _told(f"{section}.{name}", then.get(name), here.get(name), where)
        for name in sorted(then.keys() | here.keys())
        if then.get(name) != here.get(name)
    ]


def _origin(of: Arguments) -> str:
    """What `--from` named."""
    return next((bucket.partition(":")[0] for bucket in of.buckets if is_of_log(bucket)), _BUCKETS)


def _told(what: str, before: object, now: object, where: str = _IN_THE_CHECKPOINT) -> str:
    return f"{what}: {_brief(before)} {where}, {_brief(now)} now"


def _brief(value: object) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        value = ", ".join(map(str, value)) or "not set"
    return printable(str(value), _LONGEST_SHOWN)
