"""A trail as one that writes into a bucket: where its log files go, and which topic of SNS it tells. Pure.

Page: CloudTrail API reference, "Trail"; CloudTrail user guide, "Finding your CloudTrail log files".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from agent.aws.trail_search import ROOT


@dataclass(frozen=True, slots=True)
class TrailWriter:
    """One trail. `root` is the folder called AWSLogs that it writes to, whole and with a slash; `topic` is an ARN, and
    empty if it tells none.
    """

    root: str
    topic: str

    @classmethod
    def of(cls, trail: Mapping[str, Any]) -> Self:
        """As DescribeTrails tells it."""
        prefix = str(trail.get("S3KeyPrefix") or "").strip("/")
        return cls(f"{prefix}/{ROOT}" if prefix else ROOT, str(trail.get("SnsTopicARN") or ""))
