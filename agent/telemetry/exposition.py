"""What `/metrics` answers.

Pages: Prometheus "Exposition formats", OpenMetrics 1.0.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder, gzip_accepted
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector


@dataclass(frozen=True, slots=True)
class Rendered:
    """One answer: `body` in the format that `content_type` names, compressed if `gzipped`."""

    content_type: str
    body: bytes
    gzipped: bool


class WithoutCreated(Collector):
    """A registry without its `_created` series.

    The client library adds one series to every counter and histogram. It can be switched off only for the whole
    interpreter (`disable_created_metrics`, or an environment variable that is read at import), and a package must not
    do that to the program that imports it. So these series are removed here.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def collect(self) -> Iterator[Metric]:
        """The registry's metrics, without `_created` samples."""
        for metric in self._registry.collect():
            created = metric.name + "_created"
            kept = Metric(metric.name, metric.documentation, metric.type, metric.unit)
            kept.samples = [sample for sample in metric.samples if sample.name != created]
            yield kept


def render(registry: CollectorRegistry, accept: str, accept_encoding: str) -> Rendered:
    """The metrics in the text format or in OpenMetrics, as `accept` asks, and gzip if `accept_encoding` takes it."""
    encode, content_type = _encoder(accept)
    body = encode(WithoutCreated(registry))
    if not gzip_accepted(accept_encoding):
        return Rendered(content_type, body, gzipped=False)
    return Rendered(content_type, gzip.compress(body, compresslevel=1), gzipped=True)


def _encoder(accept: str) -> tuple[Callable[[Collector], bytes], str]:
    # choose_encoder copies the requested version into the Content-Type, and compares it with numbers.
    if not (accept.isascii() and accept.isprintable()):
        return choose_encoder("")
    try:
        return choose_encoder(accept)
    except TypeError:
        return choose_encoder("")
