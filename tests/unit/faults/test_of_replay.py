"""What is told about an object that a replay could not ship."""

from __future__ import annotations

import pytest

from agent.faults.dead_letters import Reason
from agent.faults.environment_faults import EnvironmentFault
from agent.faults.of_replay import hint_of, what_to_do
from agent.faults.retries import RetryReason


@pytest.mark.parametrize("reason", [*Reason, *RetryReason])
def test_every_reason_has_advice_that_speaks_of_no_message(reason: str) -> None:
    """There is none to be sent back."""
    advice = what_to_do(str(reason))
    assert advice
    assert "redrive" not in advice


@pytest.mark.parametrize(
    "reason", [one for one in Reason if one.value not in ("not_allowed", "notification_unknown", "object_malformed")]
)
def test_the_advice_for_a_window_of_a_log_speaks_of_no_object(reason: Reason) -> None:
    """It stands in no bucket: nobody else writes there, and `inspect` has nothing to look at."""
    advice = what_to_do(reason.value, of_log=True).replace("events_per_object", "")
    assert advice
    assert not any(word in advice for word in ("object", "bucket", "inspect"))


def test_an_unknown_word_has_none() -> None:
    """A checkpoint may be older."""
    assert what_to_do("gone") == ""


def test_a_fault_that_a_replay_waits_for_is_told_in_its_words() -> None:
    """It has no messages, and it is a command that somebody can stop: what the daemon does is not what it does."""
    for fault in EnvironmentFault:
        hint = hint_of(fault)
        assert hint.startswith("the replay waits, and goes on by itself; ")
        assert fault.advice.do in hint
        assert fault.advice.did not in hint
