"""Reads all that a usual event tells: what it has in common with events before it is not read again.

It makes the same of an event as `Mapper` does of any event, plainly; a test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import msgspec

from agent.model import Attributes, EventLabels, ObjectSource
from agent.records.actor import Actor
from agent.records.event_kind import EventKind, Told, actor_attributes, place
from agent.records.leaves import error_code
from agent.records.memo import Memo, characters
from agent.records.profiles import owner
from agent.records.profiles.codecatalyst import SPACE
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


class _KnownActor(msgspec.Struct, frozen=True, gc=False):
    """Who acted, and the name to show for it, if the event has no other: that can be where it has the id, if any is."""

    actor: Actor
    kind: str
    display: str
    is_named_elsewhere: bool
    searched: bytes


class QuickTelling:
    """Reads usual events. `service_names` has those that are not `aws-<service>`. Safe to share among threads."""

    def __init__(self, rows: QuickRows, service_names: Mapping[str, str]) -> None:
        self._rows = rows
        self._service_names = service_names
        self._kinds = Memo(self._kind, _KINDS, _LONGEST, characters)
        self._actors = Memo(_known_actor, _ACTORS, _LARGEST_IDENTITY)
        self._named = Memo(_named, _ACTORS, _LONGEST, characters)
        self._places: Memo[ObjectSource, Parts] = Memo(lambda source: shared(place(source)), _PLACES, _LONGEST, _length)

    def tell(self, event: Any, source: ObjectSource) -> Told:
        """All that `event` tells. Raises `UnusualEventError` where it takes more to read it."""
        known = self._kinds[event.event_source, event.event_name]
        kind = known.kind
        parts, request, response, identity = self._rows.read(event)
        named = kind.subjects.named_by(request, response)
        parts += named
        who = self._actors[identity]
        display = who.display
        if who.is_named_elsewhere and (
            who.searched in request or who.searched in response or event.additional_event_data
        ):
            display = who.actor.display(event)
        parts += self._named[kind.profile.story, who.kind, display]
        failed = (event.error_code is not None or known.may_fail_without_code) and _has_failed(event, kind)
        ending = known.endings[failed]
        parts += ending.parts
        parts += self._places[source]
        labels = ending.labels[who.actor.identity_type]
        space = named[0][1] if named and named[0][0] == SPACE else ""
        return Told(known.event_name, kind.service_name, labels, failed, Attributes(parts), space)

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


def _known_actor(raw: bytes) -> _KnownActor:
    actor = Actor.of(read_part(UserIdentity, raw) if raw else UserIdentity())
    return _KnownActor(
        actor, actor.kind.value, actor.name or actor.otherwise, actor.is_named_elsewhere, actor.user.encode()
    )


def _named(told: tuple[str, str, str]) -> Parts:
    return shared(actor_attributes(*told))


def _has_failed(event: Any, kind: EventKind) -> bool:
    if event.error_code is not None and error_code(event.error_code):
        return True
    return kind.profile.has_failed is not None and kind.profile.has_failed(event)


def _length(source: ObjectSource) -> int:
    return len(source.bucket) + len(source.key)
