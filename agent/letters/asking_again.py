"""When SQS is asked again: where it did nothing, because it is asked too often or could not be reached."""

from __future__ import annotations

from typing import Final

from agent.errors import AwsError
from agent.waiting.backoff import half_jitter

MOST_WAITS: Final = 6
"""So many in a row, and nothing is done by then: half a minute."""

_FIRST_SECONDS: Final = 1.0
_LONGEST_SECONDS: Final = 10.0


def may_pass(error: AwsError) -> bool:
    """Whether SQS surely did nothing, for a reason that may be over soon."""
    return error.is_undone and (error.kind == "throttled" or (error.kind == "unavailable" and not error.code))


def pause(times: int, random: float) -> float:
    """How many seconds to wait for the next try, after so many waits in a row; `random` is from 0 to 1."""
    return half_jitter(random, _FIRST_SECONDS, times, _LONGEST_SECONDS)
