"""LogRecords → verdicts of the sink → what SQS is to be told about each Delivery."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Final, Protocol

from agent.errors import Fault
from agent.flow.remembered import Claim, Remembered
from agent.model import ACCEPTED, UNANSWERED, Delivery, LogRecord, Outcome, Reading, Settlement, Verdict, address_of
from agent.pulse import Pulse
from agent.telemetry.events import Telemetry

_time: Final = attrgetter("time_unix_nano")
_digest: Final = attrgetter("digest")
_LOOK_AGAIN_SECONDS = 5.0
_PATIENT_RECEIVES = 3  # as for an object that is missing: the fourth receive makes a dead letter


class AnySink(Protocol):
    """Where records go: a sink, or what stands in for one in a dry run."""

    def export(self, records: Sequence[LogRecord]) -> list[Verdict]:
        """Send `records`, oldest first; returns only when each has an answer, or when the daemon has to stop.

        One verdict per record, in order. Raises nothing on purpose.
        """
        ...


_Undelivered = Sequence[tuple[LogRecord, Verdict]]
"""Records that the sink has not accepted, each with what it said."""

TellUndelivered = Callable[[Reading, _Undelivered], None]
"""Is told what of a reading is not delivered."""


@dataclass(slots=True)
class _Answers:
    """What the sink said of records, by their digests: yes now, yes to an earlier export, or anything else."""

    asked: int
    """Of how many records."""
    exported: dict[bytes, LogRecord] = field(default_factory=dict)
    known: set[bytes] = field(default_factory=set)
    others: dict[bytes, Verdict] = field(default_factory=dict)

    def undelivered(self, reading: Reading) -> _Undelivered:
        """What is left of `reading`. A record without an answer is a bug, and raises."""
        if len(self.exported) + len(self.known) == self.asked:  # all are delivered, as is usual
            return ()
        return [
            (record, self.others[record.digest])
            for record in reading.records
            if record.digest not in self.exported and record.digest not in self.known
        ]


class Shipping:
    """Ships what deliveries turned out to hold. Safe to call from many threads at once."""

    def __init__(
        self, *, sink: AnySink, remembered: Remembered, telemetry: Telemetry, pulse: Pulse, halt: threading.Event
    ) -> None:
        self._sink = sink
        self._remembered = remembered
        self._telemetry = telemetry
        self._pulse = pulse
        self._halt = halt
        self._lock = threading.Lock()
        self._accepted = 0

    def accepted(self) -> int:
        """How many records the sink has accepted so far."""
        return self._accepted

    def ship(self, readings: Sequence[Reading], tell: TellUndelivered | None = None) -> list[Settlement]:
        """Export every record of `readings`, each once, and decide on each delivery; one settlement per reading.

        Returns when the sink has answered for every record, or when told to halt: deliveries with a record that has
        no answer are then returned to the queue. `tell` is told first what of each reading is not delivered: whoever
        gives it has the last word on these, and tells their fates.
        """
        self._telemetry.readings_finished(readings)
        records = [record for reading in readings for record in reading.records]
        answers = self._export_once(records)
        undelivered = [answers.undelivered(reading) for reading in readings]
        if tell:
            for reading, left in zip(readings, undelivered, strict=True):
                tell(reading, left)
        settlements = [_settlement(*each) for each in zip(readings, undelivered, strict=True)]
        exported = list(answers.exported.values())
        if exported:
            self._telemetry.records_exported(exported)
        repeats = len(records) - len(exported) - sum(map(len, undelivered))
        self._tell_fates({"duplicate": repeats} if tell else {"duplicate": repeats, **_fates(settlements, undelivered)})
        return settlements

    def _export_once(self, records: Iterable[LogRecord]) -> _Answers:
        """Export the first of each digest, oldest first, unless this process has done so already."""
        pending = _first_of_each(sorted(records, key=_time))
        answers = _Answers(len(pending))
        while pending:
            claim = self._remembered.claim(pending)
            answers.known.update(claim.known)
            self._export_claimed(claim, pending, answers)
            pending = {digest: pending[digest] for digest in claim.theirs}
            if pending and self._halt.is_set():
                answers.others.update(dict.fromkeys(pending, UNANSWERED))
                break
            if pending:
                self._pulse.wait(claim.resolved, _LOOK_AGAIN_SECONDS)
        return answers

    def _export_claimed(self, claim: Claim, records: Mapping[bytes, LogRecord], answers: _Answers) -> None:
        ours = {digest: records[digest] for digest in claim.ours}
        accepted: Mapping[bytes, LogRecord] = {}
        others: Mapping[bytes, Verdict] = {}
        try:
            if ours:
                verdicts = self._sink.export(list(ours.values()))
                if len(verdicts) == len(ours) == verdicts.count(ACCEPTED):  # as is usual
                    accepted = ours
                else:
                    judged = list(zip(ours.values(), verdicts, strict=True))
                    accepted = {record.digest: record for record, verdict in judged if verdict.accepted}
                    others = {record.digest: verdict for record, verdict in judged if not verdict.accepted}
        finally:
            self._remembered.resolve(claim, accepted)
        with self._lock:
            self._accepted += len(accepted)
        answers.exported.update(accepted)
        answers.others.update(others)

    def _tell_fates(self, fates: Mapping[str, int]) -> None:
        for fate, records in fates.items():
            if records:
                self._telemetry.records_fated(fate, records)


def _first_of_each(records: Sequence[LogRecord]) -> dict[bytes, LogRecord]:
    """The first record of each digest, in their order."""
    found = dict(zip(map(_digest, records), records, strict=True))
    if len(found) < len(records):  # of repeats, that has the last
        found = {}
        for record in records:
            found.setdefault(record.digest, record)
    return found


def _fates(settlements: Sequence[Settlement], undelivered: Sequence[_Undelivered]) -> Mapping[str, int]:
    """What becomes of the records that the sink has not accepted."""
    fates: Counter[str] = Counter()
    for settlement, verdicts in zip(settlements, undelivered, strict=True):
        if verdicts:
            fates.update(_fate(verdict, settlement.outcome) for _, verdict in verdicts)
    return fates


def _fate(verdict: Verdict, outcome: Outcome) -> str:
    """Of a record that was not accepted."""
    comes_again = verdict.retry and outcome is Outcome.RETRY
    return "dead_lettered" if verdict.fault and not comes_again else "retried"


def _settlement(reading: Reading, undelivered: _Undelivered) -> Settlement:
    """RETURNED if something is unfinished, else RETRY if something may pass later, else by what can never pass.

    What is suspect goes before what the sink may take later: the delivery is held, which costs no receive.
    """
    delivery = reading.delivery
    if not (undelivered or reading.faults or reading.retry or reading.returned):  # as is usual
        return Settlement(delivery, Outcome.DELIVERED)
    if reading.returned or any(verdict == UNANSWERED for _, verdict in undelivered):
        return Settlement(delivery, Outcome.RETURNED)
    if reading.retry:
        return Settlement(delivery, Outcome.RETRY, retry=reading.retry, retry_detail=reading.retry_detail)
    faults = [fault for record, verdict in undelivered if (fault := _located(record, verdict))]
    # What is final must not be sent again, so its delivery does not come again.
    stays = any(fault.is_suspect or fault.is_final for fault in faults)
    if not stays and (later := _may_pass_later(delivery, undelivered)):
        return later
    # What is suspect comes first: a delivery with it must be held, whatever else is wrong with it.
    fault = min((*reading.faults, *faults), key=lambda fault: not fault.is_suspect, default=None)
    return Settlement(delivery, Outcome.DEAD_LETTER if fault else Outcome.DELIVERED, fault=fault)


def _may_pass_later(delivery: Delivery, undelivered: _Undelivered) -> Settlement | None:
    """RETRY for a record that the sink did not settle, or refused for a time that a wrong clock may be to blame for."""
    is_early = delivery.receive_count <= _PATIENT_RECEIVES
    is_bad = any(verdict.fault for _, verdict in undelivered)
    for record, verdict in undelivered:
        if verdict.retry and (is_early or not is_bad):
            detail = f"{address_of(record.source.bucket, record.source.key)}: {verdict.retry_detail}"
            return Settlement(delivery, Outcome.RETRY, retry=verdict.retry, retry_detail=detail)
    return None


def _located(record: LogRecord, verdict: Verdict) -> Fault | None:
    return replace(verdict.fault, bucket=record.source.bucket, key=record.source.key) if verdict.fault else None
