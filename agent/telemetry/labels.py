"""The labels of `codecatalyst_events_total`, with a limit that no forged event can pass.

Prometheus keeps every series in memory ("Instrumentation: do not overuse labels"), and whoever writes a record can
write any `eventName` and `userIdentity.type` into it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Set
from dataclasses import dataclass, replace
from itertools import product
from typing import Final

from agent.model import EventLabels
from agent.records.profiles import codecatalyst as events
from agent.telemetry.safetext import is_plain

OTHER: Final = "other"
UNKNOWN: Final = "Unknown"
OUTCOMES: Final = ("success", "failure")
EVENT_NAME: Final = "event_name"
IDENTITY_TYPE: Final = "identity_type"
LIMITED_LABELS: Final = (EVENT_NAME, IDENTITY_TYPE)


@dataclass(frozen=True, slots=True)
class EventVocabulary:
    """The event labels that are known beforehand.

    `documented` series exist at 0 from the start; `names` always keep series of their own; `identity_types` is closed.
    """

    documented: tuple[EventLabels, ...]
    names: Set[str]
    identity_types: Set[str]


def codecatalyst_vocabulary() -> EventVocabulary:
    """CodeCatalyst's event names and CloudTrail's identity types, with the pairs of both that AWS documents."""
    documented = (
        *_pairs(events.SPACE_EVENTS, events.SPACE_IDENTITY_TYPES),
        *_pairs(events.CONNECTION_EVENTS, events.CONNECTION_IDENTITY_TYPES),
    )
    return EventVocabulary(documented, events.KNOWN_EVENTS, events.IDENTITY_TYPES)


def _pairs(names: Set[str], identity_types: Set[str]) -> Iterator[EventLabels]:
    for name, identity_type, outcome in product(sorted(names), sorted(identity_types), OUTCOMES):
        yield EventLabels(name, identity_type, outcome)


@dataclass(frozen=True, slots=True)
class Limited:
    """Labels that are safe to count under, and the names of the labels whose values were replaced."""

    labels: EventLabels
    overflowed: tuple[str, ...]


class LabelLimits:
    """Admits all known names and the first `event_name_labels` others; further ones count as `other`. Thread-safe.

    An identity type outside the closed set is `Unknown`. A name that is not 1 to 128 letters, digits and
    `._:/-` is never admitted: AWS has no such names.
    """

    def __init__(self, vocabulary: EventVocabulary, event_name_labels: int) -> None:
        self._vocabulary = vocabulary
        self._room = event_name_labels
        self._admitted: set[str] = set()
        self._lock = threading.Lock()

    def limit(self, labels: EventLabels) -> Limited:
        """The labels to count under; the outcome is our own and never replaced."""
        overflowed: list[str] = []
        if not self._admits(labels.event_name):
            labels = replace(labels, event_name=OTHER)
            overflowed.append(EVENT_NAME)
        if labels.identity_type not in self._vocabulary.identity_types:
            labels = replace(labels, identity_type=UNKNOWN)
            overflowed.append(IDENTITY_TYPE)
        return Limited(labels, tuple(overflowed))

    def _admits(self, name: str) -> bool:
        if name in self._vocabulary.names:
            return True
        if not is_plain(name):
            return False
        with self._lock:
            if name not in self._admitted and len(self._admitted) < self._room:
                self._admitted.add(name)
            return name in self._admitted
