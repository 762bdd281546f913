"""Asking S3 for names, as patiently as for objects: what may pass is waited for, and told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, TypeVar

from agent.aws import store_policy
from agent.aws.store_policy import StoreError
from agent.errors import DrainedError
from agent.faults.environment_faults import EnvironmentFault
from agent.pulse import Pulse
from agent.telemetry.events import Telemetry
from agent.waiting.backoff import half_jitter

_Result = TypeVar("_Result")
_PASSING: Final = (store_policy.UNAVAILABLE, store_policy.NOT_S3, store_policy.BROKEN_OFF)
_LONGEST_PAUSE_SECONDS: Final = 30.0
_MOST_UNREADABLE: Final = 8  # answers in a row, in about a minute: what answers is not what a proxy says for a while


class Retrying:
    """Safe to use from many threads at once; waits end when `halt` is set. `random` gives numbers from 0 to 1."""

    def __init__(
        self, *, telemetry: Telemetry, pulse: Pulse, halt: threading.Event, random: Callable[[], float]
    ) -> None:
        self._telemetry = telemetry
        self._pulse = pulse
        self._halt = halt
        self._random = random

    def until_answered(self, bucket: str, ask: Callable[[], _Result], *, is_patient: bool) -> _Result:
        """What `ask` returns. While S3 does not answer, it is asked again.

        With `is_patient`, so it is while S3 refuses: what was listed before will be listed again. Otherwise raises
        `StoreError`; and so it does if the answers of about a minute cannot be read. Raises `DrainedError` if `halt` is
        set first.
        """
        part, attempt, unreadable = f"listing of bucket {bucket}", 0, 0
        while True:
            try:
                answer = ask()
            except StoreError as error:
                whole = error.policy.bucket
                unreadable = unreadable + 1 if error.policy is store_policy.UNREADABLE else 0
                if not (is_patient or error.policy in _PASSING) or unreadable == _MOST_UNREADABLE:
                    raise
                fault = whole.fault if whole else EnvironmentFault.BUCKET_REFUSED
                self._telemetry.gate_closed(part, fault, error.detail)
                self._rest(attempt)
                attempt += 1
            else:
                if attempt:
                    self._telemetry.gate_opened(part)
                return answer

    def _rest(self, attempt: int) -> None:
        seconds = half_jitter(self._random(), 0.5, attempt, _LONGEST_PAUSE_SECONDS)
        if self._pulse.wait(self._halt, seconds):
            raise DrainedError("the replay had to stop while a bucket could not be listed")
