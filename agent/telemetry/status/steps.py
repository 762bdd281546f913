"""The upper part of the status page: the five steps of the flow, in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agent.telemetry.activity import Activity
from agent.telemetry.snapshot import Snapshot
from agent.telemetry.status.fragments import PanelRow, count_row, known_row, mean_time, rows_list
from agent.telemetry.status.frame import section
from agent.telemetry.wording import brief, number, size

_WRITTEN_OUT_BELOW: Final = 100_000_000


@dataclass(frozen=True, slots=True)
class _Stage:
    """One step of the flow."""

    title: str
    total: float
    rate: float
    note: str
    rows: list[PanelRow]


def flow(seen: Snapshot, activity: Activity) -> str:
    """The steps as a list, each with its total, its rate and some details."""
    steps = (_received, _objects, _events, _exports, _settled)
    stages = "".join(_stage(step(seen, activity)) for step in steps)
    key = '<p class="key">counts and means since the start; rates of the last minute</p>'
    return section("The flow", f'<ol class="flow">{stages}</ol>', key)


def _received(seen: Snapshot, activity: Activity) -> _Stage:
    waiting = seen.known("trail_agent_queue_messages", queue="main", state="visible")
    delayed = seen.known("trail_agent_queue_messages", queue="main", state="delayed")
    held = seen.value("trail_agent_in_flight_deliveries")
    rows = [known_row("waiting", waiting), known_row("delayed", delayed), count_row("held here", held)]
    total = seen.value("trail_agent_deliveries_received_total")
    return _Stage("Received", total, activity.per_minute("received"), "messages", rows)


def _objects(seen: Snapshot, activity: Activity) -> _Stage:
    rows = [
        PanelRow("read", size(seen.value("trail_agent_object_bytes_total"))),
        PanelRow("mean time", mean_time(seen, "trail_agent_object_read_seconds")),
        count_row("ignored", seen.value("trail_agent_notifications_ignored_total")),
    ]
    total = seen.value("trail_agent_objects_read_total")
    return _Stage("Objects", total, activity.per_minute("objects"), "objects", rows)


def _events(seen: Snapshot, activity: Activity) -> _Stage:
    fates = seen.by("trail_agent_events_total", "fate")
    rows = [count_row(fate, fates.get(fate, 0.0)) for fate in ("exported", "duplicate", "skipped")]
    total = seen.value("trail_agent_events_read_total")
    return _Stage("Events", total, activity.per_minute("read"), "events", rows)


def _exports(seen: Snapshot, activity: Activity) -> _Stage:
    results = seen.by("trail_agent_export_requests_total", "result")
    rows = [count_row(result, count) for result, count in results.items() if count or result == "ok"]
    rows.append(PanelRow("mean time", mean_time(seen, "trail_agent_export_seconds")))
    rows.append(PanelRow("events/min", number(activity.per_minute("exported"))))
    return _Stage("Exports", sum(results.values()), activity.per_minute("exports"), "requests", rows)


def _settled(seen: Snapshot, activity: Activity) -> _Stage:
    outcomes = seen.by("trail_agent_deliveries_settled_total", "outcome")
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
