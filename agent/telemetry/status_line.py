"""The state of the daemon in one line, for whoever looks at the service: is it ready, and what has gone through?

It holds counters and the reasons of `/readyz`, and nothing of events but their number.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry

from agent.telemetry.health import Health
from agent.telemetry.metric_names import (
    DEAD_LETTERS,
    DELIVERIES_RECEIVED,
    EVENTS,
    EVENTS_READ,
    HISTORY_UNSHIPPED,
    IN_FLIGHT_DELIVERIES,
    OBJECTS_READ,
)
from agent.telemetry.metrics import FATES
from agent.telemetry.safetext import clean
from agent.telemetry.snapshot import Snapshot
from agent.telemetry.wording import number

REASON_CHARACTERS: Final = 300  # more would push the counters out of sight
LINE_CHARACTERS: Final = 700
_METRICS: Final = (
    DELIVERIES_RECEIVED,
    OBJECTS_READ,
    EVENTS_READ,
    EVENTS,
    IN_FLIGHT_DELIVERIES,
    DEAD_LETTERS,
    HISTORY_UNSHIPPED,
)
_ALWAYS_SHOWN: Final = frozenset({"exported", "skipped"})


def status_line(registry: CollectorRegistry, health: Health) -> str:
    """Such as `ready; received 5, objects 4, events 295 (skipped 261, exported 34), held 0, dead letters 0`.

    Without a queue, nothing is told of messages and objects, and `passed over 0` in place of dead letters.
    """
    seen = Snapshot.of(registry, only=_METRICS)
    return clean(f"{_state(health)}; {_flow(seen, has_queue=health.has_queue)}", LINE_CHARACTERS)


def _state(health: Health) -> str:
    """What `/livez` and `/readyz` say, the more urgent first."""
    if problems := health.live():
        return _because("stuck", problems)
    if health.draining:
        return "stopping"
    if problems := health.ready():
        return _because("not ready", problems)
    return "ready"


def _because(state: str, problems: list[str]) -> str:
    return f"{state}: {clean('; '.join(problems), REASON_CHARACTERS)}"


def _flow(seen: Snapshot, *, has_queue: bool) -> str:
    by_fate = seen.by(EVENTS, "fate")
    fates = [(fate, by_fate.get(fate, 0.0)) for fate in FATES]
    shown = ", ".join(
        f"{fate.replace('_', ' ')} {number(count)}" for fate, count in fates if count or fate in _ALWAYS_SHOWN
    )
    events = f"events {number(seen.value(EVENTS_READ))} ({shown})"
    if not has_queue:
        return f"{events}, passed over {number(sum(seen.by(HISTORY_UNSHIPPED, 'region').values()))}"
    return (
        f"received {number(seen.value(DELIVERIES_RECEIVED))}, objects {number(seen.value(OBJECTS_READ))}, "
        f"{events}, held {number(seen.value(IN_FLIGHT_DELIVERIES))}, "
        f"dead letters {number(seen.value(DEAD_LETTERS))}"
    )
