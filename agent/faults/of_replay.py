"""What an operator does about an object that a replay could not ship: there is no message to be sent back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from agent.faults.dead_letters import Reason
from agent.faults.environment_faults import EnvironmentFault
from agent.faults.retries import RetryReason

HISTORY_LATE_SECONDS: Final = 1800
"""A replay asks Event history for what happened so long ago: AWS shows events after some 5 minutes, not for certain."""

_MINUTE: Final = 60
_OF_LOG: Final = {
    Reason.OBJECT_MISSING: "begin later: the log has it no more",
    Reason.OBJECT_UNREADABLE: "run the replay again",
    Reason.OBJECT_CORRUPT: "run the replay again; if it comes to the same, please report it",
    Reason.OBJECT_TOO_LARGE: "raise limits.events_per_object, then run the replay again",
    Reason.SINK_REJECTED: "see the sink's words in `detail`, correct the cause, then run the replay again",
    Reason.EVENT_MALFORMED: (
        "its other events were shipped; look at this time in the console of the service, and please report what the "
        "log gives there"
    ),
}
"""Of a span of time of a log, which stands in no object: nobody has written it, and nobody can write it again."""


def what_to_do(reason: str, *, of_log: bool = False) -> str:
    """The advice of a reason of a dead letter or of a retry, in the words of a replay; empty for another word.

    `of_log`: it is about a window of a log that gives events, and not about an object.
    """
    known: dict[str, Reason | RetryReason] = {**{each.value: each for each in RetryReason}}
    known |= {each.value: each for each in Reason}
    if reason not in known:
        return ""
    if of_log and reason in _OF_LOG:
        return _OF_LOG[Reason(reason)]
    return (
        known[reason]
        .advice.do.replace("then redrive", "then run the replay again")
        .replace("redrive if", "run the replay again if")
    )


def has_all_from(until: float, late: float) -> datetime:
    """From when on a log has for certain what happened before `until` (Unix seconds), in whole minutes, in UTC.

    `late` is how many seconds after it happened an event may come.
    """
    return datetime.fromtimestamp(-(-until // _MINUTE) * _MINUTE + late, UTC)


def hint_of(fault: EnvironmentFault) -> str:
    """What a replay does about a fault that it waits for, and what the operator does."""
    return f"the replay waits, and goes on by itself; {fault.advice.do}; for other settings, stop it and run it again"
