"""How long to wait for a sink that does not judge, and what an answer means where nothing was asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from agent.sink import words
from agent.sink.answer import Accepted, Answer, Later, Misconfigured, NotJudged, PartlyRejected, Refused, TooLarge
from agent.waiting.backoff import doubled, full_jitter

MAX_WAIT_SECONDS: Final = 60.0
FIRST_WAIT_SECONDS: Final = 0.5
FIRST_SLOW_WAIT_SECONDS: Final = 5.0
STUCK_SECONDS: Final = 30.0
STUCK_THROTTLED_SECONDS: Final = 60.0
STUCK_ATTEMPTS: Final = 4
REFUSED_SECONDS: Final = 5.0
REFUSED_ATTEMPTS: Final = 2
"""For what does not pass by itself: a filter before the sink refuses a request, and lets empty ones through."""
LONGEST_TRIAL_WAIT_SECONDS: Final = 10.0
LONGEST_EAGER_WAIT_SECONDS: Final = 2.0


@dataclass(slots=True)
class Trial:
    """The attempts at one request so far, and the first one's time in monotonic seconds.

    A sink that asks for a wait knows that it will pass: such an attempt counts half.
    """

    began: float
    attempts: float = 0.0

    def count(self, answer: Answer) -> None:
        """Another attempt was answered so."""
        is_asked = isinstance(answer, Later) and answer.retry_after is not None
        self.attempts += 0.5 if is_asked else 1.0

    def is_long(self, answer: NotJudged, now: float, *, has_accepted: bool) -> bool:
        """Whether a fault that passes by itself would have passed by now, most likely.

        `has_accepted`: it is not known that the sink accepts nothing, so that one request may be to blame.
        """
        if has_accepted and isinstance(answer, Misconfigured):
            return self.attempts >= REFUSED_ATTEMPTS and now - self.began >= REFUSED_SECONDS
        is_throttled = isinstance(answer, Later) and answer.throttled
        seconds = STUCK_THROTTLED_SECONDS if is_throttled else STUCK_SECONDS
        return self.attempts >= STUCK_ATTEMPTS and now - self.began >= seconds


def of_empty(answer: Answer) -> Answer:
    """What an answer to an empty request means: a refusal passes only if it is for the emptiness."""
    if isinstance(answer, Refused | TooLarge) and not words.are_about_emptiness(answer.said):
        return Misconfigured(answer.detail, answer.said)
    return answer


def patience(answer: NotJudged, attempt: int, random: float) -> float:
    """Seconds to wait after the `attempt`-th answer (from 0) that was not a judgement.

    As long as the sink asked for; else exponential with full jitter, and at least 5 s for what an operator must mend.
    """
    if isinstance(answer, Misconfigured):
        ceiling = doubled(FIRST_SLOW_WAIT_SECONDS, attempt, MAX_WAIT_SECONDS)
        return FIRST_SLOW_WAIT_SECONDS + (ceiling - FIRST_SLOW_WAIT_SECONDS) * random
    if answer.retry_after is not None:
        return answer.retry_after
    first = FIRST_SLOW_WAIT_SECONDS if answer.slow else FIRST_WAIT_SECONDS
    return full_jitter(random, first, attempt, MAX_WAIT_SECONDS)


def trial_patience(answer: NotJudged, attempt: int, random: float, *, is_eager: bool) -> float:
    """Seconds to wait after the `attempt`-th answer in a search for what does not pass, from 0.

    Empty requests pass at that time, so that others may be tried soon: `is_eager`, unless the sink asks for a wait.
    """
    seconds = min(patience(answer, attempt, random), LONGEST_TRIAL_WAIT_SECONDS)
    if not is_eager or (isinstance(answer, Later) and (answer.throttled or answer.retry_after is not None)):
        return seconds
    return min(seconds, doubled(FIRST_WAIT_SECONDS, attempt, LONGEST_EAGER_WAIT_SECONDS))


def result_of(answer: Answer) -> str:
    """The value of `trail_agent_export_requests_total{result}`."""
    match answer:
        case Accepted():
            return "ok"
        case PartlyRejected():
            return "partial"
        case Refused() | TooLarge():
            return "rejected"
        case Misconfigured():
            return "misconfigured"
        case Later(throttled=throttled):
            return "throttled" if throttled else "unavailable"
