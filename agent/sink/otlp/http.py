"""OTLP over HTTP: one request's bytes out, one `Answer` back. https://opentelemetry.io/docs/specs/otlp/#otlphttp"""

from __future__ import annotations

import gzip
import math
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

from google.protobuf.json_format import Parse, ParseError
from google.protobuf.message import DecodeError
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from requests import RequestException, Session
from urllib3.exceptions import HTTPError

from agent.sink.answer import (
    UNKNOWN_COUNT,
    Accepted,
    Answer,
    Later,
    Meaning,
    Misconfigured,
    PartlyRejected,
    failure,
    http_meaning,
    success,
)
from agent.sink.otlp.discreet import Discreet
from agent.sink.otlp.endpoint import http_endpoint
from agent.sink.otlp.session import Deadline, body_of, open_session

MAX_RESPONSE_BYTES = 65536
PROTOBUF = "application/x-protobuf"

_PARTIAL_SUCCESS = (b"\x0a", b'{"partialSuccess"', b'{"partial_success"')  # how a response with one begins
_GZIP_LEVEL = 1  # a third of the CPU of level 9 for three quarters of its ratio


@dataclass(frozen=True, slots=True)
class _Reply:
    """An answer's head and the first 64 KiB of its body."""

    status: int
    content_type: str
    retry_after: str
    location: str
    body: bytes


class HttpTransport:
    """Sends requests to one URL; threads share it, each with a session and a connection of its own.

    `timeout` in seconds covers all of a request: connecting, whatever number of addresses the host has, shaking hands,
    sending and the whole answer; only looking up the host's name takes as long as the resolver does. Redirects are not
    followed. The text of an answer is without the headers' values and the URL's password and query, where the other
    side quotes them.
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
        now: Callable[[], float] = time.time,
    ) -> None:
        self._endpoint = http_endpoint(url)
        self._discreet = Discreet.about(url, headers.values())
        self._gzip = compression == "gzip"
        self._headers = self._all_headers(headers, user_agent)
        self._timeout = timeout
        self._verify = str(ca_file) if ca_file else None
        self._cert = _client_certificate(cert_file, key_file)
        self._now = now
        self._local = threading.local()
        self._lock = threading.Lock()
        self._sessions: list[Session] = []

    def send(self, payload: bytes) -> Answer:
        """Post `payload`, the bytes of an ExportLogsServiceRequest; never raises for what the network does."""
        began = time.monotonic()
        try:
            reply = self._exchange(gzip.compress(payload, _GZIP_LEVEL, mtime=0) if self._gzip else payload)
        except (RequestException, HTTPError) as error:
            return self._unreachable(error, time.monotonic() - began)
        except (OSError, ValueError) as error:
            # A CA or key file that cannot be read, a header or host name that cannot be sent. No text: it shows values.
            return Misconfigured(
                f"cannot send to {self._endpoint.origin}: {type(error).__name__}; check the otlp settings: endpoint, "
                "headers, ca_file, cert_file, key_file"
            )
        return _judge(reply, self._endpoint.origin, self._discreet, self._now)

    def close(self) -> None:
        """Close the connections of all threads."""
        with self._lock:
            sessions, self._sessions = self._sessions, []
        for session in sessions:
            session.close()

    def _exchange(self, body: bytes) -> _Reply:
        deadline = Deadline(self._timeout)
        response = self._session().post(
            self._endpoint.url,
            data=body,
            timeout=deadline,  # type: ignore[arg-type] # requests passes it on to urllib3
            verify=self._verify,
            cert=self._cert,
            allow_redirects=False,
            stream=True,
        )
        with response:
            return _Reply(
                status=response.status_code,
                content_type=response.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
                retry_after=response.headers.get("Retry-After", ""),
                location=response.headers.get("Location", ""),
                body=body_of(response, MAX_RESPONSE_BYTES, deadline),
            )

    def _session(self) -> Session:
        session: Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = open_session(self._headers)
            with self._lock:
                self._sessions.append(session)
        return session

    def _all_headers(self, headers: Mapping[str, str], user_agent: str) -> dict[str, str]:
        """The user's own headers, over our defaults and under what the protocol needs."""
        ours = {"content-type": PROTOBUF, "accept-encoding": "identity"}
        if self._gzip:
            ours["content-encoding"] = "gzip"
        basic = {"authorization": self._endpoint.authorization} if self._endpoint.authorization else {}
        users = {key.lower(): value for key, value in headers.items()}
        return {"accept": PROTOBUF, "user-agent": user_agent, "connection": "keep-alive"} | basic | users | ours

    def _unreachable(self, error: Exception, seconds: float) -> Answer:
        if isinstance(error, ValueError):
            return Misconfigured(f"the OTLP endpoint is not a URL that can be sent to ({type(error).__name__})")
        if seconds >= self._timeout:  # whatever the error says: it was we who hung up
            return Later(f"no whole answer from {self._endpoint.origin} within {self._timeout:g} s")
        root = _root(error)
        plain = isinstance(root, OSError) and not isinstance(root, RequestException)
        detail = f"{type(root).__name__}: {root}" if plain else type(error).__name__
        return Later(f"no answer from {self._endpoint.origin}: {self._discreet.shown(detail, 300)}")


def _client_certificate(cert_file: Path | None, key_file: Path | None) -> str | tuple[str, str] | None:
    """In the form that requests wants; a certificate without a key file has its key in the same file."""
    if cert_file is None:
        return None
    return (str(cert_file), str(key_file)) if key_file else str(cert_file)


def _root(error: BaseException) -> BaseException:
    """The innermost cause: the wrappers' texts repeat the URL, and what secrets it may hold."""
    for _ in range(10):
        inner = error.__cause__ or error.__context__
        if inner is None:
            break
        error = inner
    return error


def _judge(reply: _Reply, origin: str, discreet: Discreet, now: Callable[[], float]) -> Answer:
    meaning = http_meaning(reply.status)
    if meaning is Meaning.ACCEPTED:
        return _accepted(reply, origin, discreet)
    detail = f"{origin} answered {reply.status}{_whither(reply, discreet)}: {_message(reply, discreet)}".rstrip(": ")
    return failure(meaning, detail, retry_after_seconds(reply.retry_after, now()))


def _accepted(reply: _Reply, origin: str, discreet: Discreet) -> Answer:
    """What a 200 or 204 proves. A web page is what log-in portals answer with 200, and proves nothing.

    Any other body that is no ExportLogsServiceResponse leaves the status standing, which by the specification says that
    the request was accepted; the sink's habit is worth a warning. A response that we cut does say something of rejected
    records, and the specification forbids to send them again.
    """
    if reply.content_type == "text/html" or reply.body[:1] == b"<":
        return Misconfigured(f"{origin} answered {reply.status} with a web page, not as an OTLP receiver does")
    if len(reply.body) >= MAX_RESPONSE_BYTES and reply.body.startswith(_PARTIAL_SUCCESS):
        return PartlyRejected(UNKNOWN_COUNT, "its answer is longer than what is read of one")
    try:
        response = _response(reply)
    except (DecodeError, ParseError, UnicodeDecodeError):
        return Accepted(f"answered {reply.status} with a body that is no OTLP response")
    partial = response.partial_success
    return success(partial.rejected_log_records, discreet.shown(partial.error_message))


def _response(reply: _Reply) -> ExportLogsServiceResponse:
    response = ExportLogsServiceResponse()
    if reply.content_type == "application/json" or reply.body[:1] == b"{":  # no message of protobuf's begins so
        Parse(reply.body or b"{}", response, ignore_unknown_fields=True)
    else:
        response.ParseFromString(reply.body)
    return response


def _message(reply: _Reply, discreet: Discreet) -> str:
    """What the body of an error says: the message of a google.rpc.Status, or plain text as Loki sends it."""
    with suppress(DecodeError, ParseError, UnicodeDecodeError):
        if reply.content_type in {PROTOBUF, "application/protobuf"}:
            return discreet.shown(Status.FromString(reply.body).message)
        if reply.content_type == "application/json":
            return discreet.shown(Parse(reply.body, Status(), ignore_unknown_fields=True).message)
    if reply.content_type == "text/html":
        return "a web page"
    broken_off = len(reply.body) >= MAX_RESPONSE_BYTES
    return discreet.shown(reply.body.decode(errors="replace"), broken_off=broken_off)


def _whither(reply: _Reply, discreet: Discreet) -> str:
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
