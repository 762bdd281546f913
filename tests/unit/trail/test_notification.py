"""Notifications: which objects each form names, and what becomes of everything else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.errors import Fault, PermanentError
from agent.faults.dead_letters import Reason
from agent.faults.ignored import IgnoredReason
from agent.model import Ignored, ObjectRef
from agent.trail import notification
from agent.trail.admission import Admitted
from tests.support.events import DATA
from tests.support.messages import admit, ignored_reasons, notification_text, s3_event, sns
from tests.support.objects import BUCKET, KEY

EXPECTED = json.loads(notification_text("expected.json"))


def cloudtrail(*keys: object) -> str:
    """CloudTrail's own message."""
    return json.dumps({"s3Bucket": BUCKET, "s3ObjectKey": keys})


def bridge(key: str = KEY, detail_type: str = "Object Created", **members: object) -> str:
    """EventBridge's message."""
    detail = {"bucket": {"name": BUCKET}, "object": {"key": key, "size": 7}}
    return json.dumps({"source": "aws.s3", "detail-type": detail_type, "detail": detail, **members})


@pytest.mark.parametrize("name", EXPECTED)
def test_every_form_names_exactly_its_objects(name: str) -> None:
    """Of each form, the objects that may be read are those that its author meant, and nothing is refused."""
    entries = admit(notification_text(name))
    refs = [entry.ref for entry in entries if isinstance(entry, Admitted)]
    assert [ref.key for ref in refs] == EXPECTED[name]["keys"]
    assert {ref.bucket for ref in refs} <= {EXPECTED[name]["bucket"]}
    assert not [entry for entry in entries if isinstance(entry, Fault)]


def test_the_table_of_forms_is_whole() -> None:
    """Every example notification has an expectation."""
    names = {path.name for path in (DATA / "notifications").glob("*.json")}
    assert names - {"expected.json"} == set(EXPECTED)


@pytest.mark.parametrize(
    ("body", "key"),
    [
        pytest.param(s3_event("a+b%2Bc%252Bd"), "a b+c%2Bd", id="s3-is-decoded-once"),
        pytest.param(s3_event("%E2%82%AC"), "€", id="s3-is-utf-8"),
        pytest.param(cloudtrail("a+b%2Bc"), "a+b%2Bc", id="cloudtrail-is-verbatim"),
        pytest.param(bridge("a+b%2Bc"), "a+b%2Bc", id="eventbridge-is-verbatim"),
        pytest.param(sns(s3_event("a+b")), "a b", id="sns-changes-nothing"),
    ],
)
def test_keys_are_decoded_as_their_form_encodes_them(body: str, key: str) -> None:
    """S3 form-encodes a key once; EventBridge and CloudTrail write it as it is."""
    (ref,) = notification.decode(body)
    assert isinstance(ref, ObjectRef)
    assert ref.key == key


@pytest.mark.parametrize("body", [s3_event(), bridge(), sns(s3_event()), sns(bridge())])
def test_the_size_is_taken_where_it_is_told(body: str) -> None:
    """S3 and EventBridge tell the object's size."""
    (ref,) = notification.decode(body)
    assert isinstance(ref, ObjectRef)
    assert ref.size == 7


@pytest.mark.parametrize("size", [-1, True, "7", 7.5, None, {}])
def test_an_odd_size_is_no_size(size: object) -> None:
    """A size that is no count of bytes is not believed, and costs nothing."""
    s3 = {"bucket": {"name": BUCKET}, "object": {"key": KEY, "size": size}}
    assert notification.decode(s3_event(s3=s3)) == (ObjectRef(BUCKET, KEY),)


def test_eventbridge_tells_the_owner() -> None:
    """EventBridge's `account` is the bucket owner's."""
    assert notification.decode(bridge(account="111122223333")) == (ObjectRef(BUCKET, KEY, 7, "111122223333"),)


def test_one_message_can_name_many_objects() -> None:
    """Every record counts, in its order, and a bad one does not take the good ones with it."""
    first, second = (json.loads(s3_event(key))["Records"][0] for key in ("a", "b"))
    entries = notification.decode(json.dumps({"Records": [first, {"eventSource": "aws:sqs"}, 7, second]}))
    assert [entry.key for entry in entries if isinstance(entry, ObjectRef)] == ["a", "b"]
    assert [entry.reason for entry in entries if isinstance(entry, Fault)] == [Reason.NOTIFICATION_UNKNOWN] * 2
    named = notification.decode(cloudtrail("a", 7, "b"))
    assert [entry.key for entry in named if isinstance(entry, ObjectRef)] == ["a", "b"]
    assert sum(isinstance(entry, Fault) for entry in named) == 1


TEST_EVENT = notification_text("s3-test-event.json")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (TEST_EVENT, IgnoredReason.TEST_EVENT),
        (sns(TEST_EVENT), IgnoredReason.TEST_EVENT),
        ("CloudTrail validation message.", IgnoredReason.VALIDATION),
        ("CloudTrail validation message.\n", IgnoredReason.VALIDATION),
        (sns("CloudTrail validation message."), IgnoredReason.VALIDATION),
        (s3_event(eventName="ObjectRemoved:Delete"), IgnoredReason.REMOVED),
        (s3_event(eventName="s3:ObjectRemoved:DeleteMarkerCreated"), IgnoredReason.REMOVED),
        (s3_event(eventName="LifecycleExpiration:Delete"), IgnoredReason.REMOVED),
        (s3_event(eventName="ObjectTagging:Put"), IgnoredReason.OTHER_EVENT),
        (bridge(detail_type="Object Deleted"), IgnoredReason.REMOVED),
        (bridge(detail_type="Object Tags Added"), IgnoredReason.OTHER_EVENT),
        (s3_event(KEY.replace("CloudTrail", "CloudTrail-Digest")), IgnoredReason.DIGEST),
        (cloudtrail(KEY.replace("CloudTrail", "CloudTrail-Insight")), IgnoredReason.INSIGHT),
        (bridge(KEY.replace("CloudTrail", "CloudTrail-NetworkActivity")), IgnoredReason.NETWORK_ACTIVITY),
        (s3_event("cat.jpg"), IgnoredReason.OTHER_KEY),
    ],
)
def test_what_holds_nothing_for_us_is_ignored_by_reason(body: str, reason: IgnoredReason) -> None:
    """Test messages, removals and objects of other kinds are proven to hold nothing, and it is said why."""
    assert ignored_reasons(body) == [reason]


@pytest.mark.parametrize("name", ["ObjectCreated:CompleteMultipartUpload", "s3:ObjectCreated:Copy"])
def test_every_way_of_creating_an_object_counts(name: str) -> None:
    """An object that was copied or uploaded in parts is an object."""
    assert isinstance(admit(s3_event(eventName=name))[0], Admitted)


@pytest.mark.parametrize("version", ["2.0", "2.6", "2.99"])
def test_any_minor_version_is_read(version: str) -> None:
    """S3 promises that minor versions only add fields."""
    assert isinstance(admit(s3_event(eventVersion=version))[0], Admitted)


@pytest.mark.parametrize(
    "members",
    [
        {"eventVersion": "3.0"},
        {"eventVersion": "20.1"},
        {"eventVersion": 2.1},
        {"eventSource": "aws:sqs"},
        {"s3": None},
        {"s3": {"bucket": {"name": BUCKET}, "object": {}}},
        {"s3": {"bucket": {"name": BUCKET}, "object": {"key": "%FF"}}},
    ],
)
def test_a_record_of_an_unknown_kind_is_a_fault(members: dict[str, Any]) -> None:
    """A record of another major version or without its parts is never guessed at."""
    (fault,) = notification.decode(s3_event(**members))
    assert isinstance(fault, Fault)
    assert fault.reason is Reason.NOTIFICATION_UNKNOWN


@pytest.mark.parametrize(
    "body",
    [
        "",
        "hello world",
        "{",
        "7",
        "null",
        "[]",
        "{}",
        '{"Records":[]}',
        '{"Records":7}',
        '{"Records":null}',
        '{"Event":"s3:OtherEvent"}',
        '{"message":"hello"}',
        '{"s3Bucket":7,"s3ObjectKey":["a"]}',
        '{"s3Bucket":"b","s3ObjectKey":["a"],"s3ObjectKey":["b"]}',
        '{"bucket":"b","key":["a",7]}',
        '{"s3Bucket":"b","s3ObjectKey":[]}',
        '{"source":"aws.s3","detail-type":"Object Created"}',
        '{"source":"aws.s3","detail-type":"Object Created","detail":{"bucket":"b"}}',
        '{"source":"aws.ec2","detail-type":"Object Created"}',
        '{"source":"com.acme","detail-type":"Object Created","detail":{}}',
        '{"Type":"Notification"}',
        '{"Type":"Notification","Message":{"a":1}}',
        '{"Type":"SubscriptionConfirmation","Message":"You have chosen to subscribe","SubscribeURL":"https://x"}',
        '{"Type":"UnsubscribeConfirmation","Message":"x"}',
        sns("hello"),
        sns(sns(sns(sns(sns(sns(sns(sns(sns(sns(s3_event())))))))))),
        '{"a":NaN,"bucket":"b","key":"k"}',
        '{"bucket":"b","key":"\\ud800"}',
        "{}," * 100_000,
        json.dumps([1] * 20_000),
        "[" * 200_000,
        '{"Records":[' + "[" * 200_000,
        "\ud800",
    ],
    ids=lambda body: body[:40].encode("ascii", "replace").decode(),
)
def test_what_has_no_known_form_is_refused(body: str) -> None:
    """A text that no form explains goes to the dead-letter queue, never to the bin."""
    with pytest.raises(PermanentError) as refusal:
        notification.decode(body)
    assert refusal.value.reason is Reason.NOTIFICATION_UNKNOWN


def test_a_subscription_that_waits_for_its_confirmation_is_named() -> None:
    """The operator learns what to do about SNS's question."""
    with pytest.raises(PermanentError, match="SubscriptionConfirmation: confirm"):
        notification.decode('{"Type":"SubscriptionConfirmation","Message":"x"}')


def powertools(name: str) -> str:
    """The text of the SQS message in one of Powertools' Lambda events, or the event itself."""
    event = json.loads(notification_text(f"powertools/{name}.json"))
    return str(event["Records"][0]["body"]) if "Records" in event else json.dumps(event)


def test_messages_as_aws_delivers_them() -> None:
    """Real messages about other people's objects are understood as what they are."""
    assert notification.decode(powertools("s3SqsEvent")) == (ObjectRef("xxx", "test.pdf", 104681),)
    created = notification.decode(powertools("s3EventBridgeNotificationObjectCreatedEvent"))
    assert created == (ObjectRef("example-bucket", "IMG_m7fzo3.jpg", 184662, "123456789012"),)
    deleted = notification.decode(powertools("s3EventBridgeNotificationObjectDeletedEvent"))
    assert deleted == (Ignored(IgnoredReason.REMOVED, "example-bucket", "IMG_m7fzo3.jpg"),)


@pytest.mark.parametrize("name", ["snsSqsEvent", "sqsDlqTriggerEvent"])
def test_messages_of_other_programs_are_refused(name: str) -> None:
    """A stray message in our queue is nobody's notification."""
    with pytest.raises(PermanentError):
        notification.decode(powertools(name))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": 1, "a": 2}', "a member stands twice in the message"),
        ('"\\ud800"', "half a surrogate pair is in the message"),
        ("[" * 15_000, "the message is nested too deep"),
        ("{broken", "the message is not JSON"),
        ("[NaN]", "the message is not JSON"),
    ],
)
def test_what_cannot_be_read_is_called_what_it_is(text: str, words: str) -> None:
    """Whoever looks for a syntax error where there is none looks in vain."""
    with pytest.raises(PermanentError, match=words):
        notification.decode(text)
