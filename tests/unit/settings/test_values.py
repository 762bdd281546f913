"""What each type of value refuses, and what it says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from agent.settings import values

REFUSED = [
    (values.AccountId, "12345678901", "12 digits"),
    (values.AccountId, True, "12 digits|valid string"),
    (values.Region, "us-west", "AWS region"),
    (values.BucketName, "arn:aws:s3:::acme", "ARN"),
    (values.BucketName, "a..b", "S3 bucket"),
    (values.BucketName, "192.168.0.1", "S3 bucket"),
    (values.RoleArn, "arn:aws:iam::111122223333:user/eve", "IAM role"),
    (values.SessionName, "a", "2 to 64"),
    (values.EndpointUrl, "http://eve:s3cret@h", "password"),
    (values.EndpointUrl, "http://h:port", "begins with"),
    (values.EndpointUrl, "http://h/a b", "begins with"),
    (values.ProfileName, "codecatalist", "did you mean `codecatalyst`"),
    (values.OtherProfileName, "codecatalyst", "must not be codecatalyst"),
    (values.EventSource, "s3.*", "whole name"),
    (values.ExcludedEvent, "**", "excludes every event"),
    (values.MaskedPath, "userIdentity..arn", "two dots"),
    (values.MaskedPath, "userIdentity. arn", "blank"),
    (values.MaskedPath, "resources[0]", "array"),
    (values.Text, "  ", "empty"),
    (values.Positive, True, "number"),
    (values.Positive, 0, "greater than 0"),
    (values.Seconds, float("inf"), "finite"),
]


@pytest.mark.parametrize(("kind", "value", "words"), REFUSED)
def test_what_is_refused_is_told_without_the_value(kind: Any, value: object, words: str) -> None:
    """Each type says what it wants; the value may be a secret in the wrong line."""
    with pytest.raises(ValidationError, match=words) as caught:
        TypeAdapter(kind).validate_python(value)
    assert "s3cret" not in caught.value.errors()[0]["msg"]


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        (values.AccountId, 111122223333, "111122223333"),
        (values.AccountId, "000000000000", "000000000000"),
        (values.Region, "us-gov-west-1", "us-gov-west-1"),
        (values.BucketName, "acme.trail-1", "acme.trail-1"),
        (values.RoleArn, "arn:aws-cn:iam::111122223333:role/a/b", "arn:aws-cn:iam::111122223333:role/a/b"),
        (values.EventSource, "*", "*"),
        (values.ExcludedEvent, " Get* ", "Get*"),
        (values.MaskedPath, "resources.ARN", "resources.ARN"),
    ],
)
def test_what_is_sound_is_read(kind: Any, value: object, read: object) -> None:
    """An account without quotes is text in the end."""
    assert TypeAdapter(kind).validate_python(value) == read


@given(st.text())
def test_a_url_is_judged_whatever_it_holds(value: str) -> None:
    """Every text is a URL or a ValueError; a URL has a host, and no blank in it."""
    try:
        parts = values.split_url(value)
    except ValueError:
        return
    assert parts.hostname
    assert " " not in value


def test_an_entry_that_repeats_a_name_is_told_by_its_place() -> None:
    """Places are counted from 0, as in the settings' paths."""
    assert values.unique(("a", "b"), str, "bucket") == ("a", "b")
    with pytest.raises(ValueError, match="same bucket twice: entry 1, 3 "):
        values.unique(("a", "a", "b", "b"), str, "bucket")
