"""What is told about an object that a replay could not ship."""

from __future__ import annotations

import pytest

from agent.faults.dead_letters import Reason
from agent.faults.of_replay import what_to_do
from agent.faults.retries import RetryReason


@pytest.mark.parametrize("reason", [*Reason, *RetryReason])
def test_every_reason_has_advice_that_speaks_of_no_message(reason: str) -> None:
    """There is none to be sent back."""
    advice = what_to_do(str(reason))
    assert advice
    assert "redrive" not in advice


def test_an_unknown_word_has_none() -> None:
    """A checkpoint may be older."""
    assert what_to_do("gone") == ""
