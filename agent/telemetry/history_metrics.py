"""The metrics of the daemon's reading of Event history: a series for each region of the settings, and no other."""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from agent.telemetry import metric_names

REGION: Final = "region"
RESULTS: Final = ("ok", "throttled", "denied", "unavailable", "error")


class HistoryMetrics:
    """What is known of each region."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.position = Gauge(
            metric_names.HISTORY_POSITION,
            "Up to when the events of the region are shipped, as far as Event history has shown them; what it shows "
            "later is looked for event_history.overlap_seconds behind that.",
            (REGION,),
            registry=registry,
        )
        self.requests = Counter(
            metric_names.HISTORY_REQUESTS,
            "LookupEvents requests for the region, by what CloudTrail answered.",
            (REGION, "result"),
            registry=registry,
        )
        self.unshipped = Counter(
            metric_names.HISTORY_UNSHIPPED,
            "Events of the region that were passed over; the log line event_unshipped has each. A window of time "
            "counts as one where nobody knows how many it holds.",
            (REGION,),
            registry=registry,
        )

    def begin(self, region: str) -> None:
        """Have the counters of `region` at 0."""
        self.unshipped.labels(region)
        for result in RESULTS:
            self.requests.labels(region, result)
