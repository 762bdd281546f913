"""What the sink says to empty requests: whether it is up, and whether an answer is about the records or not.

If an empty request gets the same answer as one with records, the answer is not about the records: the address, the
credentials or the sink itself is at fault.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from agent.errors import DrainedError
from agent.pulse import Pulse
from agent.sink.answer import (
    Accepted,
    Answer,
    Later,
    Misconfigured,
    NotJudged,
    PartlyRejected,
    Refused,
    TooLarge,
    key_of,
)
from agent.sink.experience import Experience
from agent.sink.outside import SinkTelemetry
from agent.sink.patience import of_empty, patience, result_of
from agent.sink.wire import Transport
from agent.waiting.gate import AtFaultError, Gate

EMPTY_PATIENCE_SECONDS: Final = 300.0


class _InVainError(Exception):
    """Empty requests were sent for long enough."""


class Control:
    """Sends requests over `transport`, and compares; thread-safe.

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
        self._answered_at = self._now()
        self._asked_in_vain = False
        self._heeds_empty = True
        self._stuck_at = -1  # how many requests had been accepted when one was stuck
        self._empty_said: NotJudged | None = None

    @property
    def is_heeded(self) -> bool:
        """Whether the sink heeds empty requests, as far as we know: what it answers them can be compared with."""
        return not self._asked_in_vain

    def send(self, payload: bytes) -> Answer:
        """Send one request, and count its answer."""
        begun = self._now()
        answer = self._transport.send(payload)
        self._answered_at = self._now()
        self._telemetry.export_answered(result_of(answer), self._answered_at - begun)
        return answer

    def compare(self, answer: Refused | TooLarge) -> Answer:
        """The same, or what an empty request is answered now if that says that the records are not to blame."""
        if self._asked_in_vain or not self._heeds_empty:
            return answer
        raw = self.send(self._empty)
        if isinstance(raw, Later | Misconfigured):
            self._empty_said = raw
            return raw
        if isinstance(raw, Refused | TooLarge) and key_of(raw) == key_of(answer):
            self._empty_said = Misconfigured(raw.detail, raw.said)
            return self._empty_said
        return answer

    def try_empty(self) -> bool:
        """Send an empty request: True if it passes. It is not sent to a sink that is known to dislike them: True."""
        if self._asked_in_vain or not self._heeds_empty:
            return True
        return not isinstance(of_empty(self.send(self._empty)), Later | Misconfigured)

    def probe(self) -> bool:
        """Send one empty request, and tell the outside: True if it passes. Never waits."""
        answer = of_empty(self.send(self._empty))
        if isinstance(answer, Later | Misconfigured):
            self._empty_said = answer
            self._tell(answer, answer.said)
            return False
        if not self.is_nothing_accepted():
            self._telemetry.sink_up()
        return True

    def await_up(self) -> bool:
        """Send empty requests until one passes, as patiently as for an export; False if `halt` is set before.

        After five minutes this, too, ends with True: it may be that the sink, or what stands before it, only dislikes
        requests without records. Then records themselves have to tell.
        """
        began = self._now()

        def attempt() -> None:
            if self._now() - began >= EMPTY_PATIENCE_SECONDS:
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

    def note_stuck(self) -> None:
        """A request with records does not pass, and empty ones do: that an empty one passes proves nothing any more."""
        self._stuck_at = self._experience.accepted

    def take_back_stuck(self) -> None:
        """What was stuck is one record, and others are accepted: nothing is wrong with the sink."""
        self._stuck_at = -1
        self._telemetry.sink_up()

    def unheard_seconds(self) -> float:
        """How long ago the sink answered a request, or failed to; since the start, if none was sent.

        Always 0 of a sink that is known to judge records and no empty requests: it need not be asked.
        """
        return self._now() - self._answered_at if self._heeds_empty else 0.0

    def hear_judgement(self, answer: Answer) -> None:
        """A request with records was judged: the sink is up."""
        self._empty_said = None
        if self._asked_in_vain and isinstance(answer, Accepted | PartlyRejected):
            self._asked_in_vain = False  # records are judged, and empty requests were not: are they at all?
            self._heeds_empty = not isinstance(of_empty(self.send(self._empty)), Later | Misconfigured)
        self._telemetry.sink_up()

    def is_nothing_accepted(self) -> bool:
        """Whether a request was stuck, and none with records has been accepted since."""
        return self._stuck_at == self._experience.accepted

    def tell_down(self, answer: NotJudged) -> None:
        """Tell that a request with records was not judged.

        The sink's words may quote them, so it is asked once with an empty request, whose answer can be shown.
        """
        if isinstance(answer, Misconfigured) and self._empty_said is None and self._heeds_empty:
            empty = of_empty(self.send(self._empty))
            self._empty_said = empty if isinstance(empty, Later | Misconfigured) else Misconfigured("")
        told = self._empty_said
        self._tell(answer, told.said if told and told.detail == answer.detail else "")

    def _now(self) -> float:
        return self._pulse.clock.monotonic()

    def _tell(self, answer: NotJudged, said: str) -> None:
        self._telemetry.sink_down(result_of(answer), f"{answer.detail}: {said}" if said else answer.detail)


def _nothing() -> None:
    """Do nothing: the sink reports by itself that it is up again."""
