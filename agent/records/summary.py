"""A shipped record in a few words for people: who did what, on what, from where, and whether it worked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from agent.records.profiles import CODECATALYST, GENERIC, PROFILES, owner
from agent.records.profiles.profile import COMMON, Profile

_WORDS_OF_WHERE: Final = 2
_BEFORE_THE_NAME: Final = "/:"  # of an ARN or a URL


@dataclass(frozen=True, slots=True)
class Summary:
    """Each is empty where the record says nothing of it. `where` is what the event acted on, in its profile's order.

    `event` begins with the service's name, but for CodeCatalyst's. `is_critical` tells what changes who may act or who
    pays.
    """

    actor: str
    actor_kind: str
    event: str
    where: str
    source: str
    outcome: str
    error: str
    is_critical: bool

    @property
    def has_failed(self) -> bool:
        """Whether the call failed."""
        return bool(self.error) or self.outcome == "failure"

    @classmethod
    def of(cls, event_name: str, attributes: Mapping[str, object]) -> Summary:
        """What the attributes of a record tell; `event_name` is the record's."""

        def get(name: str) -> str:
            return str(attributes.get(name, ""))

        profile = told_by(attributes)
        event = get(f"{profile.story}.event")
        return cls(
            actor=get(f"{profile.story}.actor"),
            actor_kind=get(f"{profile.story}.actor.kind"),
            event=event if profile is CODECATALYST else event_name,
            where=_where(profile, attributes),
            source=get("source.address"),
            outcome=get(f"{profile.story}.outcome"),
            error=get("aws.error.code"),
            is_critical=event in profile.critical,
        )


def told_by(attributes: Mapping[str, object]) -> Profile:
    """The profile that told the record: by the attributes that only it uses, else by the event's source and name."""
    for profile in PROFILES:
        if profile.story != COMMON and f"{profile.story}.event" in attributes:
            return profile
    found = owner(str(attributes.get("rpc.service", "")), str(attributes.get("rpc.method", "")))
    is_elsewhere = found.is_about is not None and not _where(found, attributes)
    return GENERIC if is_elsewhere else found


def _where(profile: Profile, attributes: Mapping[str, object]) -> str:
    named = [str(attributes.get(f"{profile.prefix}.{subject}", "")) for subject in profile.where]
    return "/".join([_short(name) for name in named if name][:_WORDS_OF_WHERE])


def _short(name: str) -> str:
    """The name at the end of an ARN or a URL; any other name as it is."""
    if not name.startswith(("arn:", "https://")):
        return name
    return name[max(name.rfind(character) for character in _BEFORE_THE_NAME) + 1 :]
