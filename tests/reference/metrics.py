"""The table of metrics for docs/metrics.md, drawn from the registry of a daemon that has just started."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from prometheus_client.metrics_core import Metric

from tests.support.telemetry import observed

_LISTED_VALUES: Final = 12
_FOREIGN: Final = "process_"


def metrics_table() -> str:
    """Markdown: every metric of ours with its type, its labels with their known values, and its meaning."""
    registry = observed().telemetry.metrics.registry
    rows = [_row(metric) for metric in registry.collect() if not metric.name.startswith(_FOREIGN)]
    return "\n".join(["| metric | type | labels | meaning |", "|---|---|---|---|", *rows])


def _row(metric: Metric) -> str:
    name = f"{metric.name}_total" if metric.type == "counter" else metric.name
    labels = _label_values(sample.labels for sample in metric.samples)
    shown = "; ".join(_label(label, values) for label, values in labels.items() if label != "le")
    return f"| `{name}` | {metric.type} | {shown} | {metric.documentation} |"


def _label_values(label_sets: Iterable[Mapping[str, str]]) -> Mapping[str, list[str]]:
    found: dict[str, dict[str, None]] = {}
    for labels in label_sets:
        for label, value in labels.items():
            found.setdefault(label, {})[value] = None
    return {label: list(values) for label, values in found.items()}


def _label(label: str, values: list[str]) -> str:
    if not 1 < len(values) <= _LISTED_VALUES:
        return f"`{label}`"
    return f"`{label}`: {', '.join(values)}"
