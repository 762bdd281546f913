"""The factory: which transport the settings get."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from grpc import StatusCode
from pydantic import SecretStr

from agent.otlp.answer import Accepted, Answer, PartlyRejected
from agent.otlp.transport import open_transport
from agent.settings.destination import OtlpSettings
from tests.otlp_receiver import GrpcReceiver, GrpcReply, HttpReceiver, HttpReply, partial_success

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


BASIC = "Basic ZXZlOnMzY3JldC1vZi11cmw="  # eve:s3cret-of-url
QUOTED = f"Bearer s3cret-token, s3cret-token, {BASIC}, s3cret-of-url and s3cret-query of tenant acme"
TOLD = "[redacted], [redacted], [redacted], [redacted] and [redacted] of tenant acme"
SECRETS = {"authorization": SecretStr("Bearer s3cret-token"), "x-scope-orgid": SecretStr("acme")}


def _said(answer: Answer) -> str:
    match answer:
        case Accepted(text) | PartlyRejected(_, text):
            return text
        case other:
            return other.detail


@pytest.mark.parametrize(
    "reply",
    [
        HttpReply(200, partial_success(0, QUOTED)),
        HttpReply(200, partial_success(3, QUOTED)),
        *(HttpReply(status, QUOTED.encode(), "text/plain") for status in (400, 401, 413, 429, 500)),
    ],
)
def test_a_sink_that_quotes_our_credentials_gives_none_away(reply: HttpReply) -> None:
    """Whatever it answers, the token, the password and the query of our settings are not in what is told of it."""
    with HttpReceiver([reply]) as receiver:
        endpoint = receiver.url.replace("://", "://eve:s3cret%2Dof-url@") + "/v1/logs?key=s3cret-query"
        transport = open_transport(OtlpSettings(endpoint=endpoint, headers=SECRETS), "9")
        said = _said(transport.send(b""))
        transport.close()
    assert said.endswith(TOLD)


def test_a_grpc_sink_that_quotes_our_credentials_gives_none_away() -> None:
    """The same over gRPC."""
    with GrpcReceiver([GrpcReply(StatusCode.UNAUTHENTICATED, "bad token s3cret-token")]) as receiver:
        transport = open_transport(OtlpSettings(endpoint=receiver.url, protocol="grpc", headers=SECRETS), "9")
        said = _said(transport.send(b""))
        transport.close()
    assert said.endswith("bad token [redacted]")
