"""The factory: which transport the settings get."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import SecretStr

from agent.otlp.answer import Accepted
from agent.otlp.transport import open_transport
from agent.settings.destination import OtlpSettings
from tests.otlp_receiver import GrpcReceiver, HttpReceiver

HEADERS: Mapping[str, SecretStr] = {"X-Key": SecretStr("s3cret")}


def test_http_gets_the_logs_url_and_the_headers() -> None:
    """A base URL is completed, and secrets are sent as they are."""
    with HttpReceiver() as receiver:
        settings = OtlpSettings(endpoint=receiver.url, headers=HEADERS)
        transport = open_transport(settings, "9")
        assert transport.send(b"") == Accepted()
        transport.close()
    [export] = receiver.exports
    assert export.path == "/v1/logs"
    assert export.headers["x-key"] == "s3cret"
    assert export.headers["user-agent"] == "trail-agent/9"


def test_grpc_gets_the_endpoint_and_the_headers() -> None:
    """The same settings over gRPC."""
    with GrpcReceiver() as receiver:
        settings = OtlpSettings(endpoint=receiver.url, protocol="grpc", headers=HEADERS)
        transport = open_transport(settings, "9")
        assert transport.send(b"") == Accepted()
        transport.close()
    assert receiver.exports[0].headers["x-key"] == "s3cret"
