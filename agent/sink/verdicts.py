"""What becomes of each record of one export, by what the sink said of it and of the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from agent.errors import Fault, number_of
from agent.faults.dead_letters import Reason
from agent.faults.retries import RetryReason
from agent.model import ACCEPTED, UNANSWERED, LogRecord, Verdict
from agent.sink.answer import Why
from agent.sink.experience import Experience
from agent.sink.origin import RecordOrigin

_DETAILS: Final = {
    Reason.SINK_REJECTED: "the sink refused the record",
    Reason.SINK_TOO_OLD: "the sink takes no records as old as this one",
    Reason.SINK_TOO_NEW: "the sink says that the record is from the future",
    Reason.RECORD_TOO_LARGE: "the sink finds the record too large",
}
_DOUBTS: Final = {
    Reason.SINK_REJECTED: "the sink refuses records and has accepted none since: its settings may be wrong",
    Reason.SINK_TOO_OLD: (
        "the sink calls records too old that are less than an hour old by our clock, and has accepted none since: "
        "its clock, its limit for old records or our clock may be wrong"
    ),
    Reason.SINK_TOO_NEW: (
        "the sink calls records too new that are not of the future by our clock, and has accepted none since: "
        "its clock or our clock may be wrong"
    ),
    Reason.RECORD_TOO_LARGE: "the sink calls records too large and has accepted none since: its limit may be wrong",
}
"""What is said of a refusal if no other record was accepted since, so that the sink may be to blame."""

_SILENT: Final = "the sink accepts others, but gives no answer that settles this record, sent alone"
_SILENT_TO_ALL: Final = "the sink gives records no answer that settles them, and has accepted none since"
_REASONS: Final = {Why.TOO_OLD: Reason.SINK_TOO_OLD, Why.TOO_NEW: Reason.SINK_TOO_NEW}
_RETRIES: Final = {Reason.SINK_TOO_OLD: RetryReason.SINK_TOO_OLD, Reason.SINK_TOO_NEW: RetryReason.SINK_TOO_NEW}
_FRESH: Final = "the sink takes others, and calls records too old that are less than an hour old by our clock"
NOT_OLD_NANO: Final = 3600 * 10**9
CLOCKS_DIFFER_NANO: Final = 60 * 10**9


@dataclass(frozen=True, slots=True)
class RefusedRecord:
    """A record that was refused, at its place, and is judged when the export ends: until then others may be accepted.

    `words` are a key: the same for refusals that sound alike. `said` are the sink's words. What is final must not be
    sent again.
    """

    place: int
    words: str
    said: str
    reason: Reason = Reason.SINK_REJECTED
    is_final: bool = False
    is_sent: bool = True
    is_for_time: bool = False
    """For a time that our clock contradicts."""
    accepted: int = 0
    """How many requests the sink had accepted by then."""


@dataclass(frozen=True, slots=True)
class TimeProof:
    """That `record` was refused for its time: so are those of its stream that are as far off, or farther.

    `since`: what the sink had accepted when a request with it was refused first. `now_unix_nano`: our clock then.
    """

    record: LogRecord
    why: Why
    said: str
    since: int
    now_unix_nano: int

    def holds_for(self, record: LogRecord) -> bool:
        """Whether a record of the same stream would be refused, too."""
        if self.why is Why.TOO_OLD:
            return record.time_unix_nano <= self.record.time_unix_nano
        return record.time_unix_nano >= self.record.time_unix_nano

    def contradicts_our_clock(self) -> bool:
        """Whether by our clock the record is not old, or not of the future: then a clock may be wrong, or a limit."""
        if self.why is Why.TOO_OLD:
            return self.record.time_unix_nano > self.now_unix_nano - NOT_OLD_NANO
        return self.record.time_unix_nano <= self.now_unix_nano + CLOCKS_DIFFER_NANO


class Verdicts:
    """The verdicts of one export so far. `records` are its own, as they stand when they are judged."""

    def __init__(self, records: Sequence[LogRecord], experience: Experience) -> None:
        self._records = records
        self._experience = experience
        self._verdicts = [UNANSWERED] * len(records)
        self._refusals: list[RefusedRecord] = []
        self._proofs: dict[RecordOrigin, TimeProof] = {}

    def accept(self, places: Iterable[int]) -> None:
        """The sink has accepted a request with these."""
        self._experience.accept()
        is_troubled = self._experience.is_troubled
        for place in places:
            self._verdicts[place] = ACCEPTED
            if is_troubled:
                self._experience.forget(self._records[place].digest)

    def refuse(self, refusal: RefusedRecord, since: int) -> None:
        """A record was refused; the sink had accepted `since` when a request with it was refused first."""
        self._experience.refuse(self._records[refusal.place].digest, refusal.words, since)
        self._refusals.append(replace(refusal, accepted=self._experience.accepted))

    def leave_unsent(self, places: Iterable[int]) -> bool:
        """If the sink refuses one record after the other, refuse these without sending them; True if so."""
        latest = next((each for each in reversed(self._refusals) if not each.is_for_time), None)
        if not latest or not self._experience.refuses_everything():
            return False
        accepted = self._experience.accepted
        unsent = replace(latest, is_final=False, is_sent=False, accepted=accepted)
        self._refusals += [replace(unsent, place=place) for place in places]
        return True

    def take_overtaken(self) -> list[int]:
        """Forget the refusals after which others were accepted: the sink may have changed, and is asked again."""
        accepted = self._experience.accepted
        overtaken = [each for each in self._refusals if not each.is_final and each.accepted < accepted]
        self._refusals = [each for each in self._refusals if each not in overtaken]
        for each in overtaken:
            if each.is_for_time:
                self._proofs.pop(RecordOrigin.of(self._records[each.place]), None)
        return [each.place for each in overtaken]

    def refuse_for_time(self, place: int, proof: TimeProof) -> None:
        """The record at `place` was refused for its time."""
        self._proofs[RecordOrigin.of(proof.record)] = proof
        self._refuse_by(proof, place, proof.said)

    def is_passed_by_others(self, place: int) -> bool:
        """Whether the sink has accepted others since it refused a record for the first time."""
        return self._experience.has_accepted_since(self._records[place].digest)

    def unsettled(self, place: int, said: str, *, is_suspect: bool) -> None:
        """A record never passes alone; a suspect is held."""
        detail = _SILENT_TO_ALL if is_suspect else _SILENT
        self._reject(place, Reason.SINK_REJECTED, said, detail=detail, is_suspect=is_suspect)

    def put_off(self, place: int, tries: int) -> None:
        """A record does not pass alone, and others do: it is to come again, after `tries` so far."""
        detail = f"{_SILENT}; tried {number_of(tries, 'time')} so far"
        self._verdicts[place] = Verdict(accepted=False, retry=RetryReason.SINK_UNSETTLED, retry_detail=detail)

    def reject_final(self, places: Iterable[int], said: str) -> None:
        """The sink has refused some of these for good, and does not say which."""
        for place in places:
            self._reject(place, Reason.SINK_REJECTED, said, is_final=True)

    def unproven(self, places: Sequence[int]) -> list[int]:
        """Refuse, unsent, those that a refusal for the time of another one of their stream proves bad; the others."""
        if not self._proofs:
            return list(places)
        left = []
        for place in places:
            record = self._records[place]
            proof = self._proofs.get(RecordOrigin.of(record))
            if proof and proof.holds_for(record):
                self._refuse_by(proof, place, f"what it said of one like this: {proof.said}")
            else:
                left.append(place)
        return left

    def conclude(self, *, has_control: bool) -> list[Verdict]:
        """One verdict for each record. Is a refused one bad, or is it the sink's setting? The others tell.

        If the sink ignores empty requests, only an accepted record proves that its settings are right.
        """
        for refusal in self._refusals:
            is_suspect = self._is_suspect(refusal, has_control=has_control)
            is_fresh = refusal.is_for_time and refusal.reason is Reason.SINK_TOO_OLD
            self._reject(
                refusal.place,
                refusal.reason,
                refusal.said,
                detail=_DOUBTS[refusal.reason] if is_suspect else _FRESH if is_fresh else "",
                is_final=refusal.is_final,
                is_suspect=is_suspect,
                may_pass=refusal.is_for_time,
            )
        return self._verdicts

    def _is_suspect(self, refusal: RefusedRecord, *, has_control: bool) -> bool:
        """Whether the sink may refuse everything. That a record is too large, only others that it accepts can prove."""
        digest = self._records[refusal.place].digest
        if refusal.is_for_time:
            return not self._experience.has_accepted_since(digest)
        if not refusal.is_sent or self._experience.is_setting(digest, refusal.words):
            return True
        needs_others = not has_control or refusal.reason is Reason.RECORD_TOO_LARGE
        return needs_others and not self._experience.has_accepted_since(digest)

    def _refuse_by(self, proof: TimeProof, place: int, said: str) -> None:
        """Refuse a record by a proof; one that contradicts our clock needs others that are accepted since."""
        reason = _REASONS[proof.why]
        if not proof.contradicts_our_clock():
            self._reject(place, reason, said, may_pass=proof.why is Why.TOO_NEW)
            return
        self._experience.refuse_for_time(self._records[place].digest, proof.since)
        accepted = self._experience.accepted
        self._refusals.append(RefusedRecord(place, "", said, reason, is_for_time=True, accepted=accepted))

    def _reject(
        self,
        place: int,
        reason: Reason,
        said: str,
        *,
        detail: str = "",
        is_final: bool = False,
        is_suspect: bool = False,
        may_pass: bool = False,
    ) -> None:
        source = self._records[place].source
        told = detail or _DETAILS[reason]
        fault = Fault(reason, told, source.bucket, source.key, said, is_final=is_final, is_suspect=is_suspect)
        retry = _RETRIES[reason] if may_pass else None
        self._verdicts[place] = Verdict(accepted=False, fault=fault, retry=retry, retry_detail=told if retry else "")
