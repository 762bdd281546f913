"""Which names can be those of regions, and what is said of others."""

from __future__ import annotations

import botocore.session
import pytest

from agent.settings.regions import KNOWN_REGIONS, known_region, may_be_region, near_region


def test_every_region_that_the_sdk_knows_may_be_one() -> None:
    """In all partitions: no region is refused that AWS has."""
    session = botocore.session.Session()
    there = {
        region
        for partition in session.get_available_partitions()
        for service in ("s3", "sqs", "cloudtrail")
        for region in session.get_available_regions(service, partition)
    }
    assert len(there) > 30
    assert [one for one in sorted(there) if not may_be_region(one)] == []
    assert [one for one in KNOWN_REGIONS if not may_be_region(one)] == []


def test_a_region_of_next_year_may_be_one() -> None:
    """Nobody has to upgrade for it."""
    assert [known_region(one) for one in ("us-west-9", "nz-south-1", "eusc-fr-west-1")]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("us-wst-2", "us-west-2"),
        ("us-west2", "us-west-2"),
        ("uswest-2", "us-west-2"),
        ("US-West-2", "us-west-2"),
        ("eu-cental-1", "eu-central-1"),
        ("ap_southeast_2", "ap-southeast-2"),
        ("us-gov-wset-1", "us-gov-west-1"),
    ],
)
def test_a_mistyped_name_is_refused_with_the_one_that_was_meant(name: str, meant: str) -> None:
    """The sentence holds no part of the name itself."""
    with pytest.raises(ValueError, match=f"must be the name of an AWS region; did you mean {meant}"):
        known_region(name)


@pytest.mark.parametrize("name", ["", "global", "hunter-two-swordfish-12", "us-west"])
def test_where_nothing_is_near_an_example_is_told(name: str) -> None:
    """It may be a secret in the wrong line."""
    with pytest.raises(ValueError, match=r"such as|did you mean") as caught:
        known_region(name)
    assert "swordfish" not in str(caught.value)
    assert near_region("global") == ""
