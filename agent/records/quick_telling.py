"""Reads all that a usual event tells: what it has in common with events before it is not read again.

It makes the same of an event as `Mapper` does of any event, plainly; a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from agent.model import Attributes, EventLabels, ObjectSource
from agent.records.event_kind import EventKind, Told, actor_attributes, place
from agent.records.leaves import error_code
from agent.records.memo import Memo, characters
from agent.records.profiles import owner
from agent.records.profiles.codecatalyst import SPACE
from agent.records.quick_identity import MEMBER, Identities
from agent.records.quick_rows import Parts, QuickRows, shared
from agent.records.rows import Row
from agent.trail.event import text
from agent.trail.usual_event import UnusualEventError

_KINDS: Final = 4096
_LABELS: Final = 64  # types of identities; there are eleven
_ACTORS: Final = 2048
_PLACES: Final = 64
_LONGEST: Final = 512
_NULL: Final = b"null"


@dataclass(frozen=True, slots=True)
class _KnownEnding:
    """What is the same in all records of one kind and one outcome. `labels` is by the type of the identity."""

    parts: Parts
    labels: Memo[str, EventLabels]


@dataclass(frozen=True, slots=True)
class _KnownKind:
    """A kind of event, and what is the same in all records of it; `endings` is by whether the event failed."""

    kind: EventKind
    event_name: str
    may_fail_without_code: bool
    endings: tuple[_KnownEnding, _KnownEnding]


@dataclass(frozen=True, slots=True)
class _KnownAlike:
    """A kind of event, and the attributes of an event of it with some values of what is alike in many events."""

    known: _KnownKind
    parts: Parts


class QuickTelling:
    """Reads usual events by the `rows` of the table. `service_names` has those that are not `aws-<service>`.

    Safe to share among threads.
    """

    def __init__(self, rows: Iterable[Row], service_names: Mapping[str, str]) -> None:
        table = list(rows)
        of_identity = [row for row in table if row.member.startswith(MEMBER)]
        self._rows = QuickRows(table[: -len(of_identity)])
        self._identities = Identities(of_identity)
        self._service_names = service_names
        self._kinds = Memo(self._kind, _KINDS, _LONGEST, characters)
        self._alike = Memo(self._known_alike, _KINDS, _LONGEST, characters)
        self._named = Memo(_named, _ACTORS, _LONGEST, characters)
        self._places: Memo[ObjectSource, Parts] = Memo(lambda source: shared(place(source)), _PLACES, _LONGEST, _length)

    def tell(self, event: Any, source: ObjectSource) -> Told:
        """All that `event` tells. Raises `UnusualEventError` where it takes more to read it."""
        alike = self._alike[
            event.event_source,
            event.event_name,
            event.event_version,
            event.api_version,
            event.event_type,
            event.event_category,
            event.read_only,
            event.management_event,
        ]
        known = alike.known
        kind = known.kind
        # To add to empty bytes costs half of what bytes() does.
        request, response = b"" + event.request_parameters, b"" + event.response_elements
        request, response = b"" if request == _NULL else request, b"" if response == _NULL else response
        parts = self._rows.read(event, alike.parts, request, response)
        who = self._identities[b"" + event.user_identity]
        parts += who.parts
        named = kind.subjects.named_by(request, response)
        parts += named
        display = who.display
        if who.is_named_elsewhere and (
            request.find(who.searched) >= 0  # to ask bytes by `in` costs twice as much
            or (response and response.find(who.searched) >= 0)
            or event.additional_event_data
        ):
            display = who.actor.display(event)
        parts += self._named[kind.profile.story, who.kind, display]
        failed = (event.error_code is not None or known.may_fail_without_code) and _has_failed(event, kind)
        ending = known.endings[failed]
        parts += ending.parts
        parts += self._places[source]
        labels = ending.labels[who.identity_type]
        space = named[0][1] if named and named[0][0] == SPACE else ""
        attributes: Any = Attributes(parts)  # a Mapping by registration, which no type checker sees
        return Told(known.event_name, kind.service_name, labels, failed, attributes, space)

    def _known_alike(self, values: tuple[object, ...]) -> _KnownAlike:
        return _KnownAlike(self._kinds[values[0], values[1]], self._rows.read_alike(values))

    def _kind(self, named: tuple[object, object]) -> _KnownKind:
        event_source, event_name = map(text, named)
        profile = owner(event_source, event_name)
        if profile.is_about is not None:  # whose event it is takes a look at the rest of it
            raise UnusualEventError
        kind = EventKind.of(profile, event_source, event_name, self._service_names)
        endings = _ending(kind, failed=False), _ending(kind, failed=True)
        return _KnownKind(kind, kind.event_name, profile.has_failed is not None, endings)


def _ending(kind: EventKind, *, failed: bool) -> _KnownEnding:
    labels = Memo(partial(kind.labels, failed=failed), _LABELS, _LONGEST)
    return _KnownEnding(shared(kind.ending(failed=failed)), labels)


def _named(told: tuple[str, str, str]) -> Parts:
    return shared(actor_attributes(*told))


def _has_failed(event: Any, kind: EventKind) -> bool:
    if event.error_code is not None and error_code(event.error_code):
        return True
    return kind.profile.has_failed is not None and kind.profile.has_failed(event)


def _length(source: ObjectSource) -> int:
    return len(source.bucket) + len(source.key)
