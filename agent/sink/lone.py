"""The records of one export that do not pass, though each is alone in its request: tried last, and not for long.

Such a record is put off: its message comes again, so that no other one waits for it. Once it is to blame, it is
shrunk, and if no part of it passes, it is a dead letter. If nothing else passes either, it is held.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Final

from agent.sink.answer import Answer, Later, Misconfigured, NotJudged, in_full
from agent.sink.asking import Asking
from agent.sink.experience import ALONE_SECONDS, Experience, Lone
from agent.sink.outside import SinkTelemetry
from agent.sink.pieces import Cargo, Piece
from agent.sink.verdicts import Verdicts

MOST_TRIES_ALONE: Final = 2
"""How often one export tries a record that is known not to pass alone."""

ALL_ALONE_SECONDS: Final = 60.0
"""For how long one export tries all such records together: others are settled when it ends."""

TakeJudgement = Callable[[Piece, Answer], bool]


class LoneRecords:
    """Those of `cargo`, by their places.

    `take_judgement` goes on with one that is judged after all; it returns False if the daemon halts. It is not kept:
    whoever it belongs to keeps this, and all records of the export would wait for the collector of cycles.
    """

    def __init__(
        self,
        cargo: Cargo,
        verdicts: Verdicts,
        *,
        asking: Asking,
        experience: Experience,
        telemetry: SinkTelemetry,
    ) -> None:
        self._cargo = cargo
        self._verdicts = verdicts
        self._asking = asking
        self._experience = experience
        self._telemetry = telemetry
        self._left: list[tuple[int, NotJudged]] = []

    def add(self, place: int, last: NotJudged) -> None:
        """One more, and its latest answer."""
        self._left.append((place, last))

    def outlast_all(self, take_judgement: TakeJudgement) -> bool:
        """Try each record that does not pass alone, the most tried first, for a minute; False if the daemon halts."""
        end = self._asking.now() + ALL_ALONE_SECONDS
        self._left.sort(key=lambda each: -self._experience.tries(self._cargo.records[each[0]].digest))
        for place, last in self._left:  # may grow meanwhile
            if self._asking.now() >= end:
                self._put_off_or_hold(place, last)
            elif not self._outlast(place, last, take_judgement):
                return False
        return True

    def _outlast(self, place: int, last: NotJudged, take_judgement: TakeJudgement) -> bool:
        """Try a record that does not pass alone a little more; False if the daemon halts.

        No other record waits for it longer than this. It comes again, and its tries count on, until it is to blame.
        """
        digest, alone = self._cargo.records[place].digest, Piece((place,))
        lone = self._experience.remember_lone(digest, self._asking.now())
        for trial in count():
            answer = self._asking.once(self._cargo.bytes_of(alone), last, trial, digest)
            if not isinstance(answer, Later | Misconfigured):
                return answer is not None and self._pass_on(alone, answer, take_judgement)
            last = answer
            if self._ask_whether_to_blame(digest, answer):
                return self._cut_until_it_passes(place, answer, take_judgement)
            if trial + 1 >= MOST_TRIES_ALONE and not self._may_be_down(lone, answer):
                break
        self._put_off_or_hold(place, last)
        return True

    def _put_off_or_hold(self, place: int, last: NotJudged) -> None:
        """Have a lone record come again, if others are accepted; else it is held, so that others can be tried."""
        digest = self._cargo.records[place].digest
        if self._experience.has_accepted_beside(digest):
            self._asking.control.take_back_stuck()
            self._verdicts.put_off(place, self._experience.tries(digest))
        else:
            self._verdicts.unsettled(place, in_full(last), is_suspect=True)

    def _may_be_down(self, lone: Lone, answer: NotJudged) -> bool:
        """Whether it may be no record's fault, nor that of the sink's settings: for five minutes, if nothing passes."""
        if self._experience.accepted > lone.stuck_at or self._asking.now() - lone.since >= ALONE_SECONDS:
            return False
        return not self._asking.control.is_heeded or (isinstance(answer, Later) and answer.throttled)

    def _ask_whether_to_blame(self, digest: bytes, answer: NotJudged) -> bool:
        """True if it is the record's own fault; never under an overload, which may be that of one stream."""
        if isinstance(answer, Later) and answer.throttled:
            return False
        return self._experience.blames(digest, self._asking.now()) and self._asking.control.try_empty()

    def _cut_until_it_passes(self, place: int, last: NotJudged, take_judgement: TakeJudgement) -> bool:
        """Shrink a record that is to blame, and send it; a dead letter, if no part of it passes. False if halted."""
        trials, alone = 0, Piece((place,))
        while self._cargo.cut(place):
            answer = self._asking.once(self._cargo.bytes_of(alone), last, trials, self._cargo.records[place].digest)
            if not isinstance(answer, Later | Misconfigured):
                self._telemetry.record_shrunk()
                return answer is not None and self._pass_on(alone, answer, take_judgement)
            last, trials = answer, trials + 1
        is_down = not self._asking.control.try_empty()  # since a moment ago: nothing is proven
        self._verdicts.unsettled(place, in_full(last), is_suspect=is_down)
        return True

    def _pass_on(self, piece: Piece, answer: Answer, take_judgement: TakeJudgement) -> bool:
        """A record that did not pass alone is judged after all."""
        self._experience.forget(self._cargo.records[piece.places[0]].digest)
        return take_judgement(piece, answer)
