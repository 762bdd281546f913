"""On what an event acted: a table of attributes, and of the request's and the response's fields that can name each.

A profile lists its subjects. How they are read is the same for all of them: a new attribute is a line in a profile.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from msgspec.structs import astuple

from agent.records.memo import Memo
from agent.trail.event import MalformedEventError, OpenMembers, decode_leniently, text

_PLANS_REMEMBERED: Final = 1024  # a service has some hundred operations
_LONGEST_REMEMBERED: Final = 128  # characters; a forged name of a megabyte must not stay in memory
_SHORTEST: Final = len('{"":1}')  # of an object that has a member; most that have none are null


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
        self._plans = Memo(self._plan, _PLANS_REMEMBERED, _LONGEST_REMEMBERED)

    def of(self, event_name: str) -> SubjectPlan:
        """How they are read off events whose canonical name is `event_name`."""
        return self._plans[event_name]

    def _plan(self, event_name: str) -> SubjectPlan:
        return SubjectPlan(tuple(self._looks(event_name)), self._parameters)

    def _looks(self, event_name: str) -> Iterator[_Look]:
        for subject in self._subjects:
            attribute = f"{self._prefix}.{subject.attribute}"
            for name in subject.names:
                if not name.operation or re.fullmatch(name.operation, event_name):
                    place = _Place.of(name, self._parameters.members)
                    yield place.index, attribute, _read_by(place), subject.after


class SubjectPlan:
    """What to look for in events of one name."""

    def __init__(self, looks: Sequence[_Look], parameters: _Parameters) -> None:
        self._looks = looks
        self._attributes = tuple(dict.fromkeys(attribute for _, attribute, _, _ in looks))
        self._parameters = parameters
        self._decode = parameters.decode

    def read(self, event: OpenMembers) -> Mapping[str, str]:
        """The attributes of `event`; the request counts before the response."""
        return dict(self.named_by(bytes(event.request_parameters), bytes(event.response_elements)))

    def named_by(self, request: bytes, response: bytes) -> Sequence[tuple[str, str]]:
        """The attributes of an event with this request and this response; empty: there is none."""
        if not self._looks:
            return ()
        if len(response) < _SHORTEST:
            return self._named(request) if len(request) >= _SHORTEST else ()
        if len(request) < _SHORTEST:
            return self._named(response)
        found = dict(self._named(response, keeps_empty=True) + self._named(request, keeps_empty=True))
        return [(attribute, found[attribute]) for attribute in self._attributes if found.get(attribute)]

    def _named(self, raw: bytes, *, keeps_empty: bool = False) -> list[tuple[str, str]]:
        """What `raw` names; empty where nothing is left of a name."""
        try:
            fields: Sequence[object] = astuple(self._decode(raw))
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            fields = self._parameters.read_leniently(raw)
        found = []
        last = ""
        for index, attribute, read, after in self._looks:  # those of one attribute follow each other
            value = fields[index]
            if value is None or attribute == last:  # as most fields are
                continue
            name = read(fields) if read else value.strip() if type(value) is str else text(value)
            if name:
                last = attribute
                left = name.rpartition(after)[2] if after else name
                if left or keeps_empty:
                    found.append((attribute, left))
        return found


class _Parameters:
    """Reads those members of a request, or of a response, that can name any subject of a profile.

    `members` has the place of each in what is read.
    """

    def __init__(self, subjects: Sequence[Subject]) -> None:
        self.members = {member: place for place, member in enumerate(_members(subjects))}
        fields = [(f"member_{n}", object, msgspec.field(name=one, default=None)) for one, n in self.members.items()]
        self.decode = msgspec.json.Decoder(msgspec.defstruct("Fields", fields, frozen=True, gc=False)).decode

    def read_leniently(self, raw: bytes) -> Sequence[object]:
        """Their values in what `decode` refuses; none has one if it is no JSON object."""
        try:
            members = decode_leniently(raw)
        except MalformedEventError:
            members = {}
        return [members.get(member) for member in self.members]


@dataclass(frozen=True, slots=True)
class _Path:
    """Where a value stands: the field, and the members below it."""

    index: int
    below: tuple[str, ...]

    @classmethod
    def of(cls, dotted: str, members: Mapping[str, int]) -> _Path:
        first, *below = dotted.split(".")
        return cls(members[first], tuple(below))

    def value(self, fields: Sequence[object]) -> str:
        """What stands there, as text; empty if there is none."""
        found = fields[self.index]
        for member in self.below:
            if not isinstance(found, dict):
                return ""
            found = found.get(member)
        return text(found)


@dataclass(frozen=True, slots=True)
class _Place:
    """A `Name`, made ready for reading. Without a value at `index` there is none at all."""

    index: int
    paths: tuple[_Path, ...]
    form: re.Pattern[str] | None
    given: _Path | None
    given_value: str

    @classmethod
    def of(cls, name: Name, members: Mapping[str, int]) -> _Place:
        given = name.given
        paths = tuple(_Path.of(path, members) for path in name.field.split("/"))
        return cls(
            paths[0].index,
            paths,
            re.compile(name.form) if name.form else None,
            _Path.of(given.field, members) if given else None,
            given.value.lower() if given else "",
        )

    def value(self, fields: Sequence[object]) -> str:
        """The name that stands there; empty if there is none of its form, or under its condition."""
        if self.given and self.given.value(fields).lower() != self.given_value:
            return ""
        if len(self.paths) == 1:
            found = self.paths[0].value(fields)
        else:
            parts = [path.value(fields) for path in self.paths]
            found = "/".join(parts) if all(parts) else ""
        return found if self.form is None or self.form.fullmatch(found) else ""


_Look = tuple[int, str, Callable[[Sequence[object]], str] | None, str]
"""A place to look for the value of an attribute: the index of its member, the attribute, how the name is read off all
members (None: it is the member's own value), and `after`."""


def _read_by(place: _Place) -> Callable[[Sequence[object]], str] | None:
    is_plain = place.form is None and place.given is None and len(place.paths) == 1 and not place.paths[0].below
    return None if is_plain else place.value


def _members(subjects: Sequence[Subject]) -> Sequence[str]:
    """The request's and the response's own members that must be decoded."""
    names = [name for subject in subjects for name in subject.names]
    paths = [path for name in names for path in name.field.split("/")]
    paths += [name.given.field for name in names if name.given]
    return tuple(dict.fromkeys(path.split(".")[0] for path in paths))
