"""What the sink's judgement of one request means: verdicts, and smaller requests where it does not say which record.

A request that is refused is halved until the bad record is alone. One that is too large is halved, too, and a record
that is too large alone is shrunk.
"""

from __future__ import annotations

from agent.errors import number_of
from agent.faults.dead_letters import Reason
from agent.sink import words
from agent.sink.answer import Accepted, Answer, PartlyRejected, Refused, TooLarge, Why, in_full, key_of
from agent.sink.asking import Asking
from agent.sink.experience import Experience
from agent.sink.outside import SinkTelemetry
from agent.sink.pieces import Cargo, Piece
from agent.sink.verdicts import RefusedRecord, TimeProof, Verdicts


class Judging:
    """Writes down in `verdicts` what the answers to one export say of its records."""

    def __init__(
        self, cargo: Cargo, verdicts: Verdicts, *, asking: Asking, experience: Experience, telemetry: SinkTelemetry
    ) -> None:
        self._cargo = cargo
        self._verdicts = verdicts
        self._asking = asking
        self._experience = experience
        self._telemetry = telemetry

    def judge(self, piece: Piece, answer: Answer) -> list[Piece]:
        """Write down the verdicts that `answer` gives; return what is to be sent next, the last first."""
        match answer:
            case Accepted(warning):
                self._verdicts.accept(piece.places)
                if warning:
                    self._telemetry.sink_warned()
            case PartlyRejected(count, message):
                self._take_partial_success(piece, count, message)
            case Refused():
                return self._take_apart(piece.refused(self._experience.accepted), answer)
            case TooLarge():
                return self._make_smaller(piece.refused(self._experience.accepted), answer)
        return []

    def _take_partial_success(self, piece: Piece, count: int, message: str) -> None:
        """The protocol forbids to send any of these again, and does not say which are refused."""
        total = len(piece.places)
        said = f"it rejected {count if count > 0 else 'an unknown number'} of {number_of(total, 'record')}: {message}"
        if 0 < count < total:
            self._experience.accept()
            self._verdicts.reject_final(piece.places, said)
            self._telemetry.records_taken_unnamed(total - count)
            return
        for place in piece.places:
            refusal = RefusedRecord(place, words.alike(message), said, is_final=True)
            self._verdicts.refuse(refusal, self._experience.accepted)

    def _take_apart(self, piece: Piece, answer: Refused) -> list[Piece]:
        """Search for the bad record; for the one nearest to the sink's horizon, where time is what it is refused for.

        If a record is too old, all older ones of its stream are too old as well; the same is true of newer ones.
        """
        if len(piece.places) > 1:
            older, newer = piece.halves()
            return [older, newer] if answer.why is Why.TOO_OLD else [newer, older]
        (place,) = piece.places
        if answer.why is Why.UNTOLD:
            refusal = RefusedRecord(place, key_of(answer), in_full(answer))
            self._verdicts.refuse(refusal, piece.refused_since or 0)
        else:
            record, since = self._cargo.records[place], piece.refused_since or 0
            proof = TimeProof(record, answer.why, in_full(answer), since, self._asking.time_unix_nano())
            self._verdicts.refuse_for_time(place, proof)
        return []

    def _make_smaller(self, piece: Piece, answer: TooLarge) -> list[Piece]:
        """Halve the request; a record that is alone is shrunk, as often as it can be, once its size is proven.

        Proof are the numbers in the sink's words, or others that were accepted since. A sink may say of everything that
        it is too large: without a proof the record stays whole.
        """
        if len(piece.places) > 1:
            older, newer = piece.halves()
            return [newer, older]
        (place,) = piece.places
        since = piece.refused_since or 0
        is_proven = answer.is_proven or self._experience.accepted > since or self._verdicts.is_passed_by_others(place)
        if is_proven and self._cargo.cut(place):
            self._telemetry.record_shrunk()
            return [piece.only(piece.places)]
        bytes_sent = len(self._cargo.bytes_of(piece))
        said = f"in a request of {number_of(bytes_sent, 'byte')}: {in_full(answer)}"
        self._verdicts.refuse(RefusedRecord(place, key_of(answer), said, Reason.RECORD_TOO_LARGE), since)
        return []
