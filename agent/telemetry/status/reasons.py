"""The part of the status page about what did not pass: counts by reason with what to do, and the last dead letters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import Final

from agent.faults.advice import Advised
from agent.faults.dead_letters import Reason
from agent.faults.ignored import IgnoredReason
from agent.faults.retries import RetryReason
from agent.telemetry import metric_names
from agent.telemetry.activity import DeadLetter
from agent.telemetry.snapshot import Snapshot
from agent.telemetry.status.anchors import KINDS, RUNBOOK, link
from agent.telemetry.status.fragments import sentence, told
from agent.telemetry.status.frame import section
from agent.telemetry.wording import ago, instant, number

_TABLES: Final = (
    (Reason, metric_names.DEAD_LETTERS),
    (RetryReason, metric_names.RETRIES),
    (IgnoredReason, metric_names.NOTIFICATIONS_IGNORED),
)
_KNOWN: Final = frozenset(Reason)


def reasons(seen: Snapshot) -> str:
    """Why messages, or parts of them, became dead letters, came again, or were passed over."""
    rows = "".join(_row(reason, count) for reason, count in _counted(seen))
    head = ("what became of it", "reason", "count", "what you do")
    key = f'<p class="key"><a href="{RUNBOOK}">all reasons, and what to do</a></p>'
    if not rows:
        return section("What did not pass", '<div class="card note">Nothing since the start.</div>', key)
    return section("What did not pass", _table("reasons", head, rows), key)


def _counted(seen: Snapshot) -> Iterator[tuple[Advised, float]]:
    for table, metric in _TABLES:
        counts = seen.by(metric, "reason")
        found: Iterable[Advised] = table
        yield from ((reason, counts[reason]) for reason in found if counts.get(reason))


def _row(reason: Advised, count: float) -> str:
    mark = " alarm" if isinstance(reason, Reason) else ""
    return (
        f'<tr><td class="nowrap{mark}">{KINDS[type(reason)]}</td><td>{link(reason)}</td>'
        f'<td class="count">{number(count)}</td><td class="long">{told(sentence(reason.advice.do))}</td></tr>'
    )


def dead_letters(letters: list[DeadLetter], now: float) -> str:
    """The last dead letters, newest first."""
    rows = "".join(_letter(letter, now) for letter in letters)
    head = ("when", "reason", "where, and what was wrong")
    content = _table("letters", head, rows) if rows else '<div class="card note">None since the start.</div>'
    return section("Recent dead letters", content, anchor="dead-letters")


def _letter(letter: DeadLetter, now: float) -> str:
    where = f"<code>s3://{escape(letter.bucket)}/{escape(letter.key)}</code><br>" if letter.bucket else ""
    reason = link(Reason(letter.reason)) if letter.reason in _KNOWN else escape(letter.reason)
    return (
        f'<tr><td class="nowrap" title="{instant(letter.at)}">{ago(letter.at, now)}</td>'
        f'<td class="nowrap"><b>{reason}</b></td><td class="long">{where}{escape(letter.detail)} '
        f'<span class="note">message {escape(letter.message_id)}</span></td></tr>'
    )


def _table(kind: str, head: Sequence[str], rows: str) -> str:
    names = "".join(f'<th scope="col">{name}</th>' for name in head)
    table = f'<table class="{kind}"><thead><tr>{names}</tr></thead><tbody>{rows}</tbody></table>'
    return f'<div class="card scroll">{table}</div>'
