"""Reads that go past most of boto3: the same answers, the same errors, and boto3 wherever it is not plain."""

from __future__ import annotations

import base64
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import (
    ClientError,
    FlexibleChecksumError,
    ParamValidationError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from agent.aws.quick_get import QuickGet
from tests.support.in_thread import in_thread

BUCKET = "acme-trail"
WRITTEN = "Fri, 20 Nov 2026 12:00:00 GMT"
BODY = b"object" * 1000
OF_S3 = {"Last-Modified": WRITTEN, "x-amz-request-id": "1"}
REFUSAL = b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"


@dataclass(frozen=True)
class Reply:
    """One answer; a body that is shorter than `length` is broken off."""

    status: int = 200
    body: bytes = BODY
    headers: Mapping[str, str] = field(default_factory=lambda: OF_S3)
    length: int | None = None


class Handler(BaseHTTPRequestHandler):
    """Answers a GET as `replies` say, and notes its path and headers."""

    protocol_version = "HTTP/1.1"
    replies: Callable[[str], Reply]
    seen: list[tuple[str, dict[str, str]]]

    def do_GET(self) -> None:
        """One read."""
        self.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
        reply = type(self).replies(self.path)
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body) if reply.length is None else reply.length))
        self.end_headers()
        self.wfile.write(reply.body)
        self.close_connection = reply.length is not None

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that it overrides
        """Say nothing."""


@dataclass(frozen=True)
class Rig:
    """A reader in front of a server that answers with `replies` in turn, the last one again and again."""

    client: Any
    quick: QuickGet
    seen: list[tuple[str, dict[str, str]]]

    def read(self, key: str = "key", **more: str) -> bytes:
        """One object, whole."""
        return bytes(self.quick.get_object(Bucket=BUCKET, Key=key, **more)["Body"].read())

    def by_boto3(self) -> list[bool]:
        """Of each request that came, whether boto3 made it: only then it tells which attempt it is."""
        return ["amz-sdk-request" in headers for _, headers in self.seen]


@contextmanager
def serving(*replies: Reply, credentials: Any = None, **config: Any) -> Iterator[Rig]:
    """A rig on loopback."""
    left, seen = list(replies or [Reply()]), list[tuple[str, dict[str, str]]]()
    handler = type(
        "Answers", (Handler,), {"replies": lambda _: left.pop(0) if len(left) > 1 else left[0], "seen": seen}
    )
    with in_thread(ThreadingHTTPServer(("127.0.0.1", 0), handler)) as url:
        session = boto3.Session("a", "b", region_name="us-west-2")
        if credentials:
            session._session._credentials = credentials
        settings = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, **config)
        client = session.client("s3", endpoint_url=url, config=settings)
        try:
            yield Rig(client, QuickGet(client), seen)
        finally:
            client.close()


def test_a_plain_read_never_asks_boto3() -> None:
    """The object, its length, its time and its headers are what boto3 tells of the same answer."""
    with serving() as rig:
        quick = rig.quick.get_object(Bucket=BUCKET, Key="AWSLogs/a b+c.json.gz")
        assert quick["Body"].read() == BODY
        told = rig.client.get_object(Bucket=BUCKET, Key="AWSLogs/a b+c.json.gz")
        assert rig.by_boto3() == [False, True]
        assert rig.seen[0][0] == rig.seen[1][0] == "/acme-trail/AWSLogs/a%20b%2Bc.json.gz"
        assert (quick["ContentLength"], quick["LastModified"]) == (told["ContentLength"], told["LastModified"])
        mine, theirs = quick["ResponseMetadata"], told["ResponseMetadata"]
        assert mine["HTTPStatusCode"] == theirs["HTTPStatusCode"]
        assert mine["HTTPHeaders"].keys() == theirs["HTTPHeaders"].keys()


def test_the_requests_say_the_same() -> None:
    """Beyond what numbers an attempt, each header of boto3's request is there, also the owner that is expected."""
    with serving() as rig:
        rig.read(ExpectedBucketOwner="111122223333")
        rig.client.get_object(Bucket=BUCKET, Key="key", ExpectedBucketOwner="111122223333")
        (_, mine), (_, theirs) = rig.seen
        changing = {"amz-sdk-request", "amz-sdk-invocation-id", "x-amz-date", "authorization", "user-agent"}
        assert {one: mine[one] for one in mine.keys() - changing} == {
            one: theirs[one] for one in theirs.keys() - changing
        }
        assert mine["x-amz-expected-bucket-owner"] == "111122223333"
        assert "Botocore" in mine["user-agent"]


@pytest.mark.parametrize("key", ["", "a/../b", "./a", "a//b", "a/.", "line\nfeed"])
def test_a_key_that_somebody_may_read_as_a_path_goes_by_boto3(key: str) -> None:
    """Such a key is no name that CloudTrail gives; boto3 knows what to do with it."""
    with serving() as rig:
        with suppress(ParamValidationError):  # of an empty key
            rig.read(key)
        assert all(rig.by_boto3())


@pytest.mark.parametrize("status", [301, 403, 404, 429, 500, 503])
def test_what_is_no_success_is_asked_again_by_boto3(status: int) -> None:
    """The error that counts is the one that boto3 makes of its own answer."""
    with serving(Reply(status, REFUSAL)) as rig:
        with pytest.raises(ClientError) as caught:
            rig.read()
        assert caught.value.response["Error"]["Code"] == "SlowDown"
        assert rig.by_boto3()[:2] == [False, True]


def test_what_passes_at_the_second_time_is_read() -> None:
    """If the refusal has passed when boto3 asks, there is an object, and no error."""
    with serving(Reply(503, REFUSAL), Reply()) as rig:
        assert rig.read() == BODY


def test_a_page_without_a_time_is_left_to_boto3() -> None:
    """A success that S3 would not give so is told as boto3 tells it: without LastModified."""
    with serving(Reply(headers={"Content-Type": "text/html"})) as rig:
        assert "LastModified" not in rig.quick.get_object(Bucket=BUCKET, Key="key")
        assert rig.by_boto3() == [False, True]


def test_a_short_body_is_found_as_boto3_finds_it() -> None:
    """Fewer bytes than announced are no object, and the error is the same."""
    with serving(Reply(length=len(BODY) + 1)) as rig:
        with pytest.raises(ResponseStreamingError):
            rig.read()
        with pytest.raises(ResponseStreamingError):
            rig.client.get_object(Bucket=BUCKET, Key="key")["Body"].read()
        assert rig.by_boto3() == [False, True]


def test_a_checksum_of_s3_is_checked() -> None:
    """Where S3 sends one that boto3 would check, a changed body is found."""
    sound = base64.b64encode(zlib.crc32(BODY).to_bytes(4, "big")).decode()
    with serving(Reply(headers={**OF_S3, "x-amz-checksum-crc32": sound})) as rig:
        assert rig.read() == BODY
    with serving(Reply(headers={**OF_S3, "x-amz-checksum-crc32": "AAAAAA=="})) as rig:
        with pytest.raises(FlexibleChecksumError):
            rig.read()
        assert rig.by_boto3() == [False]


def test_a_server_that_is_silent_is_a_time_out_as_boto3_has_it() -> None:
    """The client's own time-outs hold."""
    go_on = threading.Event()

    class Late(Handler):
        """Answers when the test is over."""

        def do_GET(self) -> None:
            """Wait."""
            go_on.wait(10)

    with in_thread(ThreadingHTTPServer(("127.0.0.1", 0), Late)) as url:
        client = boto3.client(
            "s3",
            region_name="us-west-2",
            aws_access_key_id="a",
            aws_secret_access_key="b",
            endpoint_url=url,
            config=Config(read_timeout=0.05, retries={"total_max_attempts": 1}),
        )
        with pytest.raises(ReadTimeoutError):
            QuickGet(client).get_object(Bucket=BUCKET, Key="key")
        go_on.set()


def test_renewed_credentials_sign_the_next_read() -> None:
    """Credentials are asked for at each read, so that botocore renews them before they expire."""
    start = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    moment = [start]

    def renew() -> dict[str, str]:
        expiry = moment[0] + timedelta(minutes=60)
        return {"access_key": "renewed", "secret_key": "s", "token": "another", "expiry_time": expiry.isoformat()}

    credentials = RefreshableCredentials(
        "first", "s", "t", start + timedelta(minutes=60), renew, "test", time_fetcher=lambda: moment[0]
    )
    with serving(credentials=credentials) as rig:
        rig.read()
        moment[0] += timedelta(minutes=55)
        rig.read()
        signers = [headers["authorization"].split("Credential=")[1].split("/")[0] for _, headers in rig.seen]
        assert signers == ["first", "renewed"]
        assert [headers["x-amz-security-token"] for _, headers in rig.seen] == ["t", "another"]
        assert rig.by_boto3() == [False, False]


def test_a_bucket_is_learnt_once_and_nothing_is_sent_for_it() -> None:
    """The request that shows the form never leaves; many threads that begin together learn it once."""
    with serving() as rig:
        threads = [threading.Thread(target=rig.read, args=(f"key{number}",)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(path for path, _ in rig.seen) == [f"/acme-trail/key{number}" for number in range(8)]
        assert not any(rig.by_boto3())


def test_where_requests_are_signed_in_another_way_boto3_reads() -> None:
    """A client without signatures, say for a public bucket, is not imitated."""
    from botocore import UNSIGNED

    with serving(signature_version=UNSIGNED) as rig:
        assert rig.read() == BODY
        assert rig.by_boto3() == [True]
