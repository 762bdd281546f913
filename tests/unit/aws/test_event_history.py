"""How Event history reaches a replay, with boto3's own client in front of canned answers."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from agent.aws.event_history import EVERY_SERVICE, EventHistory, HistoryEvent
from agent.errors import AwsError

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
SOURCE = "codecatalyst.amazonaws.com"
ASKED = {
    "LookupAttributes": [{"AttributeKey": "EventSource", "AttributeValue": SOURCE}],
    "StartTime": NOON,
    "EndTime": NOON + timedelta(minutes=59, seconds=59),
    "MaxResults": 50,
}


class FakeLookups:
    """A client that gives or raises what it is told to, one after the other."""

    def __init__(self, answers: list[object]) -> None:
        self._answers = answers

    def lookup_events(self, **_question: object) -> object:
        """The next of them."""
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    get_caller_identity = lookup_events


@contextmanager
def history() -> Iterator[tuple[EventHistory, Stubber]]:
    """The history of one region, and what answers."""
    client = boto3.client("cloudtrail", region_name="us-west-2", aws_access_key_id="a", aws_secret_access_key="b")
    with Stubber(client) as answers:
        yield EventHistory({"us-west-2": client}, client), answers
        answers.assert_no_pending_responses()


def ask(one: EventHistory, source: str = SOURCE, token: str = "") -> object:
    """One hour."""
    return one.page("us-west-2", source, NOON, NOON + timedelta(hours=1), token)


def test_the_end_is_not_part_of_the_question() -> None:
    """AWS takes both ends in. Of two windows, up to noon and from noon on, only one may have the event of noon."""
    with history() as (one, answers):
        event = {"CloudTrailEvent": "{}", "EventTime": NOON, "EventId": "e-1"}
        answers.add_response("lookup_events", {"Events": [event], "NextToken": "next"}, ASKED)
        answers.add_response("lookup_events", {"Events": []}, {**ASKED, "NextToken": "next"})
        page = one.page("us-west-2", SOURCE, NOON, NOON + timedelta(hours=1))
        assert (page.events, page.token) == ([HistoryEvent("{}", NOON)], "next")
        last = one.page("us-west-2", SOURCE, NOON, NOON + timedelta(hours=1), page.token)
        assert (last.events, last.token) == ([], "")


def test_the_account_is_asked_for() -> None:
    """Of STS, whose refusal is one of the credentials."""
    sts = boto3.client("sts", region_name="us-west-2", aws_access_key_id="a", aws_secret_access_key="b")
    with Stubber(sts) as answers:
        answers.add_response("get_caller_identity", {"Account": "111122223333"}, {})
        assert EventHistory({}, sts).account() == "111122223333"
        answers.add_client_error("get_caller_identity", "ExpiredToken")
        with pytest.raises(AwsError) as caught:
            EventHistory({}, sts).account()
        assert caught.value.kind == "expired"


def _nobody_there(region: str, number: int) -> EndpointConnectionError:
    """What botocore raises where the resolver gives no address."""
    told = socket.gaierror(number, "because")
    return EndpointConnectionError(endpoint_url=f"https://cloudtrail.{region}.amazonaws.com/", error=told)


@pytest.mark.parametrize(
    ("region", "number", "has_answered", "kind"),
    [
        ("us-west-9", socket.EAI_NONAME, False, "no_region"),
        ("us-west-9", socket.EAI_NONAME, True, "unavailable"),
        ("us-west-9", socket.EAI_AGAIN, False, "unavailable"),
        ("us-west-2", socket.EAI_NONAME, False, "unavailable"),
    ],
)
def test_a_region_that_there_is_not_is_told_from_a_network_that_is_down(
    region: str, number: int, has_answered: bool, kind: str
) -> None:
    """Only a name that nobody knows is refused: a resolver may say no for a while, and a new region may be right."""
    client = FakeLookups([{"Events": []}] * has_answered + [_nobody_there(region, number)])
    one = EventHistory({region: client}, client)
    for _ in range(has_answered):
        one.page(region, SOURCE, NOON, NOON + timedelta(hours=1))
    with pytest.raises(AwsError, match="because") as caught:
        one.page(region, SOURCE, NOON, NOON + timedelta(hours=1))
    assert caught.value.kind == kind
    assert ("did you mean us-west-" in caught.value.detail) == (kind == "no_region")


def test_the_account_of_a_region_that_there_is_not_is_not_waited_for() -> None:
    """With a checkpoint, STS is asked before CloudTrail, in the same region."""
    client = FakeLookups([_nobody_there("us-west-9", socket.EAI_NONAME)])
    with pytest.raises(AwsError) as caught:
        EventHistory({"us-west-9": client}, client).account()
    assert caught.value.kind == "no_region"


def test_every_service_is_asked_for_without_a_name() -> None:
    """Where the whole trail is selected."""
    with history() as (one, answers):
        answers.add_response("lookup_events", {"Events": []}, {**ASKED, "LookupAttributes": []})
        ask(one, EVERY_SERVICE)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ThrottlingException", "throttled"),
        ("AccessDeniedException", "denied"),
        ("UnrecognizedClientException", "denied"),
        ("ExpiredTokenException", "expired"),
        ("InvalidNextTokenException", "stale_token"),
        ("InvalidTimeRangeException", "refused"),
        ("InternalFailure", "unavailable"),
    ],
)
def test_refusals_are_told_apart(code: str, kind: str) -> None:
    """Some pass, some need somebody, and one means to begin anew."""
    with history() as (one, answers):
        answers.add_client_error("lookup_events", code)
        with pytest.raises(AwsError) as caught:
            ask(one)
        assert caught.value.kind == kind


@pytest.mark.parametrize(
    ("code", "words", "kind"),
    [
        ("InvalidSignatureException", "Signature expired: 20260101T000000Z is now earlier than …", "wrong_clock"),
        ("SignatureDoesNotMatch", "Signature not yet current: 20260101T000000Z is still later than …", "wrong_clock"),
        ("RequestTimeTooSkewed", "", "wrong_clock"),
        ("InvalidSignatureException", "The request signature we calculated does not match", "denied"),
    ],
)
def test_a_wrong_clock_is_told_from_a_wrong_key(code: str, words: str, kind: str) -> None:
    """AWS has one code for both; its words tell."""
    with history() as (one, answers):
        answers.add_client_error("lookup_events", code, words)
        with pytest.raises(AwsError) as caught:
            ask(one)
        assert caught.value.kind == kind


def test_what_is_no_answer_is_no_hour_without_events() -> None:
    """A proxy may answer with JSON of its own; and a page that names itself would be asked for without end."""
    with history() as (one, answers):
        answers.add_response("lookup_events", {})
        with pytest.raises(AwsError, match="without Events"):
            ask(one)
        answers.add_response("lookup_events", {"Events": [], "NextToken": "same"})
        with pytest.raises(AwsError, match="its own page"):
            ask(one, token="same")
