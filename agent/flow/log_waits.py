"""Asking a log of AWS's: not too often, and again while it does not answer; what it refuses ends the replay."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, TypeVar

from agent.errors import AwsError, DependencyError, PermanentError
from agent.faults.environment_faults import EnvironmentFault
from agent.pulse import Clock, Pulse
from agent.telemetry.events import Telemetry
from agent.waiting.backoff import half_jitter
from agent.waiting.pacer import Pacer

_Result = TypeVar("_Result")
_PASSING: Final = {
    "throttled": EnvironmentFault.LOG_THROTTLED,
    "unavailable": EnvironmentFault.LOG_UNAVAILABLE,
}
_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 30.0


class LogWaits:
    """Safe to use from many threads at once; waits end when `halt` is set.

    `random` gives numbers from 0 to 1. `failed` is told of what ends the replay.
    """

    def __init__(
        self,
        *,
        telemetry: Telemetry,
        pulse: Pulse,
        halt: threading.Event,
        random: Callable[[], float],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._telemetry = telemetry
        self._pulse = pulse
        self._halt = halt
        self._random = random
        self._failed = failed

    @property
    def clock(self) -> Clock:
        """The time that it waits by."""
        return self._pulse.clock

    def pacer(self, per_second: float) -> Pacer:
        """What lets so many requests a second pass."""
        return Pacer(per_second, self._pulse, self._halt)

    def until_answered(self, part: str, pacer: Pacer, ask: Callable[[], _Result], advice: str = "") -> _Result:
        """What `ask` returns, which raises `AwsError`. `part` is the name under which a wait is told.

        Raises `DependencyError` with `advice` where the answer is one that does not pass, `DrainedError` if told to
        halt first, and a `PermanentError` of `ask`.
        """
        attempt, began = 0, self.clock.monotonic()
        while True:
            pacer.pass_()
            try:
                answer = ask()
            except AwsError as error:
                self._bear(part, error, advice, self.clock.monotonic() - began)
                pacer.rest(self._pause(attempt))
                attempt += 1
            except PermanentError:
                self._end_wait(part, attempt)
                raise
            else:
                self._end_wait(part, attempt)
                return answer

    def _end_wait(self, part: str, attempts: int) -> None:
        if attempts:
            self._telemetry.gate_opened(part)

    def _bear(self, part: str, error: AwsError, advice: str, seconds: float) -> None:  # noqa: ARG002 - for who is patient
        """Tell a refusal, `seconds` after it was first asked. Raises `DependencyError` if it is not waited for."""
        if error.kind not in _PASSING:
            told = f"{part}: {error.detail}" + (f"; {advice}" if advice else "")
            raise self._refused(DependencyError(told)) from error
        self._telemetry.gate_closed(part, _PASSING[error.kind], error.detail)

    def _refused(self, error: DependencyError) -> DependencyError:
        self._failed(error)
        return error

    def _pause(self, attempt: int) -> float:
        return half_jitter(self._random(), _FIRST_PAUSE_SECONDS, attempt, _LONGEST_PAUSE_SECONDS)
