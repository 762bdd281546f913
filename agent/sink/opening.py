"""The encoder and the transport of the protocol that the settings ask for. A new protocol is one more row here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from agent.settings import OtlpSettings, silence_grpc
from agent.sink.otlp.encode import Encoder
from agent.sink.wire import Transport, Wire

if TYPE_CHECKING:
    from agent.sink.otlp.glimpse import Glimpses
    from agent.sink.otlp.grpc import GrpcTransport
    from agent.sink.otlp.http import HttpTransport


def open_wire(otlp: OtlpSettings, resource: Mapping[str, str], version: str) -> Wire:
    """What `otlp.protocol` needs; nothing is connected yet. `version` goes into the requests and the user agent."""
    return _OPENERS[otlp.protocol](otlp, resource, version)


def open_glimpses(otlp: OtlpSettings, version: str) -> Glimpses | None:
    """What can look at the sink's other pages; None where the protocol is not HTTP. Nothing is connected yet."""
    if otlp.protocol == "grpc":
        return None
    from agent.sink.otlp.glimpse import Glimpses  # noqa: PLC0415 - only `check` looks at them

    return Glimpses(
        otlp.logs_url,
        otlp.plain_headers(),
        timeout=otlp.timeout_seconds,
        ca_file=otlp.ca_file,
        cert_file=otlp.cert_file,
        key_file=otlp.key_file,
        user_agent=f"trail-agent/{version}",
    )


def _over_http(otlp: OtlpSettings, resource: Mapping[str, str], version: str) -> Wire:
    from agent.sink.otlp.http import HttpTransport  # noqa: PLC0415 - only the library that is used is imported

    return Wire(Encoder(resource, version), _transport(HttpTransport, otlp, version))


def _over_grpc(otlp: OtlpSettings, resource: Mapping[str, str], version: str) -> Wire:
    silence_grpc()
    from agent.sink.otlp.grpc import GrpcTransport  # noqa: PLC0415 - it takes 20 MB

    return Wire(Encoder(resource, version), _transport(GrpcTransport, otlp, version))


def _transport(opened: type[HttpTransport] | type[GrpcTransport], otlp: OtlpSettings, version: str) -> Transport:
    return opened(
        otlp.logs_url,
        otlp.plain_headers(),
        timeout=otlp.timeout_seconds,
        compression=otlp.compression,
        ca_file=otlp.ca_file,
        cert_file=otlp.cert_file,
        key_file=otlp.key_file,
        user_agent=f"trail-agent/{version}",
    )


_OPENERS: Final[Mapping[str, Callable[[OtlpSettings, Mapping[str, str], str], Wire]]] = {
    "http/protobuf": _over_http,
    "grpc": _over_grpc,
}
