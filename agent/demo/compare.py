"""Compares what was written with what arrived, event by event.

Pure. Bodies are compared as JSON: the daemon may remove white space, and nothing else.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from agent.demo.generator import GeneratedEvent
from agent.records.profiles import CODECATALYST

_REMEMBERED = 100_000
_LISTED = 20


@dataclass(frozen=True, slots=True)
class Labels:
    """The labels of one series of `codecatalyst_events_total`; with `event_source`, of `cloudtrail_events_total`."""

    event_name: str
    identity_type: str
    outcome: str
    event_source: str = ""

    def __str__(self) -> str:
        source = f"{self.event_source} " if self.event_source else ""
        return f"{source}{self.event_name} by {self.identity_type}, {self.outcome}"


@dataclass(slots=True)
class Ledger:
    """The balance of a run. `arrived` counts the first arrivals of written events; faults list at most 20 ids each."""

    arrived: int = 0
    repeated: list[str] = field(default_factory=list)
    altered: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    misnamed: list[str] = field(default_factory=list)
    _awaited: dict[str, GeneratedEvent] = field(default_factory=dict)
    _seen: OrderedDict[str, None] = field(default_factory=OrderedDict)

    def write(self, events: Iterable[GeneratedEvent]) -> None:
        """Expect each of `events` once."""
        self._awaited.update((event.event_id, event) for event in events)

    def arrive(self, body: str, service_name: str = "aws-codecatalyst") -> None:
        """Mark the event in `body` as arrived, or note what is wrong with it or with its service's name."""
        arrived = _decoded(body.encode())
        event_id = str(arrived.get("eventID", "no eventID"))
        event = self._awaited.pop(event_id, None)
        if event is None:
            _note(self.repeated if event_id in self._seen else self.foreign, event_id)
            return
        self._remember(event_id)
        if service_name != event.service_name:
            _note(self.misnamed, f"{event_id} came as {service_name}, not as {event.service_name}")
        elif _decoded(event.record) == arrived:
            self.arrived += 1
        else:
            _note(self.altered, event_id)

    def missing(self) -> list[GeneratedEvent]:
        """The events that were written and have not arrived."""
        return list(self._awaited.values())

    def faults(self) -> list[str]:
        """One sentence for each event that did not arrive exactly once and unaltered; none: all is well."""
        return [
            *(f"missing: {event.event_name} {event.event_id}" for event in self.missing()),
            *(f"repeated: {event_id}" for event_id in self.repeated),
            *(f"altered on the way: {event_id}" for event_id in self.altered),
            *(f"foreign, never written: {event_id}" for event_id in self.foreign),
            *(f"under another service's name: {event_id}" for event_id in self.misnamed),
        ]

    def _remember(self, event_id: str) -> None:
        self._seen[event_id] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)


def labels_of(events: Iterable[GeneratedEvent]) -> Counter[Labels]:
    """How often each series should have counted, once `events` are accepted."""
    return Counter(_labels(event) for event in events)


def _labels(event: GeneratedEvent) -> Labels:
    name = CODECATALYST.canonical(event.event_name) if not event.event_source else event.event_name
    return Labels(name, event.identity_type, event.outcome, event.event_source)


def label_faults(expected: Mapping[Labels, int], counted: Mapping[Labels, int]) -> list[str]:
    """One sentence for each series that counted more or less than expected; none: all is well."""
    both = sorted({*expected, *counted}, key=str)
    return [
        f"{labels}: {expected.get(labels, 0)} written, {counted.get(labels, 0)} counted"
        for labels in both
        if expected.get(labels, 0) != counted.get(labels, 0)
    ]


def _decoded(record: bytes) -> dict[str, object]:
    try:
        return msgspec.json.decode(record, type=dict[str, object])
    except msgspec.MsgspecError:
        return {}


def _note(where: list[str], event_id: str) -> None:
    if len(where) < _LISTED:
        where.append(event_id)
