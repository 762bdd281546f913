"""What the code relies on in opentelemetry-python, protobuf, requests and grpc, and would not expect of them."""

from __future__ import annotations

import os
from pathlib import Path

import grpc
import pytest
import requests
from google.protobuf.message import DecodeError
from opentelemetry.exporter.otlp.common import http as otlp_http
from opentelemetry.exporter.otlp.proto.grpc import exporter as otlp_grpc
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    DESCRIPTOR,
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.sdk._logs.export import LogRecordExportResult
from opentelemetry.sdk.resources import Resource

from agent.sink.answer import GRPC_STATUSES, HTTP_STATUSES, Meaning
from agent.sink.otlp.grpc import EXPORT_METHOD
from tests.support.otlp_receiver import GrpcReceiver, HttpReceiver, HttpReply, partial_success


def test_a_resource_made_directly_has_only_what_it_was_given() -> None:
    """`Resource(attributes)` adds nothing, and no text is lost on the way."""
    assert dict(Resource({"a": "1", "b": ""}).attributes) == {"a": "1", "b": ""}
    assert list(Resource({"b": "1", "a": "2"}).attributes) == ["b", "a"]


def test_resource_create_adds_what_differs_by_process() -> None:
    """`Resource.create()` brings a random service.instance.id, which would end de-duplication in Loki."""
    created = Resource.create({"service.name": "x"}).attributes
    assert "service.instance.id" in created
    assert "telemetry.sdk.version" in created


def test_retryable_statuses_are_at_least_the_sdks() -> None:
    """What the SDK retries is Later here, RESOURCE_EXHAUSTED too, unless its words are about size."""
    for status in otlp_http._RETRYABLE_STATUS_CODES:
        assert HTTP_STATUSES[status] in {Meaning.LATER, Meaning.THROTTLED}
    for code in otlp_grpc._RETRYABLE_ERROR_CODES:
        expected = Meaning.THROTTLED if code.name == "RESOURCE_EXHAUSTED" else Meaning.LATER
        assert GRPC_STATUSES[code.name] is expected


def test_every_grpc_code_is_known_by_name() -> None:
    """The table names no code that gRPC does not have."""
    assert set(GRPC_STATUSES) <= {code.name for code in grpc.StatusCode}


def test_the_export_method_is_that_of_the_public_service() -> None:
    """The method's path is built from the descriptor's names."""
    service = DESCRIPTOR.services_by_name["LogsService"]
    assert f"/{service.full_name}/{service.methods[0].name}" == EXPORT_METHOD


def test_a_lone_surrogate_raises_in_protobuf() -> None:
    """One such string in a record would cost its whole batch."""
    with pytest.raises(UnicodeEncodeError):
        AnyValue(string_value="\ud800")


def test_an_integer_beyond_int64_raises_in_protobuf() -> None:
    """So would one such number."""
    with pytest.raises(ValueError, match="out of range"):
        AnyValue(int_value=2**63)


def test_nul_and_empty_messages_pass_protobuf() -> None:
    """NUL is sound to protobuf; an empty request and an empty response have no bytes at all."""
    assert AnyValue(string_value="\x00").string_value == "\x00"
    assert ExportLogsServiceRequest().SerializeToString() == b""
    assert ExportLogsServiceResponse.FromString(b"").partial_success.rejected_log_records == 0


def test_an_opening_angle_bracket_is_never_protobuf() -> None:
    """So that a body which begins like a web page cannot be a response that was misjudged."""
    with pytest.raises(DecodeError):
        ExportLogsServiceResponse.FromString(b"<html></html>")


@pytest.mark.parametrize(
    "reply",
    [
        HttpReply(302, headers={"Location": "/login"}),
        HttpReply(304),
        HttpReply(200, partial_success(1, "no")),
        HttpReply(260),
    ],
    ids=["redirect", "not modified", "partial success", "ingestion blocked"],
)
def test_the_stock_exporter_calls_these_a_success(reply: HttpReply, monkeypatch: pytest.MonkeyPatch) -> None:
    """Why delivery is not proved through OTLPLogExporter: redirects, rejections and odd statuses all pass."""
    for name in [name for name in os.environ if name.startswith("OTEL_")]:
        monkeypatch.delenv(name)
    with HttpReceiver([reply]) as receiver:
        exporter = OTLPLogExporter(endpoint=receiver.url + "/v1/logs", timeout=5)
        result = exporter.export([])
        exporter.shutdown()  # type: ignore[no-untyped-call]
    assert result is LogRecordExportResult.SUCCESS


def test_requests_replaces_our_authorization_from_netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an auth of its own, a session lets .netrc win over an Authorization header."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login eve password wrong\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with HttpReceiver() as receiver, requests.Session() as session:
        session.post(receiver.url, headers={"Authorization": "Bearer right"}, timeout=5)
        session.auth = lambda request: request
        session.post(receiver.url, headers={"Authorization": "Bearer right"}, timeout=5)
    first, second = (export.headers["authorization"] for export in receiver.exports)
    assert first.startswith("Basic ")
    assert second == "Bearer right"


def test_http_client_takes_a_broken_head_for_a_whole_one() -> None:
    """A connection that ends within the headers is a 200 to a plain session."""
    with HttpReceiver([HttpReply(cut=b"HTTP/1.1 200 OK\r\nX-A: b")]) as receiver, requests.Session() as session:
        assert session.post(receiver.url, timeout=5).status_code == 200


def test_the_environment_wins_over_a_sessions_own_ca_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """REQUESTS_CA_BUNDLE replaces Session.verify, but not the verify of a call."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/from/environment")
    with requests.Session() as session:
        session.verify = "/from/session"
        merged = session.merge_environment_settings("https://x", {}, None, None, None)
        assert merged["verify"] == "/from/environment"
        merged = session.merge_environment_settings("https://x", {}, None, "/from/call", None)
        assert merged["verify"] == "/from/call"


def test_grpc_refuses_metadata_keys_in_upper_case() -> None:
    """Header names of the settings must be lowered before they become metadata."""
    with GrpcReceiver() as receiver, grpc.insecure_channel(receiver.address) as channel:
        export = channel.unary_unary(EXPORT_METHOD)
        with pytest.raises(grpc.RpcError) as failed:
            export(b"", metadata=(("X-Key", "1"),), timeout=5)
        assert failed.value.code() is grpc.StatusCode.INTERNAL
        assert failed.value.details() == "Invalid metadata"
        assert export(b"", metadata=(("x-key", "1"),), timeout=5) == b""
