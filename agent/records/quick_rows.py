"""How the rows of a table are read off a usual event: what most events have alike is read, and written, once.

Rows that stand together and belong to one member of the event are one step. What a step makes of a member depends on
that member alone, so it is kept for when the same comes again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from itertools import groupby, repeat
from operator import itemgetter
from typing import Any, Final

import msgspec
from msgspec.structs import astuple

from agent.model import AttributeGroup, AttributeValue
from agent.records.memo import Memo, characters
from agent.records.rows import ELSE, ReadMember, Row, RowReader, field_of, filled, python_path
from agent.trail.event import text
from agent.trail.usual_event import UnusualEventError, UsualEvent, is_scalar

Part = tuple[str, AttributeValue] | AttributeGroup
Parts = tuple[Part, ...]
_Step = Callable[[Any], Parts]

_BYTES: Final = ("requestParameters", "responseElements", "userIdentity")  # looked at more than once
_OWN_MEMBERS: Final = len(UsualEvent.__struct_fields__)
_TWO: Final = 2
_NULL: Final = b"null"
_MOST: Final = 2048  # an account has some hundred sessions, addresses and programs at a time
_LARGEST: Final = 512
_LARGEST_PART: Final = 2048  # bytes; the userIdentity of a role's session has 800


class QuickRows:
    """Reads `rows` off usual events, in their order.

    `alike` are sets of members that have the same values together in many events. `unlike` are members that hardly ever
    have the same value twice. All others may have. This is about speed: it changes no attribute.
    """

    def __init__(self, rows: Iterable[Row], *, alike: Sequence[Set[str]], unlike: Set[str]) -> None:
        self._steps: list[tuple[int, _Step]] = []
        self._together: list[Callable[[Any], Any]] = []  # each picks several members at once
        for together, its_rows in groupby(rows, key=lambda row: _together(row, alike)):
            of_step = list(its_rows)
            if together:
                members = tuple(dict.fromkeys(map(_member, of_step)))
                self._steps.append((_OWN_MEMBERS + len(_BYTES) + len(self._together), _of_several(of_step, members)))
                self._together.append(itemgetter(*map(_place, members)))
                continue
            for member, of_member in groupby(of_step, key=_member):
                step = _of_one(list(of_member), member, is_unlike=member in unlike)
                self._steps.append((_place(member), step))

    def read(self, event: Any) -> tuple[list[Part], bytes, bytes, bytes]:
        """The attributes that `event` has, and the bytes of its request, its response and its identity.

        They are empty if it has none, or null. Raises `UnusualEventError` where a part of it is not as AWS writes it.
        """
        own = astuple(event)
        request, response = bytes(event.request_parameters), bytes(event.response_elements)
        if request == _NULL:
            request = b""
        if response == _NULL:
            response = b""
        identity = bytes(event.user_identity)
        members = [*own, request, response, identity]
        for pick in self._together:
            members.append(pick(own))  # noqa: PERF401 - a comprehension is another call, for each event
        parts: list[Part] = []
        for place, step in self._steps:
            member = members[place]
            if member or member is False:
                parts += step(member)
        return parts, request, response, identity


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


def _place(member: str) -> int:
    """Where the members of a usual event are, in their order, and behind them those that are bytes already."""
    if member in _BYTES:
        return _OWN_MEMBERS + _BYTES.index(member)
    return UsualEvent.__struct_fields__.index(python_path(member))  # type: ignore[no-any-return]


def _of_several(rows: Sequence[Row], members: Sequence[str]) -> _Step:
    """The rows of some scalars at once."""
    reads = [(row.attribute, row.read) for row in rows]
    places = [members.index(_member(row)) for row in rows]

    def make(values: tuple[object, ...]) -> Parts:
        return shared(filled(reads, [values[place] for place in places]))

    return Memo(make, _MOST, _LARGEST, characters).__getitem__


def _of_one(rows: Sequence[Row], member: str, *, is_unlike: bool) -> _Step:
    """The rows of one member."""
    field, reads = field_of(member), [(row.attribute, row.read) for row in rows]
    if field.type is msgspec.Raw or (is_scalar(field) and is_unlike):
        is_simple = len(rows) <= _TWO and all(row.read is rows[0].read for row in rows)
        return _of_unlike([row.attribute for row in rows], rows[0].read) if is_simple else _of_any(reads)
    if not is_scalar(field):
        return _of_part(rows, member, field.type)
    return Memo(lambda value: shared(filled(reads, repeat(value))), _MOST, _LARGEST, _length).__getitem__


def _of_part(rows: Sequence[Row], member: str, part: type) -> _Step:
    """The rows of a member that holds others."""
    reads = [(row.attribute, row.read) for row in rows]
    reader = None if part is object else RowReader(rows, below=member)

    def make(raw: bytes) -> Parts:
        held = read_part(part, raw)
        return shared(reader(held) if reader else filled(reads, repeat(held)))

    remembered = Memo(make, _MOST, _LARGEST_PART)
    if member in _BYTES:
        return remembered.__getitem__
    return lambda raw: remembered[bytes(raw)]


def _of_any(reads: Sequence[tuple[str, ReadMember]]) -> _Step:
    """Rows whose member is read anew each time."""
    return lambda value: tuple(filled(reads, repeat(value)).items())


def _of_unlike(attributes: Sequence[str], read: ReadMember) -> _Step:
    """The same for one row, or two that read it in the same way."""
    first, second = attributes if len(attributes) == _TWO else (attributes[0], "")

    def step(value: object) -> Parts:
        # Most are text; a call for each of them costs as much as all else here.
        found = value.strip() if read is text and type(value) is str else read(value)
        if not found and found is not False:
            return ()
        return ((first, found), (second, found)) if second else ((first, found),)

    return step


def _length(value: object) -> int:
    return len(value) if isinstance(value, str) else 1
