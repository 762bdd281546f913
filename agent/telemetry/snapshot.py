"""The values of all metrics at one instant. The status page shows these and nothing else, and so does `top`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Self

from prometheus_client import CollectorRegistry
from prometheus_client.samples import Sample


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Samples by name. A name without samples counts as 0."""

    samples: Mapping[str, list[Sample]]

    @classmethod
    def of(cls, registry: CollectorRegistry, only: Collection[str] = ()) -> Self:
        """What `registry` holds now; `only` the metrics of these names, which costs a twentieth, or all."""
        samples: dict[str, list[Sample]] = {}
        for metric in (registry.restricted_registry(only) if only else registry).collect():
            for sample in metric.samples:
                samples.setdefault(sample.name, []).append(sample)
        return cls(samples)

    @classmethod
    def parsed(cls, text: str) -> Self:
        """What a `/metrics` page says, in Prometheus' text format; raises `ValueError` if it is none."""
        from prometheus_client.parser import text_string_to_metric_families  # noqa: PLC0415 - the daemon parses nothing

        samples: dict[str, list[Sample]] = {}
        for metric in text_string_to_metric_families(text):
            for sample in metric.samples:
                samples.setdefault(sample.name, []).append(sample)
        return cls(samples)

    def value(self, name: str, **labels: str) -> float:
        """The sum of the samples of `name` that carry `labels`."""
        wanted = labels.items()
        return sum(sample.value for sample in self.samples.get(name, ()) if wanted <= sample.labels.items())

    def known(self, name: str, **labels: str) -> float | None:
        """The same; None if there is no such sample yet."""
        wanted = labels.items()
        values = [sample.value for sample in self.samples.get(name, ()) if wanted <= sample.labels.items()]
        return sum(values) if values else None

    def by(self, name: str, label: str) -> Mapping[str, float]:
        """The values of `name` by the values of its `label`."""
        values: dict[str, float] = {}
        for sample in self.samples.get(name, ()):
            key = sample.labels.get(label, "")
            values[key] = values.get(key, 0.0) + sample.value
        return values

    def mean(self, histogram: str) -> float | None:
        """The mean of all observations; None before the first one."""
        count = self.value(f"{histogram}_count")
        return self.value(f"{histogram}_sum") / count if count else None

    def labels(self, name: str) -> Mapping[str, str]:
        """The labels of the first sample of `name`."""
        samples = self.samples.get(name)
        return samples[0].labels if samples else {}
