"""Real OTLP receivers on loopback, over HTTP and gRPC, that answer by script and keep what they were sent."""

from __future__ import annotations

import gzip
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsPartialSuccess,
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)

from agent.sink.otlp.decode import ReceivedRecord, records
from tests.support.private_ca import PrivateCa

EXPORT_METHOD = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
PROTOBUF = "application/x-protobuf"

Reply = TypeVar("Reply")


def partial_success(rejected: int, message: str) -> bytes:
    """The bytes of a response with a partial_success."""
    partial = ExportLogsPartialSuccess(rejected_log_records=rejected, error_message=message)
    body: bytes = ExportLogsServiceResponse(partial_success=partial).SerializeToString()
    return body


@dataclass(frozen=True, slots=True)
class HttpReply:
    """What the HTTP receiver answers. `missing`: bytes promised in Content-Length that never come.

    `drop`: no answer at all. `reset`: the same, with a TCP reset. `cut`: these bytes and no more. `dribble`: "head" or
    "body" comes one byte at a time, and does not end.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = PROTOBUF
    headers: Mapping[str, str] = field(default_factory=dict)
    missing: int = 0
    drop: bool = False
    reset: bool = False
    cut: bytes = b""
    dribble: str = ""


@dataclass(frozen=True, slots=True)
class GrpcReply:
    """What the gRPC receiver answers. `retry_delay`: seconds, sent as RetryInfo in grpc-status-details-bin."""

    code: grpc.StatusCode = grpc.StatusCode.OK
    details: str = ""
    body: bytes = b""
    retry_delay: float | None = None


@dataclass(frozen=True, slots=True)
class Export:
    """One request as it came: its bytes after decompression, its headers in lower case."""

    payload: bytes
    headers: Mapping[str, str]
    path: str = EXPORT_METHOD

    @property
    def request(self) -> ExportLogsServiceRequest:
        """The request as a message."""
        request = ExportLogsServiceRequest()
        request.ParseFromString(self.payload)
        return request

    @property
    def records(self) -> list[ReceivedRecord]:
        """Its records."""
        return list(records(self.request))


class _Receiver(Generic[Reply]):
    """What both kinds share: the script, the exports so far, and the stop."""

    def __init__(self, replies: Iterable[Reply], rule: Callable[[Export], Reply | None], accept: Reply) -> None:
        self.exports: list[Export] = []
        self.scripts_empty = True  # whether requests without records are answered by the script
        self._replies = deque(replies)
        self._rule = rule
        self._accept = accept
        self._lock = threading.Lock()
        self.stopping = threading.Event()

    def take(self, export: Export) -> Reply:
        """Keep `export`, and choose its answer: the next of the script, else what the rule says, else accept."""
        with self._lock:
            self.exports.append(export)
            if self._replies and (export.payload or self.scripts_empty):
                return self._replies.popleft()
        return self._rule(export) or self._accept


def _no_rule(_export: Export) -> None:
    return None


class HttpReceiver(_Receiver[HttpReply]):
    """OTLP/HTTP on 127.0.0.1; `tls` makes it https, `mutual` asks for a client certificate."""

    def __init__(
        self,
        replies: Iterable[HttpReply] = (),
        *,
        rule: Callable[[Export], HttpReply | None] = _no_rule,
        tls: PrivateCa | None = None,
        mutual: bool = False,
    ) -> None:
        super().__init__(replies, rule, HttpReply())
        self.pages: dict[str, HttpReply] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"receiver": self}))
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_port}"
        self.url = f"{'https' if tls else 'http'}://{self.address}"
        if tls:
            context = _server_context(tls, mutual=mutual)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def look(self, path: str) -> HttpReply | None:
        """What a GET of `path` is answered, where a test sets it; `pages` has it, and with "*" for all others."""
        return self.pages.get(path, self.pages.get("*"))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._thread.join(10)
        self._server.socket.close()


class GrpcReceiver(_Receiver[GrpcReply]):
    """OTLP/gRPC on 127.0.0.1; `tls` and `mutual` as for HTTP."""

    def __init__(
        self,
        replies: Iterable[GrpcReply] = (),
        *,
        rule: Callable[[Export], GrpcReply | None] = _no_rule,
        tls: PrivateCa | None = None,
        mutual: bool = False,
    ) -> None:
        super().__init__(replies, rule, GrpcReply())
        self._server = grpc.server(ThreadPoolExecutor(4))
        handler = grpc.unary_unary_rpc_method_handler(self._export)
        service, _, method = EXPORT_METHOD[1:].partition("/")
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {method: handler}),))
        if tls:
            port = self._server.add_secure_port("127.0.0.1:0", _server_credentials(tls, mutual=mutual))
        else:
            port = self._server.add_insecure_port("127.0.0.1:0")
        self.address = f"127.0.0.1:{port}"
        self.url = f"{'https' if tls else 'http'}://{self.address}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._server.stop(None).wait(10)

    def _export(self, payload: bytes, context: grpc.ServicerContext) -> bytes:
        reply = self.take(Export(payload, dict(context.invocation_metadata())))
        if reply.code is grpc.StatusCode.OK:
            return reply.body
        context.set_trailing_metadata(_retry_metadata(reply))
        context.set_code(reply.code)
        context.set_details(reply.details)
        return b""


def _retry_metadata(reply: GrpcReply) -> tuple[tuple[str, bytes], ...]:
    if reply.retry_delay is None:
        return ()
    status = Status(code=reply.code.value[0], message=reply.details)
    whole = int(reply.retry_delay)
    delay = Duration(seconds=whole, nanos=int((reply.retry_delay - whole) * 1e9))
    status.details.add().Pack(RetryInfo(retry_delay=delay))
    return (("grpc-status-details-bin", status.SerializeToString()),)


def _server_context(tls: PrivateCa, *, mutual: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls.server_cert, tls.server_key)
    if mutual:
        context.load_verify_locations(tls.ca_file)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _server_credentials(tls: PrivateCa, *, mutual: bool) -> grpc.ServerCredentials:
    pair = (tls.server_key.read_bytes(), tls.server_cert.read_bytes())
    return grpc.ssl_server_credentials(
        [pair], root_certificates=tls.ca_file.read_bytes() if mutual else None, require_client_auth=mutual
    )


class _Handler(BaseHTTPRequestHandler):
    receiver: HttpReceiver
    protocol_version = "HTTP/1.1"
    timeout = 20

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""

    def handle(self) -> None:
        """A client that goes away is what tests do."""
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        headers = {key.lower(): value for key, value in self.headers.items()}
        self._answer(self.receiver.take(Export(body, headers, self.path)))

    def do_GET(self) -> None:
        """As the Collector's receiver does: it says that it takes no GET."""
        text = b"405 method not allowed, supported: [POST]"
        self._answer(self.receiver.look(self.path) or HttpReply(405, text, "text/plain"))

    def _answer(self, reply: HttpReply) -> None:
        if reply.reset:
            self._reset()
            return
        if reply.drop or reply.cut:
            self.wfile.write(reply.cut)
            self.close_connection = True
            return
        if reply.dribble == "head":
            self._dribble(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            return
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        for key, value in reply.headers.items():
            self.send_header(key, value)
        if reply.status != 204:
            promised = len(reply.body) + reply.missing + (10**6 if reply.dribble else 0)
            self.send_header("Content-Length", str(promised))
        self.end_headers()
        self.wfile.write(reply.body)
        if reply.dribble:
            self._dribble(b"")
        self.close_connection = self.close_connection or bool(reply.missing)

    def _reset(self) -> None:
        """Close for good while the system is told to linger for no time at all: that sends RST in place of FIN."""
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()

    def _dribble(self, begin: bytes) -> None:
        self.wfile.write(begin)
        for _ in range(400):
            if self.receiver.stopping.wait(0.05):
                break
            self.wfile.write(b"x")
        self.close_connection = True
