"""Small lists of names and values, for several places of the status page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Final

from agent.telemetry.snapshot import Snapshot
from agent.telemetry.wording import number, span

ALARMING: Final = frozenset(
    {
        *("dead letter", "dead lettered", "dead-letter queue", "leases lost", "malformed"),
        *("misconfigured", "partial", "rejected"),
    }
)


@dataclass(frozen=True, slots=True)
class PanelRow:
    """One line of a small list. `nonzero`: it counts something, so it may need attention."""

    name: str
    value: str
    nonzero: bool = False


def rows_list(rows: Iterable[PanelRow]) -> str:
    """`rows` as a definition list; what needs attention is highlighted."""
    return f"<dl>{''.join(_item(row) for row in rows)}</dl>"


def _item(row: PanelRow) -> str:
    alarm = ' class="alarm"' if row.nonzero and row.name in ALARMING else ""
    return f"<dt>{escape(row.name)}</dt><dd{alarm}>{row.value}</dd>"


def count_row(name: str, value: float) -> PanelRow:
    """A row that shows a count."""
    return PanelRow(name, number(value), nonzero=value > 0)


def mean_time(seen: Snapshot, histogram: str) -> str:
    """The mean of a histogram of seconds, as people read it."""
    seconds = seen.mean(histogram)
    return "not yet" if seconds is None else span(seconds)
