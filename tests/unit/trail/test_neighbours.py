"""Messages of other services: told for certain, or not at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.errors import PermanentError
from agent.faults.ignored import IgnoredReason
from agent.model import Ignored, ObjectRef
from agent.trail import notification
from tests.support.events import DATA
from tests.support.messages import s3_event, sns
from tests.support.objects import BUCKET, KEY

CONFIG_TYPES = [
    "ComplianceChangeNotification",
    "ConfigRulesEvaluationStarted",
    "ConfigurationHistoryDeliveryCompleted",
    "ConfigurationItemChangeNotification",
    "ConfigurationSnapshotDeliveryCompleted",
    "ConfigurationSnapshotDeliveryFailed",
    "ConfigurationSnapshotDeliveryStarted",
    "OversizedConfigurationItemChangeNotification",
    "ScheduledNotification",
]
ALARM = {"AlarmName": "cpu", "NewStateValue": "ALARM", "StateChangeTime": "2026-11-24T10:00:00Z", "Trigger": {}}
FINDING = {"schemaVersion": "2.0", "id": "1", "service": {"serviceName": "guardduty"}, "type": "Recon:EC2/Portscan"}
SECURITY_HUB = {
    "SchemaVersion": "2018-10-08",
    "Id": "1",
    "ProductArn": "arn:aws:securityhub:us-west-2::product/aws/inspector",
}
BRIDGE: dict[str, Any] = {"version": "0", "account": "111122223333", "resources": [], "detail": {}}
MAIL_RECEIPT = {"action": {"type": "S3", "bucketName": "mails", "objectKey": "inbox/1"}}


@pytest.mark.row(61)
@pytest.mark.parametrize(
    "message",
    [
        *({"messageType": kind, "recordVersion": "1.3"} for kind in CONFIG_TYPES),
        ALARM,
        FINDING,
        SECURITY_HUB,
        *(
            {**BRIDGE, "source": source, "detail-type": kind}
            for source, kind in [
                ("aws.guardduty", "GuardDuty Finding"),
                ("aws.securityhub", "Security Hub Findings - Imported"),
                ("aws.ec2", "EC2 Instance State-change Notification"),
                ("aws.events", "Scheduled Event"),
                ("aws.codecatalyst", "CodeCatalyst Workflow State Change"),
            ]
        ),
        {"notificationType": "Bounce", "mail": {"messageId": "1"}, "bounce": {}},
        {"notificationType": "Received", "mail": {}, "receipt": MAIL_RECEIPT},
        {"eventType": "Delivery", "mail": {}},
        {"Service": "AWS Auto Scaling", "Event": "autoscaling:EC2_INSTANCE_LAUNCH"},
        {"Service": "AWS Auto Scaling", "Event": "autoscaling:TEST_NOTIFICATION"},
        {"Event Source": "db-instance", "Event ID": "RDS-EVENT-0001", "Event Message": "started"},
        {"ElastiCache:SnapshotComplete": "cluster"},
        {"anomalyId": "1", "anomalyDetailsLink": "https://x"},
        {"Action": "ArchiveRetrieval", "VaultARN": "arn:aws:glacier:x", "JobId": "1"},
        {"version": "1", "type": "NEW_FINDINGS", "findingDetails": []},
        {"Records": [{"eventSource": "aws:ses", "ses": {"mail": {}}}]},
        "AWS Budget Notification November 24, 2026\nAWS Account 111122223333",
    ],
    ids=lambda message: json.dumps(message)[:60],
)
def test_a_message_of_another_service_is_ignored_with_its_sender(message: object) -> None:
    """Alone, and in SNS's envelope, in which it usually comes; each names who sent it."""
    body = message if isinstance(message, str) else json.dumps(message)
    for text in (body, sns(body), json.dumps([{"body": body, "messageId": "1"}])):
        if isinstance(message, str) and text.startswith("["):
            continue  # a text for people is known by its beginning, and only where it is the whole message
        for entry in notification.decode(text):
            assert isinstance(entry, Ignored)
            assert entry.reason is IgnoredReason.OTHER_SERVICE
            assert entry.sender


@pytest.mark.row(61)
@pytest.mark.parametrize("name", ["aws-config-history.json", "aws-config-item.json"])
def test_aws_config_in_cloudtrails_topic_is_ignored(name: str) -> None:
    """The messages as SNS delivers them."""
    (entry,) = notification.decode((DATA / "faults" / "neighbours" / name).read_text(encoding="utf-8"))
    assert isinstance(entry, Ignored)
    assert entry.sender.startswith("AWS Config Configuration")


@pytest.mark.row(61)
@pytest.mark.parametrize(
    "message",
    [
        {"messageType": "SomethingNew", "recordVersion": "1.3"},
        {"messageType": ["ConfigurationItemChangeNotification"]},
        {"AlarmName": "cpu"},
        {"source": "com.acme.audit", "detail-type": "Log written", "detail": {}},
        {"source": "aws.s3", "detail-type": "Something", "detail": {}},
        {"notificationType": "Bounce"},
        {"Event Source": "db-instance"},
        {},
    ],
    ids=lambda message: json.dumps(message)[:60],
)
def test_what_only_looks_like_another_services_is_refused(message: object) -> None:
    """In doubt a message is kept: nothing is deleted for a likeness."""
    with pytest.raises(PermanentError):
        notification.decode(json.dumps(message))


@pytest.mark.row(61)
@pytest.mark.parametrize(
    "members",
    [
        {"s3Bucket": BUCKET, "s3ObjectKey": KEY},
        {"detail": {"s3ObjectDetails": {"bucketName": BUCKET, "objectKey": KEY}}},
        {"a": [{"b": {"resource": f"arn:aws:s3:::{BUCKET}/{KEY}"}}]},
        {"a": {"key": KEY, "arn": f"arn:aws:s3:::{BUCKET}/{KEY}"}},
    ],
)
def test_an_object_in_another_services_message_is_named(members: dict[str, Any]) -> None:
    """Whoever decides about buckets and keys gets to see it, at whatever depth it stands."""
    (entry,) = notification.decode(json.dumps({**ALARM, **members}))
    assert isinstance(entry, Ignored)
    assert (entry.bucket, entry.key) == (BUCKET, KEY)


@pytest.mark.row(61)
def test_a_log_file_that_is_named_without_its_bucket_keeps_the_message() -> None:
    """A message that tells of a log file, one does not know where, is not deleted."""
    with pytest.raises(PermanentError, match="names a CloudTrail log file"):
        notification.decode(json.dumps({**ALARM, "file": KEY}))


@pytest.mark.row(61)
def test_an_s3_event_wins_over_what_stands_beside_it() -> None:
    """Members of another service's do not hide S3's own."""
    message = {**ALARM, **json.loads(s3_event())}
    assert notification.decode(json.dumps(message)) == (ObjectRef(BUCKET, KEY, 7),)
