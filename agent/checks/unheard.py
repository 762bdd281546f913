"""Why nothing tells the queue of a bucket's new objects: what is nearly right is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from agent.checks.finding import Check, caution, failed

_ID: Final = "notifier"
NOBODY: Final = failed(
    _ID,
    "nothing tells the queue of new objects in this bucket",
    "Let the bucket notify the queue of s3:ObjectCreated:* under AWSLogs/ (deploy/cloudformation/intake.yaml).",
)
SWITCHED_OFF: Final = failed(
    _ID,
    "{rules} would tell the queue of new objects, but the bucket does not send its events to EventBridge",
    "Turn on Amazon EventBridge in the bucket's properties.",
)
OTHER_QUEUE: Final = failed(
    _ID,
    "the bucket notifies {others}, and not {queue}",
    "Correct the queue in its notification, or queue.url if that is the queue that you mean.",
)
PERHAPS_NOBODY: Final = caution(
    _ID,
    "the bucket's notifications do not name the queue; a topic of the trail may lead to it, and trails cannot be read",
    "See that the queue is subscribed to the trail's topic, or allow cloudtrail:DescribeTrails (operator.json).",
)


def why(bucket: str, queue: str, notifications: Mapping[str, Any], rules: Sequence[str], *, are_all: bool) -> Check:
    """The result for a bucket with these notifications, none of which leads to the queue with the ARN `queue`.

    `rules` names those of EventBridge that would take the bucket's events. `are_all`: all trails could be read.
    """
    others = sorted({str(one.get("QueueArn")) for one in notifications.get("QueueConfigurations") or ()} - {queue})
    if not are_all:
        return PERHAPS_NOBODY.told(bucket)
    if rules:
        return SWITCHED_OFF.told(bucket, rules=f"rule {', '.join(rules)} of EventBridge")
    return (OTHER_QUEUE if others else NOBODY).told(bucket, others=", ".join(others), queue=queue)
