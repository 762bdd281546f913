"""What becomes of each record of one export, by what the sink said of it and of the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from agent.errors import Fault
from agent.faults.dead_letters import Reason
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
_REFUSES_ALL: Final = "the sink refuses one record after the other: its settings may be to blame, and not the records"
_SILENT: Final = "the sink answers empty requests, but gives no answer that settles this record, sent alone"
_REASONS: Final = {Why.TOO_OLD: Reason.SINK_TOO_OLD, Why.TOO_NEW: Reason.SINK_TOO_NEW}


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
    accepted: int = 0
    """How many requests the sink had accepted by then."""


class Verdicts:
    """The verdicts of one export so far. `records` are its own, as they stand when they are judged."""

    def __init__(self, records: Sequence[LogRecord], experience: Experience) -> None:
        self._records = records
        self._experience = experience
        self._verdicts = [UNANSWERED] * len(records)
        self._refusals: list[RefusedRecord] = []
        self._proofs: dict[RecordOrigin, _Proof] = {}

    def accept(self, places: Iterable[int]) -> None:
        """The sink has accepted a request with these."""
        self._experience.accept()
        for place in places:
            self._verdicts[place] = ACCEPTED
            self._experience.forget(self._records[place].digest)

    def refuse(self, refusal: RefusedRecord, since: int) -> None:
        """A record was refused; the sink had accepted `since` when a request with it was refused first."""
        self._experience.refuse(self._records[refusal.place].digest, refusal.words, since)
        self._refusals.append(replace(refusal, accepted=self._experience.accepted))

    def leave_unsent(self, places: Iterable[int]) -> bool:
        """If the sink refuses one record after the other, refuse these without sending them; True if so."""
        if not self._refusals or not self._experience.refuses_everything():
            return False
        latest = self._refusals[-1]
        accepted = self._experience.accepted
        unsent = replace(latest, is_final=False, is_sent=False, accepted=accepted)
        self._refusals += [replace(unsent, place=place) for place in places]
        return True

    def take_overtaken(self) -> list[int]:
        """Forget the refusals after which others were accepted: the sink may have changed, and is asked again."""
        accepted = self._experience.accepted
        overtaken = [each for each in self._refusals if not each.is_final and each.accepted < accepted]
        self._refusals = [each for each in self._refusals if each not in overtaken]
        return [each.place for each in overtaken]

    def refuse_for_time(self, place: int, why: Why, said: str) -> None:
        """A record was refused for its time: so are those of its stream that are as far off, or farther."""
        record = self._records[place]
        self._proofs[RecordOrigin.of(record)] = _Proof(record.time_unix_nano, why, said)
        self._reject(place, _REASONS[why], said)

    def is_passed_by_others(self, place: int) -> bool:
        """Whether the sink has accepted others since it refused a record for the first time."""
        return self._experience.has_accepted_since(self._records[place].digest)

    def unsettled(self, place: int, said: str, *, is_suspect: bool) -> None:
        """A record never passes alone; a suspect is held."""
        self._reject(place, Reason.SINK_REJECTED, said, detail=_SILENT, is_suspect=is_suspect)

    def reject_final(self, places: Iterable[int], said: str) -> None:
        """The sink has refused some of these for good, and does not say which."""
        for place in places:
            self._reject(place, Reason.SINK_REJECTED, said, is_final=True)

    def unproven(self, places: Sequence[int]) -> list[int]:
        """Refuse, unsent, those that a refusal for the time of another one of their stream proves bad; the others."""
        left = []
        for place in places:
            record = self._records[place]
            proof = self._proofs.get(RecordOrigin.of(record))
            if proof and proof.holds_for(record.time_unix_nano):
                self._reject(place, _REASONS[proof.why], f"what it said of one like this: {proof.said}")
            else:
                left.append(place)
        return left

    def conclude(self, *, has_control: bool) -> list[Verdict]:
        """One verdict for each record. Is a refused one bad, or is it the sink's setting? The others tell.

        If the sink ignores empty requests, only an accepted record proves that its settings are right.
        """
        for refusal in self._refusals:
            is_suspect = self._is_suspect(refusal, has_control=has_control)
            detail = _REFUSES_ALL if is_suspect else ""
            self._reject(
                refusal.place,
                refusal.reason,
                refusal.said,
                detail=detail,
                is_final=refusal.is_final,
                is_suspect=is_suspect,
            )
        return self._verdicts

    def _is_suspect(self, refusal: RefusedRecord, *, has_control: bool) -> bool:
        """Whether the sink may refuse everything. That a record is too large, only others that it accepts can prove."""
        digest = self._records[refusal.place].digest
        if not refusal.is_sent or self._experience.is_setting(digest, refusal.words):
            return True
        needs_others = not has_control or refusal.reason is Reason.RECORD_TOO_LARGE
        return needs_others and not self._experience.has_accepted_since(digest)

    def _reject(
        self,
        place: int,
        reason: Reason,
        said: str,
        *,
        detail: str = "",
        is_final: bool = False,
        is_suspect: bool = False,
    ) -> None:
        source = self._records[place].source
        told = detail or _DETAILS[reason]
        fault = Fault(reason, told, source.bucket, source.key, said, is_final=is_final, is_suspect=is_suspect)
        self._verdicts[place] = Verdict(accepted=False, fault=fault)


@dataclass(frozen=True, slots=True)
class _Proof:
    """That a record of this time was refused for being too old, or too new, and what the sink said."""

    time_unix_nano: int
    why: Why
    said: str

    def holds_for(self, time_unix_nano: int) -> bool:
        """Whether a record of this time would be refused, too."""
        if self.why is Why.TOO_OLD:
            return time_unix_nano <= self.time_unix_nano
        return time_unix_nano >= self.time_unix_nano
