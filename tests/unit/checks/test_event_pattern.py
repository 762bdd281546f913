"""Which events a pattern of EventBridge takes: yes, no, or that it hangs on what is not known."""

from __future__ import annotations

from typing import Any

import pytest

from agent.checks.event_pattern import takes

EVENT = {"source": "aws.s3", "resources": ["arn:aws:s3:::acme"], "detail": {"object": {"key": "AWSLogs/a*b.json.gz"}}}


def of_key(*wanted: Any) -> dict[str, Any]:
    """A pattern that asks for a key."""
    return {"detail": {"object": {"key": list(wanted)}}}


@pytest.mark.parametrize(
    ("pattern", "verdict"),
    [
        ({}, True),
        ({"source": ["aws.ec2", "aws.s3"]}, True),
        ({"source": ["aws.ec2"]}, False),
        ({"source": [{"exists": True}]}, True),
        ({"source": [{"exists": False}]}, False),
        ({"source": [{"numeric": [">", 0]}]}, False),
        ({"resources": ["arn:aws:s3:::acme"]}, True),
        ({"resources": [{"prefix": "arn:aws:s3:::b"}]}, False),
        (of_key({"prefix": "AWSLogs/"}), True),
        (of_key({"prefix": "elb/"}), False),
        (of_key({"prefix": {"equals-ignore-case": "awslogs/"}}), True),
        (of_key({"suffix": ".csv"}, {"suffix": ".gz"}), True),
        (of_key({"wildcard": "AWSLogs/*.json.gz"}), True),
        (of_key({"wildcard": "AWSLogs/a\\*b.*"}), True),
        (of_key({"wildcard": "AWSLogs/\\*.json.gz"}), False),
        (of_key({"equals-ignore-case": "awslogs/A*B.json.gz"}), True),
        (of_key({"anything-but": "AWSLogs/a*b.json.gz"}), False),
        (of_key({"anything-but": ["x", "y"]}), True),
        (of_key({"anything-but": {"prefix": ["elb/", "AWSLogs/"]}}), False),
        (of_key({"anything-but": {"suffix": ".csv"}}), True),
        (of_key({"anything-but": {"wildcard": "*.gz"}}), False),
        (of_key({"cidr": "10.0.0.0/8"}), None),
        (of_key({"something-new": "x"}), None),
        ({"$or": [{"source": ["aws.ec2"]}, of_key({"prefix": "AWSLogs/"})]}, True),
        ({"$or": [{"source": ["aws.ec2"]}, of_key({"prefix": "elb/"})]}, False),
        ({"detail": {"object": {"size": [{"numeric": [">", 0]}]}}}, None),
        ({"detail": {"object": {"size": [1]}}, "source": ["aws.ec2"]}, False),
        ({"account": ["1"]}, None),
        ({"source": "aws.s3"}, None),
        ([], None),
    ],
)
def test_a_pattern_takes_an_event(pattern: Any, verdict: bool | None) -> None:
    """Page: EventBridge user guide, comparison operators. What the event lacks makes the answer unknown."""
    assert takes(pattern, EVENT) is verdict
