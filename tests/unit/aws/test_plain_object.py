"""What is plain about keys and answers: whatever is taken here, botocore's own code makes the same of it."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import botocore.session
import pytest
from botocore.awsrequest import HeadersDict
from botocore.parsers import RestXMLParser
from botocore.utils import percent_encode
from hypothesis import example, given
from hypothesis import strategies as st

from agent.aws.error_response import words_of_no_object
from agent.aws.plain_object import path_end, plain_object
from agent.aws.transfers import HttpReply
from agent.model import OpenObject

Headers = Sequence[tuple[str, str]]
SHAPE = botocore.session.get_session().get_service_model("s3").operation_model("GetObject").output_shape
WRITTEN = "Fri, 20 Nov 2026 12:00:00 GMT"
BODY = b"object"
DAYS = st.datetimes(datetime(1900, 1, 1), datetime(9999, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
DATES = DAYS.map(lambda moment: format_datetime(moment.replace(microsecond=0), usegmt=True))
CHECKSUMS = {
    "x-amz-checksum-crc32": zlib.crc32(BODY).to_bytes(4, "big"),
    "x-amz-checksum-sha1": hashlib.sha1(BODY, usedforsecurity=False).digest(),
    "x-amz-checksum-sha256": hashlib.sha256(BODY).digest(),
    "x-amz-checksum-crc64nvme": b"12345678",
}


def reply(headers: Iterable[tuple[str, str]], body: bytes, status: int) -> HttpReply:
    """An answer with these headers."""
    lines = "".join(f"{name}:{text}\r\n" for name, text in headers)
    return HttpReply(status, f"HTTP/1.1 {status} X\r\n{lines}\r\n".encode("latin-1"), body, 0.1)


def taken(headers: Iterable[tuple[str, str]], body: bytes = BODY, status: int = 200) -> OpenObject | None:
    """The object that an answer is taken for, if any."""
    try:
        return plain_object(reply(headers, body, status))
    except (ValueError, OverflowError):
        return None


def as_boto3_has_it(headers: Headers, status: int) -> Any:
    """What botocore's parser makes of the same answer."""
    joined: dict[str, str] = {}
    for name, text in headers:
        lowered = name.lower()
        joined[lowered] = f"{joined[lowered]}, {text.strip()}" if lowered in joined else text.strip()
    return RestXMLParser().parse({"status_code": status, "headers": HeadersDict(joined), "body": b""}, SHAPE)


KEYS = st.text(st.sampled_from("ab/._-~ +%é\n"), max_size=20) | st.text(max_size=20)


@given(KEYS)
@example("AWSLogs/111122223333/CloudTrail/us-west-2/2026/11/20/111122223333_CloudTrail_x.json.gz")
def test_a_key_is_quoted_as_botocore_quotes_it(key: str) -> None:
    """Or it is empty, or has a part that is a folder's name somewhere, or is not printable."""
    if key.isprintable() and not {"", ".", ".."} & set(key.split("/")):
        assert path_end(key) == percent_encode(key, safe="/~")
    else:
        assert not path_end(key)


@given(DATES)
def test_any_date_is_read_as_s3_writes_it(written: str) -> None:
    """To the second, whatever the century."""
    found = taken([("Last-Modified", written), ("Content-Length", "6")])
    assert found
    moment = datetime.strptime(written, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    assert found.last_modified_ns == since // timedelta(seconds=1) * 1_000_000_000


@st.composite
def _nearly_dates(draw: st.DrawFn) -> str:
    text = draw(DATES)
    begin = draw(st.integers(0, len(text)))
    end = draw(st.integers(begin, min(begin + 3, len(text))))
    return text[:begin] + draw(st.text("0123456789 :,+-GMTFriNov", max_size=3)) + text[end:]


@given(_nearly_dates())
@example("Fri, 20 Nov 2026 24:00:00 GMT")
@example("Fri, 20 Nov 2026 12:00:60 GMT")
@example("Sat, 20 Nov 2026 12:00:00 GMT")
@example("Fri, 20 Nov 2026 12:00:00 +0000")
def test_what_is_taken_for_a_date_is_written_as_s3_does(written: str) -> None:
    """A date with another day of the week, hour or zone is boto3's to read."""
    found = taken([("Last-Modified", written), ("Content-Length", "6")])
    if found:
        assert found.last_modified_ns is not None
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=found.last_modified_ns // 1_000_000_000)
        assert format_datetime(moment, usegmt=True) == written.strip()


NAMES = st.sampled_from(
    ["Last-Modified", "content-length", "Content-Type", "Transfer-Encoding", "x-amz-request-id", "X", *CHECKSUMS]
)
TEXTS = st.sampled_from(
    [
        *(WRITTEN, "6", "5", "chunked", "text/html; charset=utf-8", "application/json", "", "Last-Modified: 6", "1, 2"),
        *(base64.b64encode(checksum).decode() for checksum in CHECKSUMS.values()),
    ]
)
HEADERS = st.lists(st.tuples(NAMES | NAMES.map(str.upper), TEXTS.map(lambda text: f" {text}")), max_size=5)


USUAL = st.permutations([("Last-Modified", f" {WRITTEN}"), ("Content-Length", "6 ")])


@given(HEADERS, USUAL, st.sampled_from([200, 200, 206]))
def test_what_is_taken_is_the_same_to_boto3(odd: Headers, usual: Headers, status: int) -> None:
    """Its time, its length, and that it is an object of S3 at all; and no checksum says otherwise."""
    headers = [*usual, *odd]
    found = taken(headers, status=status)
    if found:
        told = as_boto3_has_it(headers, status)
        assert status == 200
        assert not words_of_no_object(told)
        assert found.length == told["ContentLength"] == len(BODY)
        assert found.last_modified_ns == told["LastModified"].timestamp() * 1_000_000_000
        assert "transfer-encoding" not in told["ResponseMetadata"]["HTTPHeaders"]
        for name, checksum in list(CHECKSUMS.items())[:3]:
            assert told["ResponseMetadata"]["HTTPHeaders"].get(name) in {None, base64.b64encode(checksum).decode()}


@given(st.lists(st.sampled_from(["Server", "Date", "x-amz-id-2", "ETag"]).map(lambda name: (name, "1")), max_size=6))
def test_headers_of_other_names_hinder_nothing(others: Headers) -> None:
    """Wherever they stand, and however often."""
    assert taken([*others, ("Last-Modified", WRITTEN), *others, ("Content-Length", "6"), *others])


@pytest.mark.parametrize("kind", ["text/html", "TEXT/HTML; charset=utf-8", " application/xhtml+xml"])
def test_a_page_is_an_object_only_with_a_header_of_s3(kind: str) -> None:
    """Whoever keeps pages in a bucket reads them; a proxy's page is none of them."""
    page = [("Last-Modified", WRITTEN), ("Content-Length", "6"), ("Content-Type", kind)]
    assert not taken(page)
    assert taken([*page, ("X-Amz-Request-Id", "1")])
    assert taken([("Last-Modified", WRITTEN), ("Content-Length", "6"), ("Content-Type", "text/plain; a=html")])
