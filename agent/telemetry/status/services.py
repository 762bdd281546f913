"""The status page's card of delivered events by service: CodeCatalyst's first, then the busiest of the others."""

from __future__ import annotations

from typing import Final

from agent.telemetry import metric_names
from agent.telemetry.snapshot import Snapshot
from agent.telemetry.status.fragments import PanelRow, count_row, rows_list

_SHOWN: Final = 8
_SUFFIX: Final = ".amazonaws.com"


def services(seen: Snapshot) -> str:
    """How many events of each service the sink accepted; beyond the busiest, all others together."""
    rows = [count_row("CodeCatalyst", seen.value(metric_names.CODECATALYST_EVENTS))]
    others = sorted(seen.by(metric_names.CLOUDTRAIL_EVENTS, "event_source").items(), key=lambda one: (-one[1], one[0]))
    rows += [count_row(source.removesuffix(_SUFFIX), count) for source, count in others[:_SHOWN]]
    rest = others[_SHOWN:]
    if rest:
        rows.append(_together(len(rest), sum(count for _, count in rest)))
    return f'<div class="card"><h3>Delivered, by service</h3>{rows_list(rows)}</div>'


def _together(services: int, count: float) -> PanelRow:
    return count_row(f"{services} more", count)
