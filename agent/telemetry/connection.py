"""One HTTP connection: reads one request of limited size, writes one answer with security headers (RFC 9110)."""

from __future__ import annotations

import io
from http.client import HTTPException, LineTooLong
from http.server import BaseHTTPRequestHandler
from typing import Final, Protocol, cast

from agent.telemetry.pages import Page, Request, text
from agent.telemetry.status.style import CONTENT_SECURITY_POLICY

DEADLINE_SECONDS: Final = 10.0
HEAD_BYTES: Final = 16 * 1024
_METHOD_NOT_ALLOWED: Final = 405
_URI_TOO_LONG: Final = 414
_NOT_IMPLEMENTED: Final = 501
_NAME: Final = "trail-agent"
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Connection": "close",
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept, Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
}


class _Answering(Protocol):
    """What a connection needs of the server."""

    def answer(self, request: Request) -> Page:
        """The answer to `request`."""
        ...


class Connection(BaseHTTPRequestHandler):
    """Reads one request and writes one answer."""

    protocol_version = "HTTP/1.1"
    timeout = DEADLINE_SECONDS
    wbufsize = 64 * 1024

    def setup(self) -> None:
        """Limit what is read from the client."""
        super().setup()
        self.rfile = _Head(self.rfile)

    def handle(self) -> None:
        """Answer one request."""
        try:
            super().handle()
        except HTTPException:  # the request line alone is longer than the limit
            self.requestline = self.command = ""
            self.send_error(_URI_TOO_LONG)

    def do_GET(self) -> None:
        """Answer with a page."""
        headers = self.headers
        request = Request(self.path, headers.get("Accept", ""), headers.get("Accept-Encoding", ""))
        self._send(cast("_Answering", self.server).answer(request))

    def do_HEAD(self) -> None:
        """Answer with a page's headers."""
        self.do_GET()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Answer a bad request, without repeating any of it."""
        # The request could not be read, so its version is not known: answer in our own, with all headers.
        self.request_version = self.protocol_version
        if code == _NOT_IMPLEMENTED:
            self._send(text(_METHOD_NOT_ALLOWED, "only GET and HEAD"), {"Allow": "GET, HEAD"})
        else:
            self._send(text(code, "bad request"))

    def version_string(self) -> str:
        """The name of the server, without a version."""
        return _NAME

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Log nothing per request."""

    def _send(self, answer: Page, headers: dict[str, str] | None = None) -> None:
        self.send_response(answer.status)
        shown = {"Content-Type": answer.content_type, "Content-Length": str(len(answer.body)), **_HEADERS}
        if answer.gzipped:
            shown["Content-Encoding"] = "gzip"
        for name, value in {**shown, **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)


class _Head(io.BufferedIOBase):
    """A request's head, read line by line up to a limit."""

    def __init__(self, stream: io.BufferedIOBase) -> None:
        self._stream = stream
        self._left = HEAD_BYTES

    def readline(self, size: int | None = -1, /) -> bytes:
        """The next line; raises LineTooLong if the head is too large."""
        wanted = self._left + 1 if size is None or size < 0 else min(size, self._left + 1)
        line = self._stream.readline(wanted)
        self._left -= len(line)
        if self._left < 0:
            raise LineTooLong("head")
        return line

    def close(self) -> None:
        """Close the underlying stream."""
        self._stream.close()
        super().close()
