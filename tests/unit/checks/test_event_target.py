"""Whether the agent can read what the target of a rule sends."""

from __future__ import annotations

from typing import Any

import pytest

from agent.checks.event_target import changes, names_object

KEY = "AWSLogs/111122223333/CloudTrail/us-west-2/a.json.gz"
EVENT: dict[str, Any] = {
    "source": "aws.s3",
    "detail-type": "Object Created",
    "account": "111122223333",
    "resources": ["arn:aws:s3:::acme"],
    "detail": {"bucket": {"name": "acme"}, "object": {"key": KEY}},
}


def transformed(template: str, **paths: str) -> dict[str, Any]:
    """A target with this template."""
    return {"InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}}


@pytest.mark.parametrize(
    ("target", "is_read"),
    [
        ({}, True),
        ({"InputPath": "$"}, True),
        ({"InputPath": "$.detail"}, True),
        ({"InputPath": "$['detail']"}, True),
        ({"InputPath": "$.detail.object"}, False),
        ({"InputPath": "$.resources[0]"}, False),
        ({"InputPath": "$.resources[7]"}, False),
        ({"Input": '{"hello": 1}'}, False),
        (transformed('"new object <k>"', k="$.detail.object.key"), False),
        (transformed('{"event": <aws.events.event.json>}'), True),
        (transformed("<aws.events.event>"), False),
        (transformed('{"bucket": <b>, "key": "<k>"}', b="$.detail.bucket.name", k="$.detail.object.key"), True),
        (transformed('"s3://<b>/<k>"', b="$.detail.bucket.name", k="$.detail.object.key"), True),
        (transformed('{"detail": <d>}', d="$.detail"), True),
        (transformed('{"key": <nothing>}'), False),
    ],
)
def test_what_a_target_sends_is_read_as_the_agent_reads_it(target: dict[str, Any], is_read: bool) -> None:
    """The event, a part of it, or what a template makes of it: it must name the object."""
    assert names_object(target, EVENT) is is_read


def test_what_changes_the_event_is_named() -> None:
    """So that it can be taken out."""
    assert changes({"Arn": "x", "InputPath": "$.detail"}) == ["InputPath"]
    assert changes({"Arn": "x"}) == []
