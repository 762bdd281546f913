"""What an event tells beside the rows of the table: who did what, whether it worked, and where it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

import msgspec

from agent.model import AttributeValue, EventLabels, ObjectSource
from agent.records.actor import UNKNOWN_IDENTITY
from agent.records.profiles import CODECATALYST
from agent.records.profiles.profile import UNKNOWN_SERVICE, Profile, plain_source, service
from agent.records.subject import SubjectPlan

_UNNAMED: Final = "Unknown"
_OUTCOMES: Final = ("success", "failure")


@dataclass(frozen=True, slots=True)
class EventKind:
    """All that the source and the name of an event make of it, if `profile` tells it.

    `name` is the canonical one, and may be empty. `service` is the service's short name, `service_name` that of the
    Resource, and `source` the one under which the event is counted.
    """

    profile: Profile
    name: str
    service: str
    service_name: str
    source: str
    subjects: SubjectPlan

    @classmethod
    def of(cls, profile: Profile, event_source: str, event_name: str, service_names: Mapping[str, str]) -> Self:
        """The kind of an event that `profile` tells. `service_names` has those that are not `aws-<service>`."""
        name = profile.canonical(event_name)
        subjects = profile.subjects_of(name)
        if profile is CODECATALYST:  # its source can be a placeholder; its service.name is that of the settings
            return cls(profile, name, profile.name, "", "", subjects)
        its_service = service(event_source) or UNKNOWN_SERVICE
        service_name = service_names.get(profile.name) or f"aws-{its_service}"
        return cls(profile, name, its_service, service_name, plain_source(event_source) or UNKNOWN_SERVICE, subjects)

    @property
    def event_name(self) -> str:
        """That of a record."""
        return f"{self.service}.{self.name or _UNNAMED}"

    def labels(self, identity_type: str, *, failed: bool) -> EventLabels:
        """What an event is counted under."""
        name = self.name or _UNNAMED
        return EventLabels(name, identity_type or UNKNOWN_IDENTITY, _OUTCOMES[failed], self.source)

    def ending(self, *, failed: bool) -> dict[str, str]:
        """What was done, and whether it worked, in one word each."""
        prefix = self.profile.story
        return _filled({f"{prefix}.event": self.name, f"{prefix}.outcome": _OUTCOMES[failed]})


class Told(msgspec.Struct, frozen=True, gc=False):
    """What was read of one event. `space` is the CodeCatalyst space that it names; empty if it names none."""

    event_name: str
    service_name: str
    labels: EventLabels
    failed: bool
    attributes: Mapping[str, AttributeValue]
    space: str


def actor_attributes(story: str, kind: str, display: str) -> dict[str, str]:
    """Who acted, in one word each; `story` is that of a profile."""
    return _filled({f"{story}.actor.kind": str(kind), f"{story}.actor": display})


def place(source: ObjectSource) -> dict[str, str]:
    """Where a record was read; nothing where that is no file."""
    return _filled({"log.file.path": source.path, "log.file.name": source.path.rpartition("/")[2]})


def _filled(attributes: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in attributes.items() if value}
