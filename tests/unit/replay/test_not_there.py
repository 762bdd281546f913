"""What is said of accounts and regions that a bucket does not have."""

from __future__ import annotations

from agent.replay.not_there import listed, nothing_of, some_absent

THERE = ["us-west-2", "eu-west-1"]


def test_what_is_there_stands_beside_what_was_wanted() -> None:
    """With where it was named, and the name that was meant if there is one like it."""
    one = nothing_of("region", ["us-wst-2"], THERE, "AWSLogs/", "--region")
    assert one.endswith(
        "of region us-wst-2; there are objects of eu-west-1, us-west-2; check --region: did you mean us-west-2?"
    )
    two = nothing_of("region", ["sa-east-1", "me-south-1"], THERE, "AWSLogs/", "--region")
    assert two.endswith(
        "of the regions me-south-1, sa-east-1; there are objects of eu-west-1, us-west-2; check --region"
    )


def test_nothing_is_said_where_all_is_there() -> None:
    """Also where nothing was named."""
    assert some_absent("region", ["us-west-2"], THERE, "--region") == ""
    assert some_absent("region", [], THERE, "--region") == ""


def test_a_long_list_is_cut() -> None:
    """An organisation has hundreds of accounts."""
    assert listed([f"{number:02}" for number in range(99)]) == "00, 01, 02, 03, 04, 05, 06, 07, 08, 09 and 89 more"
