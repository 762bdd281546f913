"""The first part of the status page: does it work? If not: what is waited for, since when, and what is to be done."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final

from agent.faults.advice import Advice
from agent.telemetry.health import Health, Pending, Waiting
from agent.telemetry.snapshot import Snapshot
from agent.telemetry.status.anchors import link
from agent.telemetry.status.fragments import advised, capital
from agent.telemetry.wording import ago, instant, number, span

_PENDING: Final[Mapping[Pending, Advice]] = {
    Pending.DRAINING: Advice(
        "somebody asked the agent to stop",
        "finishes what it holds, gives the rest back to the queue, and ends",
        "nothing",
    ),
    Pending.QUEUE: Advice(
        "the agent has just started, and SQS has not answered it yet",
        "asks SQS; it reads nothing before the sink has answered, too",
        "nothing for the first half minute; after that, see the log",
    ),
    Pending.SINK: Advice(
        "the sink has not said yet that it accepts log records",
        "asks it with an empty request before it receives anything",
        "nothing for the first half minute; after that, see the log",
    ),
}
_STUCK: Final = Advice(
    "a bug, or a call to the operating system that does not return",
    "answers 503 at /livez, so that whoever supervises it ends and starts it",
    "start it again if nobody supervises it; please report it with the log",
)


def verdict(health: Health, seen: Snapshot, now: float) -> str:
    """One box for each trouble, the more urgent first; or one that says that there is none."""
    boxes = [
        *(_stuck(problem) for problem in health.live()),
        *(_waiting(waiting, now) for waiting in health.waiting()),
        *(_pending(pending) for pending in health.pending()),
    ]
    return f'<section class="verdicts" aria-label="state">{"".join(boxes) or _calm(seen, now)}</section>\n'


def _calm(seen: Snapshot, now: float) -> str:
    delivered = seen.value("trail_agent_last_delivery_timestamp_seconds")
    newest = seen.value("trail_agent_last_event_timestamp_seconds")
    if delivered:
        title = "Ready. Nothing is waited for."
        flow = f"The sink last took events {_when(delivered, now)}. The newest of all happened {ago(newest, now)}."
    else:
        title = "Ready. The first event is awaited."
        flow = "CloudTrail writes a file about every five minutes, and only after something happened."
    return f'<article class="verdict calm"><h2>{title}</h2><p>{flow}{_letters(seen)}</p></article>'


def _when(then: float, now: float) -> str:
    return ago(then, now) if now - then >= 1 else "just now"


def _letters(seen: Snapshot) -> str:
    letters = seen.value("trail_agent_dead_letters_total")
    if not letters:
        return ""
    noun = "message became a dead letter" if letters == 1 else "messages became dead letters"
    return f' <a href="#dead-letters">{number(letters)} {noun}</a> since the start.'


def _waiting(waiting: Waiting, now: float) -> str:
    since = f"since {instant(now - waiting.seconds)}, for {span(waiting.seconds // 1)}"
    part = "" if waiting.part in waiting.fault else f"<b>{escape(waiting.part)}</b>, "
    detail = f'<p class="detail"><code>{escape(waiting.detail)}</code></p>'
    return _box(
        "trouble", f"The work waits: {link(waiting.fault)}", f"<p>{part}{since}</p>{detail}", waiting.fault.advice
    )


def _pending(pending: Pending) -> str:
    return _box("pending", escape(capital(pending)), "", _PENDING[pending])


def _stuck(problem: str) -> str:
    return _box("trouble", escape(capital(problem)), "", _STUCK)


def _box(kind: str, title: str, more: str, advice: Advice) -> str:
    return f'<article class="verdict {kind}"><h2>{title}</h2>{more}{advised(advice, goes_on=True)}</article>'
