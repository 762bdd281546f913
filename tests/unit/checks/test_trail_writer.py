"""Where trails write their log files, and which topic hears of which."""

from __future__ import annotations

from typing import Any

import pytest

from agent.checks.layout import TrailFolder
from agent.checks.trail_writer import TrailWriter, is_left, told_topics, with_new

ACCOUNT = "111122223333"
ARN = f"arn:aws:cloudtrail:us-west-2:{ACCOUNT}:trail/acme"


def writer(**told: Any) -> TrailWriter:
    """A trail of all regions, unless something else is told."""
    return TrailWriter.of({"TrailARN": ARN, "IsMultiRegionTrail": True, "HomeRegion": "us-west-2", **told})


def place(root: str = "AWSLogs/", *, account: str = ACCOUNT, region: str = "us-west-2") -> TrailFolder:
    """A folder with log files."""
    return TrailFolder(f"{root}{account}/CloudTrail/{region}/", account, region)


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
    assert writer(**told).root == root


def test_a_trail_writes_of_its_account_and_regions() -> None:
    """An organisation's of all its accounts."""
    assert writer().writes_to(place(region="eu-west-1"))
    assert not writer(IsMultiRegionTrail=False).writes_to(place(region="eu-west-1"))
    assert not writer().writes_to(place(account="999900001111"))
    assert writer(IsOrganizationTrail=True).writes_to(place("AWSLogs/o-exampleorgid/", account="999900001111"))
    assert not writer(S3KeyPrefix="org").writes_to(place())


def test_a_trail_that_has_written_nothing_yet_has_its_place() -> None:
    """Beside those where there are log files; where there are none, in every region of CodeCatalyst."""
    old, new = writer(), writer(S3KeyPrefix="org")
    assert with_new([place()], [old, new]) == [place(), place("org/AWSLogs/")]
    regions = [one.region for one in with_new([], [old])]
    assert regions == ["us-west-2", "eu-west-1"]


def test_a_trail_with_a_new_prefix_has_left_its_place() -> None:
    """That is not known where another trail may write."""
    moved = writer(S3KeyPrefix="org")
    assert is_left(place(), [moved], {"us-west-2"})
    assert not is_left(place(), [moved, writer()], {"us-west-2"})
    assert not is_left(place(account="999900001111"), [moved], {"us-west-2"})
    assert not is_left(place(), [moved], ())


def test_a_topic_hears_of_the_trails_that_tell_it() -> None:
    """Of the others in the bucket it hears nothing."""
    told = [writer(SnsTopicARN="arn:a"), writer(S3KeyPrefix="org"), writer(SnsTopicARN="arn:b", S3KeyPrefix="x")]
    here = [place(), place("org/AWSLogs/")]
    assert [*told_topics(here, told)] == [("arn:a", frozenset({here[0].folder})), ("arn:b", frozenset())]
