"""On what an event acted: a table of attributes, and of the request's and the response's fields that can name each.

A profile lists its subjects. How they are read is the same for all of them: a new attribute is a line in a profile.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec

from agent.trail.event import MalformedEventError, OpenMembers, decode_leniently, text

_PLANS_REMEMBERED: Final = 1024  # a service has some hundred operations
_LONGEST_REMEMBERED: Final = 128  # characters; a forged name of a megabyte must not stay in memory


@dataclass(frozen=True, slots=True)
class Given:
    """A condition on the request or the response itself: its `field` is `value`, without case."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Name:
    """A field that can name a subject.

    `field` is a path in CloudTrail's spelling, with dots; paths with a `/` between them are joined by it, if all of
    them are there. `operation` and `form` are patterns for the whole of the event's name and of the value; empty: any.
    """

    field: str
    operation: str = ""
    form: str = ""
    given: Given | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """One attribute, without its profile's prefix, and the fields that can name it: the first that is filled does.

    With `after`, only what stands behind the last of these characters is kept: the id at the end of an ARN, say.
    """

    attribute: str
    names: tuple[Name, ...]
    after: str = ""


class Subjects:
    """The subjects of one profile. Pure; safe to share among threads."""

    def __init__(self, prefix: str, subjects: Sequence[Subject]) -> None:
        self._prefix = prefix
        self._subjects = subjects
        self._parameters = _Parameters(subjects)
        self._remembered = lru_cache(_PLANS_REMEMBERED)(self._plan)

    def of(self, event_name: str) -> SubjectPlan:
        """How they are read off events whose canonical name is `event_name`."""
        return self._remembered(event_name) if len(event_name) <= _LONGEST_REMEMBERED else self._plan(event_name)

    def _plan(self, event_name: str) -> SubjectPlan:
        return SubjectPlan(tuple(self._steps(event_name)), self._parameters)

    def _steps(self, event_name: str) -> Iterator[_Step]:
        for subject in self._subjects:
            spoken = [one for one in subject.names if not one.operation or re.fullmatch(one.operation, event_name)]
            if spoken:
                places = tuple(_Place.of(name, self._parameters.columns) for name in spoken)
                yield _Step(f"{self._prefix}.{subject.attribute}", places, subject.after)


class SubjectPlan:
    """What to look for in events of one name."""

    def __init__(self, steps: tuple[_Step, ...], parameters: _Parameters) -> None:
        self._steps = steps
        self._parameters = parameters

    def read(self, event: OpenMembers) -> Mapping[str, str]:
        """The attributes of `event`; the request counts before the response."""
        if not self._steps:
            return {}
        read = self._parameters.read
        sides = [side for side in (read(event.request_parameters), read(event.response_elements)) if side is not None]
        return {step.attribute: value for step in self._steps if (value := step.value(sides))} if sides else {}


class _Parameters:
    """Reads those members of a request, or of a response, that can name any subject of a profile."""

    def __init__(self, subjects: Sequence[Subject]) -> None:
        self.columns = _columns(subjects)
        fields = [(name, object, msgspec.field(name=member, default=None)) for member, name in self.columns.items()]
        self._type: Any = msgspec.defstruct("Fields", fields, frozen=True, gc=False)
        self._decode = msgspec.json.Decoder(self._type).decode

    def read(self, raw: msgspec.Raw) -> Any:
        """The fields; None if it is no JSON object."""
        text_of_it = bytes(raw)
        if not text_of_it.startswith(b"{"):
            return None
        try:
            return self._decode(text_of_it)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return self._read_leniently(text_of_it)

    def _read_leniently(self, raw: bytes) -> Any:
        try:
            members = decode_leniently(raw)
        except MalformedEventError:
            return None
        return self._type(**{name: members[member] for member, name in self.columns.items() if member in members})


@dataclass(frozen=True, slots=True)
class _Path:
    """Where a value stands: the decoded field, and the members below it."""

    column: str
    below: tuple[str, ...]

    @classmethod
    def of(cls, dotted: str, columns: Mapping[str, str]) -> _Path:
        first, *below = dotted.split(".")
        return cls(columns[first], tuple(below))

    def value(self, fields: object) -> str:
        """What stands there, as text; empty if there is none."""
        found = getattr(fields, self.column)
        for member in self.below:
            if not isinstance(found, dict):
                return ""
            found = found.get(member)
        return text(found)


@dataclass(frozen=True, slots=True)
class _Place:
    """A `Name`, made ready for reading. Without a value in `column` there is none at all."""

    column: str
    paths: tuple[_Path, ...]
    form: re.Pattern[str] | None
    given: _Path | None
    given_value: str

    @classmethod
    def of(cls, name: Name, columns: Mapping[str, str]) -> _Place:
        given = name.given
        paths = tuple(_Path.of(path, columns) for path in name.field.split("/"))
        return cls(
            paths[0].column,
            paths,
            re.compile(name.form) if name.form else None,
            _Path.of(given.field, columns) if given else None,
            given.value.lower() if given else "",
        )

    def value(self, fields: object) -> str:
        """The name that stands there; empty if there is none of its form, or under its condition."""
        if self.given and self.given.value(fields).lower() != self.given_value:
            return ""
        if len(self.paths) == 1:
            found = self.paths[0].value(fields)
        else:
            parts = [path.value(fields) for path in self.paths]
            found = "/".join(parts) if all(parts) else ""
        return found if self.form is None or self.form.fullmatch(found) else ""


@dataclass(frozen=True, slots=True)
class _Step:
    """One attribute, and where to look for it in an event of a certain name."""

    attribute: str
    places: tuple[_Place, ...]
    after: str

    def value(self, sides: Sequence[object]) -> str:
        """The first name that there is."""
        for fields in sides:
            for place in self.places:
                if getattr(fields, place.column) is None:  # as most fields are
                    continue
                if found := place.value(fields):
                    return found.rpartition(self.after)[2] if self.after else found
        return ""


def _columns(subjects: Sequence[Subject]) -> dict[str, str]:
    """The request's and the response's own members that must be decoded, each with its name in the Struct."""
    names = [name for subject in subjects for name in subject.names]
    paths = [path for name in names for path in name.field.split("/")]
    paths += [name.given.field for name in names if name.given]
    return {member: f"column_{n}" for n, member in enumerate(dict.fromkeys(path.split(".")[0] for path in paths))}
