"""A sink that has bad days: it answers by a seeded script, and keeps a few bytes of every record that it stored."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from hashlib import blake2b
from random import Random
from typing import Final, Self

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1 import logs_pb2

from tests.support.otlp_receiver import Export, HttpReceiver, HttpReply, partial_success

EVENT_ID: Final = "log.record.uid"
OBJECT: Final = "log.file.path"
REFUSAL: Final = "this sink takes no even number of records today"
_MOST_OBJECTS_REFUSED = 3  # ten dead letters in a row would be a finding about the agent, not about a record
_STALLS = (0.2, 1.5)


class Mood(Enum):
    """What the sink does with one request."""

    ACCEPT = "accept"
    BUSY = "503 with Retry-After"
    THROTTLE = "429"
    FAIL_STORED = "500 after storing"
    REDIRECT = "302"
    RESET = "reset"
    RESET_STORED = "reset after storing"
    CUT_STORED = "answer cut short after storing"
    STALL = "stall"
    PARTIAL = "partial_success"


MOODS: Final[Mapping[Mood, int]] = {
    Mood.ACCEPT: 66,
    Mood.BUSY: 7,
    Mood.THROTTLE: 5,
    Mood.FAIL_STORED: 4,
    Mood.REDIRECT: 2,
    Mood.RESET: 3,
    Mood.RESET_STORED: 4,
    Mood.CUT_STORED: 3,
    Mood.STALL: 4,
    Mood.PARTIAL: 2,
}
"""How often each, in a hundred requests."""

_REPLIES: Final[Mapping[Mood, HttpReply]] = {
    Mood.BUSY: HttpReply(503, headers={"Retry-After": "1"}),
    Mood.THROTTLE: HttpReply(429),
    Mood.FAIL_STORED: HttpReply(500),
    Mood.REDIRECT: HttpReply(302, headers={"Location": "/login"}),
    Mood.RESET: HttpReply(reset=True),
    Mood.RESET_STORED: HttpReply(reset=True),
    Mood.CUT_STORED: HttpReply(cut=b"HTTP/1.1 200 O"),
}
_NOT_STORED: Final = frozenset({Mood.BUSY, Mood.THROTTLE, Mood.REDIRECT, Mood.RESET})


@dataclass(slots=True)
class Archive:
    """What a store behind the sink would hold. `bodies` and `whole` map an event's id to the digest of its first copy:
    of the body alone, and of the record with its resource and scope."""

    stored: int = 0
    bodies: dict[str, bytes] = field(default_factory=dict)
    altered: set[str] = field(default_factory=set)
    _whole: dict[str, bytes] = field(default_factory=dict)

    def store(self, request: ExportLogsServiceRequest) -> None:
        """Keep every record of `request`."""
        for group in request.resource_logs:
            place = group.resource.SerializeToString(deterministic=True)
            for scoped in group.scope_logs:
                place += scoped.scope.SerializeToString(deterministic=True)
                for record in scoped.log_records:
                    self._store_record(record, place)

    def _store_record(self, record: logs_pb2.LogRecord, place: bytes) -> None:
        event_id = attribute(record, EVENT_ID)
        whole = digest(place + record.SerializeToString(deterministic=True))
        self.stored += 1
        self.bodies.setdefault(event_id, digest(record.body.string_value.encode()))
        if self._whole.setdefault(event_id, whole) != whole:
            self.altered.add(event_id)

    @property
    def repeats(self) -> int:
        """Copies beyond the first of each event."""
        return self.stored - len(self.bodies)


class FaultySink:
    """OTLP/HTTP on loopback. It begins with each mood once; while `calm` is set it accepts everything."""

    def __init__(self, rng: Random) -> None:
        self.archive = Archive()
        self.moods: Counter[Mood] = Counter()
        self.calm = threading.Event()
        self.url = ""
        self._rng = rng
        self._first = rng.sample(list(Mood), len(Mood))
        self._lock = threading.Lock()
        self._over = threading.Event()

    @contextmanager
    def listening(self) -> Iterator[Self]:
        """Answer while the block runs."""
        with HttpReceiver(rule=self._answer) as receiver:
            self.url = receiver.url
            self._forget: Callable[[], None] = receiver.exports.clear
            try:
                yield self
            finally:
                self._over.set()

    def _answer(self, export: Export) -> HttpReply | None:
        with self._lock:
            self._forget()  # the receiver keeps every request; a long run must not
            request = export.request
            mood = self._mood(request)
            self.moods[mood] += 1
            stall = self._rng.uniform(*_STALLS)
            reply = self._do(mood, request)
        if mood is Mood.STALL:
            self._over.wait(stall)
        return reply

    def _mood(self, request: ExportLogsServiceRequest) -> Mood:
        if self.calm.is_set():
            return Mood.ACCEPT
        mood = self._first.pop() if self._first else self._rng.choices(list(MOODS), list(MOODS.values()))[0]
        objects = {attribute(record, OBJECT) for record in records_of(request)}
        refusable = 0 < len(objects) <= _MOST_OBJECTS_REFUSED
        return Mood.ACCEPT if mood is Mood.PARTIAL and not refusable else mood

    def _do(self, mood: Mood, request: ExportLogsServiceRequest) -> HttpReply | None:
        if mood is Mood.PARTIAL:
            return HttpReply(body=partial_success(self._store_in_part(request), REFUSAL))
        if mood not in _NOT_STORED:
            self.archive.store(request)
        return _REPLIES.get(mood)

    def _store_in_part(self, request: ExportLogsServiceRequest) -> int:
        """Refuse the first record and every second one after it, store the others, and say how many were refused."""
        before = sum(1 for _ in records_of(request))
        kept = ExportLogsServiceRequest()
        kept.CopyFrom(request)
        for group in kept.resource_logs:
            for scoped in group.scope_logs:
                del scoped.log_records[::2]
        self.archive.store(kept)
        return before - sum(1 for _ in records_of(kept))


def records_of(request: ExportLogsServiceRequest) -> Iterator[logs_pb2.LogRecord]:
    """Every record of `request`."""
    for group in request.resource_logs:
        for scoped in group.scope_logs:
            yield from scoped.log_records


def attribute(record: logs_pb2.LogRecord, name: str) -> str:
    """A text attribute of `record`; empty where it has none."""
    return next((str(each.value.string_value) for each in record.attributes if each.key == name), "")


def digest(text: bytes) -> bytes:
    """Sixteen bytes that stand for `text`."""
    return blake2b(text, digest_size=16).digest()
