"""What the other side of an export can say, and the one table that tells what it means.

A meaning needs evidence: the code, the words, and what was asked. This page holds the code and the words; an answer's
code and words together give its `Meaning`. `agent.sink.control` looks at what was asked (an answer that an empty
request gets too is not about a record), and `agent.sink.experience` at what other records were answered.

| meaning       | evidence                                                  | what the agent does                     |
|---------------|-----------------------------------------------------------|-----------------------------------------|
| accepted      | 200, 204, OK, with no body or an OTLP response            | the records are delivered               |
| later, slow   | a status that may pass; no answer                         | waits, and sends the same bytes again   |
| throttled     | 429, RESOURCE_EXHAUSTED, words of overload                | the same, as far apart as the sink asks |
| misconfigured | a status of the address; a web page; no OTLP response     | keeps everything, waits for an operator |
| too large     | 413, or words about the size of a request, or its number  | splits; with a proof, shrinks one alone |
| too old, new  | a refusal whose words say so                              | splits; a dead letter, later, or held   |
| refused       | 400, 422, INVALID_ARGUMENT, and no empty request gets it  | splits down to the record that is bad   |

The OTLP specification names the statuses that may be retried; where it would drop data, this table keeps it.
https://opentelemetry.io/docs/specs/otlp/#failures ; Loki's own statuses: https://grafana.com/docs/loki/latest/reference/loki-http-api/
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from agent.sink import words

MAX_RETRY_AFTER_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Accepted:
    """The sink has every record of the request. `warning` is a message that came with its yes, usually empty."""

    warning: str = ""


UNKNOWN_COUNT = -1


@dataclass(frozen=True, slots=True)
class PartlyRejected:
    """The sink refused `count` records and does not say which. OTLP forbids sending any of them again."""

    count: int
    message: str


@dataclass(frozen=True, slots=True)
class Later:
    """Not accepted now. `retry_after`: the wait in seconds that the sink asked for; `slow`: begin with longer waits.

    `detail`, here and below, is our own sentence. `said` are the sink's words: they may quote records. Not `reached`:
    there was no connection, and nothing of the request was sent. `code` is the HTTP status or the name of the gRPC
    status; empty where nothing has answered.
    """

    detail: str
    retry_after: float | None = None
    slow: bool = False
    throttled: bool = False
    said: str = ""
    reached: bool = True
    code: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Misconfigured:
    """What answers is not a sink that takes records from us: wrong address, credentials or protocol."""

    detail: str
    said: str = ""
    code: str = field(default="", compare=False)


class Why(Enum):
    """What a refusal is for, by its words."""

    UNTOLD = "untold"
    TOO_OLD = "too old"
    TOO_NEW = "too new"


@dataclass(frozen=True, slots=True)
class Refused:
    """Something in the request is bad. What was good may have been stored."""

    detail: str
    said: str = ""
    why: Why = Why.UNTOLD


@dataclass(frozen=True, slots=True)
class TooLarge:
    """The request is larger than the sink takes. `is_proven`: by the numbers that it names."""

    detail: str
    said: str = ""
    is_proven: bool = False


NotJudged = Later | Misconfigured
Answer = Accepted | PartlyRejected | Later | Misconfigured | Refused | TooLarge


class Meaning(Enum):
    """What a code says, before the words are looked at."""

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

HTTP_CLASSES = {2: Meaning.MISCONFIGURED, 3: Meaning.MISCONFIGURED, 4: Meaning.MISCONFIGURED}
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
    "RESOURCE_EXHAUSTED": Meaning.THROTTLED,
}
"""By name of the code; UNKNOWN, INTERNAL and whatever comes to be are SLOW."""

_MAY_BE_ABOUT_SIZE = frozenset(
    {"400", "422", "500", "RESOURCE_EXHAUSTED", "OUT_OF_RANGE", "INVALID_ARGUMENT", "INTERNAL", "UNKNOWN"}
)
"""The codes with which sinks tell, in words, that something is too large. With 429 and 503 they tell of load."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is no success. `code` is the HTTP status or the name of the gRPC status.

    `text` is all that the sink wrote, as far as it was read; `said` the part of it that a dead letter shows.
    `asked_to_wait`: it sent RetryInfo. `is_page`: what it wrote is a web page, which no sink writes about a record.
    `asked` are the bytes of the request before compression: what stands in it is no word of the sink's.
    """

    code: str
    detail: str
    text: str = ""
    said: str = ""
    retry_after: float | None = None
    asked_to_wait: bool = False
    is_page: bool = False
    asked: bytes = b""


def in_full(answer: NotJudged | Refused | TooLarge) -> str:
    """Our sentence and the sink's words, which may quote records: for a dead letter only."""
    return f"{answer.detail}: {answer.said}".rstrip(": ")


def key_of(answer: Refused | TooLarge) -> str:
    """The same for refusals that sound alike, whatever record each quotes."""
    return f"{answer.detail} {words.alike(answer.said)}"


def http_meaning(status: int) -> Meaning:
    """What an HTTP status says by itself."""
    return HTTP_STATUSES.get(status) or HTTP_CLASSES.get(status // 100, Meaning.SLOW)


def grpc_meaning(code: str) -> Meaning:
    """What a gRPC status says by itself."""
    return GRPC_STATUSES.get(code, Meaning.SLOW)


def refusal(meaning: Meaning, reply: Refusal) -> Answer:
    """The answer that a status other than success gives, by its code's `meaning` and by the reply's words."""
    match _weighed(meaning, reply):
        case Meaning.MISCONFIGURED:
            return Misconfigured(reply.detail, reply.said, reply.code)
        case Meaning.REFUSED:
            return Refused(reply.detail, reply.said, _why(reply.text, reply.asked))
        case Meaning.TOO_LARGE:
            return TooLarge(reply.detail, reply.said, words.prove_size(reply.text, reply.asked))
        case weighed:
            is_slow, is_throttled = weighed is Meaning.SLOW, weighed is Meaning.THROTTLED
            wait = _bounded(reply.retry_after)
            return Later(reply.detail, wait, is_slow, is_throttled, reply.said, code=reply.code)


def success(rejected: int, message: str) -> Accepted | PartlyRejected:
    """The answer that a success with this partial_success gives; 0 and "" where it has none.

    A negative count is nonsense, but it is not a proof of delivery.
    """
    return Accepted(message) if rejected == 0 else PartlyRejected(rejected, message)


def _weighed(meaning: Meaning, reply: Refusal) -> Meaning:
    """What code and words say together."""
    if reply.is_page:  # a proxy's or a web server's; its status alone counts, and it knows nothing of records
        return Meaning.MISCONFIGURED if meaning is Meaning.REFUSED else meaning
    if meaning is Meaning.MISCONFIGURED:
        return meaning
    if reply.code in _MAY_BE_ABOUT_SIZE and not reply.asked_to_wait and words.are_about_size(reply.text, reply.asked):
        return Meaning.TOO_LARGE
    if meaning is not Meaning.REFUSED:
        return meaning
    if words.are_about_the_protocol(reply.text, reply.asked):
        return Meaning.MISCONFIGURED
    return Meaning.THROTTLED if words.are_about_load(reply.text, reply.asked) else meaning


def _why(text: str, asked: bytes) -> Why:
    if words.are_about_age(text, asked):
        return Why.TOO_OLD
    return Why.TOO_NEW if words.are_about_the_future(text, asked) else Why.UNTOLD


def _bounded(retry_after: float | None) -> float | None:
    """At most five minutes. A wait of 0 is no help in an overload, so then the usual backoff counts."""
    if retry_after is None or not retry_after > 0:
        return None
    return min(retry_after, MAX_RETRY_AFTER_SECONDS)
