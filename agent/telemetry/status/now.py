"""The part of the status page with what is so at this moment, in small cards."""

from __future__ import annotations

from dataclasses import replace

from agent.telemetry import metric_names
from agent.telemetry.snapshot import Snapshot
from agent.telemetry.status.dead_letter_queue import dead_letter_messages
from agent.telemetry.status.fragments import PanelRow, count_row, known_row, mean_time, rows_list
from agent.telemetry.status.frame import section
from agent.telemetry.status.services import services
from agent.telemetry.wording import ago, size, span


def cards(seen: Snapshot, now: float, *, has_queue: bool) -> str:
    """What is held, when something last happened, how late everything is, the regions and the services."""
    columns = _held(seen) if has_queue else ""
    columns += _last(seen, now, has_queue=has_queue) + _delay(seen, now, has_queue=has_queue)
    return section("Now", f'<div class="columns">{columns}{_history(seen, now)}{services(seen)}</div>')


def _held(seen: Snapshot) -> str:
    rows = [
        count_row("messages", seen.value(metric_names.IN_FLIGHT_DELIVERIES)),
        PanelRow("memory reserved", size(seen.value(metric_names.IN_FLIGHT_BYTES))),
        count_row("leases extended", seen.value(metric_names.LEASE_EXTENSIONS)),
        count_row("leases lost", seen.value(metric_names.LEASES_LOST)),
    ]
    return _card("Held now", rows)


def _last(seen: Snapshot, now: float, *, has_queue: bool) -> str:
    receive = PanelRow("receive", ago(seen.value(metric_names.LAST_RECEIVE), now))
    rows = [
        *((receive,) if has_queue else ()),
        PanelRow("delivery", ago(seen.value(metric_names.LAST_DELIVERY), now)),
        PanelRow("newest event", ago(seen.value(metric_names.LAST_EVENT), now)),
    ]
    return _card("Last", rows)


def _delay(seen: Snapshot, now: float, *, has_queue: bool) -> str:
    to_sink = PanelRow("event to sink, mean since the start", mean_time(seen, metric_names.EVENT_AGE))
    if not has_queue:
        return _card("Delay", [to_sink])
    rows = [
        PanelRow("oldest message", span(seen.value(metric_names.OLDEST_DELIVERY_AGE))),
        to_sink,
        PanelRow("object to sink, mean since the start", mean_time(seen, metric_names.OBJECT_AGE)),
        _dead_letters(seen, now),
    ]
    return _card("Delay", rows)


def _dead_letters(seen: Snapshot, now: float) -> PanelRow:
    """What is in the dead-letter queue, and when SQS counted it: the agent asks it every quarter of a minute."""
    row = known_row("dead-letter queue", dead_letter_messages(seen))
    counted_at = seen.known(metric_names.QUEUE_COUNTED, queue="dead_letter")
    return row if counted_at is None else replace(row, value=f"{row.value}, counted {ago(counted_at, now)}")


def _history(seen: Snapshot, now: float) -> str:
    """Each region whose Event history is polled: up to when it is shipped, and what was passed over."""
    positions = seen.by(metric_names.HISTORY_POSITION, "region")
    unshipped = seen.by(metric_names.HISTORY_UNSHIPPED, "region")
    rows = [PanelRow(f"{region}, shipped up to", ago(position, now)) for region, position in positions.items()]
    rows.append(count_row("passed over", sum(unshipped.values())))
    return _card("Event history", rows) if positions else ""


def _card(title: str, rows: list[PanelRow]) -> str:
    return f'<div class="card"><h3>{title}</h3>{rows_list(rows)}</div>'
