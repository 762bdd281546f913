"""The upper part of the status page: the five steps of the flow, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agent.telemetry import metric_names
from agent.telemetry.activity import Activity
from agent.telemetry.snapshot import Snapshot
from agent.telemetry.status.fragments import PanelRow, count_row, known_row, mean_time, rows_list
from agent.telemetry.status.frame import section
from agent.telemetry.wording import ago, brief, number, size

_WRITTEN_OUT_BELOW: Final = 100_000_000


@dataclass(frozen=True, slots=True)
class _Stage:
    """One step of the flow."""

    title: str
    total: float
    rate: float
    note: str
    rows: list[PanelRow]


def flow(seen: Snapshot, activity: Activity, now: float, *, has_queue: bool) -> str:
    """The steps as a list, each with its total, its rate and some details; without a queue, those of events alone."""
    steps = (_received, _objects, _events, _exports, _settled) if has_queue else (_events, _exports)
    stages = "".join(_stage(step(seen, activity)) for step in steps)
    counted_at = seen.known(metric_names.QUEUE_COUNTED, queue="main") if has_queue else None
    counted = "" if counted_at is None else f"; waiting and delayed as SQS counted them {ago(counted_at, now)}"
    key = f'<p class="key">counts and means since the start; rates of the last minute{counted}</p>'
    return section("The flow", f'<ol class="flow">{stages}</ol>', key)


def _received(seen: Snapshot, activity: Activity) -> _Stage:
    waiting = seen.known(metric_names.QUEUE_MESSAGES, queue="main", state="visible")
    delayed = seen.known(metric_names.QUEUE_MESSAGES, queue="main", state="delayed")
    held = seen.value(metric_names.IN_FLIGHT_DELIVERIES)
    rows = [known_row("waiting", waiting), known_row("delayed", delayed), count_row("held here", held)]
    total = seen.value(metric_names.DELIVERIES_RECEIVED)
    return _Stage("Received", total, activity.per_minute("received"), "messages", rows)


def _objects(seen: Snapshot, activity: Activity) -> _Stage:
    rows = [
        PanelRow("read", size(seen.value(metric_names.OBJECT_BYTES))),
        PanelRow("mean time", mean_time(seen, metric_names.OBJECT_READ_SECONDS)),
        count_row("ignored", seen.value(metric_names.NOTIFICATIONS_IGNORED)),
    ]
    total = seen.value(metric_names.OBJECTS_READ)
    return _Stage("Objects", total, activity.per_minute("objects"), "objects", rows)


def _events(seen: Snapshot, activity: Activity) -> _Stage:
    fates = seen.by(metric_names.EVENTS, "fate")
    rows = [count_row(fate, fates.get(fate, 0.0)) for fate in ("exported", "duplicate", "skipped")]
    total = seen.value(metric_names.EVENTS_READ)
    return _Stage("Events", total, activity.per_minute("read"), "events", rows)


def _exports(seen: Snapshot, activity: Activity) -> _Stage:
    results = seen.by(metric_names.EXPORT_REQUESTS, "result")
    rows = [count_row(result, count) for result, count in results.items() if count or result == "ok"]
    rows.append(PanelRow("mean time", mean_time(seen, metric_names.EXPORT_SECONDS)))
    rows.append(PanelRow("events/min", number(activity.per_minute("exported"))))
    return _Stage("Exports", sum(results.values()), activity.per_minute("exports"), "requests", rows)


def _settled(seen: Snapshot, activity: Activity) -> _Stage:
    outcomes = seen.by(metric_names.DELIVERIES_SETTLED, "outcome")
    rows = [count_row(outcome.replace("_", " "), count) for outcome, count in outcomes.items()]
    return _Stage("Settled", sum(outcomes.values()), activity.per_minute("settled"), "messages", rows)


def _stage(stage: _Stage) -> str:
    return (
        f'<li><h3>{stage.title}</h3><p class="big" title="{number(stage.total)}">{_large(stage.total)}</p>'
        f'<p class="rate">{number(stage.rate)} {stage.note}/min</p>{rows_list(stage.rows)}</li>'
    )


def _large(total: float) -> str:
    """A total that fits a step, however long the process has run."""
    return number(total) if total < _WRITTEN_OUT_BELOW else brief(total)
