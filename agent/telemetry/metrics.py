"""The metrics: every name, type, label and known label value, defined once, and at 0 from the start.

`increase()` does not see the first sample of a new series, so each known series exists before anything happens
(Prometheus, "Instrumentation: avoid missing metrics").
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from agent.faults.dead_letters import Reason
from agent.faults.ignored import IgnoredReason
from agent.faults.retries import RetryReason
from agent.model import EventLabels, LogRecord, Outcome
from agent.records.memo import Memo
from agent.telemetry import metric_names
from agent.telemetry.ages import DELIVERY_AGE_BUCKETS, EVENT_AGE_BUCKETS, OBJECT_AGE_BUCKETS, SecondsHistogram
from agent.telemetry.history_metrics import HistoryMetrics
from agent.telemetry.labels import LIMITED_LABELS, SPACE_NAME, EventVocabulary, LabelLimits, Limited, Series, length
from agent.telemetry.safetext import MAX_LABEL_CHARACTERS, is_plain
from agent.telemetry.spaces import Spaces

FATES: Final = ("skipped", "malformed", "exported", "duplicate", "dead_lettered", "passed_over", "retried")
EXPORT_RESULTS: Final = ("ok", "partial", "rejected", "throttled", "unavailable", "misconfigured")
SQS_OPERATIONS: Final = (
    "ReceiveMessage",
    "DeleteMessageBatch",
    "ChangeMessageVisibilityBatch",
    "SendMessage",
    "GetQueueAttributes",
    "GetQueueUrl",
)
SQS_RESULTS: Final = ("ok", "throttled", "denied", "unavailable", "error")

CALL_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_EXEMPLAR: Final = "event_id"
_LABELS_REMEMBERED: Final = 4096
_LONGEST_REMEMBERED: Final = 256  # characters
PYTHON_VERSION: Final = ".".join(map(str, sys.version_info[:3]))


@dataclass(frozen=True, slots=True)
class Build:
    """What is running; the labels of `trail_agent_build_info`. `revision` is empty if the build does not say it."""

    version: str
    revision: str = ""
    python_version: str = PYTHON_VERSION


class Metrics:
    """The metrics of one daemon, in a registry of their own; every method and metric is thread-safe."""

    def __init__(
        self,
        registry: CollectorRegistry,
        event_name_labels: int,
        *,
        vocabulary: EventVocabulary,
        build: Build,
        retired_spaces: Iterable[str] = (),
    ) -> None:
        self.registry = registry
        self._limits = LabelLimits(vocabulary, event_name_labels)
        self._counted = Memo(self._look_up, _LABELS_REMEMBERED, _LONGEST_REMEMBERED, length)
        self._newest_event = 0.0
        self._lock = threading.Lock()
        self._define_events(vocabulary.documented)
        self._define_spaces(retired_spaces)
        self._define_deliveries()
        self._define_reading()
        self._define_export()
        self._define_queue()
        self._define_state(build)
        self.history = HistoryMetrics(registry)
        ProcessCollector(registry=registry)

    def count_events(self, labels: EventLabels, count: int, event_id: str) -> EventLabels:
        """Count `count` delivered events of the same labels; `event_id` is one of them, for the exemplar.

        Returns the labels under which they are counted, which are safe to show.

        An exemplar holds at most 128 characters, the name of its label included (OpenMetrics, "Exemplars").
        """
        limited, series = self._counted[labels]
        for label in limited.overflowed:
            self.label_overflow.labels(label).inc(count)
        fits = is_plain(event_id, MAX_LABEL_CHARACTERS - len(_EXEMPLAR))
        series.inc(count, {_EXEMPLAR: event_id} if fits else None)
        return limited.labels

    def _look_up(self, labels: EventLabels) -> tuple[Limited, Counter]:
        """The labels to count under, and their series. Once it is decided, neither changes."""
        limited = self._limits.limit(labels)
        return limited, self._series(limited.labels)

    def _series(self, labels: EventLabels) -> Counter:
        series = Series.of(labels)
        counter = (
            self.codecatalyst_events if series.metric == metric_names.CODECATALYST_EVENTS else self.cloudtrail_events
        )
        return counter.labels(*series.labels.values())

    def observe_newest_event(self, unix_seconds: float) -> None:
        """Move the newest eventTime forward to `unix_seconds`; never back."""
        with self._lock:
            self._newest_event = max(self._newest_event, unix_seconds)
            self.last_event.set(self._newest_event)

    def observe_spaces(self, records: Sequence[LogRecord], now: float) -> None:
        """The sink accepted `records`, the oldest first; `now` is in Unix seconds."""
        self.label_overflow.labels(SPACE_NAME).inc(self._spaces.observe(records, now))

    def _counter(self, name: str, meaning: str, labels: Iterable[str] = ()) -> Counter:
        return Counter(name, meaning, tuple(labels), registry=self.registry)

    def _gauge(self, name: str, meaning: str, labels: Iterable[str] = ()) -> Gauge:
        return Gauge(name, meaning, tuple(labels), registry=self.registry)

    def _histogram(self, name: str, meaning: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, meaning, buckets=buckets, registry=self.registry)

    def _by(self, name: str, meaning: str, label: str, values: Iterable[str]) -> Counter:
        """A counter by one label, with a series at 0 for each known value."""
        counter = self._counter(name, meaning, (label,))
        for value in values:
            counter.labels(str(value))
        return counter

    def _define_events(self, documented: Iterable[EventLabels]) -> None:
        self.codecatalyst_events = self._counter(
            metric_names.CODECATALYST_EVENTS,
            "CodeCatalyst events that the sink accepted, each counted once by this process.",
            ("event_name", "identity_type", "outcome"),
        )
        self.cloudtrail_events = self._counter(
            metric_names.CLOUDTRAIL_EVENTS,
            "Events of other services that the sink accepted, each counted once by this process; see select.",
            ("event_source", "event_name", "identity_type", "outcome"),
        )
        for labels in documented:
            self._series(labels)
        self.label_overflow = self._by(
            metric_names.LABEL_OVERFLOW,
            "Events counted under a replaced label value: the label had too many values, or the value was forged.",
            "label",
            LIMITED_LABELS,
        )

    def _define_spaces(self, retired: Iterable[str]) -> None:
        self.space_last_event = self._gauge(
            metric_names.SPACE_LAST_EVENT,
            "Newest eventTime in the space that the sink accepted from this process; no series before the first.",
            (SPACE_NAME,),
        )
        self.space_retired = self._gauge(
            metric_names.SPACE_RETIRED,
            "1 for a space that spaces.retired names, or whose newest event is that it was deleted: it may be silent.",
            (SPACE_NAME,),
        )
        self._spaces = Spaces(self.space_last_event, self.space_retired, retired)

    def _define_deliveries(self) -> None:
        self.received = self._counter(metric_names.DELIVERIES_RECEIVED, "SQS messages received.")
        self.settled = self._by(
            metric_names.DELIVERIES_SETTLED, "SQS messages settled, by outcome.", "outcome", Outcome
        )
        self.settled_as = {outcome: self.settled.labels(outcome.value) for outcome in Outcome}
        self.delivery_age = SecondsHistogram(
            metric_names.DELIVERY_AGE,
            "From the time that SQS got a message until it was settled as delivered.",
            DELIVERY_AGE_BUCKETS,
            self.registry,
        )
        self.dead_letters = self._by(
            metric_names.DEAD_LETTERS, "SQS messages sent to the dead-letter queue.", "reason", Reason
        )
        self.retries = self._by(
            metric_names.RETRIES, "SQS messages given back to the queue for later.", "reason", RetryReason
        )
        self.ignored = self._by(
            metric_names.NOTIFICATIONS_IGNORED,
            "Parts of notifications that are proven to hold nothing for the agent.",
            "reason",
            IgnoredReason,
        )

    def _define_reading(self) -> None:
        self.objects_read = self._counter(metric_names.OBJECTS_READ, "S3 objects read whole and found sound.")
        self.object_bytes = self._counter(metric_names.OBJECT_BYTES, "Bytes of S3 objects read, compressed.")
        self.object_seconds = SecondsHistogram(
            metric_names.OBJECT_READ_SECONDS, "Time to read and inflate one S3 object.", CALL_BUCKETS, self.registry
        )
        self.events_read = self._counter(metric_names.EVENTS_READ, "CloudTrail events read, of any service.")
        self.events = self._by(
            metric_names.EVENTS,
            "CloudTrail events by what became of them; the fates sum to trail_agent_events_read_total.",
            "fate",
            FATES,
        )
        self.truncated = self._counter(
            metric_names.RECORDS_TRUNCATED,
            "Records shortened for limits.record_bytes, for the limit of one attribute, or as too large for the sink.",
        )

    def _define_export(self) -> None:
        self.export_requests = self._by(
            metric_names.EXPORT_REQUESTS, "Export requests, by what the sink answered.", "result", EXPORT_RESULTS
        )
        self.export_seconds = self._histogram(
            metric_names.EXPORT_SECONDS, "Time from sending one export request to its answer.", CALL_BUCKETS
        )
        self.event_age = SecondsHistogram(
            metric_names.EVENT_AGE,
            "From eventTime until the sink accepted the event.",
            EVENT_AGE_BUCKETS,
            self.registry,
        )
        self.object_age = SecondsHistogram(
            metric_names.OBJECT_AGE,
            "From S3's LastModified until the sink accepted events of the object: the agent's share of the delay.",
            OBJECT_AGE_BUCKETS,
            self.registry,
        )

    def _define_queue(self) -> None:
        self.sqs_requests = self._counter(
            metric_names.SQS_REQUESTS, "Calls to SQS, by operation and result.", ("operation", "result")
        )
        self.sqs_requests_of = cache(self.sqs_requests.labels)
        for operation, result in product(SQS_OPERATIONS, SQS_RESULTS):
            self.sqs_requests_of(operation, result)
        self.lease_extensions = self._counter(
            metric_names.LEASE_EXTENSIONS, "Times that the lease of a message was extended."
        )
        self.leases_lost = self._counter(
            metric_names.LEASES_LOST,
            "Messages that SQS may have given to another replica while they were held here.",
        )
        self.queue_messages = self._gauge(
            metric_names.QUEUE_MESSAGES,
            "Messages in the queue (main, dead_letter) that are visible, in_flight or delayed, as SQS estimates them; "
            "no series while SQS does not say.",
            ("queue", "state"),
        )
        self.queue_counted = self._gauge(
            metric_names.QUEUE_COUNTED,
            "When SQS last said how many messages the queue (main, dead_letter) has; no series while it does not say.",
            ("queue",),
        )
        self.queue_retention = self._gauge(
            metric_names.QUEUE_RETENTION,
            "How long SQS keeps a message of the queue (main, dead_letter).",
            ("queue",),
        )
        self.oldest_delivery_age = self._gauge(
            metric_names.OLDEST_DELIVERY_AGE,
            "Age of the oldest message held or just received, from its SentTimestamp; 0 if there is none.",
        )

    def _define_state(self, build: Build) -> None:
        self.in_flight_deliveries = self._gauge(metric_names.IN_FLIGHT_DELIVERIES, "SQS messages and windows held now.")
        self.in_flight_bytes = self._gauge(
            metric_names.IN_FLIGHT_BYTES, "Bytes of memory that all reads together have reserved."
        )
        self.sink_up = self._gauge(
            metric_names.SINK_UP,
            "1 while the sink accepts; 0 before its first answer, from a failed request until it accepts again, and "
            "while it refuses every record.",
        )
        self.waiting = self._gauge(
            metric_names.WAITING,
            "1 while the work waits because of this fault of sink, bucket or queue; docs/faults.md has each.",
            ("fault",),
        )
        self.ready = self._gauge(metric_names.READY, "1 while /readyz answers 200.")
        self.last_receive = self._gauge(
            metric_names.LAST_RECEIVE, "When SQS last answered a receive; 0 before the first."
        )
        self.last_delivery = self._gauge(
            metric_names.LAST_DELIVERY, "When the sink last accepted events; 0 before the first."
        )
        self.last_event = self._gauge(
            metric_names.LAST_EVENT, "Newest eventTime that the sink accepted; 0 before the first."
        )
        self.build_info = self._gauge(
            metric_names.BUILD_INFO, "Always 1; the labels say what runs.", ("version", "revision", "python_version")
        )
        self.build_info.labels(build.version, build.revision, build.python_version).set(1)
