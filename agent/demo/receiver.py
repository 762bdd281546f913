"""An OTLP/HTTP receiver for log records on loopback, in this process.

https://opentelemetry.io/docs/specs/otlp/#otlphttp-request: binary protobuf, gzip or none. It holds a limited number of
requests; if the sender is faster than the reader, it gets 503 with Retry-After.
"""

from __future__ import annotations

import queue
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from agent.sink.otlp.decode import ReceivedRecord

PATH = "/v1/logs"
_MAX_BODY = 8 * 1024 * 1024
_MAX_INFLATED = 64 * 1024 * 1024
_MAX_REQUESTS = 256


class Receiver:
    """Where the demo's daemon ships to: `endpoint` is the base URL to give it."""

    def __init__(self, port: int, arrived: queue.Queue[list[ReceivedRecord]]) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self._arrived = arrived

    @classmethod
    @contextmanager
    def start(cls) -> Iterator[Self]:
        """Listen on a free port while the block runs."""
        arrived: queue.Queue[list[ReceivedRecord]] = queue.Queue(_MAX_REQUESTS)
        with _Server(arrived) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="receiver", daemon=True)
            thread.start()
            try:
                yield cls(server.server_port, arrived)
            finally:
                server.shutdown()
                thread.join()

    def take(self, seconds: float) -> list[ReceivedRecord]:
        """The records of the next request that had any, or an empty list if none comes within `seconds`."""
        try:
            return self._arrived.get(timeout=seconds)
        except queue.Empty:
            return []


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, arrived: queue.Queue[list[ReceivedRecord]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.arrived = arrived


class _RefusedError(Exception):
    """A request that is answered with `status`."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_POST(self) -> None:
        """Accept one export, or say why not."""
        try:
            self._accept(self._body())
        except _RefusedError as refusal:
            self.close_connection = True
            self._answer(refusal.status)
        else:
            self._answer(HTTPStatus.OK)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Log nothing: the demo shows what arrives."""

    def _body(self) -> bytes:
        if self.path != PATH:
            raise _RefusedError(HTTPStatus.NOT_FOUND)
        length = self.headers.get("Content-Length", "")
        if not length.isdigit():
            raise _RefusedError(HTTPStatus.LENGTH_REQUIRED)
        if int(length) > _MAX_BODY:
            raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        body = self.rfile.read(int(length))
        return _gunzip(body) if self.headers.get("Content-Encoding") == "gzip" else body

    def _accept(self, body: bytes) -> None:
        records = _records(body)
        if not records:  # a probe
            return
        try:
            self.server.arrived.put_nowait(records)
        except queue.Full:
            raise _RefusedError(HTTPStatus.SERVICE_UNAVAILABLE) from None

    def _answer(self, status: HTTPStatus) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        if status is HTTPStatus.SERVICE_UNAVAILABLE:
            self.send_header("Retry-After", "1")
        self.end_headers()


def _gunzip(body: bytes) -> bytes:
    inflater = zlib.decompressobj(wbits=31)
    try:
        inflated = inflater.decompress(body, _MAX_INFLATED)
    except zlib.error as error:
        raise _RefusedError(HTTPStatus.BAD_REQUEST) from error
    if inflater.unconsumed_tail:
        raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    if not inflater.eof:
        raise _RefusedError(HTTPStatus.BAD_REQUEST)
    return inflated


def _records(body: bytes) -> list[ReceivedRecord]:
    from google.protobuf.message import DecodeError  # noqa: PLC0415 - loads while the emulator starts
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest  # noqa: PLC0415

    from agent.sink.otlp.decode import records  # noqa: PLC0415

    try:
        return list(records(ExportLogsServiceRequest.FromString(body)))
    except DecodeError as error:
        raise _RefusedError(HTTPStatus.BAD_REQUEST) from error
