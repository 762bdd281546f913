"""What answered a read in place of an object, and in which words: S3 itself, or a proxy or another server in its place.

S3's errors are XML with a code. A gateway may take S3's headers away, and an answer of S3 may have no body: so the
code is enough, or one of the headers that only S3 sends. A web page never is an answer of S3's API.
Page: S3 API reference, "Error responses" and "Common response headers".
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError

from agent.aws.failure import without_request

_HEADERS_OF_S3: Final = frozenset({"x-amz-request-id", "x-amz-id-2", "x-amz-bucket-region", "x-amz-delete-marker"})
_LONGEST_TYPE: Final = 40


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """One answer. `code` is S3's own and empty without its XML; `region` is the bucket's, where S3 names it."""

    status: int
    code: str
    words: str
    region: str
    is_of_s3: bool

    @classmethod
    def of(cls, error: ClientError) -> ErrorResponse:
        """What boto3 raised. Without S3's XML, botocore puts the status, or nothing, in place of the code."""
        told: Mapping[str, Any] = error.response.get("Error", {})
        code, headers = str(told.get("Code") or ""), _headers(error.response)
        status = _status(error.response)
        if code.isdecimal():
            code, status = "", int(code)
        said = without_request(str(told.get("Message") or ""))
        words = f"{code}: {said}".rstrip(": ") if code else _of_a_body(status, headers)
        is_of_s3 = bool(code or (_has_header_of_s3(headers) and not _is_page(headers)))
        region = str(told.get("Region") or headers.get("x-amz-bucket-region") or "")
        return cls(status, code, words, region, is_of_s3)


def words_of_no_object(answer: Mapping[str, Any]) -> str:
    """What a success is that is no object of S3; empty if it may be one. `answer` is what boto3 returned.

    A server of web pages may send Last-Modified, too. S3 gives an object of type text/html, but with its own headers.
    """
    headers = _headers(answer)
    words = _of_a_body(_status(answer), headers)
    if "LastModified" not in answer:
        return f"{words}, without Last-Modified"
    return words if is_page_of_another(_content_type(headers), headers) else ""


def is_page_of_another(content_type: str, names: Container[str]) -> bool:
    """Whether a success of this type, with headers of these `names`, is a web page, and not S3's."""
    return "html" in _kind(content_type) and not _has_header_of_s3(names)


def _of_a_body(status: int, headers: Mapping[str, Any]) -> str:
    """The status and the kind of body: all that can be told of an answer without S3's words."""
    told = f"status {status or 'unknown'}"
    if headers.get("content-length") == "0":
        return f"{told}, no body"
    if _is_page(headers):
        return f"{told}, a web page"
    kind = _content_type(headers)
    return f"{told}, a body of type {kind[:_LONGEST_TYPE]}" if kind else f"{told}, no content type"


def _has_header_of_s3(names: Container[str]) -> bool:
    return any(name in names for name in _HEADERS_OF_S3)


def _is_page(headers: Mapping[str, Any]) -> bool:
    return "html" in _content_type(headers)


def _content_type(headers: Mapping[str, Any]) -> str:
    return _kind(str(headers.get("content-type", "")))


def _kind(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _status(answer: Mapping[str, Any]) -> int:
    status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return status if isinstance(status, int) else 0


def _headers(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """The headers, whose names botocore has in lower case."""
    headers: Mapping[str, Any] = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return headers
