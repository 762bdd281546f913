"""Asking for Event history as the daemon does: whatever the answer is, it asks again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Final

from agent.aws.event_history import EXPIRED
from agent.errors import AwsError
from agent.faults.environment_faults import EnvironmentFault
from agent.flow.log_waits import LogWaits
from agent.pulse import Pulse
from agent.telemetry.events import Telemetry

_PATIENCE_SECONDS: Final = 120.0
_SOON_OVER: Final = frozenset({"throttled", "unavailable"})
_FAULTS: Final[Mapping[str, EnvironmentFault]] = {
    "throttled": EnvironmentFault.LOG_THROTTLED,
    "unavailable": EnvironmentFault.LOG_UNAVAILABLE,
    **dict.fromkeys(("denied", EXPIRED, "no_credentials"), EnvironmentFault.LOG_DENIED),
}


class PatientWaits(LogWaits):
    """Waits end when `stop` is set. What may be over soon is told after two minutes, anything else at once."""

    def __init__(
        self, *, telemetry: Telemetry, pulse: Pulse, stop: threading.Event, random: Callable[[], float]
    ) -> None:
        super().__init__(telemetry=telemetry, pulse=pulse, halt=stop, random=random, failed=lambda _: None)

    def _bear(self, part: str, error: AwsError, advice: str, seconds: float) -> None:  # noqa: ARG002
        if seconds >= _PATIENCE_SECONDS or error.kind not in _SOON_OVER:
            self._telemetry.gate_closed(part, _FAULTS.get(error.kind, EnvironmentFault.LOG_REFUSED), error.detail)
