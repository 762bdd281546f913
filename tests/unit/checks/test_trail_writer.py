"""Where a trail writes its log files."""

from __future__ import annotations

import pytest

from agent.checks.trail_writer import TrailWriter


@pytest.mark.parametrize(
    ("told", "root"),
    [
        ({}, "AWSLogs/"),
        ({"S3KeyPrefix": "audit/eu"}, "audit/eu/AWSLogs/"),
        ({"S3KeyPrefix": "audit/"}, "audit/AWSLogs/"),
    ],
)
def test_a_prefix_stands_before_awslogs(told: dict[str, str], root: str) -> None:
    """Whether it was written with a slash or without."""
    assert TrailWriter.of(told).root == root
