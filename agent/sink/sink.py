"""Where records go, and the proof that they arrived: an export returns when the other side has answered for each one.

An unreachable or misconfigured sink is waited for, as long as it takes; a request that is refused is taken apart until
the bad record is found. Every attempt of one request sends the same bytes, so that stores which drop repeats see one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from agent.errors import DrainedError
from agent.model import ACCEPTED, LogRecord, Verdict
from agent.pulse import Pulse
from agent.sink.answer import Accepted, Answer, Later, Misconfigured, PartlyRejected, Refused, TooLarge
from agent.sink.export import Export, Limits
from agent.sink.otlp.encode import Encoder
from agent.waiting.gate import AtFaultError, Gate

MAX_WAIT_SECONDS = 60.0
FIRST_WAIT_SECONDS = 0.5
FIRST_SLOW_WAIT_SECONDS = 5.0
EMPTY_PATIENCE_SECONDS = 300.0


class _InVainError(Exception):
    """Empty requests were sent for long enough."""


class Transport(Protocol):
    """Carries the bytes of one request to the other side and tells what it said."""

    def send(self, payload: bytes) -> Answer:
        """Return the answer; whatever goes wrong on the way is an answer, too. Called by many threads at once."""
        ...

    def close(self) -> None:
        """Give up all connections."""
        ...


class Telemetry(Protocol):
    """How exports are seen from outside."""

    def export_answered(self, result: str, seconds: float) -> None:
        """One request was answered: ok, partial, rejected, throttled, unavailable or misconfigured."""
        ...

    def sink_up(self) -> None:
        """The sink takes requests and judges them."""
        ...

    def sink_down(self, kind: str, detail: str) -> None:
        """The sink does not take requests. `kind`: throttled, unavailable or misconfigured. Called at every attempt."""
        ...

    def sink_warned(self, message: str) -> None:
        """The sink accepted a request and had something to say about it."""
        ...

    def record_shrunk(self) -> None:
        """A record was too large for the sink, and a part of it was left out."""
        ...


class Sink:
    """Exports records; safe to share among threads, each of which waits by itself.

    `shrink` returns a smaller record, or None where nothing can be left out. `random` returns a float in [0, 1).
    """

    def __init__(
        self,
        *,
        encoder: Encoder,
        transport: Transport,
        telemetry: Telemetry,
        gate: Gate,
        pulse: Pulse,
        halt: threading.Event,
        shrink: Callable[[LogRecord], LogRecord | None],
        max_batch_bytes: int,
        max_batch_records: int,
        random: Callable[[], float],
    ) -> None:
        self._encoder = encoder
        self._transport = transport
        self._telemetry = telemetry
        self._gate = gate
        self._pulse = pulse
        self._halt = halt
        self._shrink = shrink
        self._limits = Limits(max_batch_bytes, max_batch_records)
        self._random = random
        self._answered_at = pulse.clock.monotonic()
        self._asked_in_vain = False
        self._heeds_empty = True

    def export(self, records: Sequence[LogRecord]) -> list[Verdict]:
        """Send `records`, oldest first, and return one verdict for each, in the order given.

        Returns only when the sink has answered for each record, or `halt` is set: then the rest is UNANSWERED. Raises
        nothing. The caller's thread beats while it waits.
        """
        return Export(
            records,
            encoder=self._encoder,
            ask=self._ask,
            telemetry=self._telemetry,
            shrink=self._shrink,
            limits=self._limits,
        ).run()

    def probe(self) -> bool:
        """Send one empty request: True if the sink judges requests, whatever it says of an empty one. Never waits."""
        answer = self._send(self._encoder.payload(()))
        return not isinstance(answer, Later | Misconfigured)

    def await_up(self) -> bool:
        """Send empty requests until the sink judges one, as an export would; False if `halt` is set before it does.

        After five minutes this, too, ends with True: it may be that the sink, or what stands before it, only dislikes
        requests without records. Then records themselves have to tell.
        """
        payload, began = self._encoder.payload(()), self._pulse.clock.monotonic()

        def attempt() -> Answer:
            if self._pulse.clock.monotonic() - began >= EMPTY_PATIENCE_SECONDS:
                raise _InVainError
            return self._judgement(payload)

        try:
            self._gate.through("sink", attempt, opened=_nothing)
        except DrainedError:
            return False
        except _InVainError:
            self._asked_in_vain = True
        return True

    def unheard_seconds(self) -> float:
        """How long ago the sink answered a request, or failed to; since the start, if none was sent.

        Always 0 of a sink that is known to judge records and no empty requests: it need not be asked.
        """
        return self._pulse.clock.monotonic() - self._answered_at if self._heeds_empty else 0.0

    def _ask(self, payload: bytes) -> Answer | None:
        """Send the same bytes until the sink judges them; None if `halt` is set before it does."""
        if self._halt.is_set():
            return None
        try:
            answer = self._gate.through("sink", lambda: self._judgement(payload), opened=_nothing)
        except DrainedError:
            return None
        if self._asked_in_vain:
            self._learn_about_empty()
        return answer

    def _learn_about_empty(self) -> None:
        """Records were judged, and empty requests were not before: does this sink judge them at all?"""
        self._asked_in_vain = False
        self._heeds_empty = self.probe()
        if not self._heeds_empty:
            self._telemetry.sink_up()

    def _judgement(self, payload: bytes) -> Answer:
        self._pulse.beat()
        answer = self._send(payload)
        if isinstance(answer, Later | Misconfigured):
            raise AtFaultError(lambda attempt: patience(answer, attempt, self._random()))
        return answer

    def _send(self, payload: bytes) -> Answer:
        clock = self._pulse.clock
        begun = clock.monotonic()
        answer = self._transport.send(payload)
        result = result_of(answer)
        self._answered_at = clock.monotonic()
        self._telemetry.export_answered(result, self._answered_at - begun)
        if isinstance(answer, Later | Misconfigured):
            self._telemetry.sink_down(result, answer.detail)
        else:
            self._telemetry.sink_up()
        return answer


def _nothing() -> None:
    """The sink's own telemetry tells when it is up again."""


class DryRunSink:
    """Accepts everything and sends nothing."""

    def export(self, records: Sequence[LogRecord]) -> list[Verdict]:
        """One acceptance per record."""
        return [ACCEPTED for _ in records]

    def probe(self) -> bool:
        """Always true."""
        return True

    def await_up(self) -> bool:
        """Always true, at once."""
        return True

    def unheard_seconds(self) -> float:
        """It is always heard of."""
        return 0.0


def patience(answer: Later | Misconfigured, attempt: int, random: float) -> float:
    """Seconds to wait after the `attempt`-th answer (from 0) that was not a judgement.

    As long as the sink asked for; else exponential with full jitter, and at least 5 s for what an operator must mend.
    """
    growth = 2.0 ** min(attempt, 10)
    if isinstance(answer, Misconfigured):
        ceiling = min(MAX_WAIT_SECONDS, FIRST_SLOW_WAIT_SECONDS * growth)
        return FIRST_SLOW_WAIT_SECONDS + (ceiling - FIRST_SLOW_WAIT_SECONDS) * random
    if answer.retry_after is not None:
        return answer.retry_after
    first = FIRST_SLOW_WAIT_SECONDS if answer.slow else FIRST_WAIT_SECONDS
    return min(MAX_WAIT_SECONDS, first * growth) * random


def result_of(answer: Answer) -> str:
    """The value of `trail_agent_export_requests_total{result}`."""
    match answer:
        case Accepted():
            return "ok"
        case PartlyRejected():
            return "partial"
        case Refused() | TooLarge():
            return "rejected"
        case Misconfigured():
            return "misconfigured"
        case Later(throttled=throttled):
            return "throttled" if throttled else "unavailable"
