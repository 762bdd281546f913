"""CloudTrail's Event history: what an account's management events of one region were, without any trail.

Page: CloudTrail API reference, "LookupEvents": the last 90 days, newest first, fifty events an answer, two requests a
second for each account and region.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from agent.aws.failure import AWS_ERRORS, FailureKind, explain
from agent.errors import AwsError
from agent.settings.regions import KNOWN_REGIONS, near_region

PAGE_EVENTS: Final = 50
PER_SECOND: Final = 2
KEPT: Final = timedelta(days=90)

EVERY_SERVICE: Final = ""

STALE_TOKEN: Final = "stale_token"  # noqa: S105 - the kind of an AwsError
EXPIRED: Final = "expired"
REFUSED: Final = "refused"
WRONG_CLOCK: Final = "wrong_clock"
NO_REGION: Final = "no_region"

_KINDS: Final = {
    "InvalidNextTokenException": STALE_TOKEN,
    **dict.fromkeys(("ExpiredToken", "ExpiredTokenException", "RequestExpired"), EXPIRED),
    **dict.fromkeys(
        """
        InvalidEventCategoryException InvalidLookupAttributesException InvalidMaxResultsException
        InvalidTimeRangeException OperationNotPermittedException UnsupportedOperationException UnknownOperationException
        ValidationException InvalidAction
        """.split(),
        REFUSED,
    ),
}


# SigV4's words where the time of a signature is far off. Their codes say the same of a wrong key.
_OF_A_CLOCK: Final = re.compile(r"Signature (?:expired|not yet current)|RequestTimeTooSkewed")


@dataclass(frozen=True, slots=True)
class HistoryEvent:
    """An entry of an answer: the event's own JSON, and when it happened; empty or None where the answer has none.

    `event_id` is the entry's own, where the text is no JSON object that could tell it.
    """

    text: str
    time: datetime | None
    event_id: str = ""


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Up to fifty events, newest first, and the token of the next page; empty: there is none."""

    events: Sequence[HistoryEvent]
    token: str


class EventHistory:
    """Asks each region with its client of `clients`, and `sts` who asks. Safe to use from many threads at once."""

    def __init__(self, clients: Mapping[str, Any], sts: Any) -> None:
        self._clients = clients
        self._sts = sts
        self._answered: set[str] = set()

    def account(self) -> str:
        """The id of the account whose history this is; raises `AwsError`. Nobody needs a permission for it."""
        try:
            return str(self._sts.get_caller_identity()["Account"])
        except AWS_ERRORS as error:
            raise self._failed(error, next(iter(self._clients), "")) from error

    def page(self, region: str, source: str, begin: datetime, end: datetime, token: str = "") -> HistoryPage:
        """Events of the service `source`, or of `EVERY_SERVICE`, from `begin` on and before `end`, in whole seconds.

        `token` is that of the page before, of the same question. Raises `AwsError`: beside its usual kinds, the
        credentials are `expired`, this machine has a `wrong_clock`, the token is a `stale_token`, the question is
        `refused`, or there is `no_region` of this name: no host of it, no answer of it so far, and nobody has heard of
        it.
        """
        more = {"NextToken": token} if token else {}
        try:
            answer: Mapping[str, Any] = self._clients[region].lookup_events(
                LookupAttributes=[{"AttributeKey": "EventSource", "AttributeValue": source}] if source else [],
                StartTime=begin,
                EndTime=end - timedelta(seconds=1),  # the API's end is part of the span
                MaxResults=PAGE_EVENTS,
                **more,
            )
        except AWS_ERRORS as error:
            raise self._failed(error, region) from error
        self._answered.add(region)
        return _read(answer, token)

    def _failed(self, error: BaseException, region: str) -> AwsError:
        failure = explain(error)
        if failure.has_no_host and region not in self._answered.union(KNOWN_REGIONS):
            near = near_region(region)
            meant = f"; did you mean {near}?" if near else ""
            return AwsError(NO_REGION, f"no region {region} is known, and it has no host{meant} ({failure.detail})")
        if failure.kind is FailureKind.DENIED and _OF_A_CLOCK.search(failure.detail):
            return AwsError(WRONG_CLOCK, failure.detail)
        return AwsError(_KINDS.get(failure.code, failure.kind), failure.detail)


def _read(answer: Mapping[str, Any], token: str) -> HistoryPage:
    found, following = answer.get("Events"), answer.get("NextToken") or ""
    if not isinstance(found, list):  # a proxy's JSON, say: it must not count as an hour without events
        raise AwsError(FailureKind.UNAVAILABLE, "an answer without Events")
    if following and following == token:
        raise AwsError(REFUSED, "the answer names its own page as the next one")
    return HistoryPage([*map(_entry, found)], str(following))


def _entry(told: Mapping[str, Any]) -> HistoryEvent:
    text = str(told.get("CloudTrailEvent") or "")
    is_object = text.lstrip().startswith("{") and text.rstrip().endswith("}")
    return HistoryEvent(text, told.get("EventTime"), "" if is_object else str(told.get("EventId") or ""))
