"""How the rows of a table are read off a usual event: what most events have alike is read, and written, once.

Rows that stand together and belong to one member of the event are one step. What a step makes of a member depends on
that member alone, so it is kept for when the same comes again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from itertools import groupby, repeat
from operator import attrgetter
from typing import Any, Final

import msgspec

from agent.model import AttributeGroup, AttributeValue
from agent.records.memo import Memo, characters
from agent.records.rows import ELSE, ReadMember, Row, RowReader, field_of, filled, python_path
from agent.trail.event import NOTHING, text
from agent.trail.usual_event import UnusualEventError, is_scalar

Parts = tuple[tuple[str, AttributeValue] | AttributeGroup, ...]
_Step = Callable[[Any], Parts]

_MOST: Final = 2048  # an account has some hundred sessions, addresses and programs at a time
_LARGEST: Final = 512
_LARGEST_PART: Final = 2048  # bytes; the userIdentity of a role's session has 800


class QuickRows:
    """Reads `rows` off usual events, in their order.

    `alike` are sets of members that have the same values together in many events. `unlike` are members that hardly ever
    have the same value twice. All others may have. This is about speed: it changes no attribute.
    """

    def __init__(self, rows: Iterable[Row], *, alike: Sequence[Set[str]], unlike: Set[str]) -> None:
        members: list[str] = []
        self._steps: list[tuple[int | slice, _Step]] = []
        for together, step_rows in groupby(rows, key=lambda row: _together(row, alike)):
            of_step = list(step_rows)
            begins = len(members)
            if together:
                members += dict.fromkeys(_member(row) for row in of_step)
                self._steps.append((slice(begins, len(members)), _of_several(of_step, members[begins:])))
                continue
            for member, its_rows in groupby(of_step, key=_member):
                members.append(member)
                self._steps.append((len(members) - 1, _of_one(list(its_rows), member, is_unlike=member in unlike)))
        self._members = attrgetter(*map(python_path, members))

    def __call__(self, event: Any) -> list[tuple[str, AttributeValue] | AttributeGroup]:
        """The attributes that `event` has. Raises `UnusualEventError` where a part of it is not as AWS writes it."""
        members = self._members(event)
        parts: list[tuple[str, AttributeValue] | AttributeGroup] = []
        for place, step in self._steps:
            member = members[place]
            if member is None or member is NOTHING:
                continue
            parts += step(member)
        return parts


def read_part(part: type, raw: bytes) -> Any:
    """A part of an event; raises `UnusualEventError` if it is not as AWS writes it."""
    try:
        return msgspec.json.decode(raw, type=part)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnusualEventError from error


def shared(attributes: Mapping[str, AttributeValue]) -> Parts:
    """These as one group, which many records may have; nothing if there are none."""
    return (AttributeGroup(tuple(attributes.items())),) if attributes else ()


def _member(row: Row) -> str:
    """The event's own member that the row is read off."""
    (member,) = {path.partition(".")[0] for path in row.member.split(ELSE)}
    return member


def _together(row: Row, alike: Sequence[Set[str]]) -> Set[str]:
    return next((members for members in alike if _member(row) in members), frozenset())


def _of_several(rows: Sequence[Row], members: Sequence[str]) -> _Step:
    """The rows of some scalars at once."""
    reads = [(row.attribute, row.read) for row in rows]
    pick = [members.index(_member(row)) for row in rows]

    def make(values: tuple[object, ...]) -> Parts:
        return shared(filled(reads, [values[place] for place in pick]))

    return Memo(make, _MOST, _LARGEST, characters).__getitem__


def _of_one(rows: Sequence[Row], member: str, *, is_unlike: bool) -> _Step:
    field, reads = field_of(member), [(row.attribute, row.read) for row in rows]
    if field.type is msgspec.Raw:
        return lambda raw: tuple(filled(reads, repeat(raw)).items())
    if not is_scalar(field):
        return _of_part(rows, member, field.type)
    if is_unlike:
        return _of_text(rows[0].attribute) if len(rows) == 1 and rows[0].read is text else _of_unlike(reads)
    return Memo(lambda value: shared(filled(reads, repeat(value))), _MOST, _LARGEST, _length).__getitem__


def _of_part(rows: Sequence[Row], member: str, part: type) -> _Step:
    """The rows of a member that holds others."""
    reads = [(row.attribute, row.read) for row in rows]
    reader = None if part is object else RowReader(rows, below=member)

    def make(raw: bytes) -> Parts:
        held = read_part(part, raw)
        return shared(reader(held) if reader else filled(reads, repeat(held)))

    remembered = Memo(make, _MOST, _LARGEST_PART)
    return lambda raw: remembered[bytes(raw)]


def _of_unlike(reads: Sequence[tuple[str, ReadMember]]) -> _Step:
    return lambda value: tuple(filled(reads, repeat(value)).items())


def _of_text(attribute: str) -> _Step:
    """The same for one row that reads text, as most of these do."""

    def step(value: object) -> Parts:
        found = text(value)
        return ((attribute, found),) if found else ()

    return step


def _length(value: object) -> int:
    return len(value) if isinstance(value, str) else 1
