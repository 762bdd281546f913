"""A row of the table of attributes, and how the rows are read off an event."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any, Final

import msgspec

from agent.model import AttributeValue
from agent.trail.event import TrailEvent, text

ELSE: Final = " else "

ReadMember = Callable[[Any], AttributeValue | None]


@dataclass(frozen=True, slots=True)
class Row:
    """One attribute: its name, the CloudTrail member it is made of, whose name it is, and how the member is read.

    `member` is a path with dots; with ` else ` between two paths, the second counts where the first is empty. `origin`
    is C (the Collector's `awslogs_encoding` has the name), S (the semantic conventions have it) or X (ours).
    """

    attribute: str
    member: str
    origin: str
    read: ReadMember = text


class RowReader:
    """Reads the rows of a table off an event, in their order; all members in one go, which is what makes it fast.

    With `below`, it reads them off that part of an event, to which all rows must belong.
    """

    def __init__(self, rows: Iterable[Row], below: str = "") -> None:
        entries = [(row.attribute, row.read, path) for row in rows for path in row.member.split(ELSE)]
        self._rows = [(attribute, read) for attribute, read, _ in entries]
        within = f"{python_path(below)}." if below else ""
        paths = [python_path(path).removeprefix(within) for _, _, path in entries]
        self._members = attrgetter(*paths, paths[0])  # with two of them at least, what it returns is a tuple

    def __call__(self, event: object) -> dict[str, AttributeValue]:
        """The attributes that `event` has, as a dict of the caller's own."""
        return filled(self._rows, self._members(event))


def filled(rows: Iterable[tuple[str, ReadMember]], members: Iterable[Any]) -> dict[str, AttributeValue]:
    """What each row reads of its member; empty values are left out, and the first of one attribute counts."""
    attributes: dict[str, AttributeValue] = {}
    for (attribute, read), member in zip(rows, members, strict=False):
        if member is None:
            continue
        # Most members are text; a call for each of them would be a third of the whole mapping.
        value = member.strip() if read is text and type(member) is str else read(member)
        if (value or value is False) and attribute not in attributes:
            attributes[attribute] = value
    return attributes


def field_of(member: str) -> msgspec.structs.FieldInfo:
    """How a `TrailEvent` has a member of its own."""
    return _fields(TrailEvent)[member]


def python_path(member: str) -> str:
    """The Python attributes that lead to a member of a `TrailEvent`; raises `LookupError` if it has no such member."""
    part: Any = TrailEvent
    path = []
    for name in member.split("."):
        field = _fields(part).get(name)
        if field is None:
            raise LookupError(f"TrailEvent has no member {member}: add it in trail/event.py")
        path.append(field.name)
        part = field.type
    return ".".join(path)


@cache  # it evaluates the annotations of a whole class each time
def _fields(part: Any) -> dict[str, msgspec.structs.FieldInfo]:
    """The fields of a part of an event by their names in CloudTrail; none for a leaf."""
    is_part = issubclass(part, msgspec.Struct)
    return {field.encode_name: field for field in msgspec.structs.fields(part)} if is_part else {}
