"""OTLP over HTTP: one request's bytes out, one `Answer` back. https://opentelemetry.io/docs/specs/otlp/#otlphttp"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from google.protobuf.json_format import Parse, ParseError
from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status
from isal import igzip
from requests import RequestException
from urllib3.exceptions import HTTPError

from agent.sink.answer import (
    UNKNOWN_COUNT,
    Answer,
    Meaning,
    Misconfigured,
    PartlyRejected,
    Refusal,
    http_meaning,
    refusal,
    success,
)
from agent.sink.otlp.discreet import Discreet
from agent.sink.otlp.endpoint import http_endpoint
from agent.sink.otlp.http_line import HttpLine, let_go
from agent.sink.otlp.http_session import Deadline, body_of, client_certificate
from agent.sink.otlp.no_answer import no_answer
from agent.sink.otlp.response import NoResponseError, partial_success
from agent.sink.words import are_about_the_protocol

MAX_RESPONSE_BYTES = 65536
PROTOBUF = "application/x-protobuf"
GRPC = "application/grpc"

_PARTIAL_SUCCESS = (b"\x0a", b'{"partialSuccess"', b'{"partial_success"')  # how a response with one begins
_PAGES = frozenset({"text/html", "application/xhtml+xml"})
_SPEAKS_GRPC = " as a gRPC receiver does: check otlp.protocol, and the port of otlp.endpoint"
_CHECK_PATH = "check the address and the path of otlp.endpoint"
_GZIP_LEVEL = 2  # of ISA-L: a seventh of the CPU of zlib's level 1, for a better ratio


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer's head and the first 64 KiB of its body."""

    status: int
    content_type: str
    retry_after: str
    location: str
    grpc_status: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Speech:
    """What is said over HTTP: the type of the requests' bytes and of the answers, and what a success proves.

    `judge` is asked about each 200 and 204; all other statuses mean the same in every protocol (`agent.sink.answer`).
    """

    content_type: str
    accept: str
    judge: Callable[[Reply, str, Discreet], Answer]


class HttpTransport:
    """Sends requests to one URL; threads share it, each with a session and a connection of its own.

    `timeout` in seconds covers all of a request: connecting (to any of the host's addresses), the TLS
    handshake, sending, and the whole answer. The look-up of the host's name is not covered: in the daemon,
    `agent.waiting.lookups` ends it after 8 s. Redirects are not followed. If an answer quotes the headers'
    values or the URL's password and query, they are removed from its text.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        timeout: float,
        compression: str,
        ca_file: Path | None,
        cert_file: Path | None,
        key_file: Path | None,
        user_agent: str,
        speech: Speech | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._endpoint = http_endpoint(url)
        self._discreet = Discreet.about(url, headers.values())
        self._speech = speech or OTLP
        self._gzip = compression == "gzip"
        self._headers = self._all_headers(headers, user_agent)
        self._timeout = timeout
        self._verify = str(ca_file) if ca_file else None
        self._cert = client_certificate(cert_file, key_file)
        self._now = now
        self._local = threading.local()
        self._lock = threading.Lock()
        self._lines: list[HttpLine] = []

    def send(self, payload: bytes) -> Answer:
        """Post `payload`, the bytes of one request; never raises for what the network does."""
        began = time.monotonic()
        try:
            reply = self._exchange(igzip.compress(payload, _GZIP_LEVEL, mtime=0) if self._gzip else payload)
        except (RequestException, HTTPError) as error:
            return no_answer(error, self._endpoint.origin, self._timeout, time.monotonic() - began, self._discreet)
        except (OSError, ValueError) as error:
            # A CA or key file that cannot be read, a header or host name that cannot be sent. No text: it shows values.
            return Misconfigured(
                f"cannot send to {self._endpoint.origin}: {type(error).__name__}; check the otlp settings: endpoint, "
                "headers, ca_file, cert_file, key_file"
            )
        if http_meaning(reply.status) is Meaning.ACCEPTED:
            return self._speech.judge(reply, self._endpoint.asked, self._discreet)
        return _refused(reply, payload, self._endpoint.asked, self._discreet, self._now)

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            lines, self._lines = self._lines, []
        for line in lines:
            line.close()

    def _exchange(self, body: bytes) -> Reply:
        deadline = Deadline(self._timeout)
        answer = self._line().post(body, deadline)
        try:
            return Reply(
                status=answer.status,
                content_type=answer.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
                retry_after=answer.headers.get("Retry-After", ""),
                location=answer.headers.get("Location", ""),
                grpc_status=answer.headers.get("grpc-status", "").strip(),
                body=body_of(answer, MAX_RESPONSE_BYTES, deadline),
            )
        finally:
            let_go(answer)

    def _line(self) -> HttpLine:
        line: HttpLine | None = getattr(self._local, "line", None)
        if line is None:
            line = self._local.line = HttpLine(self._headers, self._endpoint.url, self._verify, self._cert)
            with self._lock:
                self._lines.append(line)
        return line

    def _all_headers(self, headers: Mapping[str, str], user_agent: str) -> dict[str, str]:
        """The user's own headers, over our defaults and under what the protocol needs."""
        defaults = {"accept": self._speech.accept, "user-agent": user_agent, "connection": "keep-alive"}
        ours = {"content-type": self._speech.content_type, "accept-encoding": "identity"}
        if self._gzip:
            ours["content-encoding"] = "gzip"
        basic = {"authorization": self._endpoint.authorization} if self._endpoint.authorization else {}
        users = {key.lower(): value for key, value in headers.items()}
        return defaults | basic | users | ours


def _refused(reply: Reply, asked: bytes, place: str, discreet: Discreet, now: Callable[[], float]) -> Answer:
    text, is_page = _text_of(reply), _is_page(reply)
    detail = f"{place} answered {reply.status}{_whither(reply, discreet)}{_remark(reply, text, asked, is_page=is_page)}"
    if reply.status // 100 == _SUCCESS:
        detail += "; in OTLP only 200 says that the records are stored"
    broken_off = len(reply.body) >= MAX_RESPONSE_BYTES
    said = "" if is_page else discreet.shown(text, broken_off=broken_off)
    wait = retry_after_seconds(reply.retry_after, now())
    told = Refusal(str(reply.status), detail, text, said, wait, is_page=is_page, asked=asked)
    return refusal(http_meaning(reply.status), told)


def _accepted(reply: Reply, place: str, discreet: Discreet) -> Answer:
    """What a 200 or 204 proves: with a body that is no OTLP response, nothing.

    A response that we cut does say something of rejected records, and the specification forbids to send them again.
    """
    if _is_page(reply):
        return Misconfigured(f"{place} answered {reply.status} with a web page, not as an OTLP receiver does")
    if reply.content_type.startswith(GRPC) or reply.grpc_status not in ("", "0"):
        return Misconfigured(f"{place} answered {reply.status}{_SPEAKS_GRPC}")
    if len(reply.body) >= MAX_RESPONSE_BYTES and reply.body.startswith(_PARTIAL_SUCCESS):
        return PartlyRejected(UNKNOWN_COUNT, "its answer is longer than what is read of one")
    try:
        partial = partial_success(reply.body)
    except NoResponseError:
        said = discreet.shown(reply.body.decode(errors="replace"), broken_off=len(reply.body) >= MAX_RESPONSE_BYTES)
        detail = f"{place} answered {reply.status} with a body that is no OTLP response: {_CHECK_PATH}"
        return Misconfigured(detail, said)
    return success(partial.rejected_log_records, discreet.shown(partial.error_message))


_SUCCESS: Final = 2
OTLP: Final = Speech(PROTOBUF, PROTOBUF, _accepted)


def _is_page(reply: Reply) -> bool:
    begin = reply.body[:1000].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    return reply.content_type in _PAGES or begin.startswith((b"<!doctype html", b"<html"))


def _text_of(reply: Reply) -> str:
    """What the body of an error says: the message of a google.rpc.Status, or plain text as Loki sends it."""
    with suppress(DecodeError, ParseError, UnicodeDecodeError):
        if reply.content_type in {PROTOBUF, "application/protobuf"}:
            return str(Status.FromString(reply.body).message)
        if reply.content_type == "application/json":
            return str(Parse(reply.body, Status(), ignore_unknown_fields=True).message) or reply.body.decode()
    return reply.body.decode(errors="replace")


def _remark(reply: Reply, text: str, asked: bytes, *, is_page: bool) -> str:
    """What is special about an answer, and what the operator does about it."""
    if are_about_the_protocol(text, asked):
        return ", because it speaks TLS: check the scheme of otlp.endpoint"
    if reply.content_type.startswith(GRPC):
        return _SPEAKS_GRPC
    return " with a web page" if is_page else ""


def _whither(reply: Reply, discreet: Discreet) -> str:
    """Where a redirect leads, without the path and query, which may hold a token."""
    with suppress(ValueError):
        target = urlsplit(reply.location)
        if target.hostname:
            return f" (redirect to {discreet.shown(f'{target.scheme}://{target.hostname}', 200)})"
    return ""


def retry_after_seconds(value: str, now: float) -> float | None:
    """Retry-After as seconds from `now` (Unix seconds): a number or an HTTP date (RFC 9110, section 10.2.3)."""
    with suppress(ValueError):
        seconds = float(value)
        return seconds if math.isfinite(seconds) else None
    with suppress(ValueError, TypeError, OverflowError):
        return max(parsedate_to_datetime(value).timestamp() - now, 0.0)
    return None
