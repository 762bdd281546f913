"""The first part of the status page: does it work? If not: what is waited for, since when, and what is to be done."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final

from agent.errors import number_of
from agent.faults.advice import Advice
from agent.telemetry import metric_names
from agent.telemetry.health import Health, Pending, Waiting
from agent.telemetry.snapshot import Snapshot
from agent.telemetry.status.anchors import link
from agent.telemetry.status.dead_letter_queue import ADVICE, dead_letter_messages, deadline, held
from agent.telemetry.status.fragments import advised, capital
from agent.telemetry.wording import ago, instant, span

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
_PASSED_OVER: Final = Advice(
    "the sink refuses these events for good, or they were tried for half an hour or more; no queue keeps them",
    "went on without them; CloudTrail keeps them for 90 days",
    "correct the cause, and run the command that the log line event_unshipped has for each",
)
_STUCK: Final = Advice(
    "a bug, or a call to the operating system that does not return",
    "answers 503 at /livez, so that whoever supervises it ends and starts it",
    "start it again if nobody supervises it; please report it with the log",
)


def verdict(health: Health, seen: Snapshot, now: float, passed_over_at: float | None = None) -> str:
    """One box for each trouble, the more urgent first; or one that says that there is none.

    `passed_over_at` is when something of Event history was passed over last, in Unix seconds.
    """
    boxes = [
        *(_stuck(problem) for problem in health.live()),
        *(_waiting(waiting, now) for waiting in health.waiting()),
        *(_pending(pending, health.pending_seconds(pending), now) for pending in health.pending()),
    ]
    flow = _flow(seen, now, has_queue=health.has_queue)
    letters = dead_letter_messages(seen)
    if letters:
        boxes.append(_left(letters, seen, "" if boxes else flow))
    if passed := sum(seen.by(metric_names.HISTORY_UNSHIPPED, "region").values()):
        boxes.append(_passed_over(passed, passed_over_at, now, "" if boxes else flow))
    return f'<section class="verdicts" aria-label="state">{"".join(boxes) or _calm(seen, flow)}</section>\n'


def _calm(seen: Snapshot, flow: str) -> str:
    delivered = seen.value(metric_names.LAST_DELIVERY)
    title = "Everything works." if delivered else "No event has come yet."
    return f'<article class="verdict calm"><h2>Ready. {title}</h2><p>{flow}{_letters(seen)}</p></article>'


def _flow(seen: Snapshot, now: float, *, has_queue: bool) -> str:
    delivered = seen.value(metric_names.LAST_DELIVERY)
    newest = seen.value(metric_names.LAST_EVENT)
    if delivered:
        return f"The sink last took events {_when(delivered, now)}. The newest event happened {ago(newest, now)}."
    if not has_queue:
        return "Event history shows an event some five minutes after it happened."
    return "CloudTrail writes a file about every five minutes, and only after something happened."


def _left(letters: float, seen: Snapshot, flow: str) -> str:
    """What nobody has sent back yet; `flow` says how the rest goes, where there is no other trouble."""
    title = f"Ready, but {held(letters)}" if flow else capital(held(letters))
    about = f"<p>{deadline(seen)}{_letters(seen)}</p>"
    return _box("pending", title, f"<p>{flow}</p>{about}" if flow else about, ADVICE)


def _passed_over(parts: float, last_at: float | None, now: float, flow: str) -> str:
    """What Event history has, and the sink has not; `flow` says how the rest goes, where there is no other trouble."""
    told = number_of(round(parts), "part of Event history was passed over", "parts of Event history were passed over")
    when = "" if last_at is None else f", most recently {_when(last_at, now)}"
    link = f'<p>Since the start{when}; <a href="#passed-over">the last of them</a>.</p>'
    return _box("pending", f"Ready, but {told}" if flow else capital(told), f"<p>{flow}</p>{link}", _PASSED_OVER)


def _when(then: float, now: float) -> str:
    return ago(then, now) if now - then >= 1 else "just now"


def _letters(seen: Snapshot) -> str:
    letters = seen.value(metric_names.DEAD_LETTERS)
    if not letters:
        return ""
    told = number_of(round(letters), "message became a dead letter", "messages became dead letters")
    return f' <a href="#dead-letters">{told}</a> since the start.'


def _waiting(waiting: Waiting, now: float) -> str:
    since = _since(waiting.seconds, now)
    part = "" if waiting.part in waiting.fault else f"<b>{escape(waiting.part)}</b>, "
    detail = f'<p class="detail"><code>{escape(waiting.detail)}</code></p>'
    return _box(
        "trouble", f"The work waits: {link(waiting.fault)}", f"<p>{part}{since}</p>{detail}", waiting.fault.advice
    )


def _since(seconds: float, now: float) -> str:
    return f"since {instant(now - seconds)}, for {span(seconds // 1)}"


def _pending(pending: Pending, seconds: float, now: float) -> str:
    since = capital(_since(seconds, now))
    return _box("pending", escape(capital(pending)), f"<p>{since}</p>", _PENDING[pending])


def _stuck(problem: str) -> str:
    return _box("trouble", escape(capital(problem)), "", _STUCK)


def _box(kind: str, title: str, more: str, advice: Advice) -> str:
    return f'<article class="verdict {kind}"><h2>{title}</h2>{more}{advised(advice, goes_on=True)}</article>'
