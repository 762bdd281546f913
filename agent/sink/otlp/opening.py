"""The transport that the settings ask for."""

from __future__ import annotations

from agent.settings import OtlpSettings, silence_grpc
from agent.sink.wire import Transport


def open_transport(otlp: OtlpSettings, version: str) -> Transport:
    """Build the transport for `otlp`; nothing is connected yet. `version` goes into the user agent.

    Each protocol's library is imported only if it is used: grpc alone takes 20 MB.
    """
    opened: type[GrpcTransport] | type[HttpTransport]
    if otlp.protocol == "grpc":
        silence_grpc()
        from agent.sink.otlp.grpc import GrpcTransport  # noqa: PLC0415

        opened, address = GrpcTransport, otlp.endpoint
    else:
        from agent.sink.otlp.http import HttpTransport  # noqa: PLC0415

        opened, address = HttpTransport, otlp.logs_url
    return opened(
        address,
        otlp.plain_headers(),
        timeout=otlp.timeout_seconds,
        compression=otlp.compression,
        ca_file=otlp.ca_file,
        cert_file=otlp.cert_file,
        key_file=otlp.key_file,
        user_agent=f"trail-agent/{version}",
    )
