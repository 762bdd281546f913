"""The far side of an export: it stores, refuses, loses answers and is away, by HTTP status, and checks what it gets."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from agent.pulse import Clock
from agent.sink.answer import Answer, Meaning, Refusal, http_meaning, refusal, success
from agent.sink.otlp.decode import ReceivedRecord, records
from agent.sink.patience import REFUSED_ATTEMPTS, STUCK_ATTEMPTS
from tests.support.truth import Truth

_JUDGEMENTS: Final = (400, 413)
_LONGEST_SECONDS: Final = 300.0
TOO_OLD: Final = "entry too far behind, the oldest acceptable timestamp is later"


@dataclass(frozen=True, slots=True)
class Reply:
    """What the next request with records is answered with. `keeps`: it is stored first: a bad status is an answer lost.

    `rejects` is how many records of a 200 are refused; `retry_after` is the header, in seconds.
    """

    status: int
    retry_after: float | None = None
    keeps: bool = False
    rejects: int = 0
    text: str = "on demand"


@dataclass(frozen=True, slots=True)
class _Owed:
    """A request that was answered with "later": the same bytes are to come again, and not before a time.

    After some attempts in vain, parts of the `whole` may come, too.
    """

    payload: bytes
    not_before: float
    whole: frozenset[str]
    attempts: int


class FarSide:
    """Answers by `script`, then as it is: `down`, unwilling to take more than `most_records`, or `refused` events, or
    events from before `horizon` (Unix nanoseconds), or with its `sickness` whatever holds a `sickening` event; and
    with 200 otherwise.

    Of a request with a bad record it keeps the good ones, as Loki does.
    """

    def __init__(self, truth: Truth, clock: Clock) -> None:
        self.script: deque[Reply] = deque()
        self.down = False
        self.most_records = 1000
        self.refused: set[str] = set()
        self.sickening: set[str] = set()
        self.sickness = Reply(500)
        self.horizon = 0
        self.stored: set[str] = set()
        self._seen: dict[tuple[str, object], ReceivedRecord] = {}
        self._replies: dict[str, Reply] = {}
        self._owed: dict[str, _Owed] = {}
        self._before: dict[str, _Owed | None] = {}
        self._stuck: defaultdict[str, set[str]] = defaultdict(set)
        self._truth = truth
        self._clock = clock

    def take(self, process: str, payload: bytes) -> Answer:
        """Check and judge one request, and store what the answer says, and what it does not say."""
        received = _records(payload)
        if not received:
            return self._answer_empty()
        self._check_patience(process, payload)
        for record in received:
            self._check(process, record)
        reply = self.script.popleft() if self.script else self._judge(received)
        self._replies[process] = reply
        self._store(received, reply)
        meaning = http_meaning(reply.status)
        if meaning is Meaning.ACCEPTED:
            return success(reply.rejects, reply.text if reply.rejects else "")
        return refusal(meaning, _refusal(reply))

    def _answer_empty(self) -> Answer:
        """A request without records is for the control: it passes unless nothing does."""
        return refusal(http_meaning(503), _refusal(Reply(503))) if self.down else success(0, "")

    def answered(self, process: str, payload: bytes) -> None:
        """Write down what the process knows from here on, by the status alone: how the agent reads it is its affair."""
        received = _records(payload)
        if not received:
            return
        reply = self._replies[process]
        events = [event_id(record) for record in received]
        if reply.status == 200:
            (self._truth.no if reply.rejects else self._truth.yes)(process, events)
        elif reply.status in _JUDGEMENTS:
            if len(events) == 1:
                self._truth.no(process, self._older(received[0]) if reply.text == TOO_OLD else events)
        else:
            asked = min(reply.retry_after or 0, _LONGEST_SECONDS)
            before = self._before[process]
            if before and not set(events) <= before.whole:
                before = None  # others go first
            whole = before.whole if before else frozenset(events)
            attempts = before.attempts + 1 if before else 1
            is_refusal = http_meaning(reply.status) is Meaning.MISCONFIGURED  # while empty requests pass
            if attempts >= (REFUSED_ATTEMPTS if is_refusal else STUCK_ATTEMPTS):
                self._stuck[process] |= whole
            if len(events) == 1 and set(events) <= self.sickening:
                self._truth.no(process, events)
            self._owed[process] = _Owed(payload, self._clock.time() + asked, whole, attempts)

    def mend(self) -> None:
        """End all trouble but what it refuses."""
        self.script.clear()
        self.down = False

    def _judge(self, received: Sequence[ReceivedRecord]) -> Reply:
        if self.down:
            return Reply(503)
        if len(received) > self.most_records:
            return Reply(413)
        if any(event_id(record) in self.sickening for record in received):
            return self.sickness
        if any(event_id(record) in self.refused for record in received):
            return Reply(400, keeps=True)
        if any(record.time_unix_nano < self.horizon for record in received):
            return Reply(400, keeps=True, text=TOO_OLD)
        return Reply(200)

    def _store(self, received: Sequence[ReceivedRecord], reply: Reply) -> None:
        if reply.keeps or reply.status == 200:
            kept = received[reply.rejects :]
            good = {event_id(record) for record in kept if record.time_unix_nano >= self.horizon}
            self.stored |= good - self.refused

    def _older(self, proof: ReceivedRecord) -> set[str]:
        """Every event that is as old as one that was refused for its age, sent or not: all are of one stream."""
        newest = str(_event(proof.body)["eventTime"])
        return {name for name, event in self._truth.written.items() if str(event["eventTime"]) <= newest}

    def _check_patience(self, process: str, payload: bytes) -> None:
        owed = self._owed.pop(process, None)
        self._before[process] = owed
        if owed:
            events = {event_id(record) for record in _records(payload)}
            may = payload == owed.payload or events <= self._stuck[process] or self._is_set_aside(process, owed)
            self._truth.demand(may, f"{process} sends other bytes after an answer of 'later'")
            self._truth.demand(self._clock.time() >= owed.not_before, f"{process} does not wait as long as asked")

    def _is_set_aside(self, process: str, owed: _Owed) -> bool:
        """Whether it is known to be stuck, part by part: others may go first."""
        events = {event_id(record) for record in _records(owed.payload)}
        return events <= self._stuck[process]

    def _check(self, process: str, record: ReceivedRecord) -> None:
        """What arrives was produced, is unaltered, the same bytes from whoever sends it, and not known to be here."""
        event, truth = event_id(record), self._truth
        truth.demand(event in truth.produced, f"{process} invents {event}")
        truth.demand(_event(record.body) == truth.written[event], f"{process} alters {event}")
        truth.demand(not truth.has_heard_yes(process, event), f"{process} sends {event} again, after a yes")
        first = self._seen.setdefault((event, record.attributes["log.file.path"]), record)
        truth.demand(first == record, f"{process} maps {event} differently")


def _refusal(reply: Reply) -> Refusal:
    return Refusal(str(reply.status), f"{reply.status}", reply.text, reply.text, reply.retry_after)


@lru_cache(256)  # a request is looked at when it comes, when it is answered, and when the next one comes
def _records(payload: bytes) -> tuple[ReceivedRecord, ...]:
    return tuple(records(ExportLogsServiceRequest.FromString(payload)))


def event_id(record: ReceivedRecord) -> str:
    """The id of the event in a record's body."""
    return str(_event(record.body)["eventID"])


@lru_cache(4096)
def _event(body: str) -> Mapping[str, Any]:
    event: Mapping[str, Any] = json.loads(body)
    return event
