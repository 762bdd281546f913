"""Whether the filter policy of a subscription lets a topic's message through. Pure.

Page: SNS developer guide, "Amazon SNS subscription filter policies" and "Subscription filter policy scope".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from agent.checks.event_pattern import Whole, takes

_NO_ATTRIBUTES: Final = Whole()  # as S3 and CloudTrail send


def lets_through(attributes: Mapping[str, str], message: Mapping[str, Any]) -> bool | None:
    """Whether a subscription with these attributes, as SNS tells them, gets `message`, as far as that is known; None
    if it cannot be told.
    """
    try:
        policy = json.loads(attributes.get("FilterPolicy") or "{}")
    except ValueError:
        return None
    is_of_body = attributes.get("FilterPolicyScope") == "MessageBody"
    return takes(policy, message if is_of_body else _NO_ATTRIBUTES)


def of_s3(bucket: str, region: str, key: str) -> Mapping[str, Any]:
    """What is known of S3's notification of a new object. The list of records stands as the one that it holds: SNS asks
    of a list whether one of its members is as the policy says. No `key`: that is not known.
    """
    entity: dict[str, Any] = {"bucket": {"name": bucket}} | ({"object": {"key": key}} if key else {})
    record = {"eventSource": "aws:s3", "awsRegion": region, "eventName": "ObjectCreated:Put", "s3": entity}
    return Whole({"Records": record})


def of_cloudtrail(bucket: str, key: str) -> Mapping[str, Any]:
    """The same of a notification of CloudTrail's own."""
    return Whole({"s3Bucket": bucket} | ({"s3ObjectKey": [key]} if key else {}))
