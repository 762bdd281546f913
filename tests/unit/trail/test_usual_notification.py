"""S3's usual message: read in one go, and only where that says what the exact way says."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote_plus

import pytest

from agent.errors import PermanentError
from agent.model import ObjectRef
from agent.trail import notification
from agent.trail.usual_notification import UnusualNotificationError, read_usual
from tests.support.messages import notification_text, s3_event, sns
from tests.support.objects import BUCKET, KEY

REAL = json.loads(notification_text("s3-event-two-records.json"))


def compact(message: object) -> str:
    """As S3 writes it."""
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False)


def real(**members: object) -> dict[str, Any]:
    """S3's own message of one object, with `members` in place of its record's."""
    return {"Records": [{**REAL["Records"][0], **members}]}


def named(**members: object) -> dict[str, Any]:
    """The same, with `members` in place of those that describe the object."""
    s3 = REAL["Records"][0]["s3"]
    return real(s3={**s3, "object": {**s3["object"], **members}})


def exactly(text: str) -> list[notification.Entry]:
    """What the exact way reads: only there a message may begin with a blank."""
    return list(notification.decode(f" {text}"))


@pytest.mark.parametrize(
    "message",
    [
        REAL,
        real(eventName="ObjectCreated:CompleteMultipartUpload"),
        real(eventName="s3:ObjectCreated:Copy"),
        real(eventVersion="2.99"),
        named(key=quote_plus("a b+c/é €%")),
        named(key=""),
        named(key="AWSLogs/é"),
        named(size=0),
        named(size=-1),
        named(size=2**70),
        named(versionId="096fKKXTRTtl3on89fVO.nfljtsv6qko"),
        json.loads(s3_event()),
    ],
)
def test_what_s3_writes_is_usual(message: dict[str, Any]) -> None:
    """Its own message about any new objects is read, and names what the exact way names."""
    text = compact(message)
    assert list(read_usual(text)) == exactly(text)
    assert [ref.other_key for ref in read_usual(text)] == [""] * len(message["Records"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"Records":[]}',
        '{"Records":null}',
        '{"Records":{}}',
        compact({"Records": [REAL["Records"][0], 7]}),
        compact({**REAL, "records": []}),
        compact({**REAL, "newTop": 1}),
        compact(real(newMember={"bucket": "b", "key": "k"})),
        compact(real(Records=[])),
        compact(real(eventVersion="3.0")),
        compact(real(eventVersion=2.1)),
        compact(real(eventSource="aws:sqs")),
        compact(real(eventName="ObjectRemoved:Delete")),
        compact(real(eventName=None)),
        compact(real(userIdentity={"principalId": 7})),
        compact(real(s3=None)),
        compact(named(key="%FF")),
        compact(named(key=7)),
        compact(named(size=True)),
        compact(named(size=7.0)),
        compact(named(size="7")),
        compact(named(size=None)),
        compact(named(keys=["a"])),
        compact(REAL) + " x",
        f"[{compact(REAL)}]",
        f" {compact(REAL)}",
        compact(REAL).replace("acme", "\\u0061cme"),
        compact(REAL).replace("acme", "\ud800"),
        compact({"Records": REAL["Records"] * 20}),
        sns(compact(REAL)),
    ],
)
def test_what_differs_in_anything_is_unusual(text: str) -> None:
    """One member more, one of another type, an escape: such a message is left to the exact way."""
    with pytest.raises(UnusualNotificationError):
        read_usual(text)


@pytest.mark.parametrize("value", ['"x"', "7", "{}", "[]", ""])
@pytest.mark.parametrize(
    "member",
    [
        '"eventVersion":"2.1"',
        '"eventName":"ObjectCreated:Put"',
        '"principalId":"AWS:AROAEXAMPLE:regionalDeliverySession"',
        '"sourceIPAddress":"192.0.2.10"',
        '"name":"acme-trail-111122223333"',
        '"size":21662',
        '"eTag":"9b2cf535f27731c974343645a3985328"',
    ],
)
def test_a_member_that_stands_twice_is_never_passed_over(member: str, value: str) -> None:
    """At any depth, first or second, with the same value or another: the exact way refuses such a message."""
    name, _, own = member.partition(":")
    for both in (f"{member},{name}:{value or own}", f"{name}:{value or own},{member}"):
        text = compact(real()).replace(member, both, 1)
        with pytest.raises(UnusualNotificationError):
            read_usual(text)
        with pytest.raises(PermanentError, match="stands twice"):
            notification.decode(text)


def test_a_list_of_records_that_stands_twice_is_refused() -> None:
    """Or the objects of one of them would be lost."""
    first, second = (compact([each])[1:-1] for each in REAL["Records"])
    text = f'{{"Records":[{first}],"Records":[{second}]}}'
    with pytest.raises(UnusualNotificationError):
        read_usual(text)
    with pytest.raises(PermanentError, match="stands twice"):
        notification.decode(text)


@pytest.mark.parametrize("times", range(12))
def test_envelopes_are_counted_as_ever(times: int) -> None:
    """In the deepest envelope, a usual message is refused as any other is, and not one envelope later."""

    def wrapped(text: str) -> str:
        for _ in range(times):
            text = sns(text)
        return text

    def decoded(text: str) -> object:
        try:
            return notification.decode(wrapped(text))
        except PermanentError as error:
            return str(error)

    assert decoded(s3_event()) == decoded(f" {s3_event()}")


def test_the_key_is_decoded_once() -> None:
    """S3 form-encodes it once, whatever stands in it."""
    assert read_usual(s3_event("a+b%2Bc%252Bd")) == [ObjectRef(BUCKET, "a b+c%2Bd", 7)]
    assert read_usual(s3_event(KEY)) == [ObjectRef(BUCKET, KEY, 7)]
