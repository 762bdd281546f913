"""When SQS is asked again, and how soon."""

from __future__ import annotations

import pytest

from agent.errors import AwsError
from agent.letters.asking_again import MOST_WAITS, may_pass, pause


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (AwsError("throttled", "RequestThrottled", "RequestThrottled", is_undone=True), True),
        (AwsError("unavailable", "could not connect", is_undone=True), True),
        (AwsError("unavailable", "no answer"), False),
        (AwsError("unavailable", "UnsupportedOperation", "UnsupportedOperation", is_undone=True), False),
        (AwsError("denied", "AccessDenied", "AccessDenied", is_undone=True), False),
    ],
)
def test_only_what_was_surely_not_done_and_may_be_soon_is_asked_for_again(error: AwsError, passes: bool) -> None:
    """Where nobody knows what SQS did, a second request might do it twice."""
    assert may_pass(error) is passes


def test_all_waits_together_last_half_a_minute() -> None:
    """Each is twice as long as the one before, up to ten seconds; chance halves it at most."""
    longest = [pause(times, 1.0) for times in range(MOST_WAITS)]
    assert longest == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    assert [pause(times, 0.0) for times in range(MOST_WAITS)] == [each / 2 for each in longest]
