"""One export: cut into requests, and each request taken apart until every record has its verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from agent.errors import Fault, Reason
from agent.model import ACCEPTED, UNANSWERED, LogRecord, Verdict
from agent.sink.answer import Accepted, Answer, PartlyRejected, Refused, TooLarge
from agent.sink.otlp.encode import Encoder

MAX_SPAN_NANO = 30 * 60 * 10**9
"""How far apart in time the records of one request may be. Loki refuses what is more than an hour behind the newest of
its stream, repeats included: a request that spans less can be sent again, in whole or in part."""

TOO_OLD_TEXTS = ("too far behind", "timestamp too old", "entry out of order")
"""How Loki says it (pkg/validation/validate.go, pkg/chunkenc/interface.go): behind the newest of its stream, older than
`reject_old_samples_max_age`, and behind at all where unordered writes are off."""


_DETAILS = {
    Reason.SINK_REJECTED: "the sink refused the record",
    Reason.SINK_TOO_OLD: "the sink takes no records as old as this one",
    Reason.RECORD_TOO_LARGE: "the sink finds the record too large, even truncated",
}


class Telemetry(Protocol):
    """How the records of an export are seen from outside."""

    def sink_warned(self, message: str) -> None:
        """The sink accepted a request and had something to say about it."""
        ...

    def record_shrunk(self) -> None:
        """A record was too large for the sink, and a part of it was left out."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How large one request may be: bytes before compression, and records."""

    max_batch_bytes: int
    max_batch_records: int


class Export:
    """One call of `Sink.export`: what is still to be sent, and the verdicts so far.

    `ask` sends one request until the sink judges it, and returns None if the daemon halts before it does. `shrink`
    returns a smaller record, or None where nothing can be left out.
    """

    def __init__(
        self,
        records: Sequence[LogRecord],
        *,
        encoder: Encoder,
        ask: Callable[[bytes], Answer | None],
        telemetry: Telemetry,
        shrink: Callable[[LogRecord], LogRecord | None],
        limits: Limits,
    ) -> None:
        self._encoder = encoder
        self._ask = ask
        self._telemetry = telemetry
        self._shrink = shrink
        self._limits = limits
        self._records = list(records)
        self._verdicts = [UNANSWERED] * len(self._records)
        self._shrunk: set[int] = set()
        self._too_old: dict[_Stream, _Proof] = {}

    def run(self) -> list[Verdict]:
        """Send everything, oldest first."""
        oldest_first = sorted(range(len(self._records)), key=lambda place: self._records[place].time_unix_nano)
        ordered = [self._records[place] for place in oldest_first]
        limits = self._limits
        begin = 0
        for batch in self._encoder.batches(ordered, limits.max_batch_bytes, limits.max_batch_records, MAX_SPAN_NANO):
            end = begin + len(batch.records)
            if not self._settle(_Piece(oldest_first[begin:end], batch.payload)):
                break
            begin = end
        return self._verdicts

    def _settle(self, whole: _Piece) -> bool:
        """Send one request, and the parts of it that must be sent again; False if the daemon halts before its end."""
        stack = [whole]
        while stack:
            piece = self._without_too_old(stack.pop())
            if not piece.places:
                continue
            answer = self._ask(piece.payload or self._payload(piece.places))
            if answer is None:
                return False
            stack.extend(self._judge(piece.places, answer))
        return True

    def _judge(self, places: list[int], answer: Answer) -> list[_Piece]:
        """Write down the verdicts that `answer` gives; return what is to be sent next, the last first."""
        match answer:
            case Accepted(warning):
                self._decide(places, ACCEPTED)
                if warning:
                    self._telemetry.sink_warned(warning)
            case PartlyRejected(count, message):
                rejected = f"{count if count > 0 else 'an unknown number'} of {len(places)} records"
                self._reject(places, Reason.SINK_REJECTED, f"it rejected {rejected}: {message}", is_final=True)
            case Refused(detail):
                return self._take_apart(places, detail)
            case TooLarge(detail):
                return self._make_smaller(places, detail)
        return []

    def _take_apart(self, places: list[int], detail: str) -> list[_Piece]:
        """Search for the bad record; for the newest one too old, because it is the proof for all that are older."""
        too_old = is_too_old(detail)
        if len(places) > 1:
            older, newer = _halves(places)
            return [older, newer] if too_old else [newer, older]
        if too_old:
            record = self._records[places[0]]
            self._too_old[_Stream.of(record)] = _Proof(record.time_unix_nano, detail)
        self._reject(places, Reason.SINK_TOO_OLD if too_old else Reason.SINK_REJECTED, detail)
        return []

    def _make_smaller(self, places: list[int], detail: str) -> list[_Piece]:
        """Halve the request; a record that is alone is shrunk once."""
        if len(places) > 1:
            older, newer = _halves(places)
            return [newer, older]
        place = places[0]
        smaller = None if place in self._shrunk else self._shrink(self._records[place])
        if smaller is None:
            self._reject(places, Reason.RECORD_TOO_LARGE, detail)
            return []
        self._shrunk.add(place)
        self._records[place] = smaller
        self._telemetry.record_shrunk()
        return [_Piece(places)]

    def _without_too_old(self, piece: _Piece) -> _Piece:
        """Refuse, without sending them, the records that are as old as one that was refused for its age, or older."""
        left = []
        for place in piece.places:
            if proof := self._proof_against(self._records[place]):
                self._reject([place], Reason.SINK_TOO_OLD, f"what it said of one no older than this: {proof.detail}")
            else:
                left.append(place)
        return piece if len(left) == len(piece.places) else _Piece(left)

    def _proof_against(self, record: LogRecord) -> _Proof | None:
        proof = self._too_old.get(_Stream.of(record))
        return proof if proof and record.time_unix_nano <= proof.time_unix_nano else None

    def _payload(self, places: list[int]) -> bytes:
        return self._encoder.payload([self._records[place] for place in places])

    def _decide(self, places: list[int], verdict: Verdict) -> None:
        for place in places:
            self._verdicts[place] = verdict

    def _reject(self, places: list[int], reason: Reason, said: str, *, is_final: bool = False) -> None:
        for place in places:
            source = self._records[place].source
            fault = Fault(reason, _DETAILS[reason], source.bucket, source.key, said, is_final)
            self._verdicts[place] = Verdict(accepted=False, fault=fault)


@dataclass(frozen=True, slots=True)
class _Stream:
    """What Loki makes a stream of: its labels come from the resource."""

    account: str
    region: str
    service_name: str

    @classmethod
    def of(cls, record: LogRecord) -> _Stream:
        """The stream of `record`."""
        return cls(record.account, record.region, record.service_name)


@dataclass(frozen=True, slots=True)
class _Proof:
    """That a record of this time was refused for its age, and what the sink said."""

    time_unix_nano: int
    detail: str


@dataclass(frozen=True, slots=True)
class _Piece:
    """Records to be sent in one request, by their places; with the request's bytes if they are written already."""

    places: list[int]
    payload: bytes | None = None


def is_too_old(message: str) -> bool:
    """Whether a refusal is for the record's age."""
    lowered = message.lower()
    return any(text in lowered for text in TOO_OLD_TEXTS)


def _halves(places: list[int]) -> tuple[_Piece, _Piece]:
    middle = len(places) // 2
    return _Piece(places[:middle]), _Piece(places[middle:])
