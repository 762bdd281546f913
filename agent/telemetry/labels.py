"""The labels under which events are counted, with limits that no forged event can pass.

Prometheus keeps every series in memory ("Instrumentation: do not overuse labels"), and whoever writes a record can
write any `eventSource`, `eventName` and `userIdentity.type` into it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from itertools import product
from typing import Final, Self

from msgspec.structs import astuple, replace

from agent.model import EventLabels
from agent.records.actor import IDENTITY_TYPES, UNKNOWN_IDENTITY
from agent.records.profiles import CODECATALYST, PROFILES
from agent.records.profiles.profile import Profile, plain_source
from agent.telemetry.metric_names import CLOUDTRAIL_EVENTS, CODECATALYST_EVENTS, EVENTS
from agent.telemetry.safetext import is_plain

OTHER: Final = "other"
UNKNOWN: Final = UNKNOWN_IDENTITY
OUTCOMES: Final = ("success", "failure")
EVENT_SOURCE: Final = "event_source"
EVENT_NAME: Final = "event_name"
IDENTITY_TYPE: Final = "identity_type"
SPACE_NAME: Final = "space_name"
LIMITED_LABELS: Final = (EVENT_NAME, IDENTITY_TYPE, EVENT_SOURCE, SPACE_NAME)
_OTHER_SOURCES: Final = 50


@dataclass(frozen=True, slots=True)
class Series:
    """One series that counts events: the name of its metric, and its labels in the metric's order."""

    metric: str
    labels: Mapping[str, str]

    @classmethod
    def of(cls, labels: EventLabels) -> Self:
        """CodeCatalyst's events have a metric of their own; those of all other services share one."""
        words = {EVENT_NAME: labels.event_name, IDENTITY_TYPE: labels.identity_type, "outcome": labels.outcome}
        if not labels.event_source:
            return cls(CODECATALYST_EVENTS, words)
        return cls(CLOUDTRAIL_EVENTS, {EVENT_SOURCE: labels.event_source, **words})

    @classmethod
    def of_fate(cls, fate: str) -> Self:
        """The one that counts events by what became of them."""
        return cls(EVENTS, {"fate": fate})

    def __str__(self) -> str:
        labels = ",".join(f'{name}="{value}"' for name, value in self.labels.items())
        return f"{self.metric}{{{labels}}}"


@dataclass(frozen=True, slots=True)
class EventVocabulary:
    """The event labels that are known beforehand.

    `documented` series exist at 0 from the start. `names` has the event sources that always keep series of their own,
    each with its event names that do; the empty source is CodeCatalyst's metric. `identity_types` is closed.
    """

    documented: tuple[EventLabels, ...]
    names: Mapping[str, Set[str]]
    identity_types: Set[str] = IDENTITY_TYPES


def vocabulary(profiles: Iterable[Profile] = (CODECATALYST,), event_sources: Iterable[str] = ()) -> EventVocabulary:
    """What every profile knows, with the documented pairs of these `profiles`, and the sources that a user names."""
    names: dict[str, set[str]] = {plain_source(source): set() for source in event_sources}
    for profile in PROFILES:
        for known in profile.known:
            names.setdefault(_label_of(profile, known.source), set()).update(known.events)
    return EventVocabulary(tuple(pair for profile in profiles for pair in _pairs(profile)), names)


def _pairs(profile: Profile) -> Iterator[EventLabels]:
    for known in profile.known:
        source = _label_of(profile, known.source)
        for name, identity_type, outcome in product(sorted(known.events), sorted(known.identity_types), OUTCOMES):
            yield EventLabels(name, identity_type, outcome, source)


def _label_of(profile: Profile, event_source: str) -> str:
    return "" if profile is CODECATALYST else event_source


@dataclass(frozen=True, slots=True)
class Limited:
    """Labels that are safe to count under, and the names of the labels whose values were replaced."""

    labels: EventLabels
    overflowed: tuple[str, ...]


def length(labels: EventLabels) -> int:
    """How many characters the labels have together."""
    return sum(map(len, astuple(labels)))


class LabelLimits:
    """Admits all known values and a limited number of others; further ones count as `other`. Thread-safe.

    Of event names, the first `event_name_labels` beyond the known ones of each source are admitted; of event sources,
    the first 50 beyond the known ones. An identity type outside the closed set is `Unknown`. A value that is not 1 to
    128 letters, digits and `._:/-` is never admitted: AWS has no such names.
    """

    def __init__(self, vocabulary: EventVocabulary, event_name_labels: int) -> None:
        self._vocabulary = vocabulary
        self._sources = Room(vocabulary.names.keys(), _OTHER_SOURCES)
        self._names = {source: Room(names, event_name_labels) for source, names in vocabulary.names.items()}
        self._room = event_name_labels
        self._lock = threading.Lock()

    def limit(self, labels: EventLabels) -> Limited:
        """The labels to count under; the outcome is our own and never replaced."""
        overflowed: list[str] = []
        with self._lock:
            if not self._sources.admit(labels.event_source):
                labels = replace(labels, event_source=OTHER)
                overflowed.append(EVENT_SOURCE)
            names = self._names.setdefault(labels.event_source, Room(frozenset(), self._room))
            if not names.admit(labels.event_name):
                labels = replace(labels, event_name=OTHER)
                overflowed.append(EVENT_NAME)
        if labels.identity_type not in self._vocabulary.identity_types:
            labels = replace(labels, identity_type=UNKNOWN)
            overflowed.append(IDENTITY_TYPE)
        return Limited(labels, tuple(overflowed))


class Room:
    """Values of one label: all that are known, and room for a few that are not."""

    def __init__(self, known: Set[str], room: int) -> None:
        self._known = known
        self._room = room
        self._admitted: set[str] = set()

    def admit(self, value: str) -> bool:
        """Whether `value` may be a label's value; the first ones that are not known use up the room."""
        if value in self._known or value in self._admitted:
            return True
        if len(self._admitted) >= self._room or not is_plain(value):
            return False
        self._admitted.add(value)
        return True
