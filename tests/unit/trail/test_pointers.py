"""Pointers: bucket and key side by side, or an address that holds both, and the readings of a key."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.model import ObjectRef
from agent.trail import pointers
from tests.support.objects import BUCKET, KEY


def readings(ref: ObjectRef) -> tuple[str, str]:
    """The likely key of a pointer, and the other one."""
    return ref.key, ref.other_key


@pytest.mark.parametrize(
    ("members", "keys"),
    [
        ({"bucket": BUCKET, "key": KEY}, [KEY]),
        ({"s3-bucket-name": BUCKET, "S3_Object_Key": KEY}, [KEY]),
        ({"bucket": {"name": BUCKET}, "object": {"Key": KEY}}, [KEY]),
        ({"bucketArn": f"arn:aws-cn:s3:::{BUCKET}", "keys": ["a", "b", "a"]}, ["a", "b"]),
        ({"bucket": BUCKET, "keys": ["a", 7]}, []),
        ({"bucket": BUCKET, "key": ""}, []),
        ({"bucket": "", "key": KEY}, []),
        ({"bucket": 7, "key": KEY}, []),
        ({"bucket": BUCKET}, []),
        ({"key": KEY}, []),
        ({}, []),
    ],
)
def test_bucket_and_key_side_by_side_are_a_pointer(members: dict[str, Any], keys: list[str]) -> None:
    """The names of the members may be written as people write them; nothing else names an object."""
    assert [(ref.bucket, ref.key) for ref in pointers.of(members)] == [(BUCKET, key) for key in keys]


def test_more_buckets_than_anybody_names_are_forged() -> None:
    """Each would be multiplied by all keys."""
    names = ["bucket", "bucket_name", "s3bucket", "s3-bucket-name"]
    assert len(pointers.of({**dict.fromkeys(names[:3], BUCKET), "key": KEY})) == 1
    assert pointers.of({**dict.fromkeys(names, BUCKET), "key": KEY}) == ()


@pytest.mark.parametrize(
    ("described", "size"),
    [({"size": 7}, 7), ({"size": True}, None), ({"size": -1}, None), ({"size": "7"}, None), ({}, None)],
)
def test_a_size_is_taken_only_if_it_is_one(described: dict[str, Any], size: int | None) -> None:
    """It stands where EventBridge writes it."""
    (ref,) = pointers.of({"bucket": {"name": BUCKET}, "object": {"key": KEY, **described}})
    assert ref.size == size


@pytest.mark.parametrize(
    ("key", "likely", "other"),
    [
        (KEY, KEY, ""),
        ("year%3D2026/a", "year=2026/a", "year%3D2026/a"),
        ("a%20b", "a b", "a%20b"),
        ("a+b%2Bc", "a b+c", "a+b%2Bc"),
        ("a+b", "a+b", "a b"),
        ("100%", "100%", ""),
        ("a%FFb", "a%FFb", ""),
    ],
)
def test_a_key_that_somebody_passed_on_comes_in_both_readings(key: str, likely: str, other: str) -> None:
    """Percent escapes are S3's rather than the object's own, a plus sign alone is the object's own; S3 decides."""
    assert [readings(ref) for ref in pointers.of({"bucket": BUCKET, "key": key})] == [(likely, other)]
    assert [readings(ref) for ref in pointers.of({"bucket": BUCKET, "keys": [key]})] == [(likely, other)]


@pytest.mark.parametrize("key", ["year%3D2026/a", "a+b"])
def test_a_key_in_eventbridges_form_or_in_an_address_is_first_read_as_given(key: str) -> None:
    """These forms do not encode, but people make them of what S3 encoded."""
    decoded = key.replace("%3D", "=").replace("+", " ")
    (detail,) = pointers.of({"bucket": {"name": BUCKET}, "object": {"key": key}})
    address = pointers.of_address(f" s3://{BUCKET}/{key}\n")
    assert address is not None
    assert readings(detail) == readings(address) == (key, decoded)


@given(st.text(min_size=1), st.sampled_from([str, quote, quote_plus]))
def test_the_objects_name_is_among_the_readings(key: str, passed_on: Any) -> None:
    """Whether a key was encoded on its way or not, one of the readings is the name that the object has."""
    (ref,) = pointers.of({"bucket": BUCKET, "key": passed_on(key)})
    assert key in readings(ref) or (passed_on is str and "\ufffd" in key)


@pytest.mark.parametrize(
    "text", ["", "s3://", f"s3://{BUCKET}", f"s3://{BUCKET}/", f"https://{BUCKET}/a", "arn:aws:sqs:us-west-2:1:q"]
)
def test_other_texts_are_no_address(text: str) -> None:
    """A bucket alone, a web address and the ARN of something else name no object."""
    assert pointers.of_address(text) is None


def test_whatever_a_message_names_at_any_depth_is_sighted() -> None:
    """Pairs and addresses, in objects, lists and their members."""
    message = {"a": [{"bucket": BUCKET, "key": KEY}], "b": {"c": f"s3://{BUCKET}/other"}, "text": "words"}
    found = pointers.within(message)
    assert {ref.key for ref in found.refs} == {KEY, "other"}
    assert found.is_whole


@pytest.mark.parametrize(
    ("beside", "is_whole"), [(KEY, True), (quote_plus(KEY), True), (KEY.replace("us-west-2", "us-east-1"), False)]
)
def test_a_log_file_that_is_named_without_a_bucket_is_not_passed_over(beside: str, is_whole: bool) -> None:
    """A text with a log file's name is known if a pointer has it, and else a sign that something was not understood."""
    assert pointers.within({"bucket": BUCKET, "key": KEY, "remark": beside}).is_whole is is_whole


def test_no_depth_is_too_deep_to_be_looked_through() -> None:
    """A forged message costs its length, and no recursion."""
    message: object = {"bucket": BUCKET, "key": KEY}
    for _ in range(100_000):
        message = [message]
    assert len(pointers.within(message).refs) == 1
