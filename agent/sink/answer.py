"""What the other side of an export can say: a closed set, and the tables that tell which status says what.

The OTLP specification names the statuses that may be retried; where it would drop data, this table keeps it.
https://opentelemetry.io/docs/specs/otlp/#failures ; Loki's own statuses: https://grafana.com/docs/loki/latest/reference/loki-http-api/
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

MAX_RETRY_AFTER_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Accepted:
    """Every record of the request is with the sink. `warning` is what it wanted to say all the same, mostly nothing."""

    warning: str = ""


UNKNOWN_COUNT = -1


@dataclass(frozen=True, slots=True)
class PartlyRejected:
    """`count` records (or `UNKNOWN_COUNT`) were refused, unknown which; the protocol forbids to send them again."""

    count: int
    message: str


@dataclass(frozen=True, slots=True)
class Later:
    """Not accepted now. `retry_after`: the wait in seconds that the sink asked for; `slow`: begin with longer waits."""

    detail: str
    retry_after: float | None = None
    slow: bool = False
    throttled: bool = False


@dataclass(frozen=True, slots=True)
class Misconfigured:
    """What answers is not a sink that takes records from us: wrong address, credentials or protocol."""

    detail: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Something in the request is bad; `detail` is the sink's message. What was good may have been stored."""

    detail: str


@dataclass(frozen=True, slots=True)
class TooLarge:
    """The request is larger than the sink takes."""

    detail: str


Answer = Accepted | PartlyRejected | Later | Misconfigured | Refused | TooLarge


class Meaning(Enum):
    """What a status says, before the response's text is looked at."""

    ACCEPTED = "accepted"
    LATER = "later"
    THROTTLED = "throttled"
    SLOW = "slow"
    MISCONFIGURED = "misconfigured"
    REFUSED = "refused"
    TOO_LARGE = "too large"


HTTP_STATUSES = {
    200: Meaning.ACCEPTED,
    204: Meaning.ACCEPTED,
    260: Meaning.SLOW,  # Loki: ingestion is blocked
    400: Meaning.REFUSED,
    401: Meaning.MISCONFIGURED,
    403: Meaning.MISCONFIGURED,
    404: Meaning.MISCONFIGURED,
    405: Meaning.MISCONFIGURED,
    408: Meaning.SLOW,
    413: Meaning.TOO_LARGE,
    415: Meaning.MISCONFIGURED,
    422: Meaning.REFUSED,  # Loki, to a push without a single valid stream
    429: Meaning.THROTTLED,
    500: Meaning.SLOW,
    502: Meaning.LATER,
    503: Meaning.LATER,
    504: Meaning.LATER,
}

HTTP_CLASSES = {3: Meaning.MISCONFIGURED, 4: Meaning.MISCONFIGURED}
"""Statuses that are not listed, by their first digit; any other is SLOW. An unknown 4xx keeps the records, too."""

GRPC_STATUSES = {
    "OK": Meaning.ACCEPTED,
    "CANCELLED": Meaning.LATER,
    "DEADLINE_EXCEEDED": Meaning.LATER,
    "ABORTED": Meaning.LATER,
    "OUT_OF_RANGE": Meaning.LATER,
    "UNAVAILABLE": Meaning.LATER,
    "DATA_LOSS": Meaning.LATER,
    "UNAUTHENTICATED": Meaning.MISCONFIGURED,
    "PERMISSION_DENIED": Meaning.MISCONFIGURED,
    "NOT_FOUND": Meaning.MISCONFIGURED,
    "UNIMPLEMENTED": Meaning.MISCONFIGURED,
    "FAILED_PRECONDITION": Meaning.MISCONFIGURED,
    "ALREADY_EXISTS": Meaning.MISCONFIGURED,
    "INVALID_ARGUMENT": Meaning.REFUSED,
    "RESOURCE_EXHAUSTED": Meaning.TOO_LARGE,  # with RetryInfo: THROTTLED
}
"""By name of the code; UNKNOWN, INTERNAL and whatever comes to be are SLOW."""


def http_meaning(status: int) -> Meaning:
    """What an HTTP status says."""
    return HTTP_STATUSES.get(status) or HTTP_CLASSES.get(status // 100, Meaning.SLOW)


def grpc_meaning(code: str, *, retry_info: bool) -> Meaning:
    """What a gRPC status says; `retry_info`: the server sent google.rpc.RetryInfo with it."""
    if code == "RESOURCE_EXHAUSTED" and retry_info:
        return Meaning.THROTTLED
    return GRPC_STATUSES.get(code, Meaning.SLOW)


def failure(meaning: Meaning, detail: str, retry_after: float | None = None) -> Answer:
    """The answer that a status other than success gives."""
    match meaning:
        case Meaning.MISCONFIGURED:
            return Misconfigured(detail)
        case Meaning.REFUSED:
            return Refused(detail)
        case Meaning.TOO_LARGE:
            return TooLarge(detail)
        case _:
            wait = _bounded(retry_after)
            return Later(detail, wait, slow=meaning is Meaning.SLOW, throttled=meaning is Meaning.THROTTLED)


def success(rejected: int, message: str) -> Accepted | PartlyRejected:
    """The answer that a success with this partial_success gives; 0 and "" where it has none.

    A negative count is nonsense, but it is not a proof of delivery.
    """
    return Accepted(message) if rejected == 0 else PartlyRejected(rejected, message)


def _bounded(retry_after: float | None) -> float | None:
    """At most five minutes; no wait at all is no answer to an overload, so that the usual backoff applies."""
    if retry_after is None or not retry_after > 0:
        return None
    return min(retry_after, MAX_RETRY_AFTER_SECONDS)
