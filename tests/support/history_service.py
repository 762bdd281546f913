"""CloudTrail's Event history as AWS runs it: newest first, in pages, late, and not asked too often.

`HistoryClient` stands for boto3's client on the clock of a test, and holds every question and answer against botocore's
model. `HistoryAws` answers over HTTP, before an emulator that answers everything else.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import botocore.session
from botocore.validate import validate_parameters

from tests.support.boto import refusal
from tests.support.clock import DEADLINE_SECONDS, FakeClock
from tests.support.events import ACCOUNT, REGION, Members
from tests.support.recorded_aws import RecordedAws, Reply, Request

_MODEL = botocore.session.Session().get_service_model("cloudtrail").operation_model("LookupEvents")
_PER_SECOND = 2
_KEPT_SECONDS = 90 * 86_400
_SKEW_SECONDS = 300  # as long a request that is signed is good for
_IDENTITY = (
    '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
    "<Arn>arn:aws:iam::{account}:user/operator</Arn><UserId>operator</UserId><Account>{account}</Account>"
    "</GetCallerIdentityResult></GetCallerIdentityResponse>"
)


class RefusedLookupError(Exception):
    """What AWS says in place of an answer."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Held:
    """One event: its own JSON, its time, and since when AWS shows it (Unix seconds)."""

    event: Members
    text: str
    time: float
    shown_from: float


@dataclass
class HistoryService:
    """The history of one account. `repeats`: a page begins with the last event of the page before it.

    `troubles` are the codes with which the next questions are refused, `denied` the regions about which all are.
    `forgets` is after how many uses all tokens are unknown, once. `displaced` are events that stand elsewhere in an
    answer than by their time: each with its place from the top, if there are so many.
    """

    repeats: bool = False
    forgets: int = 0
    troubles: deque[str] = field(default_factory=deque)
    asked: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)
    throttled: int = 0
    displaced: dict[str, int] = field(default_factory=dict)
    _held: dict[str, list[Held]] = field(default_factory=dict)
    _times: dict[str, deque[float]] = field(default_factory=dict)
    _tokens: dict[str, tuple[Mapping[str, Any], int]] = field(default_factory=dict)
    _uses: Counter[str] = field(default_factory=Counter)

    def put(self, *events: Members, region: str = REGION, late: float = 0.0) -> None:
        """Events that AWS shows so many seconds after they happened."""
        for event in events:
            at = datetime.fromisoformat(str(event["eventTime"])).replace(tzinfo=UTC).timestamp()
            text = json.dumps(event, separators=(",", ":"))
            self._held.setdefault(region, []).append(Held(event, text, at, at + late))

    def put_without_text(self, event: Members, *, region: str = REGION) -> None:
        """An entry that has everything but the event's own JSON."""
        self.put(event, region=region)
        entries = self._held[region]
        entries[-1] = replace(entries[-1], text="")

    def held(self, region: str) -> Sequence[Held]:
        """All events of `region`, those that are not shown yet, too."""
        return self._held.get(region, ())

    def lookup(self, region: str, question: Mapping[str, Any], now: float, monotonic: float) -> dict[str, Any]:
        """The answer to a question, whose times are Unix seconds; raises `RefusedLookupError`."""
        self.asked.append((region, question))
        self._refuse(region, monotonic)
        same = {name: value for name, value in question.items() if name != "NextToken"}
        asked = {"StartTime": now - _KEPT_SECONDS, "EndTime": now, **same}
        if asked["StartTime"] > asked["EndTime"]:
            raise RefusedLookupError("InvalidTimeRangeException")
        begin = self._begin(question.get("NextToken", ""), same)
        found = self._found(region, asked, now)
        most = same.get("MaxResults", 50)
        page, rest = found[begin : begin + most], found[begin + most :]
        answer: dict[str, Any] = {"Events": [_told(each) for each in page]}
        if rest:
            token = f"token-{len(self._tokens)}"
            self._tokens[token] = same, begin + most - (1 if self.repeats and most > 1 else 0)
            answer["NextToken"] = token
        return answer

    def _refuse(self, region: str, monotonic: float) -> None:
        times = self._times.setdefault(region, deque())
        while times and times[0] <= monotonic - 1:
            times.popleft()
        if len(times) >= _PER_SECOND + 1:  # AWS counts roughly
            self.throttled += 1
            raise RefusedLookupError("ThrottlingException")
        times.append(monotonic)
        if region in self.denied:
            raise RefusedLookupError("AccessDeniedException")
        if self.troubles and (code := self.troubles.popleft()):
            raise RefusedLookupError(code)

    def _begin(self, token: str, same: Mapping[str, Any]) -> int:
        if not token:
            return 0
        self._uses["all"] += 1
        known, begin = self._tokens.get(token, ({}, 0))
        if known != same or self._uses["all"] == self.forgets:
            raise RefusedLookupError("InvalidNextTokenException")
        return begin

    def _found(self, region: str, question: Mapping[str, Any], now: float) -> Sequence[Held]:
        named = {each["AttributeKey"]: each["AttributeValue"] for each in question.get("LookupAttributes", ())}
        found = [
            each
            for each in self._held.get(region, ())
            if question["StartTime"] <= each.time <= question["EndTime"]
            and each.shown_from <= now
            and named.get("EventSource", each.event["eventSource"]) == each.event["eventSource"]
        ]
        found.sort(key=lambda each: -each.time)
        strays = {str(each.event["eventID"]): each for each in found if each.event["eventID"] in self.displaced}
        for name, stray in strays.items():
            found.remove(stray)
            found.insert(self.displaced[name], stray)
        return found


def _told(held: Held) -> dict[str, Any]:
    event = held.event
    return {
        "EventId": event["eventID"],
        "EventName": event["eventName"],
        "EventSource": event["eventSource"],
        "EventTime": held.time,
        "ReadOnly": "false",
        "Resources": [],
        **({"CloudTrailEvent": held.text} if held.text else {}),
    }


class HistoryClient:
    """What boto3's client of `region` is, on the clock of a test."""

    def __init__(self, service: HistoryService, clock: FakeClock, region: str = REGION) -> None:
        self._service = service
        self._clock = clock
        self._region = region

    def get_caller_identity(self) -> dict[str, str]:
        """Whose credentials these are."""
        self._check("SignatureDoesNotMatch")
        return {"Account": ACCOUNT}

    def _check(self, code: str) -> None:
        """When the request was signed."""
        if abs(self._clock.off) > _SKEW_SECONDS:
            raise refusal(code, message="Signature expired: it is now earlier than the time of AWS less 5 min.")

    def lookup_events(self, **question: Any) -> dict[str, Any]:
        """Ask the service; raises what boto3 raises."""
        validate_parameters(question, _MODEL.input_shape)
        plain = {name: value.timestamp() if isinstance(value, datetime) else value for name, value in question.items()}
        now = self._clock.time() - self._clock.off
        self._check("InvalidSignatureException")
        try:
            answer = self._service.lookup(self._region, plain, now, self._clock.monotonic())
        except RefusedLookupError as error:
            raise refusal(error.code) from error
        for each in answer["Events"]:
            each["EventTime"] = datetime.fromtimestamp(each["EventTime"], UTC)
        validate_parameters(answer, _MODEL.output_shape)
        return answer


class HistoryAws(RecordedAws):
    """The emulator, and the Event history that it has not, at one address. All that is asked is recorded.

    While `answers` is not set, a question about Event history is not answered.
    """

    def __init__(self, upstream: str, accounts: Mapping[str, str]) -> None:
        super().__init__(upstream, accounts)
        self.service = HistoryService()
        self.owner = ACCOUNT
        self.answers = threading.Event()
        self.answers.set()

    def passed(self, request: Request) -> Reply:
        """Answer what is asked of Event history, and hand everything else on."""
        call = self.asked(request)
        if call.action == "sts:GetCallerIdentity":  # needs no permission: it is in no policy
            return _reply(200, _IDENTITY.format(account=self.owner).encode(), "text/xml")
        if call.action != "cloudtrail:LookupEvents":
            return super().passed(request)
        self.calls.append(call)
        self.answers.wait(DEADLINE_SECONDS)
        region = request.headers["Authorization"].split("/")[2]
        try:
            answer, status = self.service.lookup(region, json.loads(request.body), time.time(), time.monotonic()), 200
        except RefusedLookupError as error:
            answer, status = {"__type": error.code, "message": "on demand"}, 400
        return _reply(status, json.dumps(answer).encode(), "application/x-amz-json-1.1")


def _reply(status: int, content: bytes, content_type: str) -> Reply:
    return Reply(status, [("Content-Type", content_type), ("Content-Length", str(len(content)))], content)
