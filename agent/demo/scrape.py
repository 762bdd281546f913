"""The daemon's counters, from its `/metrics` page.

https://prometheus.io/docs/instrumenting/exposition_formats/#text-format-details, of which only samples are read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from agent.demo.compare import Labels
from agent.telemetry import metric_names

_SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (-?\d[\d.e+-]*)", re.MULTILINE)
_EVENTS = (metric_names.CODECATALYST_EVENTS, metric_names.CLOUDTRAIL_EVENTS)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one series."""

    name: str
    labels: Mapping[str, str]
    value: float


class Scrape:
    """One answer of `/metrics`."""

    def __init__(self, text: str) -> None:
        self._samples = [
            Sample(name, dict(_LABEL.findall(labels)), float(value)) for name, labels, value in _SAMPLE.findall(text)
        ]

    def total(self, name: str, **labels: str) -> int:
        """The sum of the series called `name` that carry `labels`; 0 if there are none."""
        wanted = labels.items()
        return int(sum(one.value for one in self._samples if one.name == name and wanted <= one.labels.items()))

    def events(self) -> Counter[Labels]:
        """The series of `codecatalyst_events_total` and `cloudtrail_events_total` that have counted something."""
        counted: Counter[Labels] = Counter()
        for one in self._samples:
            if one.name in _EVENTS and one.value:
                told = one.labels
                labels = Labels(
                    told["event_name"], told["identity_type"], told["outcome"], told.get("event_source", "")
                )
                counted[labels] += int(one.value)
        return counted


@dataclass(frozen=True, slots=True)
class Tally:
    """The numbers of the flow, in its order."""

    received: int = 0
    objects: int = 0
    read: int = 0
    skipped: int = 0
    exported: int = 0
    queued: int = 0
    dead: int = 0

    @classmethod
    def of(cls, scrape: Scrape, queued: int) -> Tally:
        """The tally that `scrape` holds, with `queued` messages in the queue at the same time."""
        return cls(
            received=scrape.total(metric_names.DELIVERIES_RECEIVED),
            objects=scrape.total(metric_names.OBJECTS_READ),
            read=scrape.total(metric_names.EVENTS_READ),
            skipped=scrape.total(metric_names.EVENTS, fate="skipped"),
            exported=scrape.total(metric_names.EVENTS, fate="exported"),
            queued=queued,
            dead=scrape.total(metric_names.DEAD_LETTERS),
        )
