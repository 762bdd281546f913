"""The examples that tests read: documented events, real objects, notifications, and a builder of events."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent.errors import Fault
from agent.model import Ignored, IgnoredReason, ObjectSource
from agent.trail import notification
from agent.trail.admission import Admission, Admitted

DATA = Path(__file__).parents[1] / "data"
BUCKET = "acme-trail-111122223333"
KEY = (
    "AWSLogs/111122223333/CloudTrail/us-west-2/2023/05/18/"
    "111122223333_CloudTrail_us-west-2_20230518T1715Z_Yq3hTzv0AbCdEfGh.json.gz"
)
FILE_NAME = KEY.rpartition("/")[2]
LAST_MODIFIED = 1_684_430_155_000_000_000  # 2023-05-18T17:15:55Z
SOURCE = ObjectSource(BUCKET, KEY, "111122223333", LAST_MODIFIED)


def codecatalyst(name: str) -> bytes:
    """One file of `tests/data/codecatalyst/`."""
    return (DATA / "codecatalyst" / name).read_bytes()


def create_dev_environment() -> dict[str, Any]:
    """The documented space event, as a new dict."""
    members: dict[str, Any] = json.loads(codecatalyst("docs-example-CreateDevEnvironment.json"))
    return members


def list_connections() -> dict[str, Any]:
    """The documented account-connection event, as a new dict."""
    members: dict[str, Any] = json.loads(codecatalyst("docs-example-ListConnections.json"))
    return members


def event(**members: object) -> bytes:
    """A small CodeCatalyst event with the given members added or replaced."""
    return encoded(
        {
            "eventVersion": "1.09",
            "eventTime": "2023-05-18T17:10:50Z",
            "eventSource": "codecatalyst.amazonaws.com",
            "eventName": "CreateProject",
            "awsRegion": "us-west-2",
            "recipientAccountId": "111122223333",
            "eventID": "event-1",
            **members,
        }
    )


def encoded(members: Mapping[str, object]) -> bytes:
    """`members` as CloudTrail writes them: without white space."""
    return json.dumps(members, separators=(",", ":")).encode()


def log_file(*raws: bytes) -> bytearray:
    """The text of a log file that holds `raws`."""
    return bytearray(b'{"Records":[' + b",".join(raws) + b"]}")


def trail_objects() -> dict[str, bytes]:
    """The real log objects of `tests/data/cloudtrail-objects/` by name, inflated."""
    return {path.name: path.read_bytes() for path in sorted((DATA / "cloudtrail-objects").glob("*.json"))}


def notification_text(name: str) -> str:
    """One SQS message's text out of `tests/data/notifications/`."""
    return (DATA / "notifications" / name).read_text(encoding="utf-8")


def s3_event(key: str = KEY, *, bucket: str = BUCKET, **members: object) -> str:
    """An S3 event notification of one record; `key` is as it stands in the message."""
    record = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": bucket}, "object": {"key": key, "size": 7}},
        **members,
    }
    return json.dumps({"Records": [record]})


def sns(message: str, **members: object) -> str:
    """`message` in SNS's envelope."""
    return json.dumps({"Type": "Notification", "TopicArn": "arn:aws:sns:us-west-2:1:t", "Message": message, **members})


def admit(body: str, admission: Admission | None = None) -> list[Admitted | Ignored | Fault]:
    """What becomes of each entry of a notification; without `admission`, of our bucket."""
    chosen = admission or Admission({BUCKET: None})
    return [chosen.admit(entry) for entry in notification.decode(body)]


def ignored_reasons(body: str) -> list[IgnoredReason]:
    """Why each entry of a notification is ignored; fails where one is not."""
    entries = admit(body)
    assert all(isinstance(entry, Ignored) for entry in entries)
    return [entry.reason for entry in entries if isinstance(entry, Ignored)]
