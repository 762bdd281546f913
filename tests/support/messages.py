"""Messages as SQS hands them out, and the notifications that are their text."""

from __future__ import annotations

import json
from urllib.parse import quote_plus

import msgspec

from agent.errors import Fault
from agent.faults.ignored import IgnoredReason
from agent.model import Delivery, Ignored, ObjectRef
from agent.trail.admission import Admission, Admitted
from agent.trail.notification import decode
from tests.support.clock import START
from tests.support.events import DATA, Members
from tests.support.objects import BUCKET, KEY


def delivery(
    message_id: str = "m-1",
    body: str = "{}",
    *,
    receive_count: int = 1,
    received_at: float = 1000.0,
    sent_at: float = START,
) -> Delivery:
    """A message in our hands, sent and received as the fake clock starts."""
    return Delivery(message_id, f"handle-{message_id}", body, receive_count, sent_at, received_at)


def again(one: Delivery, handle: str) -> Delivery:
    """The same message, received once more."""
    return msgspec.structs.replace(one, receipt_handle=handle, receive_count=one.receive_count + 1)


def notification(*refs: ObjectRef, event_name: str = "ObjectCreated:Put") -> str:
    """The text with which S3 notifies a queue of objects."""
    return _s3_text(*(_s3_record(one.bucket, quote_plus(one.key), one.size, eventName=event_name) for one in refs))


def s3_event(key: str = KEY, *, bucket: str = BUCKET, **members: object) -> str:
    """An S3 event notification of one record; `key` is as it stands in the message, `members` replace the record's."""
    return _s3_text(_s3_record(bucket, key, 7, **members))


def sns(message: str, **members: object) -> str:
    """`message` in SNS's envelope."""
    return json.dumps({"Type": "Notification", "TopicArn": "arn:aws:sns:us-west-2:1:t", "Message": message, **members})


def notification_text(name: str) -> str:
    """One SQS message's text out of `tests/data/notifications/`."""
    return (DATA / "notifications" / name).read_text(encoding="utf-8")


def admit(body: str, admission: Admission | None = None) -> list[Admitted | Ignored | Fault]:
    """What becomes of each entry of a notification; without `admission`, of our bucket."""
    chosen = admission or Admission({BUCKET: None})
    return [chosen.admit(entry) for entry in decode(body)]


def ignored_reasons(body: str) -> list[IgnoredReason]:
    """Why each entry of a notification is ignored; fails where one is not."""
    entries = admit(body)
    assert all(isinstance(entry, Ignored) for entry in entries)
    return [entry.reason for entry in entries if isinstance(entry, Ignored)]


def _s3_text(*records: Members) -> str:
    return json.dumps({"Records": records})


def _s3_record(bucket: str, key: str, size: int | None, **members: object) -> Members:
    described = {"key": key} | ({} if size is None else {"size": size})
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": bucket}, "object": described},
        **members,
    }
