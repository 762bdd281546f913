"""The part of the status page about what did not pass: counts by reason with what to do, and the last dead letters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Final

from agent.faults.advice import Advised
from agent.faults.dead_letters import Reason
from agent.faults.ignored import IgnoredReason
from agent.faults.of_replay import what_to_do
from agent.faults.retries import RetryReason
from agent.telemetry import metric_names
from agent.telemetry.activity import DeadLetter, LeftOut
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
_KNOWN: Final[Mapping[str, Advised]] = {each.value: each for each in (*RetryReason, *Reason)}


def reasons(seen: Snapshot, left_out_for: Mapping[str, int]) -> str:
    """Why messages, or parts of them, became dead letters, came again, or were passed over.

    `left_out_for` has how many parts of Event history were passed over, by reason.
    """
    rows = "".join(_row(reason, count) for reason, count in _counted(seen))
    rows += "".join(_row_of_history(reason, count) for reason, count in left_out_for.items())
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


def _row_of_history(reason: str, count: float) -> str:
    advice = what_to_do(reason, of_log=True).replace("run the replay again", "run the replay of the log line")
    return (
        f'<tr><td class="nowrap alarm">passed over</td><td>{_linked(reason)}</td><td class="count">{number(count)}</td>'
        f'<td class="long">{told(sentence(advice))}</td></tr>'
    )


def _linked(reason: str) -> str:
    return link(_KNOWN[reason]) if reason in _KNOWN else escape(reason)


def passed_over(parts: list[LeftOut], now: float) -> str:
    """What was passed over of Event history, newest first; nothing if there is nothing."""
    rows = "".join(_part(part, now) for part in parts)
    head = ("when", "reason", "where, when it happened, and what was wrong")
    key = '<p class="key">the log line <code>event_unshipped</code> has the command that ships it</p>'
    return section("Passed over of Event history", _table("letters", head, rows), key, "passed-over") if rows else ""


def _part(part: LeftOut, now: float) -> str:
    when = "before the start" if part.at is None else ago(part.at, now)
    until = "" if part.end - part.begin <= 1 else f" to {instant(part.end)}"
    name = f"{escape(part.name)}, " if part.name else ""
    return (
        f'<tr><td class="nowrap">{when}</td><td class="nowrap"><b>{_linked(part.reason)}</b></td>'
        f'<td class="long">{name}{escape(part.region)}, {instant(part.begin)}{until}<br>{escape(part.detail)}</td></tr>'
    )


def dead_letters(letters: list[DeadLetter], now: float) -> str:
    """The last dead letters, newest first."""
    rows = "".join(_letter(letter, now) for letter in letters)
    head = ("when", "reason", "where, and what was wrong")
    content = _table("letters", head, rows) if rows else '<div class="card note">None since the start.</div>'
    return section("Recent dead letters", content, anchor="dead-letters")


def _letter(letter: DeadLetter, now: float) -> str:
    where = f"<code>s3://{escape(letter.bucket)}/{escape(letter.key)}</code><br>" if letter.bucket else ""
    return (
        f'<tr><td class="nowrap" title="{instant(letter.at)}">{ago(letter.at, now)}</td>'
        f'<td class="nowrap"><b>{_linked(letter.reason)}</b></td><td class="long">{where}{escape(letter.detail)} '
        f'<span class="note">message {escape(letter.message_id)}</span></td></tr>'
    )


def _table(kind: str, head: Sequence[str], rows: str) -> str:
    names = "".join(f'<th scope="col">{name}</th>' for name in head)
    table = f'<table class="{kind}"><thead><tr>{names}</tr></thead><tbody>{rows}</tbody></table>'
    return f'<div class="card scroll">{table}</div>'
