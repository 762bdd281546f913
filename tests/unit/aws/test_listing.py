"""How S3's listings reach a replay, with boto3's own client in front of canned answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from agent.aws.listing import ListedObject, Listing
from agent.aws.store_policy import DENIED, NO_BUCKET, NOT_S3, UNAVAILABLE, UNREADABLE, Policy, StoreError

BUCKET = "acme-trail"


@contextmanager
def listing(owner: str | None = None) -> Iterator[tuple[Listing, Stubber]]:
    """A listing of one bucket, and what answers."""
    client = boto3.client("s3", region_name="us-west-2", aws_access_key_id="a", aws_secret_access_key="b")
    with Stubber(client) as answers:
        yield Listing({BUCKET: client}, {BUCKET: owner}), answers
        answers.assert_no_pending_responses()


def objects(*keys: str, **more: Any) -> dict[str, Any]:
    """What S3 answers."""
    return {"Name": BUCKET, "Contents": [{"Key": key, "Size": 7} for key in keys], **more}


def test_a_page_begins_behind_a_key() -> None:
    """A thousand at a time, and it says whether there are more."""
    with listing() as (names, answers):
        asked = {"Bucket": BUCKET, "Prefix": "AWSLogs/1/", "StartAfter": "AWSLogs/1/a", "MaxKeys": 1000}
        answers.add_response("list_objects_v2", objects("AWSLogs/1/b", "AWSLogs/1/c", IsTruncated=True), asked)
        page = names.page(BUCKET, "AWSLogs/1/", "AWSLogs/1/a")
        assert page.objects == [ListedObject("AWSLogs/1/b", 7), ListedObject("AWSLogs/1/c", 7)]
        assert not page.is_last
        answers.add_response("list_objects_v2", {"Name": BUCKET, "KeyCount": 0})
        assert names.page(BUCKET, "AWSLogs/2/").objects == []
        assert names.requests == 2


def test_a_page_without_objects_that_says_more_follows_is_not_the_last() -> None:
    """Some stores have such pages where objects were deleted: what stands behind them is listed."""
    with listing() as (names, answers):
        asked = {"Bucket": BUCKET, "Prefix": "AWSLogs/1/", "StartAfter": "AWSLogs/1/a", "MaxKeys": 1000}
        for token, following in (({}, "one"), ({"ContinuationToken": "one"}, "two")):
            empty = {"Name": BUCKET, "KeyCount": 0, "IsTruncated": True, "NextContinuationToken": following}
            answers.add_response("list_objects_v2", empty, {**asked, **token})
        answers.add_response("list_objects_v2", objects("AWSLogs/1/b"), {**asked, "ContinuationToken": "two"})
        page = names.page(BUCKET, "AWSLogs/1/", "AWSLogs/1/a")
        assert [each.key for each in page.objects] == ["AWSLogs/1/b"]
        assert page.is_last


@pytest.mark.parametrize("tokens", [["same", "same"], [f"{number}" for number in range(100)]])
def test_empty_pages_without_end_are_an_error(tokens: list[str]) -> None:
    """Nobody waits for ever, and no folder counts as empty that may hold something."""
    with listing() as (names, answers):
        for token in tokens:
            empty = {"Name": BUCKET, "KeyCount": 0, "IsTruncated": True, "NextContinuationToken": token}
            answers.add_response("list_objects_v2", empty)
        with pytest.raises(StoreError, match="page after page without objects says that more follows") as caught:
            names.page(BUCKET, "AWSLogs/")
        assert caught.value.policy is UNREADABLE


def test_an_owner_is_demanded() -> None:
    """A bucket of the right name in the wrong hands is not listed."""
    with listing(owner="111122223333") as (names, answers):
        asked = {"Bucket": BUCKET, "Prefix": "", "MaxKeys": 1000, "ExpectedBucketOwner": "111122223333"}
        answers.add_response("list_objects_v2", objects(), asked)
        assert names.page(BUCKET, "").is_last


def test_archived_objects_are_told() -> None:
    """They cannot be read before somebody restores them."""
    answer = objects("a", "b", "c")
    for one, storage in zip(answer["Contents"], ("GLACIER", "DEEP_ARCHIVE", "GLACIER_IR"), strict=True):
        one["StorageClass"] = storage
    with listing() as (names, answers):
        answers.add_response("list_objects_v2", answer)
        assert [each.is_archived for each in names.page(BUCKET, "").objects] == [True, True, False]


def test_folders_come_from_all_pages() -> None:
    """However many accounts there are."""
    with listing() as (names, answers):
        first = {
            "Name": BUCKET,
            "CommonPrefixes": [{"Prefix": "AWSLogs/1/"}],
            "IsTruncated": True,
            "NextContinuationToken": "more",
        }
        asked = {"Bucket": BUCKET, "Prefix": "AWSLogs/", "Delimiter": "/"}
        answers.add_response("list_objects_v2", first, asked)
        second = {"Name": BUCKET, "CommonPrefixes": [{"Prefix": "AWSLogs/2/"}]}
        answers.add_response("list_objects_v2", second, {**asked, "ContinuationToken": "more"})
        assert names.folders(BUCKET, "AWSLogs/") == ["AWSLogs/1/", "AWSLogs/2/"]


@pytest.mark.parametrize(
    ("code", "status", "policy"),
    [
        ("AccessDenied", 403, DENIED),
        ("NoSuchBucket", 404, NO_BUCKET),
        ("SlowDown", 503, UNAVAILABLE),
    ],
)
def test_a_failure_is_told_as_a_failed_read_is(code: str, status: int, policy: Policy) -> None:
    """One table says what an answer of S3 means."""
    with listing() as (names, answers):
        answers.add_client_error("list_objects_v2", code, http_status_code=status)
        with pytest.raises(StoreError) as caught:
            names.folders(BUCKET, "")
        assert caught.value.policy is policy
        assert "the read" not in caught.value.detail


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"Contents": [{"Key": "a"}, {"Size": 7}]}, "has a part with Size, and without Key)"),
        ({"CommonPrefixes": [{}]}, "has a part with nothing, and without Prefix)"),
        ({"IsTruncated": True}, "without NextContinuationToken)"),
    ],
)
def test_a_listing_with_an_odd_part_is_told_with_what_it_has(answer: dict[str, Any], words: str) -> None:
    """It is no bug of ours, and no reason to leave out what the part may have been."""
    with listing() as (names, answers):
        answers.add_response("list_objects_v2", {"Name": BUCKET, **answer})
        with pytest.raises(StoreError, match="S3's answer cannot be read") as caught:
            names.page(BUCKET, "AWSLogs/") if "Contents" in answer else names.folders(BUCKET, "")
        assert words in caught.value.detail
        assert caught.value.policy is UNREADABLE


def test_what_is_no_listing_is_not_an_empty_bucket() -> None:
    """A proxy that answers with XML of its own must not end a replay before it has begun."""
    with listing() as (names, answers):
        answers.add_response("list_objects_v2", {})
        with pytest.raises(StoreError) as caught:
            names.page(BUCKET, "AWSLogs/")
        assert caught.value.policy is NOT_S3
