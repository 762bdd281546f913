"""What all named events share: the metrics, the log, and ways to log a thing only seldom."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from agent.faults.environment_faults import EnvironmentFault
from agent.pulse import Clock
from agent.telemetry.activity import Activity
from agent.telemetry.health import HOLDS_UP_NOTHING, Health
from agent.telemetry.logs import Log
from agent.telemetry.metrics import Metrics
from agent.telemetry.throttle import Distinct, Throttle

WARNING: Final = logging.WARNING
ERROR: Final = logging.ERROR


class Voice:
    """What the named events share.

    In a log line, `event` says what happened, the other fields say to what, and `hint` says what the agent did and what
    to do. ERROR: an operator must act. WARNING: worth a look. INFO: life cycle. DEBUG: single things.
    """

    def __init__(self, metrics: Metrics, log: Log, health: Health, clock: Clock) -> None:
        self.metrics = metrics
        self.health = health
        self.activity = Activity(clock)
        self._log = log
        self._clock = clock
        self._throttle = Throttle(clock)
        self._distinct = Distinct()
        self._ignored_kinds = Distinct()
        self._troubles_told: set[str] = set()
        self._held: dict[str, int] = {}
        self.hint_of: Callable[[EnvironmentFault], str] = _hint
        """What a log line says of a fault that is waited for: the daemon's words, unless a command sets its own."""

    def _tell_ready(self) -> None:
        """Log once, when the daemon is ready for the first time."""
        if not self.health.ready() and self._distinct.note("ready"):
            self._log.info("ready")

    def _tell_seldom(self, level: int, key: str, event: str, **fields: object) -> bool:
        """Log `event` at most once a minute for each `key`. Returns whether it was logged."""
        suppressed = self._throttle.take_turn(key)
        if suppressed is None:
            return False
        self._log.log(level, event, **fields, **({"suppressed": suppressed} if suppressed else {}))
        return True

    def _tell_held(self, supply: str, deliveries: int) -> None:
        """So many deliveries of this supply are held now."""
        self._held[supply] = deliveries
        self.metrics.in_flight_deliveries.set(sum(self._held.values()))

    def _trouble(self, level: int, key: str, event: str, **fields: object) -> None:
        """Log a lasting fault at most once a minute; `_relief` logs its end."""
        self.activity.waiting(self._waited)
        if self._tell_seldom(level, key, event, **fields):
            self._troubles_told.add(key)

    def _relief(self, key: str, event: str, seconds: float | None) -> None:
        """Log the end of a fault that lasted `seconds`, if the fault itself was logged; None: there was none."""
        if seconds is None:
            return
        self.activity.waiting(self._waited)
        if key in self._troubles_told:
            self._troubles_told.discard(key)
            self._log.info(event, after_seconds=round(seconds, 1))

    def _waited(self) -> float | None:
        """For how long the work has waited for anything; None while it does not wait."""
        waits = [each.seconds for each in self.health.waiting() if each.fault not in HOLDS_UP_NOTHING]
        return max(waits, default=None)


def _hint(fault: EnvironmentFault) -> str:
    return fault.advice.hint
