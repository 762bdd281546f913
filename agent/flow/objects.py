"""One S3 object → its LogRecords, read whole or not at all, inside the limits, and as often as it is worth."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from agent.errors import DrainedError, EnvironmentFault, PermanentError, Reason, RetryReason, TransientError
from agent.flow.access import Access, ObjectStore
from agent.flow.budget import Budget
from agent.model import LogRecord, ObjectRef, ObjectSource, OpenObject
from agent.pulse import Pulse
from agent.trail import reader
from agent.trail.admission import Admitted
from agent.trail.event import MalformedEventError
from agent.trail.inflate import InflateLimits, inflate
from agent.trail.reader import Selection
from agent.waiting.gate import AtFaultError, Gate

_ATTEMPTS = 3  # reads of one object within one receive
_FIRST_RETRY_SECONDS = 0.5
_LONGEST_DENIED_SECONDS = 60.0
# A record holds its body, its attributes, which repeat most of the body, and is copied once more to be sent.
_COPIES = 4
_RECORD_BYTES = 2048


class Mapper(Protocol):
    """Makes records of events."""

    def to_record(self, raw: bytes, source: ObjectSource) -> LogRecord:
        """The record for one event's bytes; raises `MalformedEventError` if they are no JSON object."""
        ...


class ObjectTelemetry(Protocol):
    """What reading objects tells the outside."""

    def object_read(self, size_bytes: int, seconds: float, last_modified: float) -> None:
        """An object was read whole and found sound; `size_bytes` as stored, `last_modified` in Unix seconds."""
        ...

    def gate_closed(self, part: str, fault: EnvironmentFault, detail: str) -> None:
        """`part` is at fault, and no message is to blame: the work waits."""
        ...

    def gate_opened(self, part: str) -> None:
        """`part` works again."""
        ...


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Of a whole bucket; the delivery comes again for the reason `in_vain` where waiting for it seems to be."""

    fault: EnvironmentFault
    in_vain: RetryReason


_TROUBLES = {
    RetryReason.ACCESS_DENIED: _Trouble(EnvironmentFault.BUCKET_DENIED, RetryReason.BUCKET_DENIED),
    RetryReason.STORE_UNAVAILABLE: _Trouble(EnvironmentFault.BUCKET_UNAVAILABLE, RetryReason.STORE_UNAVAILABLE),
}


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """How much one object may hold."""

    inflate: InflateLimits
    events_per_object: int


@dataclass(frozen=True, slots=True)
class Found:
    """What a sound object holds: the records of its selected events in order of eventTime, and how many others."""

    records: tuple[LogRecord, ...]
    skipped: int
    malformed: int

    @property
    def kept_bytes(self) -> int:
        """What the records cost in memory, near enough."""
        return sum(_RECORD_BYTES + _COPIES * len(record.body) for record in self.records)


class ObjectReader:
    """Reads admitted objects. Safe to call from many threads at once; waits end when `halt` is set."""

    def __init__(
        self,
        *,
        store: ObjectStore,
        selection: Selection,
        mapper: Mapper,
        limits: ReadLimits,
        budget: Budget,
        gate: Gate,
        include_read_only: bool,
        telemetry: ObjectTelemetry,
        pulse: Pulse,
        halt: threading.Event,
        random: Callable[[], float],
    ) -> None:
        self._store = store
        self._selection = selection
        self._mapper = mapper
        self._limits = limits
        self._budget = budget
        self._gate = gate
        self._include_read_only = include_read_only
        self._telemetry = telemetry
        self._pulse = pulse
        self._halt = halt
        self._random = random
        self._access = Access(store)

    def read(self, admitted: Admitted) -> Found:
        """Read one object; while its whole bucket is denied or does not answer, wait: no message is to blame for that.

        `kept_bytes` of what is found stay reserved in the budget. Raises `PermanentError` or `TransientError` for what
        is wrong with this object, `DrainedError` if the daemon has to stop first.
        """
        ref, began = admitted.ref, self._pulse.clock.monotonic()
        part = f"bucket {ref.bucket}"

        def attempt() -> Found:
            try:
                return self._read_object(admitted)
            except TransientError as error:
                trouble = _TROUBLES.get(error.reason)
                if trouble is None or not self._access.is_of_bucket(ref, error.reason):
                    raise
                if self._access.is_worth_another(ref, self._pulse.clock.monotonic() - began):
                    raise TransientError(trouble.in_vain, error.detail) from error
                self._telemetry.gate_closed(part, trouble.fault, error.detail)
                raise AtFaultError(self._patience) from error

        return self._gate.through(part, attempt, opened=lambda: self._telemetry.gate_opened(part))

    def _patience(self, attempt: int) -> float:
        return self._random() * min(_LONGEST_DENIED_SECONDS, 2.0 ** min(attempt, 10))

    def _read_object(self, admitted: Admitted) -> Found:
        """Read one object, again where another try may find the store willing, and once more where it is not whole."""
        attempt, was_corrupt = 1, False
        while True:
            try:
                return self._read_once(admitted)
            except PermanentError as error:
                if error.reason is not Reason.OBJECT_CORRUPT or was_corrupt:
                    raise
                was_corrupt = True
            except TransientError as error:
                if error.reason is not RetryReason.STORE_UNAVAILABLE or attempt >= _ATTEMPTS:
                    raise
            self._rest(attempt)
            attempt += 1

    def _rest(self, attempt: int) -> None:
        self._pulse.wait(self._halt, self._random() * _FIRST_RETRY_SECONDS * 2**attempt)

    def _read_once(self, admitted: Admitted) -> Found:
        self._stop_if_halted()
        started = self._pulse.clock.monotonic()
        with (
            self._store.open(admitted.ref) as body,
            self._given(admitted.ref),
            self._budget.reserve(self._limits.inflate.most(body.length)) as reservation,
        ):
            size = _Counted(self._unless_halted(body.chunks))
            found = map_events(
                self._select(size, admitted, body),
                self._mapper,
                ObjectSource(admitted.ref.bucket, admitted.ref.key, admitted.key.account, body.last_modified_ns),
                include_read_only=self._include_read_only,
            )
            seconds = self._pulse.clock.monotonic() - started
            self._telemetry.object_read(size.bytes, seconds, body.last_modified_ns / 1e9)
            reservation.kept = found.kept_bytes
        return found

    @contextmanager
    def _given(self, ref: ObjectRef) -> Iterator[None]:
        """Remember that the bucket gave this object, whatever is wrong with what it holds."""
        try:
            yield
        except PermanentError:
            self._access.given(ref)
            raise
        self._access.given(ref)

    def _select(self, chunks: _Counted, admitted: Admitted, body: OpenObject) -> reader.SelectedEvents:
        text = inflate(chunks, self._limits.inflate, gzipped=admitted.key.gzipped)
        _demand_whole(chunks.bytes, body.length)
        try:
            return reader.read(text, self._selection, self._limits.events_per_object)
        except PermanentError as error:
            if error.reason is Reason.OBJECT_MALFORMED:
                # What is sound is whole, whatever size was announced; what is not sound may have been cut short.
                _demand_whole(chunks.bytes, admitted.ref.size)
            raise

    def _unless_halted(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._stop_if_halted()
            yield chunk

    def _stop_if_halted(self) -> None:
        self._pulse.beat()
        if self._halt.is_set():
            raise DrainedError("the daemon had to stop before the object was read")


def map_events(
    selected: reader.SelectedEvents, mapper: Mapper, source: ObjectSource, *, include_read_only: bool
) -> Found:
    """The records of what was selected of one object, in order of eventTime; CloudTrail's order breaks ties."""
    records, skipped, malformed = [], selected.skipped, selected.malformed
    for raw in selected.raws:
        try:
            record = mapper.to_record(raw, source)
        except MalformedEventError:
            malformed += 1
            continue
        if include_read_only or record.attributes.get("aws.event.read_only") is not True:
            records.append(record)
        else:
            skipped += 1
    records.sort(key=lambda record: record.time_unix_nano)
    return Found(tuple(records), skipped, malformed)


class _Counted:
    """Chunks on their way, and how many bytes of them have passed."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self.bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.bytes += len(chunk)
            yield chunk


def _demand_whole(received: int, announced: int | None) -> None:
    if announced and received < announced:
        raise PermanentError(Reason.OBJECT_CORRUPT, f"{received} bytes arrived of the {announced} that were announced")
