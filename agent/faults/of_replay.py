"""What an operator does about an object that a replay could not ship: there is no message to be sent back."""

from __future__ import annotations

from agent.faults.dead_letters import Reason
from agent.faults.environment_faults import EnvironmentFault
from agent.faults.retries import RetryReason


def what_to_do(reason: str) -> str:
    """The advice of a reason of a dead letter or of a retry, in the words of a replay; empty for another word."""
    known: dict[str, Reason | RetryReason] = {**{each.value: each for each in RetryReason}}
    known |= {each.value: each for each in Reason}
    if reason not in known:
        return ""
    return (
        known[reason]
        .advice.do.replace("then redrive", "then run the replay again")
        .replace("redrive if", "run the replay again if")
    )


def hint_of(fault: EnvironmentFault) -> str:
    """What a replay does about a fault that it waits for, and what the operator does."""
    return f"the replay waits, and goes on by itself; {fault.advice.do}; for other settings, stop it and run it again"
