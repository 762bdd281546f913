"""What waits in the dead-letter queue, whoever put it there and whenever: a restart of the agent forgets none of it."""

from __future__ import annotations

from typing import Final

from agent.errors import number_of
from agent.faults.advice import Advice
from agent.telemetry import metric_names
from agent.telemetry.snapshot import Snapshot
from agent.telemetry.status.anchors import RUNBOOK
from agent.telemetry.wording import span

_QUEUE: Final = "dead_letter"

ADVICE: Final = Advice(
    "these messages could not pass; their events have not been shipped, or not all of them",
    "goes on with all other messages, and leaves these where they are",
    "read the reason of each (below, in the log, or with trail-agent dead-letters list), correct the cause, and "
    "redrive them to the main queue before SQS deletes them",
)


def dead_letter_messages(seen: Snapshot) -> float | None:
    """How many messages the dead-letter queue holds: visible, in flight and delayed. None: SQS does not say."""
    return seen.known(metric_names.QUEUE_MESSAGES, queue=_QUEUE)


def held(messages: float) -> str:
    """Such as `2 messages are in the dead-letter queue`."""
    return f"{number_of(round(messages), 'message is', 'messages are')} in the dead-letter queue"


def deadline(seen: Snapshot) -> str:
    """When SQS deletes them, and where their reasons stand, as HTML."""
    seconds = seen.known(metric_names.QUEUE_RETENTION, queue=_QUEUE)
    # "At the latest": a message that SQS moved there itself keeps the age that it had in the main queue.
    when = f"at the latest {span(seconds)} after it came there" if seconds else "when its retention period is over"
    return (
        f'SQS deletes each message {when}. Reasons: <a href="#dead-letters">of the last ones since the start</a>, '
        f'<a href="{RUNBOOK}#dead-letters">all that there are</a>.'
    )
