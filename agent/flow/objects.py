"""One S3 object → its LogRecords: read whole or not at all, within the limits, and again if a failure may pass."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from sys import getsizeof
from typing import Final

import msgspec

from agent.aws import store_policy
from agent.aws.s3 import S3
from agent.aws.store_policy import Policy, StoreError, WholeBucket
from agent.errors import DrainedError, LimitError, PermanentError, TransientError
from agent.faults.dead_letters import Reason
from agent.flow.budget import OutgrownError, Reservation, Share
from agent.flow.chunks import Arrived, Chunks
from agent.flow.evidence import Culprit, Evidence
from agent.flow.slots import ReadSlots
from agent.flow.weight import held_bytes
from agent.model import LogRecord, ObjectRef, ObjectSource, OpenObject
from agent.pulse import Pulse
from agent.records.mapping import Mapper
from agent.records.selection import EveryEvent, Selector
from agent.telemetry.events import Telemetry
from agent.telemetry.flow_events import HowRead
from agent.trail import key, reader, room
from agent.trail.admission import Admitted
from agent.trail.event import MalformedEventError
from agent.trail.inflate import InflateLimits, TextFacts, inflate
from agent.waiting.backoff import full_jitter
from agent.waiting.gate import AtFaultError, Gate

_FIRST_RETRY_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 60.0
_LONGEST_EARLY_PAUSE_SECONDS = 10.0
_PAST_THE_LIMIT = "the object is damaged, and larger than limits.object_bytes"
_time: Final = attrgetter("time_unix_nano")
_MARGIN = 1.1  # what all records of an object need is told by those so far


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """How much one object may hold."""

    inflate: InflateLimits
    events_per_object: int


class Found(msgspec.Struct, frozen=True, gc=False):
    """What a sound object holds: the records of its selected events in order of eventTime, and how many others.

    `kept_bytes` is the memory that the records hold.
    """

    records: tuple[LogRecord, ...]
    skipped: int
    malformed: int
    kept_bytes: int = 0


class ObjectReader:
    """Reads admitted objects. Safe to call from many threads at once; waits end when `halt` is set."""

    def __init__(
        self,
        *,
        store: S3,
        selection: Selector | EveryEvent,
        mapper: Mapper,
        limits: ReadLimits,
        gate: Gate,
        slots: ReadSlots,
        telemetry: Telemetry,
        pulse: Pulse,
        halt: threading.Event,
        random: Callable[[], float],
    ) -> None:
        self._store = store
        self._selection = selection
        self._mapper = mapper
        self._limits = limits
        self._gate = gate
        self._slots = slots
        self._telemetry = telemetry
        self._pulse = pulse
        self._halt = halt
        self._random = random
        self._evidence = Evidence(store)
        self._met: dict[ObjectRef, StoreError] = {}

    def read(self, admitted: Admitted, memory: Share) -> Found:
        """Read one object; while its whole bucket is at fault, wait: no message is to blame for that.

        `kept_bytes` of what is found stay reserved in `memory`. Raises `StoreError` if S3 or the way to it is at
        fault, `PermanentError` for what is wrong with this object, `TransientError` if it waited for its bucket in
        vain, `DrainedError` if the daemon has to stop first.
        """
        ref, began = admitted.ref, self._pulse.clock.monotonic()
        part = f"bucket {ref.bucket}"

        def attempt() -> tuple[Found, HowRead]:
            try:
                return self._read_object(admitted, memory)
            except StoreError as error:
                whole = self._bucket_at_fault(ref, error, began)
                self._telemetry.gate_closed(part, whole.fault, error.detail)
                raise AtFaultError(partial(self._pause, began)) from error

        found, how = self._gate.through(part, attempt, opened=lambda: self._telemetry.gate_opened(part))
        self.tell([how])
        return found

    def take(self, admitted: Admitted, body: OpenObject, memory: Share) -> tuple[Found, HowRead]:
        """What a `body` holds that is here; waits for nothing. Whoever uses it is to `tell` how it was read.

        Raises `PermanentError` for what is wrong with this object. If anything else is raised, it is to be read: what
        was met here counts as the first try.
        """
        chunks = Arrived(body.chunks)
        self._stop_if_unwanted(memory)
        memory.works()
        try:
            return self._take(chunks, admitted, body, memory, self._pulse.clock.monotonic() - body.seconds)
        except StoreError as error:
            self._met[admitted.ref] = error
            raise

    def tell(self, reads: Sequence[HowRead]) -> None:
        """The outside hears of the reads of objects. What could not be used, and is read anew, is not to be told."""
        self._telemetry.objects_read(reads)

    def _bucket_at_fault(self, ref: ObjectRef, error: StoreError, began: float) -> WholeBucket:
        """What `ref`, which came at `began`, has to wait for now. Raises if it does not wait, or no longer."""
        whole, culprit = error.policy.bucket, self._ask_bucket(ref, error)
        if whole is None or culprit is Culprit.OBJECT:
            raise error
        if culprit is Culprit.UNKNOWN:
            raise TransientError(error.policy.retry, error.detail) from error
        if whole.in_vain and self._spend_patience(ref, whole, began):
            raise TransientError(whole.in_vain, error.detail) from error
        return whole

    def _ask_bucket(self, ref: ObjectRef, error: StoreError) -> Culprit:
        self._evidence.note_refused(ref, error)
        with self._slots.hold():
            return self._evidence.ask_bucket(ref, error)

    def _spend_patience(self, ref: ObjectRef, whole: WholeBucket, began: float) -> bool:
        with self._slots.hold():
            return self._evidence.spend_patience(ref, whole, began=began, now=self._pulse.clock.monotonic())

    def _pause(self, began: float, attempt: int) -> float:
        """How long the next try waits. At first it must not pass over the moment at which a message makes way."""
        waited = self._pulse.clock.monotonic() - began
        longest = _LONGEST_PAUSE_SECONDS if waited > _LONGEST_PAUSE_SECONDS else _LONGEST_EARLY_PAUSE_SECONDS
        return full_jitter(self._random(), 1.0, attempt, longest)

    def _read_object(self, admitted: Admitted, memory: Share) -> tuple[Found, HowRead]:
        """Read one object, as often as the policy for each kind of failure says; anew if it needs more memory."""
        failures: Counter[Policy] = Counter()
        wanted = 0
        while True:
            try:
                if met := self._met.pop(admitted.ref, None):
                    raise met
                return self._read_once(admitted, memory, wanted)
            except OutgrownError as error:
                wanted = error.wanted
                continue
            except StoreError as error:
                failures[error.policy] += 1
                if failures[error.policy] >= error.policy.tries:
                    raise
            self._rest(failures.total())

    def _rest(self, attempt: int) -> None:
        self._pulse.wait(self._halt, full_jitter(self._random(), _FIRST_RETRY_SECONDS, attempt, _LONGEST_PAUSE_SECONDS))

    def _read_once(self, admitted: Admitted, memory: Share, wanted: int) -> tuple[Found, HowRead]:
        self._stop_if_unwanted(memory)
        memory.waits()
        with self._slots.hold():
            started = self._pulse.clock.monotonic()
            with self._store.open(admitted.ref) as body:
                memory.waits()
                chunks = Chunks(body.chunks, memory, self._stop_if_unwanted)
                try:
                    return self._take(chunks, admitted, body, memory, started, wanted=wanted)
                finally:
                    memory.waits()

    def _take(
        self,
        chunks: Chunks | Arrived,
        admitted: Admitted,
        body: OpenObject,
        memory: Share,
        started: float,
        *,
        wanted: int = 0,
    ) -> tuple[Found, HowRead]:
        with memory.reserve(max(wanted, self._limits.inflate.most(body.length))) as reservation:
            return self._find(chunks, admitted, body, reservation, started)

    def _find(
        self, chunks: Chunks | Arrived, admitted: Admitted, body: OpenObject, reservation: Reservation, started: float
    ) -> tuple[Found, HowRead]:
        """What `body` holds. Nothing else of it is left when this returns, and its memory goes to others."""
        selected, facts = self._select(chunks, admitted, body, reservation)
        written = body.last_modified_ns or _named_time(admitted.ref)
        source = ObjectSource(admitted.ref.bucket, admitted.ref.key, admitted.key.account, written)
        found = map_events(selected, self._mapper, source, self._selection, reservation.require)
        seconds = self._pulse.clock.monotonic() - started
        reservation.kept = found.kept_bytes
        return found, HowRead(facts, seconds, written / 1e9)

    def _select(
        self, chunks: Chunks | Arrived, admitted: Admitted, body: OpenObject, reservation: Reservation
    ) -> tuple[reader.SelectedEvents, TextFacts]:
        """The selected events of a body that arrived whole. From then on the bucket counts as readable."""
        try:
            inflated = inflate(chunks, self._limits.inflate)
            if body.length is not None and chunks.bytes < body.length:
                raise store_policy.broken_off(chunks.bytes, body.length)
            reservation.require(room.of_text(len(inflated.text)))
            selected = reader.read(inflated.text, self._selection, self._limits.events_per_object, reservation.require)
        except PermanentError as error:
            self._exhaust(chunks, error)
            again = store_policy.unsound(error, arrived=chunks.bytes, length=body.length, announced=admitted.ref.size)
            if again is None or again.policy is not store_policy.BROKEN_OFF:
                self._evidence.note_given(admitted.ref)
            raise again or error from error
        self._evidence.note_given(admitted.ref)
        return selected, inflated.facts

    def _exhaust(self, chunks: Chunks | Arrived, error: PermanentError) -> None:
        """Read the rest of an object that is not sound: only one that arrived whole can be called damaged."""
        if not isinstance(error, LimitError):
            for _ in chunks:
                if chunks.bytes > self._limits.inflate.object_bytes:
                    raise LimitError(Reason.OBJECT_TOO_LARGE, _PAST_THE_LIMIT) from error

    def _stop_if_unwanted(self, memory: Share) -> None:
        self._pulse.beat()
        if self._halt.is_set() or memory.is_given_up:
            raise DrainedError("the daemon had to stop before the object was read")


def _named_time(ref: ObjectRef) -> int:
    """When the object was written, as its name says, in Unix nanoseconds: the same at any attempt; 0 if it does not."""
    named = key.written_at(ref.key)
    return int(named.timestamp()) * 1_000_000_000 if named else 0


def map_events(
    selected: reader.SelectedEvents,
    mapper: Mapper,
    source: ObjectSource,
    selection: Selector | EveryEvent,
    require: Callable[[int], None] = lambda _: None,
) -> Found:
    """The records of what was selected of one object, in order of eventTime; CloudTrail's order breaks ties.

    `require` is told how many bytes all of it will need together, as soon as that is known to be more than before. What
    it raises is raised.
    """
    if not selected.raws:
        return Found((), selected.skipped, selected.malformed)
    records, skipped, malformed = [], selected.skipped, selected.malformed
    raws, usual = selected.raws, selected.usual or [None] * len(selected.raws)
    total, done, kept, room_for_all = sum(map(getsizeof, raws)), 0, 0, 0
    beside = total + getsizeof(raws)
    usual.reverse()
    for raw in raws:
        event = usual.pop()  # a decoded event takes less than its record, which takes its place
        done += getsizeof(raw)
        if not selection.keeps(raw):
            skipped += 1
            continue
        try:
            record = mapper.to_record(raw, source, event)
        except MalformedEventError:
            malformed += 1
            continue
        records.append(record)
        kept += held_bytes(record)
        if kept > room_for_all:
            room_for_all = int(_MARGIN * kept * total / done)
            require(beside + room_for_all)
    records.sort(key=_time)
    return Found(tuple(records), skipped, malformed, kept)
