"""One export: cut into requests, and each request taken apart until every record has its verdict.

If a request never passes although empty requests do, smaller parts of it are tried. What an answer means for the
records is in `judging`, and what becomes of a record that never passes alone in `lone`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from agent.model import Verdict
from agent.sink.answer import Answer, Later, Misconfigured, NotJudged, in_full
from agent.sink.asking import Asking, Stuck
from agent.sink.experience import Experience
from agent.sink.judging import Judging
from agent.sink.lone import LoneRecords
from agent.sink.outside import SinkTelemetry
from agent.sink.pieces import Cargo, Piece
from agent.sink.verdicts import Verdicts

MOST_ROUNDS: Final = 4
"""How often one export searches a request of which no part passes: some minutes."""


class Export:
    """One call of `Sink.export`: what is still to be sent, and the verdicts so far."""

    def __init__(self, cargo: Cargo, *, asking: Asking, experience: Experience, telemetry: SinkTelemetry) -> None:
        self._cargo = cargo
        self._asking = asking
        self._experience = experience
        self._verdicts = Verdicts(cargo.records, experience)
        self._judging = Judging(cargo, self._verdicts, asking=asking, experience=experience, telemetry=telemetry)
        self._lone = LoneRecords(cargo, self._verdicts, asking=asking, experience=experience, telemetry=telemetry)
        self._stuck: list[int] = []

    def run(self) -> list[Verdict]:
        """Send everything, oldest first; last of all the records that are known not to pass."""
        left = self._cargo.oldest_first()
        if self._experience.is_troubled:
            left = [place for place in left if not self._set_aside(place)]
        goes_on = self._send_all(left) and self._send_all(self._stuck, is_stuck=True)
        goes_on = goes_on and self._lone.outlast_all(self._take_judgement)
        if goes_on:
            again = [Piece((place,), refused_since=0) for place in self._verdicts.take_overtaken()]
            self._work_on(*reversed(again))
        return self._verdicts.conclude(has_control=self._asking.control.is_heeded)

    def _set_aside(self, place: int) -> bool:
        digest = self._cargo.records[place].digest
        if self._experience.is_lone(digest):
            self._lone.add(place, Later(""))
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
            return self._judging.judge(piece, answer)
        if len(piece.places) > 1:
            return self._search(piece.stuck(answer.accepted), answer.answer)
        (place,) = piece.places
        digest, stuck_at = self._cargo.records[place].digest, piece.stuck(answer.accepted).stuck_at
        self._experience.remember_lone(digest, self._asking.now(), stuck_at)
        self._lone.add(place, answer.answer)
        return []

    def _take_judgement(self, piece: Piece, answer: Answer) -> bool:
        return self._work_on(*self._judging.judge(piece, answer))

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
            self._verdicts.unsettled(place, in_full(last), is_suspect=True)
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
                answer = self._asking.once(payload, last, trials, is_eager=not piece.rounds)
                if answer is None:
                    return None
                if not isinstance(answer, Later | Misconfigured):
                    if left:
                        self._experience.learn_limit(len(payload), self._asking.now())
                    return [*left, *self._judging.judge(tried, answer)]
                last, trials = answer, trials + 1
        if piece.is_urgent or self._experience.accepted > (piece.stuck_at or 0):
            return [replace(half, is_urgent=True) for half in reversed(piece.halves())]
        return [replace(piece, rounds=piece.rounds + 1)]
