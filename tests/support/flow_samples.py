"""What flows in tests: trail events, the objects they stand in, the notifications that name those, and records."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import quote_plus

from agent.model import Delivery, EventLabels, LogRecord, ObjectRef, ObjectSource

ACCOUNT = "111122223333"
REGION = "us-west-2"
BUCKET = "acme-trail"
NOON_NS = 1_790_000_000_000_000_000

TrailObject = dict[str, object]


def delivery(
    message_id: str = "m-1", body: str = "{}", *, receive_count: int = 1, received_at: float = 1000.0
) -> Delivery:
    """A message in our hands, received as the fake clock starts."""
    return Delivery(message_id, f"handle-{message_id}", body, receive_count, 1_790_000_000.0, received_at)


def event(event_id: str, *, name: str = "CreateProject", minute: int = 0, read_only: bool = False) -> TrailObject:
    """One entry of `Records[]`, of CodeCatalyst's, so many minutes after noon."""
    return {
        "eventVersion": "1.09",
        "eventSource": "codecatalyst.amazonaws.com",
        "eventName": name,
        "eventTime": f"2026-11-20T12:{minute:02}:00Z",
        "eventID": event_id,
        "awsRegion": REGION,
        "recipientAccountId": ACCOUNT,
        "readOnly": read_only,
        "userIdentity": {"type": "IdentityCenterUser", "onBehalfOf": {"userId": "user-1"}},
    }


def noise(event_id: str) -> TrailObject:
    """One entry that is not CodeCatalyst's."""
    return {**event(event_id, name="PutObject"), "eventSource": "s3.amazonaws.com"}


def plain_object(*entries: object) -> bytes:
    """The JSON text of a trail object."""
    return json.dumps({"Records": entries}).encode()


def trail_object(*entries: object) -> bytes:
    """A trail object as CloudTrail writes it; the same entries give the same bytes."""
    return gzip.compress(plain_object(*entries), mtime=0)


def trail_key(name: str = "abc", *, account: str = ACCOUNT, region: str = REGION, ending: str = "json.gz") -> str:
    """The key of a trail object."""
    folder = f"AWSLogs/{account}/CloudTrail/{region}/2026/11/20"
    return f"{folder}/{account}_CloudTrail_{region}_20261120T1205Z_{name}.{ending}"


def ref(name: str = "abc", *, bucket: str = BUCKET, size: int | None = None) -> ObjectRef:
    """A pointer to one trail object."""
    return ObjectRef(bucket, trail_key(name), size)


def notification(*refs: ObjectRef, event_name: str = "ObjectCreated:Put") -> str:
    """The text with which S3 notifies a queue of objects."""
    return json.dumps({"Records": [_s3_record(one, event_name) for one in refs]})


def _s3_record(one: ObjectRef, event_name: str) -> TrailObject:
    described = {"key": quote_plus(one.key)} | ({} if one.size is None else {"size": one.size})
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": event_name,
        "s3": {"bucket": {"name": one.bucket}, "object": described},
    }


def log_record(event_id: str, *, at: int = 0, key: str = "key", digest: str | None = None) -> LogRecord:
    """A record of an event so many seconds after noon; records of one `digest` (default: the id) are repeats."""
    name = event_id if digest is None else digest
    return LogRecord(
        account=ACCOUNT,
        region=REGION,
        time_unix_nano=NOON_NS + at * 1_000_000_000,
        observed_time_unix_nano=NOON_NS,
        severity_number=9,
        event_name="codecatalyst.CreateProject",
        body="{}",
        attributes={},
        event_id=event_id,
        labels=EventLabels("CreateProject", "IdentityCenterUser", "success"),
        source=ObjectSource(BUCKET, key, ACCOUNT, NOON_NS),
        digest=name.encode(),
    )


def ids(records: Sequence[LogRecord]) -> list[str]:
    """The event ids of records."""
    return [record.event_id for record in records]


def again(one: Delivery, handle: str) -> Delivery:
    """The same message, received once more."""
    return replace(one, receipt_handle=handle, receive_count=one.receive_count + 1)
