"""The metrics and labels that the agent shows, as a query can name them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

import promql_parser

from tests.reference.metrics import label_names
from tests.support import promql
from tests.support.telemetry import observed

_OF_SCRAPE: Final = ("job", "instance")
_ALERTS: Final = "ALERTS"


@cache
def registry() -> Mapping[str, tuple[str, ...]]:
    """The labels of each metric, by its name; a counter's is without `_total`."""
    metrics = observed().telemetry.metrics
    labels = label_names(metrics)
    return {one.name: (*labels.get(one.name, ()), *_OF_SCRAPE) for one in metrics.registry.collect()}


def metric_of(series: str) -> str:
    """The metric to which a series belongs."""
    return series if series in registry() else re.sub(r"_(?:total|bucket|sum|count)$", "", series)


def unknown_names(expression: str) -> Iterator[str]:
    """What a PromQL expression names and the agent does not show: metrics, and labels of metrics."""
    for selector in promql.selectors(expression):
        labels = {one.name for one in selector.matchers.matchers} - {"le", "__name__"}
        for name in _metrics(selector) - {_ALERTS}:
            known = registry().get(metric_of(name))
            if known is None:
                yield name
            else:
                yield from (f"{name}{{{label}}}" for label in sorted(labels - {*known}))


def _metrics(selector: promql_parser.VectorSelector) -> set[str]:
    """The name of what is selected, or the names of a matcher on `__name__`."""
    if selector.name:
        return {selector.name}
    return {name for one in selector.matchers.matchers if one.name == "__name__" for name in one.value.split("|")}
