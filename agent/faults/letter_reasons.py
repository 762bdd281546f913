"""Every reason that a message of the dead-letter queue can have: the agent's own, and what others put there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from agent.faults.advice import Advised
from agent.faults.dead_letters import Reason
from agent.faults.environment_faults import EnvironmentFault


class ForeignReason(Advised):
    """Why a message that names no reason of the agent's is in the dead-letter queue; what `dead-letters list` shows."""

    RECEIVED_TOO_OFTEN = (
        "received_too_often",
        "the agent gave no reason: SQS moved the message here after maxReceiveCount receives, or somebody sent it here",
        "received it again and again, and never came to an end with it",
        "see what reading it says now (`trail-agent dead-letters show`); correct the cause, then redrive",
    )
    NOT_SENT = (
        "not_sent",
        "EventBridge or SNS could not send the message to the queue, and put it here",
        "never saw it",
        "correct what `detail` says, mostly the queue's policy or its KMS key, then redrive",
    )


BY_REASON: Final[Mapping[str, Advised]] = {str(each): each for each in (*Reason, *ForeignReason)}
"""All of them, by name."""

_UNKNOWN: Final = (
    "this version does not know the reason: if `dead-letters show` names an agent's version, look it up in "
    "docs/faults.md of that one; else ask who sent it here"
)


def what_happened(reason: str) -> str:
    """One sentence without a full stop; empty for a reason that this version does not know."""
    known = BY_REASON.get(reason)
    return known.advice.happened if known else ""


def what_to_do(reason: str | EnvironmentFault) -> str:
    """What the operator does about a dead letter of this reason, or about a fault; without a full stop."""
    known = reason if isinstance(reason, EnvironmentFault) else BY_REASON.get(reason)
    return known.advice.do if known else _UNKNOWN
