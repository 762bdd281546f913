"""Messages of other AWS services, which share a topic or a queue with CloudTrail: how each is known for certain.

A message that is known here is deleted without a read. So each service is told by members that nothing else has, and
everything that is not listed stays unknown.

Pages: the "notifications" chapter of each service's guide; AWS Config developer guide, "Notifications that AWS Config
sends to an Amazon SNS topic"; EventBridge user guide, "Events delivered via AWS services".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

Message = Mapping[str, Any]

_CONFIG: Final = frozenset(
    {
        "ComplianceChangeNotification",
        "ConfigRulesEvaluationStarted",
        "ConfigurationHistoryDeliveryCompleted",
        "ConfigurationHistoryDeliveryFailed",
        "ConfigurationItemChangeNotification",
        "ConfigurationSnapshotDeliveryCompleted",
        "ConfigurationSnapshotDeliveryFailed",
        "ConfigurationSnapshotDeliveryStarted",
        "OversizedConfigurationItemChangeDeliveryFailed",
        "OversizedConfigurationItemChangeNotification",
        "ScheduledNotification",
    }
)
_MAIL: Final = frozenset(
    {"Bounce", "Complaint", "Delivery", "DeliveryDelay", "Send", "Reject", "Open", "Click", "Received"}
    | {"Rendering Failure", "Subscription", "AmazonSnsSubscriptionSucceeded"}
)
_GUARDDUTY_NEWS: Final = frozenset({"NEW_FINDINGS", "UPDATED_FINDINGS", "NEW_FEATURES"})
_TEXTS: Final = {
    "AWS Budget Notification": "AWS Budgets",
    "StackId='arn:aws": "AWS CloudFormation",
    "An AWS Backup job ": "AWS Backup",
}
_RECORD_SOURCES: Final = {
    "aws:ses": "Amazon SES",
    "aws:dynamodb": "Amazon DynamoDB",
    "aws:codecommit": "AWS CodeCommit",
}
_VIA_CLOUDTRAIL: Final = "via CloudTrail"


def _config(message: Message) -> str:
    kind = message.get("messageType")
    return f"AWS Config {kind}" if isinstance(kind, str) and kind in _CONFIG else ""


def _event_bridge(message: Message) -> str:
    """Any event of an AWS service but S3. An event that holds a CloudTrail event may be one of those we look for."""
    source, kind = message.get("source"), message.get("detail-type")
    if not isinstance(source, str) or not isinstance(kind, str) or not isinstance(message.get("detail"), Mapping):
        return ""
    if not source.startswith("aws.") or source == "aws.s3" or kind.endswith(_VIA_CLOUDTRAIL):
        return ""
    return f"EventBridge {source} {kind}"


def _alarm(message: Message) -> str:
    is_alarm = _has_texts(message, "AlarmName", "NewStateValue") or _has_texts(message, "alarmArn", "source")
    return "Amazon CloudWatch alarm" if is_alarm else ""


def _auto_scaling(message: Message) -> str:
    event = message.get("Event")
    is_event = isinstance(event, str) and event.startswith("autoscaling:")
    return (
        "Amazon EC2 Auto Scaling" if is_event or _has_texts(message, "LifecycleTransition", "LifecycleHookName") else ""
    )


def _mail(message: Message) -> str:
    kind = message.get("notificationType") or message.get("eventType")
    is_mail = isinstance(message.get("mail"), Mapping) and isinstance(kind, str) and kind in _MAIL
    return f"Amazon SES {kind}" if is_mail else ""


def _guardduty(message: Message) -> str:
    service = message.get("service")
    is_finding = isinstance(service, Mapping) and service.get("serviceName") == "guardduty"
    news = message.get("type")
    is_news = isinstance(news, str) and news in _GUARDDUTY_NEWS and "version" in message
    return "Amazon GuardDuty" if is_finding or is_news else ""


def _security_hub(message: Message) -> str:
    product = message.get("ProductArn")
    is_finding = isinstance(product, str) and ":securityhub:" in product and _has_texts(message, "SchemaVersion", "Id")
    return "AWS Security Hub" if is_finding or _has_texts(message, "AnnouncementType", "Title") else ""


def _cost_anomaly(message: Message) -> str:
    return "AWS Cost Anomaly Detection" if _has_texts(message, "anomalyId", "anomalyDetailsLink") else ""


def _database(message: Message) -> str:
    """RDS, Redshift and DMS have one form; ElastiCache one of its own."""
    if _has_texts(message, "Event Source", "Event Message") or _has_texts(message, "Event Source", "Event ID"):
        return "Amazon RDS, Redshift or DMS"
    return "Amazon ElastiCache" if message and all(name.startswith("ElastiCache:") for name in message) else ""


def _deployment(message: Message) -> str:
    if _has_texts(message, "deploymentId", "deploymentGroupName"):
        return "AWS CodeDeploy"
    approval = message.get("approval")
    return "AWS CodePipeline" if isinstance(approval, Mapping) and "pipelineName" in approval else ""


def _glacier(message: Message) -> str:
    return "Amazon S3 Glacier" if _has_texts(message, "VaultARN", "JobId") else ""


def _record(message: Message) -> str:
    """An entry of `Records` in an event that another service sends to Lambda."""
    source = message.get("eventSource")
    return _RECORD_SOURCES.get(source, "") if isinstance(source, str) else ""


_SERVICES: Final[tuple[Callable[[Message], str], ...]] = (
    _config,
    _event_bridge,
    _alarm,
    _auto_scaling,
    _mail,
    _guardduty,
    _security_hub,
    _cost_anomaly,
    _database,
    _deployment,
    _glacier,
    _record,
)


def sender_of(message: Message) -> str:
    """Which other service sent `message`, and what it tells; empty unless that is certain."""
    return next((sender for known in _SERVICES if (sender := known(message))), "")


def sender_of_text(text: str) -> str:
    """The same for a message that is not JSON."""
    return next((sender for beginning, sender in _TEXTS.items() if text.startswith(beginning)), "")


def _has_texts(message: Message, *names: str) -> bool:
    return all(isinstance(message.get(name), str) for name in names)
