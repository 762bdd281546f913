"""What it means that a request over HTTP has no answer: nobody is there, somebody else is, or it takes too long."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from http.client import BadStatusLine, RemoteDisconnected
from typing import Final

from requests import RequestException
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from agent.sink.answer import Answer, Later, Misconfigured
from agent.sink.otlp.discreet import Discreet

_TLS_ALERT: Final = "\x15\x03"
_HTTP2_FRAME: Final = "\x00\x00"  # a SETTINGS frame, with which a server greets, is shorter than 64 KiB
_NO_TLS: Final = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "PACKET_LENGTH")
_NOT_CONNECTED: Final = (NewConnectionError, ConnectTimeoutError, ssl.SSLCertVerificationError)
_MOST_CAUSES: Final = 10


def no_answer(error: Exception, origin: str, timeout: float, seconds: float, discreet: Discreet) -> Answer:
    """What to do after `error`, which came `seconds` after the request began; `origin` may be shown."""
    if isinstance(error, ValueError):
        return Misconfigured(f"the OTLP endpoint is not a URL that can be sent to ({type(error).__name__})")
    causes = [*_causes(error)]
    if protocol := _other_protocol(causes[-1]):
        return Misconfigured(f"what answers at {origin} {protocol}")
    is_reached = not any(isinstance(cause, _NOT_CONNECTED) for cause in causes)
    if seconds >= timeout:  # whatever the error says: it was we who hung up
        return Later(f"no whole answer from {origin} within {timeout:g} s", reached=is_reached)
    root = causes[-1]
    is_plain = isinstance(root, OSError) and not isinstance(root, RequestException)
    detail = f"{type(root).__name__}: {root}" if is_plain else type(error).__name__
    return Later(f"no answer from {origin}: {discreet.shown(detail, 300)}", reached=is_reached)


def _other_protocol(root: BaseException) -> str:
    """What the other side speaks in place of HTTP, and what to do about it; empty if that cannot be told."""
    if isinstance(root, ssl.SSLError) and any(name in str(root.reason or root) for name in _NO_TLS):
        return "does not speak TLS: check the scheme of otlp.endpoint"
    if not isinstance(root, BadStatusLine) or isinstance(root, RemoteDisconnected):
        return ""
    line = str(root).strip("'\"")
    if line.startswith("HTTP") or "HTTP".startswith(line):  # and broke off
        return ""
    if line.startswith((_TLS_ALERT, _escaped(_TLS_ALERT))):
        return "speaks TLS: check the scheme of otlp.endpoint"
    if line.startswith((_HTTP2_FRAME, _escaped(_HTTP2_FRAME))):
        return "speaks HTTP/2, as a gRPC receiver does: check otlp.protocol, and the port of otlp.endpoint"
    return "does not speak HTTP: check otlp.protocol, and the port of otlp.endpoint"


def _escaped(text: str) -> str:
    """As http.client shows it."""
    return repr(text).strip("'")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and its causes; the innermost is last. The wrappers' texts repeat the URL, and what secrets it has."""
    current: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if current is None:
            return
        yield current
        current = current.__cause__ or current.__context__
