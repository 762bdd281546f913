"""How the sink is asked: with patience, and with an empty request that shows what an answer is about.

A request that may pass later is sent again, with the same bytes, for as long as it takes. If an empty request gets the
same answer, the answer is not about the records: the address, the credentials or the sink itself is at fault. If empty
requests pass and the request with records never does, the export must find out what is wrong with the records.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from agent.errors import DrainedError
from agent.pulse import Pulse
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
)
from agent.sink.experience import Experience
from agent.sink.outside import SinkTelemetry
from agent.sink.patience import Trial, of_empty, patience, result_of
from agent.sink.wire import Transport
from agent.waiting.gate import AtFaultError, Gate

LONGEST_TRIAL_WAIT_SECONDS: Final = 10.0
EMPTY_PATIENCE_SECONDS: Final = 300.0


class _InVainError(Exception):
    """Empty requests were sent for long enough."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """A request with records does not pass, patience or not, and empty requests do. `answer` is the latest.

    `accepted`: what the sink had accepted when it was sent for the first time.
    """

    answer: NotJudged
    accepted: int


class Asking:
    """Sends requests for all exports of one sink; thread-safe, and each thread waits by itself.

    `empty` is a request without records. `random` returns a float in [0, 1).
    """

    def __init__(
        self,
        *,
        transport: Transport,
        empty: bytes,
        experience: Experience,
        telemetry: SinkTelemetry,
        gate: Gate,
        pulse: Pulse,
        halt: threading.Event,
        random: Callable[[], float],
    ) -> None:
        self._transport = transport
        self._empty = empty
        self._experience = experience
        self._telemetry = telemetry
        self._gate = gate
        self._pulse = pulse
        self._halt = halt
        self._random = random
        self._asked = threading.local()
        self._answered_at = self.now()
        self._asked_in_vain = False
        self._heeds_empty = True
        self._stuck_at = -1  # how many requests had been accepted when one was stuck
        self._empty_said: NotJudged | None = None

    def now(self) -> float:
        """Monotonic seconds."""
        return self._pulse.clock.monotonic()

    def time_unix_nano(self) -> int:
        """What this machine's clock says, to be compared with the times of records."""
        return int(self._pulse.clock.time() * 1e9)

    @property
    def has_control(self) -> bool:
        """Whether the sink heeds empty requests, as far as we know: what it answers them can be compared with."""
        return not self._asked_in_vain

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
                answer = self._compare(sent)
            if not isinstance(answer, Later | Misconfigured):
                self._hear_judgement(answer)
                return answer
            self._tell_down(answer)
            if answer is sent and self._is_long_enough(trial, answer, is_urgent=is_urgent) and self.try_empty():
                self._stuck_at = self._experience.accepted
                return Stuck(answer, accepted)
            raise AtFaultError(lambda failures: patience(answer, failures, self._random()))

        try:
            return self._gate.through("sink", attempt, opened=_nothing)
        except DrainedError:
            return None

    def once(self, payload: bytes, after: NotJudged, attempt: int, lone: bytes | None = None) -> Answer | None:
        """Wait as the answer `after` asks, then send once, whatever comes of it; None if `halt` is set before.

        `lone`: the digest of the record, if the request has one that is known not to pass alone.
        """
        seconds = min(patience(after, attempt, self._random()), LONGEST_TRIAL_WAIT_SECONDS)
        if self._pulse.wait(self._halt, max(seconds, self._asked_seconds())):
            return None
        answer = self._send_records(payload, lone)
        if not isinstance(answer, Later | Misconfigured):
            self._hear_judgement(answer)
        elif self._is_nothing_accepted():
            self._tell_down(answer)
        return answer

    def try_empty(self) -> bool:
        """Send an empty request: True if it passes. It is not sent to a sink that is known to dislike them: True."""
        if self._asked_in_vain or not self._heeds_empty:
            return True
        return not isinstance(of_empty(self._send(self._empty)), Later | Misconfigured)

    def probe(self) -> bool:
        """Send one empty request, and tell the outside: True if it passes. Never waits."""
        answer = of_empty(self._send(self._empty))
        if isinstance(answer, Later | Misconfigured):
            self._empty_said = answer
            self._tell(answer, answer.said)
            return False
        if not self._is_nothing_accepted():
            self._telemetry.sink_up()
        return True

    def await_up(self) -> bool:
        """Send empty requests until one passes, as patiently as for an export; False if `halt` is set before.

        After five minutes this, too, ends with True: it may be that the sink, or what stands before it, only dislikes
        requests without records. Then records themselves have to tell.
        """
        began = self.now()

        def attempt() -> None:
            if self.now() - began >= EMPTY_PATIENCE_SECONDS:
                raise _InVainError
            self._pulse.beat()
            if not self.probe() and (answer := self._empty_said):
                raise AtFaultError(lambda failures: patience(answer, failures, self._random()))

        try:
            self._gate.through("sink", attempt, opened=_nothing)
        except DrainedError:
            return False
        except _InVainError:
            self._asked_in_vain = True
        return True

    def take_back_stuck(self) -> None:
        """What was stuck is one record, and others are accepted: nothing is wrong with the sink."""
        self._stuck_at = -1
        self._telemetry.sink_up()

    def unheard_seconds(self) -> float:
        """How long ago the sink answered a request, or failed to; since the start, if none was sent.

        Always 0 of a sink that is known to judge records and no empty requests: it need not be asked.
        """
        return self.now() - self._answered_at if self._heeds_empty else 0.0

    def _send_records(self, payload: bytes, lone: bytes | None = None) -> Answer:
        self._pulse.beat()
        answer = self._send(payload)
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

    def _send(self, payload: bytes) -> Answer:
        begun = self.now()
        answer = self._transport.send(payload)
        self._answered_at = self.now()
        self._telemetry.export_answered(result_of(answer), self._answered_at - begun)
        return answer

    def _compare(self, answer: Refused | TooLarge) -> Answer:
        """The same, or what an empty request is answered now if that says that the records are not to blame."""
        if self._asked_in_vain or not self._heeds_empty:
            return answer
        raw = self._send(self._empty)
        if isinstance(raw, Later | Misconfigured):
            self._empty_said = raw
            return raw
        if isinstance(raw, Refused | TooLarge) and _key(raw) == _key(answer):
            self._empty_said = Misconfigured(raw.detail, raw.said)
            return self._empty_said
        return answer

    def _is_long_enough(self, trial: Trial, answer: NotJudged, *, is_urgent: bool) -> bool:
        if isinstance(answer, Later) and not answer.reached:
            return False
        return is_urgent or trial.is_long(answer, self.now())

    def _hear_judgement(self, answer: Answer) -> None:
        self._empty_said = None
        if self._asked_in_vain and isinstance(answer, Accepted | PartlyRejected):
            self._asked_in_vain = False  # records are judged, and empty requests were not: are they at all?
            self._heeds_empty = not isinstance(of_empty(self._send(self._empty)), Later | Misconfigured)
        self._telemetry.sink_up()

    def _is_nothing_accepted(self) -> bool:
        """Whether a request was stuck, and none with records has been accepted since."""
        return self._stuck_at == self._experience.accepted

    def _tell_down(self, answer: NotJudged) -> None:
        """Tell that a request with records was not judged.

        The sink's words may quote them, so it is asked once with an empty request, whose answer can be shown.
        """
        if isinstance(answer, Misconfigured) and self._empty_said is None and self._heeds_empty:
            empty = of_empty(self._send(self._empty))
            self._empty_said = empty if isinstance(empty, Later | Misconfigured) else Misconfigured("")
        told = self._empty_said
        self._tell(answer, told.said if told and told.detail == answer.detail else "")

    def _tell(self, answer: NotJudged, said: str) -> None:
        self._telemetry.sink_down(result_of(answer), f"{answer.detail}: {said}" if said else answer.detail)


def _key(answer: Refused | TooLarge) -> tuple[str, str]:
    return answer.detail, words.alike(answer.said)


def _nothing() -> None:
    """Do nothing: the sink reports by itself that it is up again."""
