"""How the sink is asked: with patience, and with the control, which shows what an answer is about.

A request that may pass later is sent again, with the same bytes, for as long as it takes. If empty requests pass and
the request with records never does, the export must find out what is wrong with the records.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from agent.errors import DrainedError
from agent.pulse import Pulse
from agent.sink.answer import (
    Answer,
    Later,
    Misconfigured,
    NotJudged,
    Refused,
    TooLarge,
)
from agent.sink.control import Control
from agent.sink.experience import Experience
from agent.sink.patience import Trial, patience, trial_patience
from agent.waiting.gate import AtFaultError, Gate


@dataclass(frozen=True, slots=True)
class Stuck:
    """A request with records does not pass, patience or not, and empty requests do. `answer` is the latest.

    `accepted`: what the sink had accepted when it was sent for the first time.
    """

    answer: NotJudged
    accepted: int


class Asking:
    """Sends requests for all exports of one sink; thread-safe, and each thread waits by itself.

    `control` sends, and asks with empty requests what an answer is about. `random` returns a float in [0, 1).
    """

    def __init__(
        self,
        *,
        control: Control,
        experience: Experience,
        gate: Gate,
        pulse: Pulse,
        halt: threading.Event,
        random: Callable[[], float],
    ) -> None:
        self.control = control
        self._experience = experience
        self._gate = gate
        self._pulse = pulse
        self._halt = halt
        self._random = random
        self._asked = threading.local()

    def now(self) -> float:
        """Monotonic seconds."""
        return self._pulse.clock.monotonic()

    def time_unix_nano(self) -> int:
        """What this machine's clock says, to be compared with the times of records."""
        return int(self._pulse.clock.time() * 1e9)

    def until_judged(self, payload: bytes, *, is_first: bool = True, is_urgent: bool = False) -> Answer | Stuck | None:
        """Send the same bytes until the sink judges them, or they are stuck; None if `halt` is set before.

        `is_first`: no request with these records was judged before, so that a refusal has to be compared with the
        answer to an empty request. `is_urgent`: a larger request with these records was stuck already.
        """
        if self._halt.is_set() or self._pulse.wait(self._halt, self._asked_seconds()):
            return None
        trial, accepted = Trial(self.now()), self._experience.accepted

        def attempt() -> Answer | Stuck:
            has_waited = trial.attempts > 0
            answer = sent = self._send_records(payload)
            trial.count(answer)
            if isinstance(sent, Refused | TooLarge) and (is_first or has_waited):
                answer = self.control.compare(sent)
            if not isinstance(answer, Later | Misconfigured):
                self.control.hear_judgement(answer)
                return answer
            self.control.tell_down(answer)
            if answer is sent and self._is_long_enough(trial, answer, is_urgent=is_urgent) and self.control.try_empty():
                self.control.note_stuck()
                return Stuck(answer, accepted)
            raise AtFaultError(lambda failures: patience(answer, failures, self._random()))

        try:
            return self._gate.through("sink", attempt, opened=_nothing)
        except DrainedError:
            return None

    def once(
        self, payload: bytes, after: NotJudged, attempt: int, lone: bytes | None = None, *, is_eager: bool = False
    ) -> Answer | None:
        """Wait as the answer `after` asks, then send once, whatever comes of it; None if `halt` is set before.

        `lone`: the digest of the record, if the request has one that is known not to pass alone. `is_eager`: it may be
        sent soon, as a part of what was stuck a moment ago.
        """
        seconds = trial_patience(after, attempt, self._random(), is_eager=is_eager)
        if self._pulse.wait(self._halt, max(seconds, self._asked_seconds())):
            return None
        answer = self._send_records(payload, lone)
        if not isinstance(answer, Later | Misconfigured):
            self.control.hear_judgement(answer)
        elif self.control.is_nothing_accepted():
            self.control.tell_down(answer)
        return answer

    def _send_records(self, payload: bytes, lone: bytes | None = None) -> Answer:
        self._pulse.beat()
        answer = self.control.send(payload)
        if isinstance(answer, Later | Misconfigured):
            if lone:
                self._experience.fail_alone(lone)
            else:
                self._experience.fail()
        asked = answer.retry_after if isinstance(answer, Later) else None
        self._asked.until = self.now() + (asked or 0.0)
        return answer

    def _asked_seconds(self) -> float:
        """How long the sink's latest answer to this thread asked it to wait; other records must wait so long, too."""
        until: float = getattr(self._asked, "until", 0.0)
        return max(until - self.now(), 0.0)

    def _is_long_enough(self, trial: Trial, answer: NotJudged, *, is_urgent: bool) -> bool:
        if isinstance(answer, Later) and not answer.reached:
            return False
        has_accepted = not self.control.is_nothing_accepted()
        return is_urgent or trial.is_long(answer, self.now(), has_accepted=has_accepted)


def _nothing() -> None:
    """Do nothing: the sink reports by itself that it is up again."""
