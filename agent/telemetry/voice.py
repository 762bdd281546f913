"""What every named event has at hand: the metrics it moves, the log it may speak to, and how to speak seldom."""

from __future__ import annotations

import logging
from typing import Final

from structlog.typing import FilteringBoundLogger

from agent.pulse import Clock
from agent.telemetry.activity import Activity
from agent.telemetry.health import Health
from agent.telemetry.metrics import Metrics
from agent.telemetry.throttle import Distinct, Throttle

WARNING: Final = logging.WARNING
ERROR: Final = logging.ERROR


class Voice:
    """The instruments that the named events share.

    A log line says in `event` what happened, in its fields with what, and in `hint` what to do. ERROR: an operator must
    act. WARNING: mended, or worth a look. INFO: life cycle. DEBUG: one thing among many.
    """

    def __init__(self, metrics: Metrics, log: FilteringBoundLogger, health: Health, clock: Clock) -> None:
        self.metrics = metrics
        self.health = health
        self.activity = Activity(clock)
        self._log = log
        self._clock = clock
        self._throttle = Throttle(clock)
        self._distinct = Distinct()
        self._troubles_told: set[str] = set()

    def _tell_ready(self) -> None:
        """Log once, as soon as everything that readiness asks for has answered."""
        if not self.health.ready() and self._distinct.is_new("ready"):
            self._log.info("ready")

    def _seldom(self, level: int, key: str, event: str, **fields: object) -> bool:
        """Log `event` at most once a minute for each `key`; whether it was logged."""
        untold = self._throttle.due(key)
        if untold is None:
            return False
        self._log.log(level, event, **fields, **({"untold": untold} if untold else {}))
        return True

    def _trouble(self, level: int, key: str, event: str, **fields: object) -> None:
        """Log trouble that lasts, at most once a minute; `_relief` will tell its end."""
        if self._seldom(level, key, event, **fields):
            self._troubles_told.add(key)

    def _relief(self, key: str, event: str, seconds: float | None) -> None:
        """Log the end of trouble that lasted `seconds`, if it was told: what flaps is not told each time."""
        if seconds is not None and key in self._troubles_told:
            self._troubles_told.discard(key)
            self._log.info(event, after_seconds=round(seconds, 1))
