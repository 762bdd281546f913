"""Messages that somebody reshaped or wrapped on their way: read wherever bucket and key are unmistakable."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote_plus

import pytest

from agent.errors import Fault, PermanentError
from agent.faults.ignored import IgnoredReason
from agent.model import Ignored, ObjectRef
from agent.trail import notification
from tests.support.messages import s3_event, sns
from tests.support.objects import BUCKET, KEY

PLAIN = KEY
HIVE = KEY.replace("us-west-2/2023", "region=us-west-2/2023")
DETAIL = {"bucket": {"name": BUCKET}, "object": {"key": KEY, "size": 7}, "reason": "PutObject"}
S3_RECORD = json.loads(s3_event())["Records"][0]
SQS_RECORD = {"messageId": "m", "receiptHandle": "h", "body": s3_event(), "attributes": {}, "eventSource": "aws:sqs"}


def api_call(name: str = "PutObject", source: str = "s3.amazonaws.com", **members: object) -> dict[str, Any]:
    """EventBridge's event of an API call that CloudTrail recorded."""
    detail = {
        "eventVersion": "1.09",
        "eventSource": source,
        "eventName": name,
        "requestParameters": {"bucketName": BUCKET, "key": KEY},
        **members,
    }
    service = source.partition(".")[0]
    return {"source": f"aws.{service}", "detail-type": "AWS API Call via CloudTrail", "detail": detail}


@pytest.mark.row(62)
@pytest.mark.parametrize(
    "message",
    [
        DETAIL,
        {"detail": DETAIL},
        {"detail": {"bucket": BUCKET, "key": KEY}},
        {"bucket": BUCKET, "key": KEY},
        {"Bucket": BUCKET, "Key": KEY},
        {"bucketName": BUCKET, "objectKey": KEY, "time": "2026-11-24T10:00:00Z"},
        {"s3_bucket": BUCKET, "s3_key": KEY},
        {"s3Bucket": BUCKET, "s3ObjectKey": KEY},
        {"bucketArn": f"arn:aws:s3:::{BUCKET}", "key": KEY},
        {"bucket": BUCKET, "keys": [KEY]},
        {"s3": {"bucket": BUCKET, "key": KEY}},
        {"s3": {"bucket": {"name": BUCKET}, "object": {"key": KEY}}},
        {"uri": f"s3://{BUCKET}/{KEY}"},
        {"resources": [f"arn:aws-us-gov:s3:::{BUCKET}/{KEY}"]},
        S3_RECORD,
        [S3_RECORD],
        {"records": [S3_RECORD]},
        {"Records": [SQS_RECORD]},
        [SQS_RECORD],
        SQS_RECORD,
        {"body": json.loads(s3_event())},
        {"Message": s3_event(), "MessageAttributes": {}},
        {"Records": [{"EventSource": "aws:sns", "Sns": json.loads(sns(s3_event()))}]},
        json.loads(sns(sns(s3_event()))),
        json.loads(sns(sns(sns(sns(s3_event()))))),
        json.loads(sns(json.dumps([SQS_RECORD]))),
        {"version": "1.0", "requestPayload": json.loads(s3_event()), "responsePayload": {"bucket": "b", "key": "k"}},
        {"requestPayload": {"Records": [SQS_RECORD]}, "requestContext": {"condition": "RetriesExhausted"}},
        {"tasks": [{"taskId": "t", "s3Key": KEY, "s3BucketArn": f"arn:aws:s3:::{BUCKET}"}], "job": {"id": "1"}},
        {"message": "a new log file", "body": s3_event()},
        api_call(),
        api_call("CompleteMultipartUpload"),
        api_call("CopyObject")["detail"],
        s3_event(),
        f"s3://{BUCKET}/{KEY}",
    ],
    ids=lambda message: json.dumps(message)[:60],
)
def test_bucket_and_key_are_found_in_every_shape(message: object) -> None:
    """One object is named, and nothing is wrong with the message."""
    (ref,) = notification.decode(json.dumps(message))
    assert isinstance(ref, ObjectRef)
    assert (ref.bucket, ref.key) == (BUCKET, KEY)


@pytest.mark.row(62)
@pytest.mark.parametrize(
    ("message", "key"),
    [
        ({"bucket": BUCKET, "key": quote_plus(HIVE)}, HIVE),
        ({"bucket": BUCKET, "key": HIVE}, HIVE),
        ({"bucket": BUCKET, "key": f"a+b/{KEY}"}, f"a+b/{KEY}"),
        ({"bucket": BUCKET, "key": quote_plus(f"a+b/{KEY}")}, f"a+b/{KEY}"),
        ({"bucket": BUCKET, "key": f"100%/{KEY}"}, f"100%/{KEY}"),
        ({"bucket": {"name": BUCKET}, "object": {"key": f"a%2Bb/{KEY}"}}, f"a%2Bb/{KEY}"),
        ({"s3": {"bucket": {"name": BUCKET}, "object": {"key": f"a%2Bb/{KEY}"}}}, f"a+b/{KEY}"),
        (api_call(requestParameters={"bucketName": BUCKET, "key": f"a%2Bb/{KEY}"}), f"a%2Bb/{KEY}"),
    ],
)
def test_a_key_is_decoded_as_the_one_who_wrote_it_encoded_it(message: object, key: str) -> None:
    """S3's shape is form-encoded, EventBridge's and CloudTrail's are not; else the escapes in the key tell."""
    (ref,) = notification.decode(json.dumps(message))
    assert isinstance(ref, ObjectRef)
    assert ref.key == key


@pytest.mark.row(62)
@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({**DETAIL, "deletion-type": "Permanently Deleted", "reason": "DeleteObject"}, IgnoredReason.REMOVED),
        (api_call("DeleteObject"), IgnoredReason.REMOVED),
        (api_call("GetObject"), IgnoredReason.OTHER_EVENT),
        (api_call(errorCode="AccessDenied"), IgnoredReason.OTHER_EVENT),
        ({**S3_RECORD, "eventName": "ObjectRemoved:Delete"}, IgnoredReason.REMOVED),
        ({"body": '{"Service":"Amazon S3","Event":"s3:TestEvent"}'}, IgnoredReason.TEST_EVENT),
        ("CloudTrail validation message.", IgnoredReason.VALIDATION),
    ],
    ids=lambda value: json.dumps(value)[:60],
)
def test_a_reshaped_message_that_tells_of_no_new_object_is_ignored(message: object, reason: IgnoredReason) -> None:
    """Removals, failed writes and tests of the way are told apart in other shapes, too."""
    (ignored,) = notification.decode(json.dumps(message))
    assert isinstance(ignored, Ignored)
    assert ignored.reason is reason


@pytest.mark.row(63)
@pytest.mark.parametrize(
    "message",
    [
        api_call("CreateProject", "codecatalyst.amazonaws.com", requestParameters=None),
        api_call("CreateProject", "codecatalyst.amazonaws.com", requestParameters=None)["detail"],
        api_call("PutBucketPolicy", requestParameters={"bucketName": BUCKET}),
        {"detail": api_call("CreateProject", "codecatalyst.amazonaws.com", requestParameters=None)["detail"]},
        json.loads(sns(json.dumps(api_call("CreateUser", "iam.amazonaws.com", requestParameters=None)))),
    ],
    ids=lambda message: json.dumps(message)[:60],
)
def test_an_event_in_place_of_a_notification_is_refused_with_a_hint(message: object) -> None:
    """A CloudTrail event itself may be one of those that are wanted: it is never deleted, and says what it is."""
    with pytest.raises(PermanentError, match="holds a CloudTrail event itself; trail-agent reads"):
        notification.decode(json.dumps(message))


@pytest.mark.row(63)
def test_a_log_file_as_a_message_is_refused_with_a_hint() -> None:
    """Whoever sends the records themselves learns what to send."""
    event = api_call("CreateProject", "codecatalyst.amazonaws.com")["detail"]
    (fault,) = notification.decode(json.dumps({"Records": [event]}))
    assert isinstance(fault, Fault)
    assert "CloudTrail event itself" in fault.detail


@pytest.mark.row(62)
def test_what_cannot_be_read_beside_what_can_is_a_fault() -> None:
    """An envelope with two contents, or a batch with a bad one, delivers the good one and keeps the other."""
    good = ObjectRef(BUCKET, KEY, 7)
    for message in ({"body": s3_event(), "payload": {"a": 1}}, [json.loads(s3_event()), {"a": 1}]):
        found = notification.decode(json.dumps(message))
        assert found[0] == good
        assert [type(entry) for entry in found[1:]] == [Fault]


@pytest.mark.row(62)
@pytest.mark.parametrize(
    "message",
    [
        {"anything": {"AlarmName": "a", "NewStateValue": "ALARM"}, "object": "log file 7"},
        {"bucket": BUCKET},
        {"key": KEY},
        {"bucket": BUCKET, "key": ""},
        {"source": {"bucket": BUCKET}, "object": {"key": KEY}},
        {"text": f"{KEY} is in {BUCKET}"},
        {**{f"b{'_' * n}ucket": BUCKET for n in range(5)}, "key": KEY},
    ],
    ids=lambda message: json.dumps(message)[:60],
)
def test_what_is_not_unmistakable_is_refused(message: object) -> None:
    """Nothing is guessed, and nothing of an unknown shape is taken for another service's."""
    with pytest.raises(PermanentError):
        notification.decode(json.dumps(message))
