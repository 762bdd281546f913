"""Which messages the filter policy of a subscription lets through."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.checks.subscription import lets_through, of_cloudtrail, of_s3

KEY = "AWSLogs/111122223333/CloudTrail/us-west-2/2026/11/29/a.json.gz"


def of_body(policy: Any) -> dict[str, str]:
    """Attributes of a subscription that looks into the message."""
    return {"FilterPolicyScope": "MessageBody", "FilterPolicy": json.dumps(policy)}


def of_records(**entity: Any) -> dict[str, str]:
    """The same, with what it asks of the bucket and the object."""
    return of_body({"Records": {"s3": entity}})


@pytest.mark.parametrize(
    ("attributes", "verdict"),
    [
        ({}, True),
        ({"FilterPolicy": "{}"}, True),
        ({"FilterPolicy": '{"x": ["y"]}'}, False),
        ({"FilterPolicy": '{"x": [{"exists": true}]}'}, False),
        ({"FilterPolicy": '{"x": [{"exists": false}]}'}, True),
        ({"FilterPolicy": '{"x": ["y", {"exists": false}]}'}, True),
        ({"FilterPolicy": '{"$or": [{"x": ["y"]}, {"z": [{"exists": false}]}]}'}, True),
        ({"FilterPolicy": "no JSON"}, None),
        (of_records(bucket={"name": ["acme"]}), True),
        (of_records(bucket={"name": ["other"]}), False),
        (of_records(object={"key": [{"prefix": "AWSLogs/"}]}), True),
        (of_records(object={"key": [{"prefix": "elb/"}]}), False),
        (of_records(object={"size": [{"numeric": [">", 0]}]}), None),
        (of_body({"Records": {"eventName": [{"prefix": "ObjectCreated:"}]}}), True),
        (of_body({"Records": {"eventName": ["ObjectRemoved:Delete"]}}), False),
        (of_body({"detail": {"bucket": {"name": ["acme"]}}}), False),
        (of_body({"detail": {"bucket": {"name": [{"exists": False}]}}}), True),
    ],
)
def test_a_filter_policy_lets_a_notification_of_s3_through(attributes: dict[str, str], verdict: bool | None) -> None:
    """A message of S3 has records and nothing else, and no attributes at all."""
    assert lets_through(attributes, of_s3("acme", "us-west-2", KEY)) is verdict


def test_a_key_that_is_not_known_is_not_judged() -> None:
    """The bucket's name is."""
    assert lets_through(of_records(object={"key": [{"prefix": "elb/"}]}), of_s3("acme", "us-west-2", "")) is None
    assert lets_through(of_records(bucket={"name": ["other"]}), of_s3("acme", "us-west-2", "")) is False


def test_a_notification_of_cloudtrail_has_a_form_of_its_own() -> None:
    """A policy for S3's form lets none of them through."""
    assert lets_through(of_body({"s3Bucket": ["acme"]}), of_cloudtrail("acme", KEY)) is True
    assert lets_through(of_body({"s3ObjectKey": [{"prefix": "elb/"}]}), of_cloudtrail("acme", KEY)) is False
    assert lets_through(of_records(bucket={"name": ["acme"]}), of_cloudtrail("acme", KEY)) is False
