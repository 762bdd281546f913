"""Which events the sink accepted, by profile: their names, how many, and when the newest happened.

Names are those that the limits of labels admit, so a forged event adds no line that the metrics do not have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import Final

from agent.model import EventLabels, LogRecord
from agent.records.profiles import CODECATALYST, owner
from agent.records.profiles.profile import Profile
from agent.records.summary import told_by

_FAILURE: Final = "failure"


@dataclass(slots=True)
class EventName:
    """One name of an event; `source` is empty for CodeCatalyst's. `newest` is Unix seconds."""

    source: str
    name: str
    count: int = 0
    failed: int = 0
    newest: float = 0.0


@dataclass(frozen=True, slots=True)
class ProfileEvents:
    """The events of one profile since the start. `names` are those that happened last, the newest first."""

    profile: Profile
    count: int
    failed: int
    more: int
    names: tuple[EventName, ...]


class EventTally:
    """Counts events. It has as many entries as the metrics of events have names. Not thread-safe."""

    def __init__(self) -> None:
        self._profiles: dict[str, _Names] = {}

    def add(self, profile: Profile, labels: EventLabels, count: int, newest: float) -> None:
        """`count` events under limited `labels`, the newest of which happened at `newest`."""
        names = self._profiles.get(profile.name)
        if names is None:
            names = self._profiles[profile.name] = _Names(profile, {})
        key = (labels.event_source, labels.event_name)
        one = names.by_name.get(key)
        if one is None:
            one = names.by_name[key] = EventName(*key)
        one.count += count
        one.failed += count if labels.outcome == _FAILURE else 0
        one.newest = max(one.newest, newest)

    def newest(self, most: int) -> list[ProfileEvents]:
        """Each profile that had events, with up to `most` names."""
        return [names.newest(most) for names in self._profiles.values()]


@dataclass(frozen=True, slots=True)
class _Names:
    profile: Profile
    by_name: dict[tuple[str, str], EventName]

    def newest(self, most: int) -> ProfileEvents:
        names = self.by_name.values()
        shown = nlargest(most, names, key=lambda one: (one.newest, one.count, one.source, one.name))
        return ProfileEvents(
            profile=self.profile,
            count=sum(one.count for one in names),
            failed=sum(one.failed for one in names),
            more=len(names) - len(shown),
            names=tuple(EventName(one.source, one.name, one.count, one.failed, one.newest) for one in shown),
        )


def by_profile(labels: EventLabels, records: Sequence[LogRecord]) -> Mapping[str, tuple[Profile, int]]:
    """How many of `records`, which have the same `labels`, each profile tells, by its name.

    Only where a profile is about some of a name's events does each record need a look.
    """
    profile = owner(labels.event_source, labels.event_name) if labels.event_source else CODECATALYST
    if profile.is_about is None:
        return {profile.name: (profile, len(records))}
    told: dict[str, tuple[Profile, int]] = {}
    for record in records:
        its = told_by(record.attributes)
        told[its.name] = (its, told.get(its.name, (its, 0))[1] + 1)
    return told
