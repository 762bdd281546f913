"""What a person wants to know of a running agent, from its metrics, for `trail-agent top`: no more than counts."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Self

from agent.telemetry.course import STARTED, Course
from agent.telemetry.labels import EVENT_NAME
from agent.telemetry.metric_names import (
    BUILD_INFO,
    CLOUDTRAIL_EVENTS,
    CODECATALYST_EVENTS,
    DEAD_LETTERS,
    DELIVERIES_RECEIVED,
    EVENT_AGE,
    EVENTS,
    EVENTS_READ,
    EXPORT_REQUESTS,
    EXPORT_SECONDS,
    IN_FLIGHT_BYTES,
    IN_FLIGHT_DELIVERIES,
    LAST_DELIVERY,
    LAST_EVENT,
    LAST_RECEIVE,
    OBJECT_AGE,
    OBJECT_BYTES,
    OBJECTS_READ,
    OLDEST_DELIVERY_AGE,
    QUEUE_COUNTED,
    QUEUE_MESSAGES,
    RETRIES,
    SINK_UP,
    WAITING,
)
from agent.telemetry.safetext import clean
from agent.telemetry.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Flow:
    """What went through: in all, or in a second."""

    received: float = 0.0
    objects: float = 0.0
    object_bytes: float = 0.0
    read: float = 0.0
    exported: float = 0.0
    skipped: float = 0.0

    def __add__(self, other: Flow) -> Flow:
        """Both together."""
        return Flow(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))


@dataclass(frozen=True, slots=True)
class Spread:
    """Observations by the upper bound of their bucket, each with those of the buckets before it."""

    buckets: Mapping[float, float]

    @classmethod
    def of(cls, counts: Mapping[str, float]) -> Self:
        """Of the buckets of a histogram, by their label `le`."""
        return cls({float(bound): count for bound, count in counts.items()})

    def within(self, share: float) -> float | None:
        """The bound that this share of the observations did not pass; None if there was none."""
        most = max(self.buckets.values(), default=0.0)
        if not most:
            return None
        return min((bound for bound, count in self.buckets.items() if count >= share * most), default=math.inf)

    def told(self) -> dict[str, float | None]:
        """The bounds of half of them and of nearly all; None if there was none, or if they passed the last bound."""
        bounds = {"p50": self.within(0.5), "p95": self.within(0.95)}
        return {name: None if bound is None or math.isinf(bound) else bound for name, bound in bounds.items()}

    def __add__(self, other: Spread) -> Spread:
        """Both together."""
        bounds = {*self.buckets, *other.buckets}
        return Spread({bound: self.buckets.get(bound, 0.0) + other.buckets.get(bound, 0.0) for bound in bounds})


@dataclass(frozen=True, slots=True)
class Depths:
    """Messages of the queue, and of its dead-letter queue, as SQS told the agent; None if it did not.

    The agent asks a few times a minute: `counted_at` is when it did (Unix seconds), where it says so.
    """

    visible: float | None = None
    in_flight: float | None = None
    delayed: float | None = None
    dead_letters: float | None = None
    counted_at: float | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """One agent, or several together.

    `rate` is per second over `seconds`; None before there are two answers. `event_age`, `object_age` and
    `export_seconds` are of those seconds, or since the start before there are two answers. Times are Unix seconds, and
    0 for never.
    """

    version: str
    revision: str
    started: float
    total: Flow
    rate: Flow | None
    seconds: float
    held: float
    reserved: float
    oldest: float
    depths: Depths
    last_receive: float
    last_delivery: float
    last_event: float
    event_age: Spread
    object_age: Spread
    export_seconds: Spread
    is_sink_up: bool
    waiting: tuple[str, ...]
    exports: Mapping[str, float]
    dead_letters: Mapping[str, float]
    retries: Mapping[str, float]
    events: Mapping[str, float]

    @classmethod
    def of(cls, course: Course) -> Self:
        """What the latest answers of one agent say."""
        seen = course.latest
        build = seen.labels(BUILD_INFO)
        return cls(
            version=clean(build.get("version", "")),
            revision=clean(build.get("revision", "")),
            started=seen.value(STARTED),
            total=_total(seen),
            rate=_rate(course),
            seconds=course.seconds,
            held=seen.value(IN_FLIGHT_DELIVERIES),
            reserved=seen.value(IN_FLIGHT_BYTES),
            oldest=seen.value(OLDEST_DELIVERY_AGE),
            depths=_depths(seen),
            last_receive=seen.value(LAST_RECEIVE),
            last_delivery=seen.value(LAST_DELIVERY),
            last_event=seen.value(LAST_EVENT),
            event_age=_spread(course, EVENT_AGE),
            object_age=_spread(course, OBJECT_AGE),
            export_seconds=_spread(course, EXPORT_SECONDS),
            is_sink_up=seen.value(SINK_UP) > 0,
            waiting=tuple(_counted(seen.by(WAITING, "fault"))),
            exports=_counted(seen.by(EXPORT_REQUESTS, "result")),
            dead_letters=_counted(seen.by(DEAD_LETTERS, "reason")),
            retries=_counted(seen.by(RETRIES, "reason")),
            events=_together(
                [_counted(seen.by(name, EVENT_NAME)) for name in (CODECATALYST_EVENTS, CLOUDTRAIL_EVENTS)]
            ),
        )

    def told(self) -> dict[str, object]:
        """All of it as plain JSON has it."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: _told(value) for name, value in values.items()}

    @classmethod
    def together(cls, agents: Sequence[Figures]) -> Self:
        """Several agents on one queue: what each counts is added, and of the queue the largest number counts."""
        rates = [one.rate for one in agents if one.rate]
        return cls(
            version=" ".join(sorted({one.version for one in agents})),
            revision=" ".join(sorted({one.revision for one in agents})),
            started=min(one.started for one in agents),
            total=sum((one.total for one in agents), Flow()),
            rate=sum(rates, Flow()) if rates else None,
            seconds=max(one.seconds for one in agents),
            held=sum(one.held for one in agents),
            reserved=sum(one.reserved for one in agents),
            oldest=max(one.oldest for one in agents),
            depths=_deepest([one.depths for one in agents]),
            last_receive=max(one.last_receive for one in agents),
            last_delivery=max(one.last_delivery for one in agents),
            last_event=max(one.last_event for one in agents),
            event_age=sum((one.event_age for one in agents), Spread({})),
            object_age=sum((one.object_age for one in agents), Spread({})),
            export_seconds=sum((one.export_seconds for one in agents), Spread({})),
            is_sink_up=all(one.is_sink_up for one in agents),
            waiting=tuple(dict.fromkeys(fault for one in agents for fault in one.waiting)),
            exports=_together([one.exports for one in agents]),
            dead_letters=_together([one.dead_letters for one in agents]),
            retries=_together([one.retries for one in agents]),
            events=_together([one.events for one in agents]),
        )


def _told(value: object) -> object:
    match value:
        case Spread():
            return value.told()
        case Flow() | Depths():
            return asdict(value)
        case tuple():
            return list(value)
        case _:
            return value


def _total(seen: Snapshot) -> Flow:
    fates = seen.by(EVENTS, "fate")
    return Flow(
        received=seen.value(DELIVERIES_RECEIVED),
        objects=seen.value(OBJECTS_READ),
        object_bytes=seen.value(OBJECT_BYTES),
        read=seen.value(EVENTS_READ),
        exported=fates.get("exported", 0.0),
        skipped=fates.get("skipped", 0.0),
    )


def _rate(course: Course) -> Flow | None:
    if not course.seconds:
        return None
    fates = course.increase_by(EVENTS, "fate")
    return Flow(
        received=course.increase(DELIVERIES_RECEIVED) / course.seconds,
        objects=course.increase(OBJECTS_READ) / course.seconds,
        object_bytes=course.increase(OBJECT_BYTES) / course.seconds,
        read=course.increase(EVENTS_READ) / course.seconds,
        exported=fates.get("exported", 0.0) / course.seconds,
        skipped=fates.get("skipped", 0.0) / course.seconds,
    )


def _spread(course: Course, histogram: str) -> Spread:
    bucket = f"{histogram}_bucket"
    return Spread.of(course.increase_by(bucket, "le") if course.seconds else course.latest.by(bucket, "le"))


def _depths(seen: Snapshot) -> Depths:
    return Depths(
        visible=seen.known(QUEUE_MESSAGES, queue="main", state="visible"),
        in_flight=seen.known(QUEUE_MESSAGES, queue="main", state="in_flight"),
        delayed=seen.known(QUEUE_MESSAGES, queue="main", state="delayed"),
        dead_letters=seen.known(QUEUE_MESSAGES, queue="dead_letter"),
        counted_at=min(seen.by(QUEUE_COUNTED, "queue").values(), default=None),
    )


def _deepest(all_depths: Sequence[Depths]) -> Depths:
    """The largest of each number; they are as old as the oldest of them."""
    rows = [[getattr(depths, one.name) for one in fields(Depths)] for depths in all_depths]
    columns = ([value for value in column if value is not None] for column in zip(*rows, strict=True))
    times = [depths.counted_at for depths in all_depths if depths.counted_at is not None]
    return replace(Depths(*(max(column, default=None) for column in columns)), counted_at=min(times, default=None))


def _counted(counts: Mapping[str, float]) -> Mapping[str, float]:
    """Those that are above 0, with names that are safe to show; the largest first."""
    above = {clean(name): count for name, count in counts.items() if count > 0}
    return dict(sorted(above.items(), key=lambda entry: -entry[1]))


def _together(all_counts: Iterable[Mapping[str, float]]) -> Mapping[str, float]:
    total: Counter[str] = Counter()
    for counts in all_counts:
        total.update(counts)
    return dict(total.most_common())
