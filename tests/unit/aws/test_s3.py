"""How S3's answers reach the flow, with boto3's own client in front of canned answers."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import FlexibleChecksumError
from botocore.response import StreamingBody
from botocore.stub import Stubber
from urllib3.exceptions import ProtocolError
from urllib3.exceptions import ReadTimeoutError as Stalled

from agent.aws.s3 import S3
from agent.aws.store_policy import BROKEN_OFF, DENIED, NOT_S3, UNAVAILABLE, StoreError
from agent.model import ObjectRef

REF = ObjectRef("acme-trail", "key")
WRITTEN = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)


class _Broken(io.RawIOBase):
    """A body that fails after its first bytes."""

    def __init__(self, error: Exception) -> None:
        self._error = error
        self._left = b"first"

    def read(self, amount: int = -1) -> bytes:
        """The first bytes once, then the error."""
        first, self._left = self._left, b""
        if not first:
            raise self._error
        return first


@contextmanager
def _answering(*, owner: str | None = None) -> Iterator[tuple[S3, Stubber]]:
    client: Any = boto3.client("s3", region_name="us-west-2", aws_access_key_id="a", aws_secret_access_key="b")
    with Stubber(client) as stub:
        yield S3({REF.bucket: client}, {REF.bucket: owner}), stub
        stub.assert_no_pending_responses()


def _found(raw: io.IOBase, length: int) -> dict[str, object]:
    return {"Body": StreamingBody(raw, length), "ContentLength": length, "LastModified": WRITTEN}


def _read(store: S3) -> bytes:
    with store.open(REF) as body:
        return b"".join(body.chunks)


def test_the_expected_owner_is_sent() -> None:
    """Where the settings name the bucket's owner, S3 is told whom to expect."""
    with _answering(owner="111122223333") as (store, stub):
        wanted = {"Bucket": REF.bucket, "Key": REF.key, "ExpectedBucketOwner": "111122223333"}
        stub.add_response("get_object", _found(io.BytesIO(b"x"), 1), wanted)
        assert _read(store) == b"x"


def test_no_owner_is_sent_where_none_is_known() -> None:
    """Where the settings name no owner, the request has no such parameter."""
    with _answering() as (store, stub):
        stub.add_response("get_object", _found(io.BytesIO(b"x"), 1), {"Bucket": REF.bucket, "Key": REF.key})
        assert _read(store) == b"x"


def test_the_time_of_writing_is_exact() -> None:
    """LastModified in nanoseconds has no rounding of floating point in it."""
    with _answering() as (store, stub):
        stub.add_response("get_object", _found(io.BytesIO(b"x"), 1))
        with store.open(REF) as body:
            assert body.last_modified_ns == 1_795_176_000_000_000_000


def test_what_s3_says_is_read_off_the_policys_table() -> None:
    """A refusal is raised as a row of the table, with S3's words and the cause."""
    with _answering() as (store, stub):
        stub.add_client_error("get_object", "AccessDenied", "because", 403)
        with pytest.raises(StoreError, match="because") as caught:
            _read(store)
        assert caught.value.policy is DENIED
        assert caught.value.__cause__ is not None


@pytest.mark.row(47)
def test_a_body_shorter_than_its_content_length_is_broken_off() -> None:
    """S3 said how long the object is: less than that is not the object."""
    with _answering() as (store, stub):
        stub.add_response("get_object", _found(io.BytesIO(b"half"), 8))
        with pytest.raises(StoreError) as caught:
            _read(store)
        assert caught.value.policy is BROKEN_OFF


@pytest.mark.row(47)
def test_a_body_whose_checksum_differs_is_broken_off() -> None:
    """S3 knows the sum of the whole object: what boto3's own sum refuses was damaged on the way."""
    with _answering() as (store, stub):
        stub.add_response("get_object", _found(_Broken(FlexibleChecksumError(error_msg="crc32 differs")), 8))
        with pytest.raises(StoreError) as caught:
            _read(store)
        assert caught.value.policy is BROKEN_OFF


@pytest.mark.row(47)
@pytest.mark.parametrize(
    "error",
    [
        ProtocolError("Connection broken: ConnectionResetError(104, 'Connection reset by peer')"),
        Stalled(None, "https://s3", "Read timed out."),  # type: ignore[arg-type]
        ConnectionResetError("reset"),
    ],
)
def test_a_connection_that_breaks_within_the_body_may_hold_next_time(error: Exception) -> None:
    """A reset or a stall in the middle of a body is the store's trouble, not the object's."""
    with _answering() as (store, stub):
        stub.add_response("get_object", _found(_Broken(error), 8))
        with pytest.raises(StoreError) as caught:
            _read(store)
        assert caught.value.policy is UNAVAILABLE


def _page(**headers: str) -> dict[str, object]:
    told = {"HTTPStatusCode": 200, "HTTPHeaders": {"content-type": "text/html", **headers}}
    return {**_found(io.BytesIO(b"<html>"), 6), "ResponseMetadata": told}


@pytest.mark.row(78)
@pytest.mark.parametrize(
    ("has_time", "words"),
    [(True, "status 200, a web page"), (False, "status 200, a web page, without Last-Modified")],
    ids=["static page", "page of a proxy"],
)
def test_a_page_is_not_an_object(has_time: bool, words: str) -> None:
    """A server that answers 200 with a page of its own does not speak for S3, whether or not it says how old it is."""
    with _answering() as (store, stub):
        found = _page()
        if not has_time:
            del found["LastModified"]
        stub.add_response("get_object", found)
        with pytest.raises(StoreError) as caught:
            _read(store)
        assert caught.value.policy is NOT_S3
        assert caught.value.detail == f"what answered is not S3 ({words})"


def test_a_page_that_s3_keeps_is_an_object() -> None:
    """Its own headers tell that S3 gave it; what it holds is judged later."""
    with _answering() as (store, stub):
        stub.add_response("get_object", _page(**{"x-amz-request-id": "4442587FB7D0A2F9"}))
        assert _read(store) == b"<html>"


def test_the_body_is_closed_however_reading_ends() -> None:
    """After a read that fails half-way the connection is given back."""
    raw = io.BytesIO(b"x" * 8)

    def read_badly(store: S3) -> None:
        with store.open(REF) as body:
            next(body.chunks)
            raise ZeroDivisionError

    with _answering() as (store, stub):
        stub.add_response("get_object", _found(raw, 8))
        with pytest.raises(ZeroDivisionError):
            read_badly(store)
    assert raw.closed
