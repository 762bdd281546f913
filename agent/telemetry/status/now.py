"""The part of the status page with what is so at this moment, in small cards."""

from __future__ import annotations

from agent.telemetry import metric_names
from agent.telemetry.snapshot import Snapshot
from agent.telemetry.status.dead_letter_queue import dead_letter_messages
from agent.telemetry.status.fragments import PanelRow, count_row, known_row, mean_time, rows_list
from agent.telemetry.status.frame import section
from agent.telemetry.status.services import services
from agent.telemetry.wording import ago, size, span


def cards(seen: Snapshot, now: float) -> str:
    """What is held, when something last happened, how late everything is, and the services."""
    held = [
        count_row("messages", seen.value(metric_names.IN_FLIGHT_DELIVERIES)),
        PanelRow("memory reserved", size(seen.value(metric_names.IN_FLIGHT_BYTES))),
        count_row("leases extended", seen.value(metric_names.LEASE_EXTENSIONS)),
        count_row("leases lost", seen.value(metric_names.LEASES_LOST)),
    ]
    last = [
        PanelRow("receive", ago(seen.value(metric_names.LAST_RECEIVE), now)),
        PanelRow("delivery", ago(seen.value(metric_names.LAST_DELIVERY), now)),
        PanelRow("newest event", ago(seen.value(metric_names.LAST_EVENT), now)),
    ]
    lag = [
        PanelRow("oldest message", span(seen.value(metric_names.OLDEST_DELIVERY_AGE))),
        PanelRow("event to sink, mean since the start", mean_time(seen, metric_names.EVENT_AGE)),
        PanelRow("object to sink, mean since the start", mean_time(seen, metric_names.OBJECT_AGE)),
        known_row("dead-letter queue", dead_letter_messages(seen)),
    ]
    columns = _card("Held now", held) + _card("Last", last) + _card("Delay", lag) + services(seen)
    return section("Now", f'<div class="columns">{columns}</div>')


def _card(title: str, rows: list[PanelRow]) -> str:
    return f'<div class="card"><h3>{title}</h3>{rows_list(rows)}</div>'
