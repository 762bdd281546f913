"""LogRecords → verdicts of the sink → what SQS is to be told about each Delivery."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from enum import Enum, auto
from typing import Protocol

from agent.errors import Fault
from agent.flow.remembered import Claim, Remembered
from agent.model import UNANSWERED, Delivery, LogRecord, Outcome, Reading, Settlement, Verdict
from agent.pulse import Pulse
from agent.telemetry.events import Telemetry

_LOOK_AGAIN_SECONDS = 5.0
_PATIENT_RECEIVES = 3  # as for an object that is missing: the fourth receive makes a dead letter


class AnySink(Protocol):
    """Where records go: a sink, or what stands in for one in a dry run."""

    def export(self, records: Sequence[LogRecord]) -> list[Verdict]:
        """Send `records`, oldest first; returns only when each has an answer, or when the daemon has to stop.

        One verdict per record, in order. Raises nothing on purpose.
        """
        ...


class _Known(Enum):
    DELIVERED_BEFORE = auto()


_Answer = Verdict | _Known
_Answers = dict[bytes, _Answer]


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

    def ship(self, readings: Sequence[Reading]) -> list[Settlement]:
        """Export every record of `readings`, each once, and decide on each delivery; one settlement per reading.

        Returns when the sink has answered for every record, or when told to halt: deliveries with a record that has
        no answer are then returned to the queue.
        """
        for reading in readings:
            self._telemetry.reading_finished(reading)
        records = [record for reading in readings for record in reading.records]
        answers = self._export_once(records)
        settlements = [_settlement(reading, answers) for reading in readings]
        self._tell_fates(settlements, readings, answers)
        return settlements

    def _export_once(self, records: Iterable[LogRecord]) -> _Answers:
        """Export the first of each digest, oldest first, unless this process has done so already."""
        pending: dict[bytes, LogRecord] = {}
        for record in sorted(records, key=_by_time):
            pending.setdefault(record.digest, record)
        answers: _Answers = {}
        while pending:
            claim = self._remembered.claim(pending)
            answers.update(dict.fromkeys(claim.known, _Known.DELIVERED_BEFORE))
            answers.update(self._export_claimed(claim, pending))
            pending = {digest: pending[digest] for digest in claim.theirs}
            if pending and self._halt.is_set():
                answers.update(dict.fromkeys(pending, UNANSWERED))
                break
            if pending:
                self._pulse.wait(claim.resolved, _LOOK_AGAIN_SECONDS)
        return answers

    def _export_claimed(self, claim: Claim, records: Mapping[bytes, LogRecord]) -> dict[bytes, Verdict]:
        verdicts: dict[bytes, Verdict] = {}
        try:
            if claim.ours:
                exported = self._sink.export([records[digest] for digest in claim.ours])
                verdicts = dict(zip(claim.ours, exported, strict=True))
        finally:
            self._remembered.resolve(claim, [digest for digest, verdict in verdicts.items() if verdict.accepted])
        return verdicts

    def _tell_fates(
        self, settlements: Sequence[Settlement], readings: Sequence[Reading], answers: Mapping[bytes, _Answer]
    ) -> None:
        exported: dict[bytes, LogRecord] = {}
        fates: Counter[str] = Counter()
        for settlement, reading in zip(settlements, readings, strict=True):
            for record in reading.records:
                fate = _fate(answers[record.digest], settlement.outcome)
                if fate == "exported" and record.digest not in exported:
                    exported[record.digest] = record
                else:
                    fates["duplicate" if fate == "exported" else fate] += 1
        if exported:
            self._telemetry.records_exported(list(exported.values()))
        for fate, count in fates.items():
            self._telemetry.records_fated(fate, count)


def _by_time(record: LogRecord) -> int:
    return record.time_unix_nano


def _fate(answer: _Answer, outcome: Outcome) -> str:
    if isinstance(answer, _Known):
        return "duplicate"
    if answer.accepted:
        return "exported"
    comes_again = answer.retry and outcome is Outcome.RETRY
    return "dead_lettered" if answer.fault and not comes_again else "retried"


def _settlement(reading: Reading, answers: Mapping[bytes, _Answer]) -> Settlement:
    """RETURNED if something is unfinished, else RETRY if something may pass later, else by what can never pass.

    What is suspect goes before what the sink may take later: the delivery is held, which costs no receive.
    """
    verdicts = [(record, answers[record.digest]) for record in reading.records]
    delivery = reading.delivery
    if reading.returned or any(answer == UNANSWERED for _, answer in verdicts):
        return Settlement(delivery, Outcome.RETURNED)
    if reading.retry:
        return Settlement(delivery, Outcome.RETRY, retry=reading.retry, retry_detail=reading.retry_detail)
    refused = [fault for record, answer in verdicts if (fault := _located(record, answer))]
    # What is final must not be sent again, so its delivery does not come again.
    stays = any(fault.is_suspect or fault.is_final for fault in refused)
    if not stays and (later := _may_pass_later(delivery, verdicts)):
        return later
    # What is suspect comes first: a delivery with it must be held, whatever else is wrong with it.
    faults = sorted((*reading.faults, *refused), key=lambda fault: not fault.is_suspect)
    fault = faults[0] if faults else None
    return Settlement(delivery, Outcome.DEAD_LETTER if fault else Outcome.DELIVERED, fault=fault)


def _may_pass_later(delivery: Delivery, verdicts: Sequence[tuple[LogRecord, _Answer]]) -> Settlement | None:
    """RETRY for a record that the sink did not settle, or refused for a time that a wrong clock may be to blame for."""
    is_early = delivery.receive_count <= _PATIENT_RECEIVES
    is_bad = any(isinstance(answer, Verdict) and answer.fault for _, answer in verdicts)
    for record, answer in verdicts:
        if isinstance(answer, Verdict) and answer.retry and (is_early or not is_bad):
            detail = f"s3://{record.source.bucket}/{record.source.key}: {answer.retry_detail}"
            return Settlement(delivery, Outcome.RETRY, retry=answer.retry, retry_detail=detail)
    return None


def _located(record: LogRecord, answer: _Answer) -> Fault | None:
    if isinstance(answer, _Known) or not answer.fault:
        return None
    return replace(answer.fault, bucket=record.source.bucket, key=record.source.key)
