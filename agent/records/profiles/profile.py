"""What a profile is: how the events of one AWS service, or of a few that belong together, are told in its own words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from agent.records.subject import Subject, SubjectPlan, Subjects
from agent.trail.event import OpenMembers, TrailEvent

COMMON: Final = "aws.cloudtrail"
"""Prefix of the attributes that every event has, whatever its service."""

UNKNOWN_SERVICE: Final = "unknown"
PEOPLE_WITH_KEYS: Final = frozenset({"AssumedRole", "IAMUser", "Root"})
"""Who usually makes a call to an API of AWS."""

_ENDINGS: Final = (".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.cn")
_SOURCE: Final = re.compile(r"([a-z0-9][a-z0-9.-]{0,62}?)\.amazonaws\.(?:com\.cn|com|cn)")


@dataclass(frozen=True, slots=True)
class Known:
    """Event names of one event source that are known beforehand, each with the identity types that can make this call.

    If the profile is selected, their series exist at 0 from the start.
    """

    source: str
    events: frozenset[str]
    identity_types: frozenset[str] = PEOPLE_WITH_KEYS


@dataclass(frozen=True, slots=True)
class Ours:
    """The names of what this agent reads with. None means not known: then every one counts as ours.

    A queue is `account/name`, as its URL ends. A key is a KMS key id, alias or ARN.
    """

    buckets: frozenset[str] | None = None
    queues: frozenset[str] | None = None
    keys: frozenset[str] | None = None


ANYTHING: Final = Ours()


@dataclass(frozen=True, slots=True)
class Profile:
    """One service's vocabulary.

    It owns the events of its `sources`, or with `calls` only those names of a source. `is_about` can narrow that to
    events about what is ours. `has_failed` knows failures that no `errorCode` tells. `prefix` is that of its subjects'
    names; `story` is the prefix of `actor`, `event` and `outcome`. `where` lists the subjects that a person wants to
    see, the most telling first. `critical` are events that change who may act or who pays. `volume` says what the
    profile adds to the bill, where that is a lot.
    """

    name: str
    title: str
    prefix: str = ""
    story: str = COMMON
    sources: frozenset[str] = frozenset()
    calls: Mapping[str, frozenset[str]] = field(default_factory=dict)
    is_about: Callable[[TrailEvent, Ours], bool] | None = None
    has_failed: Callable[[OpenMembers], bool] | None = None
    known: tuple[Known, ...] = ()
    spellings: Mapping[str, str] = field(default_factory=dict)
    subjects: tuple[Subject, ...] = ()
    where: tuple[str, ...] = ()
    critical: frozenset[str] = frozenset()
    volume: str = ""
    _canonical: Mapping[str, str] = field(init=False, repr=False, compare=False)
    _reader: Subjects = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = {name.lower(): name for known in self.known for name in known.events}
        object.__setattr__(self, "_canonical", {**names, **self.spellings})
        object.__setattr__(self, "_reader", Subjects(self.prefix, self.subjects))

    def canonical(self, event_name: str) -> str:
        """The one spelling of `event_name`, matched without case; an unknown name stays as it is, less its blanks."""
        name = event_name.strip()
        return self._canonical.get(name.lower(), name)

    def has_call(self, source: str, event_name: str) -> bool:
        """Whether `event_name` of `source`, in its plain spelling, is one of the calls that this profile owns."""
        return self.canonical(event_name) in self.calls.get(source, ())

    def subjects_of(self, event_name: str) -> SubjectPlan:
        """On what events of this canonical name act: how it is read off them, as attributes of this profile."""
        return self._reader.of(event_name)


def service(event_source: str) -> str:
    """The short name of the service that `event_source` names: `sso` of `sso.amazonaws.com`; empty if it names none."""
    match = _SOURCE.fullmatch(event_source.strip().lower())
    return match[1] if match else ""


def names_a_service(event_source: str) -> bool:
    """Whether `event_source` names a service of AWS at all; the documentation has placeholders there at times."""
    return event_source.strip().lower().endswith(_ENDINGS)


def plain_source(event_source: str) -> str:
    """`event_source` as it is compared and counted: lower case, no blanks, one spelling for every partition."""
    named = service(event_source)
    return f"{named}.amazonaws.com" if named else event_source.strip().lower()
