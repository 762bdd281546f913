"""What answered a read with an error, and in which words, after botocore's own parser has made of it what it can."""

from __future__ import annotations

from collections.abc import Mapping

import botocore.session
import pytest
from botocore.exceptions import ClientError
from botocore.parsers import RestXMLParser
from hypothesis import given
from hypothesis import strategies as st

from agent.aws.error_response import ErrorResponse
from agent.aws.store_policy import (
    DENIED,
    MISSING,
    NO_BUCKET,
    NOT_S3,
    OTHER_REGION,
    REFUSED,
    UNAVAILABLE,
    Policy,
    failed_read,
)

ID = {"x-amz-request-id": "4442587FB7D0A2F9"}
HTML = {"content-type": "text/html; charset=utf-8"}
PAGE = b"<!DOCTYPE html><html><head><title>404</title><br></head></html>"
PAGE_LIKE_XML = b"<html><body>nginx</body></html>"
SHAPE = botocore.session.get_session().get_service_model("s3").operation_model("GetObject").output_shape


def answered(status: int, body: bytes = b"", headers: Mapping[str, str] = HTML) -> ClientError:
    """What boto3 raises for an answer."""
    raw = {"status_code": status, "headers": dict(headers), "body": body}
    return ClientError(RestXMLParser().parse(raw, SHAPE), "GetObject")


def xml(code: str, more: str = "") -> bytes:
    """S3's own words."""
    return f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>m</Message>{more}</Error>'.encode()


@pytest.mark.row(78)
@pytest.mark.parametrize("status", [301, 302, 304, 307, 400, 404, 405, 410, 411, 412, 416, 451, 501])
@pytest.mark.parametrize(
    ("body", "headers", "words"),
    [
        (PAGE, HTML, "a web page"),
        (PAGE_LIKE_XML, HTML, "a web page"),
        (PAGE, {"content-type": "application/xhtml+xml", **ID}, "a web page"),
        (b"no such route", {"content-type": "text/plain"}, "a body of type text/plain"),
        (b'{"message":"no Route matched"}', {"content-type": "application/json"}, "a body of type application/json"),
        (b"<Odd><Code>1</Code></Odd>", {"content-type": "application/xml"}, "a body of type application/xml"),
        (b"", {"content-length": "0"}, "no body"),
        (b"", {"x-amz-cf-id": "CloudFront", "x-amzn-requestid": "API Gateway"}, "no content type"),
    ],
    ids=["page", "page that is XML", "page with S3's header", "text", "JSON", "XML of others", "nothing", "gateways"],
)
def test_what_is_no_answer_of_s3_says_nothing_of_an_object(
    status: int, body: bytes, headers: Mapping[str, str], words: str
) -> None:
    """The bucket is not reached, whatever the status, and the detail says what answered."""
    error = failed_read(answered(status, body, headers))
    assert error.policy is NOT_S3
    assert error.detail == f"what answered is not S3 (status {status}, {words})"


@pytest.mark.row(78)
@pytest.mark.parametrize(
    ("status", "policy"), [(401, DENIED), (403, DENIED), (407, DENIED), (408, UNAVAILABLE), (429, UNAVAILABLE)]
)
def test_another_server_may_say_what_s3_may_say(status: int, policy: Policy) -> None:
    """Denied, or too much: nothing can be read now, whoever says so."""
    error = failed_read(answered(status, PAGE))
    assert error.policy is policy
    assert f"(status {status}, a web page)" in error.detail


@pytest.mark.row(78)
@pytest.mark.parametrize("status", [500, 502, 503, 504, 520])
def test_a_servers_own_error_is_an_outage(status: int) -> None:
    """5xx is no answer to the read, whoever gives it."""
    assert failed_read(answered(status, PAGE)).policy is UNAVAILABLE


@pytest.mark.row(78)
@pytest.mark.parametrize(
    ("status", "policy"), [(404, MISSING), (403, DENIED), (405, REFUSED), (400, REFUSED), (412, REFUSED)]
)
@pytest.mark.parametrize("header", ["x-amz-request-id", "x-amz-id-2", "x-amz-delete-marker"])
def test_s3_may_answer_without_a_body(status: int, policy: Policy, header: str) -> None:
    """One of its headers tells that it was S3, and then the status counts."""
    error = failed_read(answered(status, b"", {header: "true", "content-length": "0"}))
    assert error.policy is policy
    assert error.detail == f"{policy.says} (status {status}, no body)"


@pytest.mark.row(78)
@pytest.mark.parametrize(
    ("code", "status", "policy"),
    [
        ("NoSuchKey", 404, MISSING),
        ("NoSuchBucket", 404, NO_BUCKET),
        ("MethodNotAllowed", 405, REFUSED),
        ("NotImplemented", 501, REFUSED),
        ("SomethingNew", 400, REFUSED),
    ],
)
@pytest.mark.parametrize("headers", [{}, HTML, {"content-type": "application/xml", **ID}], ids=["none", "odd", "S3's"])
def test_s3s_own_xml_is_enough(code: str, status: int, policy: Policy, headers: Mapping[str, str]) -> None:
    """A gateway may take S3's headers away, or change them, and other stores need not send them."""
    error = failed_read(answered(status, xml(code), headers))
    assert error.policy is policy
    assert error.detail == f"{policy.says} ({code}: m)"


def test_the_region_is_found_in_the_body_or_in_a_header() -> None:
    """S3 names it in either place."""
    in_body = answered(400, xml("AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>"))
    in_header = answered(301, b"", {"x-amz-bucket-region": "eu-west-1"})
    for error in (in_body, in_header):
        assert ErrorResponse.of(error).region == "eu-west-1"
        assert failed_read(error).policy is OTHER_REGION


@pytest.mark.row(80)
@given(
    st.integers(300, 599),
    st.binary(max_size=60) | st.text(max_size=20).map(str.encode) | st.just(xml("")),
    st.dictionaries(st.sampled_from(["content-type", "content-length", "x-amz-request-id"]), st.text(max_size=60)),
)
def test_no_answer_is_without_words(status: int, body: bytes, headers: Mapping[str, str]) -> None:
    """Whatever answered, the detail says at least its status, in a line of bounded length without empty brackets."""
    error = failed_read(answered(status, body, headers))
    assert str(status) in error.detail
    assert "()" not in error.detail
    assert len(error.detail) < 150


@pytest.mark.row(80)
@pytest.mark.parametrize("error", [ClientError({}, "GetObject"), ConnectionResetError(), OSError("")], ids=repr)
def test_an_error_without_words_has_its_name_or_says_so(error: Exception) -> None:
    """Brackets are never empty, and no colon stands without words behind it."""
    detail = failed_read(error).detail
    assert "()" not in detail
    assert ": )" not in detail
    assert "status unknown" in detail or type(error).__name__ in detail
