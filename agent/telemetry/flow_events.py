"""Named events on the way from notification to sink, and whether sink and buckets let the flow through."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from operator import attrgetter
from typing import Final

import msgspec

from agent.faults.environment_faults import EnvironmentFault
from agent.model import EventLabels, Ignored, LogRecord, Reading
from agent.telemetry.ignored_kind import kind_of
from agent.telemetry.safetext import without_user
from agent.telemetry.voice import ERROR, WARNING, Voice
from agent.trail.inflate import TextFacts

_NANOSECONDS: Final = 1e9
_time: Final = attrgetter("time_unix_nano")
_source: Final = attrgetter("source")
_truncated: Final = attrgetter("truncated")


class HowRead(msgspec.Struct, frozen=True, gc=False):
    """How an object was read whole: what came, in how many seconds, and when it was written, in Unix seconds."""

    facts: TextFacts
    seconds: float
    last_modified: float


class FlowEvents(Voice):
    """What happens to objects, events and records on their way."""

    _reserved = 0

    def notification_ignored(self, ignored: Ignored) -> None:
        """A part of a notification holds nothing for the agent. Each kind of what is not CloudTrail's is told once."""
        reason = ignored.reason
        self.metrics.ignored.labels(reason.value).inc()
        kind = kind_of(ignored)
        if kind and self._ignored_kinds.note(kind):
            hint = reason.advice.hint
            self._log.info("notification_ignored", reason=reason.value, bucket=ignored.bucket, kind=kind, hint=hint)
        else:
            self._log.debug("notification_ignored", reason=reason.value, bucket=ignored.bucket, key=ignored.key)

    def objects_read(self, reads: Sequence[HowRead]) -> None:
        """Objects were read whole."""
        if not reads:
            return
        self.metrics.objects_read.inc(len(reads))
        self.metrics.object_bytes.inc(sum([read.facts.object_bytes for read in reads]))
        self.metrics.object_seconds.observe_all(sorted([read.seconds for read in reads]))
        self.activity.mark("objects", len(reads))
        if self._log.has_debug:
            now = self._clock.time()
            for read in reads:
                size, seconds, age = read.facts.object_bytes, round(read.seconds, 4), round(now - read.last_modified, 3)
                self._log.debug("object_read", bytes=size, seconds=seconds, age_seconds=age)

    def readings_finished(self, readings: Sequence[Reading]) -> None:
        """All objects of these deliveries have been read: from here on each of their events gets a fate."""
        skipped = sum([reading.skipped for reading in readings])
        malformed = sum([reading.malformed for reading in readings])
        read = sum([len(reading.records) for reading in readings]) + skipped + malformed
        self.metrics.events_read.inc(read)
        for fate, count in (("skipped", skipped), ("malformed", malformed)):
            if count:
                self.metrics.events.labels(fate).inc(count)
        self.activity.mark("read", read)

    def bytes_reserved(self, total: int) -> None:
        """All reads together have reserved `total` bytes now."""
        self._reserved = total

    def records_exported(self, records: Sequence[LogRecord]) -> None:
        """The sink has accepted `records`."""
        if not records:
            return
        now = self._clock.time()
        self.metrics.events.labels("exported").inc(len(records))
        self.metrics.truncated.inc(sum(map(_truncated, records)))
        self.metrics.last_delivery.set(now)
        self.activity.mark("exported", len(records))
        in_order = sorted(records, key=_time)
        self._observe_ages(in_order, now)
        self.metrics.observe_spaces(in_order, now)
        self._count(in_order)

    def records_fated(self, fate: str, count: int) -> None:
        """`count` records will not be exported by this attempt; `fate` is any other one of `FATES`."""
        self.metrics.events.labels(fate).inc(count)

    def records_taken_unnamed(self, count: int) -> None:
        """The sink took so many records of a request, and nobody knows which: each counts as dead-lettered."""
        self.activity.take_unnamed(count)

    def record_shrunk(self) -> None:
        """The sink found a record too large, and it was shortened to be sent again."""
        self.metrics.truncated.inc()

    def export_answered(self, result: str, seconds: float) -> None:
        """The sink answered a request with `result`: ok, partial, rejected, throttled, unavailable, misconfigured."""
        self.metrics.export_requests.labels(result).inc()
        self.metrics.export_seconds.observe(seconds)
        self.activity.mark("exports", 1)

    def sink_up(self) -> None:
        """The sink accepted an export."""
        self._relief("sink", "sink_accepts_again", self.health.sink_accepts())
        self._tell_ready()

    def sink_down(self, kind: str, detail: str) -> None:
        """The sink does not accept; `kind` is a result of `export_answered`. The work waits."""
        detail = without_user(detail)
        fault = EnvironmentFault.of_part("sink", kind)
        self.health.sink_fails(detail, fault)
        self._trouble(ERROR, "sink", "sink_down", fault=fault.value, detail=detail, hint=self.hint_of(fault))

    def sink_warned(self) -> None:
        """The sink accepted everything, with a message, which may quote an event."""
        self._tell_seldom(WARNING, "sink_warned", "sink_warned", hint="everything was accepted; see the sink's own log")

    def gate_closed(self, part: str, fault: EnvironmentFault, detail: str) -> None:
        """`part` ("bucket acme", "dead letters", …) is at fault, and no message is: the work waits, we are unready."""
        hint = self.hint_of(fault)
        detail = without_user(detail)
        self.health.hold(part, detail, fault)
        self._trouble(ERROR, f"gate {part}", "gate_closed", part=part, fault=fault.value, detail=detail, hint=hint)

    def gate_opened(self, part: str) -> None:
        """`part` works again."""
        self._relief(f"gate {part}", "gate_opened", self.health.release(part))

    def _observe_ages(self, records: Sequence[LogRecord], now: float) -> None:
        # A clock that is ahead, or a forged eventTime, must give no negative age and no time in the future.
        ages = [now - record.time_unix_nano / _NANOSECONDS for record in reversed(records)]
        if ages[0] < 0:
            ages = [max(age, 0.0) for age in ages]
        self.metrics.event_age.observe_all(ages)
        self.activity.accepted(ages)
        objects = [source for source in set(map(_source, records)) if source.path]  # an event of a log stands in none
        object_ages = sorted([max(now - source.last_modified_ns / _NANOSECONDS, 0.0) for source in objects])
        self.metrics.object_age.observe_all(object_ages)
        self.metrics.observe_newest_event(min(records[-1].time_unix_nano / _NANOSECONDS, now))

    def _count(self, records: Sequence[LogRecord]) -> None:
        by_labels: dict[EventLabels, list[LogRecord]] = defaultdict(list)
        for record in records:
            by_labels[record.labels].append(record)
        counted = [
            (self.metrics.count_events(labels, len(alike), alike[-1].event_id), alike)
            for labels, alike in by_labels.items()
        ]
        self.activity.deliver(counted)
