"""The part of the status page with what is so at this moment, in small cards."""

from __future__ import annotations

from agent.telemetry.snapshot import Snapshot
from agent.telemetry.status.dead_letter_queue import dead_letter_messages
from agent.telemetry.status.fragments import PanelRow, count_row, known_row, mean_time, rows_list
from agent.telemetry.status.frame import section
from agent.telemetry.status.services import services
from agent.telemetry.wording import ago, size, span


def cards(seen: Snapshot, now: float) -> str:
    """What is held, when something last happened, how late everything is, and the services."""
    held = [
        count_row("messages", seen.value("trail_agent_in_flight_deliveries")),
        PanelRow("memory reserved", size(seen.value("trail_agent_in_flight_bytes"))),
        count_row("leases extended", seen.value("trail_agent_lease_extensions_total")),
        count_row("leases lost", seen.value("trail_agent_leases_lost_total")),
    ]
    last = [
        PanelRow("receive", ago(seen.value("trail_agent_last_receive_timestamp_seconds"), now)),
        PanelRow("delivery", ago(seen.value("trail_agent_last_delivery_timestamp_seconds"), now)),
        PanelRow("newest event", ago(seen.value("trail_agent_last_event_timestamp_seconds"), now)),
    ]
    lag = [
        PanelRow("oldest message", span(seen.value("trail_agent_oldest_delivery_age_seconds"))),
        PanelRow("event to sink, mean since the start", mean_time(seen, "trail_agent_event_age_seconds")),
        PanelRow("object to sink, mean since the start", mean_time(seen, "trail_agent_object_age_seconds")),
        known_row("dead-letter queue", dead_letter_messages(seen)),
    ]
    columns = _card("Held now", held) + _card("Last", last) + _card("Delay", lag) + services(seen)
    return section("Now", f'<div class="columns">{columns}</div>')


def _card(title: str, rows: list[PanelRow]) -> str:
    return f'<div class="card"><h3>{title}</h3>{rows_list(rows)}</div>'
