"""The table of metrics for docs/metrics.md, drawn from the registry of a daemon that has just started."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.metrics_core import Metric

from agent.telemetry.ages import SecondsHistogram
from agent.telemetry.metrics import Metrics
from tests.support.telemetry import observed

_LISTED_VALUES: Final = 12
_FOREIGN: Final = "process_"


def metrics_table() -> str:
    """Markdown: every metric of ours with its type, its labels with their known values, and its meaning."""
    metrics = observed().telemetry.metrics
    names = label_names(metrics)
    shown = (metric for metric in metrics.registry.collect() if not metric.name.startswith(_FOREIGN))
    rows = [_row(metric, names.get(metric.name, ())) for metric in shown]
    return "\n".join(["| metric | type | labels | meaning |", "|---|---|---|---|", *rows])


def label_names(metrics: Metrics) -> Mapping[str, tuple[str, ...]]:
    """The labels of each metric of ours; a metric without a series yet has labels, too."""
    ours = [
        one
        for group in (metrics, metrics.history)
        for one in vars(group).values()
        if isinstance(one, MetricWrapperBase | SecondsHistogram)
    ]
    return {metric.name: tuple(getattr(one, "_labelnames", ())) for one in ours for metric in one.describe()}


def _row(metric: Metric, labels: Iterable[str]) -> str:
    name = f"{metric.name}_total" if metric.type == "counter" else metric.name
    values = _label_values(sample.labels for sample in metric.samples)
    shown = "; ".join(_label(label, values.get(label, [])) for label in labels)
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
