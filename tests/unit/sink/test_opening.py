"""The factory: which transport the settings get."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import get_args

import pytest
from google.rpc.status_pb2 import Status
from grpc import StatusCode
from pydantic import SecretStr

from agent.settings.destination import PLACES, OtlpSettings
from agent.sink.answer import Accepted, Answer, PartlyRejected
from agent.sink.opening import open_wire
from agent.sink.otlp.http import MAX_RESPONSE_BYTES
from tests.support.otlp_receiver import GrpcReceiver, GrpcReply, HttpReceiver, HttpReply, partial_success

HEADERS: Mapping[str, SecretStr] = {"X-Key": SecretStr("s3cret")}


def test_http_gets_the_logs_url_and_the_headers() -> None:
    """A base URL is completed, and secrets are sent as they are."""
    with HttpReceiver() as receiver:
        settings = OtlpSettings(endpoint=receiver.url, headers=HEADERS)
        transport = open_wire(settings, {}, "9").transport
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
        transport = open_wire(settings, {}, "9").transport
        assert transport.send(b"") == Accepted()
        transport.close()
    assert receiver.exports[0].headers["x-key"] == "s3cret"


def test_every_protocol_of_the_settings_can_be_opened() -> None:
    """A protocol that the settings take has its row in the table of addresses and in that of what opens it."""
    protocols = get_args(OtlpSettings.model_fields["protocol"].annotation)
    assert set(protocols) == PLACES.keys()
    for protocol in protocols:
        settings = OtlpSettings.model_validate({"protocol": protocol})
        assert settings.endpoint == PLACES[protocol].nearby
        open_wire(settings, {}, "9").transport.close()


TOKEN = "s3cret-token-" + "0123456789" * 8
SECRETS = {"authorization": SecretStr(f"Bearer {TOKEN}"), "x-scope-orgid": SecretStr("acme")}
USER_INFO = "://eve:s3cret%2Dof-url@"
QUERY = "/v1/logs?key=s3cret%2Dof%2fquery"


def _said(answer: Answer) -> str:
    match answer:
        case Accepted(text) | PartlyRejected(_, text):
            return text
        case other:
            return f"{other.detail}: {other.said}".rstrip(": ")


def _told(reply: HttpReply, headers: Mapping[str, SecretStr] = SECRETS) -> str:
    """What is told of a sink that answers so over HTTP, where the endpoint has a password and a query, too."""
    with HttpReceiver([reply]) as receiver:
        endpoint = receiver.url.replace("://", USER_INFO) + QUERY
        transport = open_wire(OtlpSettings(endpoint=endpoint, headers=headers), {}, "9").transport
        said = _said(transport.send(b""))
        transport.close()
    return said


def _told_over_grpc(reply: GrpcReply) -> str:
    """The same over gRPC."""
    with GrpcReceiver([reply]) as receiver:
        transport = open_wire(OtlpSettings(endpoint=receiver.url, protocol="grpc", headers=SECRETS), {}, "9").transport
        said = _said(transport.send(b""))
        transport.close()
    return said


@pytest.mark.parametrize(
    "quoted",
    [
        f"Bearer {TOKEN}",
        TOKEN,
        TOKEN.upper(),
        "Basic ZXZlOnMzY3JldC1vZi11cmw=",
        "ZXZlOnMzY3JldC1vZi11cmw=",
        "eve:s3cret-of-url",
        "s3cret-of-url",
        "s3cret%2Dof-url",
        "key=s3cret%2Dof%2fquery",
        "s3cret%2Dof%2Fquery",
        "s3cret-of%2Fquery",
        "s3cret-of/query",
    ],
)
def test_each_form_of_a_secret_is_known(quoted: str) -> None:
    """As it was sent, as it was meant, and as it was written in the settings; what is no secret is told."""
    said = _told(HttpReply(400, f"bad {quoted} of tenant acme".encode(), "text/plain"))
    assert said.endswith(" answered 400: bad [redacted] of tenant acme")


@pytest.mark.parametrize(
    "reply",
    [
        HttpReply(200, partial_success(0, f"bad {TOKEN}")),
        HttpReply(200, partial_success(3, f"bad {TOKEN}")),
        HttpReply(400, Status(message=f"bad {TOKEN}").SerializeToString()),
        HttpReply(400, json.dumps({"message": f"bad {TOKEN}"}).encode(), "application/json"),
        *(HttpReply(status, f"bad {TOKEN}".encode(), "text/plain") for status in (401, 413, 429, 500)),
    ],
)
def test_a_sink_that_quotes_our_credentials_gives_none_away(reply: HttpReply) -> None:
    """Whatever it answers, and however it words it, the credentials are not in what is told of it."""
    assert _told(reply).endswith("bad [redacted]")


@pytest.mark.parametrize(
    "reply", [GrpcReply(StatusCode.UNAUTHENTICATED, f"bad {TOKEN}"), GrpcReply(body=partial_success(3, f"bad {TOKEN}"))]
)
def test_a_grpc_sink_that_quotes_our_credentials_gives_none_away(reply: GrpcReply) -> None:
    """The same over gRPC."""
    assert _told_over_grpc(reply).endswith("bad [redacted]")


def test_a_redirect_to_our_credentials_gives_none_away() -> None:
    """A token in the host of a redirect, where it loses its capitals, is as secret as any."""
    headers = {"x-key": SecretStr("S3cretToken")}
    said = _told(HttpReply(302, headers={"Location": "https://S3cretToken.example/"}), headers)
    assert said.endswith(" answered 302 (redirect to https://[redacted].example)")


@pytest.mark.parametrize("over", ["http", "grpc"])
@pytest.mark.parametrize("seen", [1, 8, len(TOKEN) - 1])
def test_a_secret_that_a_cut_goes_through_is_not_shown_in_part(over: str, seen: int) -> None:
    """The sink chooses what stands before the secret, and with it where the thousand characters of a message end."""
    text = "." * (1000 - seen) + TOKEN
    if over == "grpc":
        said = _told_over_grpc(GrpcReply(body=partial_success(3, text)))
    else:
        said = _told(HttpReply(400, text.encode(), "text/plain"))
    assert said.rpartition(".")[2] == "[redacted]"[:seen]


@pytest.mark.parametrize("form", [TOKEN, "s3cret-of/query"])
@pytest.mark.parametrize("seen", [1, 8, 14])
def test_a_secret_that_we_read_in_part_is_not_shown_in_part(form: str, seen: int) -> None:
    """Blanks before it are not shown, so that a sink can bring the end of what is read of it into view."""
    for begin in ("bad", "   "):
        text = begin + " " * (MAX_RESPONSE_BYTES - seen - len(begin)) + form
        said = _told(HttpReply(400, text.encode(), "text/plain"))
        assert said.endswith(" answered 400: bad" if begin == "bad" else " answered 400")


def test_a_secret_in_a_part_of_a_longer_one_does_not_push_it_into_view() -> None:
    """What is put in the place of a short secret is longer, and what stands before it is secret as well."""
    headers = {"x-short": SecretStr("s3cret-0"), "x-long": SecretStr("prefix-" + "s3cret-0" * 50 + "!")}
    body = " " * (MAX_RESPONSE_BYTES - 407) + "prefix-" + "s3cret-0" * 50 + "!"
    assert _told(HttpReply(400, body.encode(), "text/plain"), headers).endswith(" answered 400")


@pytest.mark.parametrize("pair", [b"eve:s3cret\x1b-password", "eve:s3cret-pässwörd".encode("latin-1")])
def test_a_secret_that_cannot_be_shown_as_it_is_is_known(pair: bytes) -> None:
    """Control characters would be escaped, and bytes that are no UTF-8 be replaced."""
    headers = {"authorization": SecretStr(f"Basic {base64.b64encode(pair).decode()}")}
    assert _told(HttpReply(400, b"bad " + pair, "text/plain"), headers).endswith(": bad [redacted]")


@pytest.mark.parametrize("scheme", ["Basic", "basic"])
@pytest.mark.parametrize(("pair", "secret"), [("eve:s3cret-pass", "s3cret-pass"), ("s3cret-user:", "s3cret-user")])
def test_what_a_basic_header_encodes_is_secret(scheme: str, pair: str, secret: str) -> None:
    """User and password together, the password, and a token in the place of the user, if there is no password."""
    headers = {"authorization": SecretStr(f"{scheme} {base64.b64encode(pair.encode()).decode()}")}
    said = _told(HttpReply(401, f"bad {pair}, {secret}".encode(), "text/plain"), headers)
    assert said.endswith(": bad [redacted], [redacted]")


@pytest.mark.parametrize("value", ["Basic no base64!", "Basic abcde", "Basic /////w=="])
def test_a_basic_header_of_another_making_is_secret_as_it_stands(value: str) -> None:
    """Whatever it encodes is no user and password, and does no harm."""
    headers = {"authorization": SecretStr(value)}
    assert _told(HttpReply(401, f"bad {value}".encode(), "text/plain"), headers).endswith(": bad [redacted]")
