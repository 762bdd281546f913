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
from agent.records.profiles import PROFILES, owner
from agent.records.profiles.profile import COMMON
from agent.records.quick_rows import Parts, QuickRows, read_part, shared
from agent.trail.event import UserIdentity, text
from agent.trail.usual_event import UnusualEventError

_KINDS: Final = 4096
_LABELS: Final = 64  # types of identities; there are eleven
_ACTORS: Final = 2048
_PLACES: Final = 64
_LONGEST: Final = 512
_LARGEST_IDENTITY: Final = 2048
_STORIES: Final = tuple(dict.fromkeys((COMMON, *(profile.story for profile in PROFILES))))


@dataclass(frozen=True, slots=True)
class _KnownKind:
    """A kind of event, and what is the same in all records of it; `endings` is by whether the event failed."""

    kind: EventKind
    event_name: str
    labels: Memo[tuple[str, bool], EventLabels]
    endings: tuple[Parts, Parts]


@dataclass(frozen=True, slots=True)
class _KnownActor:
    """Who acted, and the attributes that say so by the story that they belong to; none if an event can say more."""

    actor: Actor
    parts: Mapping[str, Parts]


class QuickTelling:
    """Reads usual events. `service_names` has those that are not `aws-<service>`. Safe to share among threads."""

    def __init__(self, read: QuickRows, service_names: Mapping[str, str]) -> None:
        self._read = read
        self._service_names = service_names
        self._kinds = Memo(self._kind, _KINDS, _LONGEST, characters)
        self._actors = Memo(_known_actor, _ACTORS, _LARGEST_IDENTITY)
        self._places: Memo[ObjectSource, Parts] = Memo(lambda source: shared(place(source)), _PLACES, _LONGEST, _length)

    def tell(self, event: Any, source: ObjectSource) -> Told:
        """All that `event` tells. Raises `UnusualEventError` where it takes more to read it."""
        known = self._kinds[event.event_source, event.event_name]
        kind = known.kind
        parts = self._read(event)
        parts += kind.subjects.read(event).items()
        who = self._actors[bytes(event.user_identity)]
        parts += who.parts.get(kind.profile.story) or _named_by(event, who, kind.profile.story)
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
    if actor.is_named_elsewhere:
        return _KnownActor(actor, {})
    display = actor.name or actor.otherwise
    return _KnownActor(actor, {story: shared(actor_attributes(story, actor.kind, display)) for story in _STORIES})


def _named_by(event: Any, who: _KnownActor, story: str) -> Parts:
    """Who acted, where the event may say more of it than the identity."""
    actor = who.actor
    return tuple(actor_attributes(story, actor.kind, actor.display(event)).items())


def _has_failed(event: Any, kind: EventKind) -> bool:
    if event.error_code is not None and error_code(event.error_code):
        return True
    return kind.profile.has_failed is not None and kind.profile.has_failed(event)


def _length(source: ObjectSource) -> int:
    return len(source.bucket) + len(source.key)
