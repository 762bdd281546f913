"""Reads all that a usual event tells: what it has in common with events before it is not read again.

It makes the same of an event as `Mapper` does of any event, plainly; a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from agent.model import Attributes, EventLabels, ObjectSource
from agent.records.actor import Actor
from agent.records.event_kind import EventKind, Told, actor_attributes, place
from agent.records.leaves import error_code
from agent.records.memo import Memo, characters
from agent.records.profiles import owner
from agent.records.quick_rows import Parts, QuickRows, read_part, shared
from agent.trail.event import UserIdentity, text
from agent.trail.usual_event import UnusualEventError

_KINDS: Final = 4096
_LABELS: Final = 64  # types of identities; there are eleven
_ACTORS: Final = 2048
_PLACES: Final = 64
_LONGEST: Final = 512
_LARGEST_IDENTITY: Final = 2048


@dataclass(frozen=True, slots=True)
class _KnownKind:
    """A kind of event, and what is the same in all records of it; `endings` is by whether the event failed."""

    kind: EventKind
    event_name: str
    labels: Memo[tuple[str, bool], EventLabels]
    endings: tuple[Parts, Parts]


@dataclass(frozen=True, slots=True)
class _KnownActor:
    """Who acted, and the name to show for it; None if an event can say more of it."""

    actor: Actor
    kind: str
    display: str | None


class QuickTelling:
    """Reads usual events. `service_names` has those that are not `aws-<service>`. Safe to share among threads."""

    def __init__(self, read: QuickRows, service_names: Mapping[str, str]) -> None:
        self._read = read
        self._service_names = service_names
        self._kinds = Memo(self._kind, _KINDS, _LONGEST, characters)
        self._actors = Memo(_known_actor, _ACTORS, _LARGEST_IDENTITY)
        self._named = Memo(_named, _ACTORS, _LONGEST, characters)
        self._places: Memo[ObjectSource, Parts] = Memo(lambda source: shared(place(source)), _PLACES, _LONGEST, _length)

    def tell(self, event: Any, source: ObjectSource) -> Told:
        """All that `event` tells. Raises `UnusualEventError` where it takes more to read it."""
        known = self._kinds[event.event_source, event.event_name]
        kind = known.kind
        parts = self._read(event)
        parts += kind.subjects.read(event).items()
        who = self._actors[bytes(event.user_identity)]
        display = who.actor.display(event) if who.display is None else who.display
        parts += self._named[kind.profile.story, who.kind, display]
        failed = _has_failed(event, kind)
        parts += known.endings[failed]
        parts += self._places[source]
        labels = known.labels[who.actor.identity_type, failed]
        return Told(known.event_name, kind.service_name, labels, failed, Attributes(parts))

    def _kind(self, named: tuple[object, object]) -> _KnownKind:
        event_source, event_name = map(text, named)
        profile = owner(event_source, event_name)
        if profile.is_about is not None:  # whose event it is takes a look at the rest of it
            raise UnusualEventError
        kind = EventKind.of(profile, event_source, event_name, self._service_names)
        return _KnownKind(
            kind,
            kind.event_name,
            Memo(partial(_labels, kind), _LABELS, _LONGEST, characters),
            (shared(kind.ending(failed=False)), shared(kind.ending(failed=True))),
        )


def _labels(kind: EventKind, told: tuple[str, bool]) -> EventLabels:
    identity_type, failed = told
    return kind.labels(identity_type, failed=failed)


def _known_actor(raw: bytes) -> _KnownActor:
    actor = Actor.of(read_part(UserIdentity, raw) if raw else UserIdentity())
    return _KnownActor(actor, str(actor.kind), None if actor.is_named_elsewhere else actor.name or actor.otherwise)


def _named(told: tuple[str, str, str]) -> Parts:
    return shared(actor_attributes(*told))


def _has_failed(event: Any, kind: EventKind) -> bool:
    if event.error_code is not None and error_code(event.error_code):
        return True
    return kind.profile.has_failed is not None and kind.profile.has_failed(event)


def _length(source: ObjectSource) -> int:
    return len(source.bucket) + len(source.key)
