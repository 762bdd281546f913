"""One export: cut into requests, and each request taken apart until every record has its verdict.

A request that is refused is halved until the bad record is alone. One that is too large is halved, too, and a record
that is too large alone is shrunk. If one never passes although empty requests do, smaller parts of it are tried. A
record that never passes alone is put off: its message comes again, so that no other one waits for it.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Final

from agent.faults.dead_letters import Reason
from agent.model import Verdict
from agent.sink import words
from agent.sink.answer import (
    Accepted,
    Answer,
    Later,
    Misconfigured,
    NotJudged,
    PartlyRejected,
    Refused,
    TooLarge,
    Why,
)
from agent.sink.asking import Asking, Stuck
from agent.sink.experience import ALONE_SECONDS, Experience, Lone
from agent.sink.outside import SinkTelemetry
from agent.sink.pieces import Cargo, Piece
from agent.sink.verdicts import RefusedRecord, TimeProof, Verdicts

MOST_TRIES_ALONE: Final = 2
"""How often one export tries a record that is known not to pass alone."""

ALL_ALONE_SECONDS: Final = 60.0
"""For how long one export tries all such records together: others are settled when it ends."""

MOST_ROUNDS: Final = 4
"""How often one export searches a request of which no part passes: some minutes."""


class Export:
    """One call of `Sink.export`: what is still to be sent, and the verdicts so far."""

    def __init__(self, cargo: Cargo, *, asking: Asking, experience: Experience, telemetry: SinkTelemetry) -> None:
        self._cargo = cargo
        self._asking = asking
        self._experience = experience
        self._telemetry = telemetry
        self._verdicts = Verdicts(cargo.records, experience)
        self._lone: list[tuple[int, NotJudged]] = []
        self._stuck: list[int] = []

    def run(self) -> list[Verdict]:
        """Send everything, oldest first; last of all the records that are known not to pass."""
        left = [place for place in self._cargo.oldest_first() if not self._set_aside(place)]
        goes_on = self._send_all(left) and self._send_all(self._stuck, is_stuck=True)
        goes_on = goes_on and self._outlast_all()
        if goes_on:
            again = [Piece((place,), refused_since=0) for place in self._verdicts.take_overtaken()]
            self._work_on(*reversed(again))
        return self._verdicts.conclude(has_control=self._asking.has_control)

    def _set_aside(self, place: int) -> bool:
        digest = self._cargo.records[place].digest
        if self._experience.is_lone(digest):
            self._lone.append((place, Later("")))
        elif self._experience.stuck_at(digest) is not None:
            self._stuck.append(place)
        else:
            return False
        return True

    def _send_all(self, left: list[int], *, is_stuck: bool = False) -> bool:
        """Send these, in as many requests as it takes; False if the daemon halts before."""
        goes_on = True
        while left and goes_on:
            piece = self._cargo.first_request(left, self._experience.limit(self._asking.now()))
            left = left[len(piece.places) :]
            goes_on = self._work_on(self._as_stuck(piece) if is_stuck else piece)
        return goes_on

    def _as_stuck(self, piece: Piece) -> Piece:
        known = (self._experience.stuck_at(self._cargo.records[place].digest) for place in piece.places)
        return replace(piece, is_urgent=True, stuck_at=min((each for each in known if each is not None), default=None))

    def _work_on(self, *pieces: Piece) -> bool:
        """Send requests, the last first, and the parts that must be sent again; False if the daemon halts before."""
        stack = [*pieces]
        while stack:
            piece = stack.pop()
            places = self._verdicts.unproven(piece.places)
            if not places:
                continue
            piece = piece if len(places) == len(piece.places) else piece.only(places)
            answer = self._asking.until_judged(
                self._cargo.bytes_of(piece), is_first=piece.refused_since is None, is_urgent=piece.is_urgent
            )
            smaller = self._pieces_after(piece, answer)
            if smaller is None:
                return False
            stack += smaller
            if self._verdicts.leave_unsent(place for piece in stack for place in piece.places):
                break
        return True

    def _pieces_after(self, piece: Piece, answer: Answer | Stuck | None) -> list[Piece] | None:
        """What is to be sent next, the last first; None if the daemon halts."""
        if answer is None:
            return None
        if not isinstance(answer, Stuck):
            return self._judge(piece, answer)
        if len(piece.places) > 1:
            return self._search(piece.stuck(answer.accepted), answer.answer)
        (place,) = piece.places
        digest, stuck_at = self._cargo.records[place].digest, piece.stuck(answer.accepted).stuck_at
        self._experience.remember_lone(digest, self._asking.now(), stuck_at)
        self._lone.append((place, answer.answer))
        return []

    def _judge(self, piece: Piece, answer: Answer) -> list[Piece]:
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
        said = f"it rejected {count if count > 0 else 'an unknown number'} of {total} records: {message}"
        if 0 < count < total:
            self._experience.accept()
            self._verdicts.reject_final(piece.places, said)
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
            refusal = RefusedRecord(place, f"{answer.detail} {words.alike(answer.said)}", _said(answer))
            self._verdicts.refuse(refusal, piece.refused_since or 0)
        else:
            record, since = self._cargo.records[place], piece.refused_since or 0
            proof = TimeProof(record, answer.why, _said(answer), since, self._asking.time_unix_nano())
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
        said = f"in a request of {bytes_sent} bytes: {_said(answer)}"
        key = f"{answer.detail} {words.alike(answer.said)}"
        self._verdicts.refuse(RefusedRecord(place, key, said, Reason.RECORD_TOO_LARGE), since)
        return []

    def _search(self, piece: Piece, last: NotJudged) -> list[Piece] | None:
        """Search a request that is stuck for what does not pass, unless nothing else has passed for long: then hold it.

        Whoever waits on with it would never know whether others pass. An overload is waited for.
        """
        is_throttled = isinstance(last, Later) and last.throttled
        is_long = piece.is_urgent or (piece.rounds >= MOST_ROUNDS and not is_throttled)
        if not is_long or self._experience.accepted > (piece.stuck_at or 0):
            return self._try_parts(piece, last)
        digests = [self._cargo.records[place].digest for place in piece.places]
        self._experience.remember_stuck(digests, piece.stuck_at or 0)
        for place in piece.places:
            self._verdicts.unsettled(place, _said(last), is_suspect=True)
        return []

    def _try_parts(self, piece: Piece, last: NotJudged) -> list[Piece] | None:
        """Try smaller and smaller parts of a request that is stuck, in turn with the whole, until one passes.

        If a part passes, the request was too large, or records in it are bad; the rest is sent in parts. If none
        passes, the sink takes no records at all, and the whole waits on. A part whose neighbours passed does not wait:
        it is halved down to its records. None if the daemon halts.
        """
        trials = 0
        for part, others in piece.trial_parts():
            for tried, left in ((part, others), (piece, [])):
                payload = self._cargo.bytes_of(tried)
                answer = self._asking.once(payload, last, trials)
                if answer is None:
                    return None
                if not isinstance(answer, Later | Misconfigured):
                    if left:
                        self._experience.learn_limit(len(payload), self._asking.now())
                    return [*left, *self._judge(tried, answer)]
                last, trials = answer, trials + 1
        if piece.is_urgent or self._experience.accepted > (piece.stuck_at or 0):
            return [replace(half, is_urgent=True) for half in reversed(piece.halves())]
        return [replace(piece, rounds=piece.rounds + 1)]

    def _outlast_all(self) -> bool:
        """Try each record that does not pass alone, the most tried first, for a minute; False if the daemon halts."""
        end = self._asking.now() + ALL_ALONE_SECONDS
        self._lone.sort(key=lambda each: -self._experience.tries(self._cargo.records[each[0]].digest))
        for place, last in self._lone:  # may grow meanwhile
            if self._asking.now() >= end:
                self._put_off_or_hold(place, last)
            elif not self._outlast(place, last):
                return False
        return True

    def _outlast(self, place: int, last: NotJudged) -> bool:
        """Try a record that does not pass alone a little more; False if the daemon halts.

        No other record waits for it longer than this. It comes again, and its tries count on, until it is to blame.
        """
        digest, alone = self._cargo.records[place].digest, Piece((place,))
        lone = self._experience.remember_lone(digest, self._asking.now())
        for trial in count():
            answer = self._asking.once(self._cargo.bytes_of(alone), last, trial, digest)
            if not isinstance(answer, Later | Misconfigured):
                return answer is not None and self._pass_on(alone, answer)
            last = answer
            if self._ask_whether_to_blame(digest, answer):
                return self._cut_until_it_passes(place, answer)
            if trial + 1 >= MOST_TRIES_ALONE and not self._may_be_down(lone, answer):
                break
        self._put_off_or_hold(place, last)
        return True

    def _put_off_or_hold(self, place: int, last: NotJudged) -> None:
        """Have a lone record come again, if others are accepted; else it is held, so that others can be tried."""
        digest = self._cargo.records[place].digest
        if self._experience.has_accepted_beside(digest):
            self._asking.take_back_stuck()
            self._verdicts.put_off(place, self._experience.tries(digest))
        else:
            self._verdicts.unsettled(place, _said(last), is_suspect=True)

    def _may_be_down(self, lone: Lone, answer: NotJudged) -> bool:
        """Whether it may be no record's fault, nor that of the sink's settings: for five minutes, if nothing passes."""
        if self._experience.accepted > lone.stuck_at or self._asking.now() - lone.since >= ALONE_SECONDS:
            return False
        return not self._asking.has_control or (isinstance(answer, Later) and answer.throttled)

    def _ask_whether_to_blame(self, digest: bytes, answer: NotJudged) -> bool:
        """True if it is the record's own fault; never under an overload, which may be that of one stream."""
        if isinstance(answer, Later) and answer.throttled:
            return False
        return self._experience.blames(digest, self._asking.now()) and self._asking.try_empty()

    def _cut_until_it_passes(self, place: int, last: NotJudged) -> bool:
        """Shrink a record that is to blame, and send it; a dead letter, if no part of it passes. False if halted."""
        trials, alone = 0, Piece((place,))
        while self._cargo.cut(place):
            answer = self._asking.once(self._cargo.bytes_of(alone), last, trials, self._cargo.records[place].digest)
            if not isinstance(answer, Later | Misconfigured):
                self._telemetry.record_shrunk()
                return answer is not None and self._pass_on(alone, answer)
            last, trials = answer, trials + 1
        is_down = not self._asking.try_empty()  # since a moment ago: nothing is proven
        self._verdicts.unsettled(place, _said(last), is_suspect=is_down)
        return True

    def _pass_on(self, piece: Piece, answer: Answer) -> bool:
        """A record that did not pass alone is judged after all."""
        self._experience.forget(self._cargo.records[piece.places[0]].digest)
        return self._work_on(*self._judge(piece, answer))


def _said(answer: NotJudged | Refused | TooLarge) -> str:
    return f"{answer.detail}: {answer.said}".rstrip(": ")
