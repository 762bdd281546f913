"""OTLP over gRPC: one request's bytes out, one `Answer` back. https://opentelemetry.io/docs/specs/otlp/#otlpgrpc"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from agent.sink.answer import (
    UNKNOWN_COUNT,
    Answer,
    Later,
    Meaning,
    Misconfigured,
    PartlyRejected,
    Refusal,
    grpc_meaning,
    http_meaning,
    refusal,
    success,
)
from agent.sink.otlp.discreet import Discreet
from agent.sink.otlp.endpoint import grpc_target
from agent.sink.otlp.response import NoResponseError, partial_success

EXPORT_METHOD = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"

MAX_RESPONSE_BYTES = 1 << 20
"""gRPC reports a response above the limit as RESOURCE_EXHAUSTED, which is also what a server says of a request that is
too large. 64 KiB would turn a long partial_success message into that; 1 MiB is beyond any message and bounds memory."""

_OVERSIZED = re.compile(r"(?:Stream removed \()?CLIENT: .{0,40}larger than max")
"""How our own side says, with RESOURCE_EXHAUSTED, that the response is above the limit: the server had accepted.
Only at its beginning: further on a server may quote a record."""

_MAX_METADATA_BYTES = 1 << 18
"""The message of a status travels in the metadata, and a sink may quote every record that it refuses. Above gRPC's own
limit of 16 KiB the status is lost, and RESOURCE_EXHAUSTED of our own side comes in its place."""

_LONG_METADATA = "received metadata size exceeds"

_UNSENDABLE = "Invalid metadata"  # said by our own side, with INTERNAL

_HTTP_STATUS = re.compile(r"Received http2 header with status: (\d{3})")
"""How our own side says that the answer is HTTP's, and not gRPC's: a proxy gave it."""

_LOCAL_CODES = frozenset({"UNAVAILABLE", "UNKNOWN", "INTERNAL"})
_OTHER_PROTOCOL = re.compile(
    r"http1\.x server|Failed parsing HTTP/2|Expected SETTINGS frame|missing selected ALPN|WRONG_VERSION_NUMBER"
)
"""How our own side says that what it reads is no HTTP/2, or no TLS."""

_UNREACHED = ("failed to connect to all addresses", "DNS resolution failed")
_CHECK = "check otlp.protocol, and scheme and port of otlp.endpoint"


class _Failed(Protocol):
    """What grpc's RpcError of a unary call offers."""

    def code(self) -> grpc.StatusCode: ...

    def details(self) -> str | None: ...

    def trailing_metadata(self) -> tuple[tuple[str, str | bytes], ...] | None: ...


class GrpcTransport:
    """Sends requests over one channel, which threads share; it is opened by the first request.

    `timeout` in seconds is the deadline of a call. `https://` in `endpoint` means TLS, anything else plaintext. Proxies
    come from the environment. If an answer quotes the headers' values or the endpoint's query, they are removed
    from its text.
    """

    def __init__(
        self,
        endpoint: str,
        headers: Mapping[str, str],
        *,
        timeout: float,
        compression: str,
        ca_file: Path | None,
        cert_file: Path | None,
        key_file: Path | None,
        user_agent: str,
    ) -> None:
        self._target = grpc_target(endpoint)
        self._discreet = Discreet.about(endpoint, headers.values())
        self._metadata = tuple({key.lower(): value for key, value in headers.items()}.items())
        self._timeout = timeout
        self._compression = grpc.Compression.Gzip if compression == "gzip" else grpc.Compression.NoCompression
        self._ca_file, self._cert_file, self._key_file = ca_file, cert_file, key_file
        self._user_agent = user_agent
        self._lock = threading.Lock()
        self._channel: grpc.Channel | None = None

    def send(self, payload: bytes) -> Answer:
        """Call Export with `payload`, the bytes of an ExportLogsServiceRequest; never raises for what happens there."""
        try:
            response = self._call(payload)
        except grpc.RpcError as error:
            return _judge(error, payload, self._target.address, self._discreet)
        except OSError as error:
            return Misconfigured(f"cannot read {error.filename}: {error.strerror}; check the otlp TLS files")
        except (ValueError, TypeError) as error:
            # A channel that was closed meanwhile, or a value that is no text. The exception's own text may show it.
            return Misconfigured(f"cannot send to {self._target.address}: {type(error).__name__}; check otlp.headers")
        return _accepted(response, self._target.address, self._discreet)

    def close(self) -> None:
        """Close the channel; calls under way end as CANCELLED."""
        with self._lock:
            channel, self._channel = self._channel, None
        if channel is not None:
            channel.close()

    def _call(self, payload: bytes) -> bytes:
        export = self._open().unary_unary(EXPORT_METHOD)  # no serializers: the bytes go out as they are
        response: bytes = export(payload, timeout=self._timeout, metadata=self._metadata, compression=self._compression)
        return response

    def _open(self) -> grpc.Channel:
        with self._lock:
            if self._channel is None:
                self._channel = self._new_channel()
            return self._channel

    def _new_channel(self) -> grpc.Channel:
        options: list[Any] = [
            ("grpc.max_receive_message_length", MAX_RESPONSE_BYTES),
            ("grpc.max_metadata_size", _MAX_METADATA_BYTES),
            ("grpc.absolute_max_metadata_size", _MAX_METADATA_BYTES),
            ("grpc.primary_user_agent", self._user_agent),
            ("grpc.enable_retries", 0),  # the sink retries, and counts each attempt
            ("grpc.initial_reconnect_backoff_ms", 500),
            ("grpc.max_reconnect_backoff_ms", 10_000),  # by default a sink that is back is noticed after two minutes
        ]
        if not self._target.tls:
            return grpc.insecure_channel(self._target.address, options)
        credentials = grpc.ssl_channel_credentials(
            root_certificates=_content(self._ca_file),
            private_key=_content(self._key_file or self._cert_file),
            certificate_chain=_content(self._cert_file),
        )
        return grpc.secure_channel(self._target.address, credentials, options)


def _content(path: Path | None) -> bytes | None:
    return path.read_bytes() if path else None


def _accepted(body: bytes, address: str, discreet: Discreet) -> Answer:
    """OK with a response, or with none, is the proof; any other body is not."""
    try:
        partial = partial_success(body)
    except NoResponseError:
        return Misconfigured(f"{address} answered OK with a body that is no OTLP response: check otlp.endpoint")
    return success(partial.rejected_log_records, discreet.shown(partial.error_message))


def _judge(error: _Failed, asked: bytes, address: str, discreet: Discreet) -> Answer:
    """The answer that a failed call gives."""
    code, text = error.code().name, error.details() or ""
    if code == "RESOURCE_EXHAUSTED" and _OVERSIZED.match(text):
        return PartlyRejected(UNKNOWN_COUNT, f"{address} answered with more than {MAX_RESPONSE_BYTES} bytes")
    if answer := _of_our_side(code, text, address, discreet):
        return answer
    retry = _retry_info(error)
    meaning = grpc_meaning(code)
    detail, said = f"{address} answered {code}", discreet.shown(text)
    wait, is_told = _seconds(retry), retry is not None
    return refusal(meaning, Refusal(code, detail, text, said, wait, asked_to_wait=is_told, asked=asked))


def _of_our_side(code: str, text: str, address: str, discreet: Discreet) -> Answer | None:
    """What our own side of the channel says; it has the form of a server's answer."""
    if code == "RESOURCE_EXHAUSTED" and _LONG_METADATA in text:
        return Later(f"{address} answered with more metadata than {_MAX_METADATA_BYTES} bytes", slow=True)
    if text == _UNSENDABLE:
        return Misconfigured(f"a header cannot be sent to {address}; check the names and characters of otlp.headers")
    if found := _HTTP_STATUS.match(text):
        return _of_proxy(int(found[1]), address)
    if code in _LOCAL_CODES and _OTHER_PROTOCOL.search(text):
        return Misconfigured(f"{address} does not speak gRPC as it is asked to: {_CHECK}")
    if code == "UNAVAILABLE" and text.startswith(_UNREACHED):
        return Later(discreet.shown(f"{address} answered {code}: {text}"), reached=False)
    return None


def _of_proxy(status: int, address: str) -> Answer:
    """A proxy's own answer, in HTTP: of the request it knows the size and the address, and nothing of the records."""
    detail = f"{address} answered with HTTP status {status}, not as a gRPC receiver does"
    meaning = http_meaning(status)
    if meaning in {Meaning.ACCEPTED, Meaning.REFUSED, Meaning.MISCONFIGURED}:
        return Misconfigured(f"{detail}: {_CHECK}")
    return refusal(meaning, Refusal(str(status), detail, is_page=True))


def _retry_info(error: _Failed) -> RetryInfo | None:
    """The google.rpc.RetryInfo among the details of the status, if the server sent one."""
    try:
        status = Status.FromString(_status_details(error))
        for detail in status.details:
            info = RetryInfo()
            if detail.Unpack(info):
                return info
    except DecodeError:
        return None
    return None


def _status_details(error: _Failed) -> bytes:
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            return value
    return b""


def _seconds(retry: RetryInfo | None) -> float | None:
    if retry is None or not retry.HasField("retry_delay"):
        return None
    return float(retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9)
