"""Small pieces that stand in several places of the pages: lists of names and values, advice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Final

from agent.faults.advice import Advice
from agent.telemetry.snapshot import Snapshot
from agent.telemetry.wording import number, span

ALARMING: Final = frozenset(
    {
        *("dead letter", "dead lettered", "dead-letter queue", "leases lost", "malformed", "passed over"),
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


def known_row(name: str, value: float | None) -> PanelRow:
    """A row that shows a count that is not known before somebody was asked."""
    return PanelRow(name, "not known yet") if value is None else count_row(name, value)


def told(text: str) -> str:
    """A sentence of `agent.faults` as HTML: what it quotes in backticks is code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))


def advised(advice: Advice, *, goes_on: bool = False) -> str:
    """What happened, what the agent did (or does, while it `goes_on`), and what a person does, as a list."""
    rows = (
        ("What happened", sentence(advice.happened)),
        ("What the agent does" if goes_on else "What the agent did", f"It {advice.did}."),
        ("What you do", sentence(advice.do)),
    )
    items = "".join(f"<div><dt>{name}</dt><dd>{told(text)}</dd></div>" for name, text in rows)
    return f'<dl class="advice">{items}</dl>'


def sentence(text: str) -> str:
    """A text of `agent.faults` with a capital and a full stop."""
    return f"{capital(text)}."


def capital(text: str) -> str:
    """`text` with a capital at its begin."""
    return f"{text[:1].upper()}{text[1:]}"
