"""The page at `/runbook`: every trouble that has a name, with what happened, what the agent did, and what to do.

It is made of `agent.faults` alone, so it shows nothing of this process, and it has the anchors of docs/faults.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Final

from agent.faults.advice import Advised
from agent.faults.dead_letters import Reason
from agent.faults.environment_faults import EnvironmentFault
from agent.faults.ignored import IgnoredReason
from agent.faults.retries import RetryReason
from agent.telemetry.status.anchors import KINDS, anchor, fragment
from agent.telemetry.status.fragments import advised
from agent.telemetry.status.frame import document, header, section


@dataclass(frozen=True, slots=True)
class _Table:
    """One kind of trouble: what it means, and where it is seen."""

    troubles: Iterable[Advised]
    title: str
    meaning: str
    seen: str


_TABLES: Final = (
    _Table(
        EnvironmentFault,
        "Waited for",
        meaning="Something around the agent is at fault, and no message is to blame. The agent keeps what it holds, "
        "receives nothing more, and tries again; the first success lets everything go on.",
        seen="/readyz is 503; trail_agent_waiting{fault} is 1; the log says so once a minute",
    ),
    _Table(
        Reason,
        "Dead letters",
        meaning="A message can never pass as it is. It goes to the dead-letter queue with its reason, and stays there "
        "until somebody sends it back or takes it out.",
        seen="trail_agent_dead_letters_total{reason}; the log says so of each",
    ),
    _Table(
        RetryReason,
        "Retries",
        meaning="A message may pass later. It goes back to the queue, and comes again.",
        seen="trail_agent_retries_total{reason}; the log says so once a minute",
    ),
    _Table(
        IgnoredReason,
        "Ignored",
        meaning="A part of a message is proven to hold nothing for the agent. Nothing is lost.",
        seen="trail_agent_notifications_ignored_total{reason}; the log says so at the level debug",
    ),
)


@cache
def runbook() -> str:
    """The whole page as HTML."""
    back = '<nav class="back"><a href="/">status page</a></nav>'
    contents = "".join(_contents(table) for table in _TABLES)
    tables = "".join(_table(table) for table in _TABLES)
    body = f'<main class="runbook"><nav class="card contents" aria-label="contents">{contents}</nav>\n{tables}</main>\n'
    return document("trail-agent: runbook", header("what each trouble means, and what to do", back) + body)


def _contents(table: _Table) -> str:
    links = "".join(f'<li><a href="#{anchor(each)}">{escape(each)}</a></li>' for each in table.troubles)
    return f'<div><h3><a href="#{fragment(table.title.lower())}">{table.title}</a></h3><ul>{links}</ul></div>'


def _table(table: _Table) -> str:
    about = f'<p class="about">{escape(table.meaning)}<br>You see it here: {escape(table.seen)}.</p>'
    entries = "".join(_entry(each) for each in table.troubles)
    return section(table.title, f"{about}\n{entries}", anchor=fragment(table.title.lower()))


def _entry(trouble: Advised) -> str:
    head = f"<h3><small>{KINDS[type(trouble)]}</small> {escape(trouble)}</h3>"
    advice = advised(trouble.advice, goes_on=isinstance(trouble, EnvironmentFault))
    return f'<article class="card entry" id="{anchor(trouble)}">{head}{advice}</article>\n'
