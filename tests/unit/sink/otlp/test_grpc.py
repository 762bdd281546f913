"""What the gRPC transport makes of networks, servers and settings; the answer table is in the sink's contract."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from grpc import StatusCode

from agent.sink.answer import Accepted, Later, Misconfigured, PartlyRejected, Refused
from agent.sink.otlp.encode import Encoder
from agent.sink.otlp.endpoint import GrpcTarget, grpc_target
from agent.sink.otlp.grpc import MAX_RESPONSE_BYTES, GrpcTransport
from tests.support.otlp_receiver import GrpcReceiver, GrpcReply, partial_success
from tests.support.records import log_record
from tests.support.transport import opening

Open = Callable[..., GrpcTransport]
PAYLOAD = Encoder({}, "1").payload([log_record()])


@pytest.fixture
def opened() -> Iterator[Open]:
    """Opens transports and closes them at the end."""
    with opening(GrpcTransport) as build:
        yield build


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_the_bytes_arrive_with_metadata_in_lower_case(opened: Open, compression: str) -> None:
    """The receiver gets the payload as it was given, and the user's headers under the names that gRPC allows."""
    with GrpcReceiver() as receiver:
        transport = opened(receiver.url, {"X-Scope-OrgID": "acme"}, compression=compression)
        assert transport.send(PAYLOAD) == Accepted()
    [export] = receiver.exports
    assert export.payload == PAYLOAD
    assert export.headers["x-scope-orgid"] == "acme"
    assert export.headers["user-agent"].startswith("trail-agent/9 ")


@pytest.mark.parametrize(
    ("endpoint", "target"),
    [
        ("http://collector:4317", GrpcTarget("collector:4317", tls=False)),
        ("https://collector:443/ignored", GrpcTarget("collector:443", tls=True)),
        ("https://collector", GrpcTarget("collector:4317", tls=True)),
        ("collector:4317", GrpcTarget("collector:4317", tls=False)),
        ("collector", GrpcTarget("collector:4317", tls=False)),
        ("http://[::1]:4317", GrpcTarget("[::1]:4317", tls=False)),
        ("unix:/run/otlp.sock", GrpcTarget("unix:/run/otlp.sock", tls=False)),
    ],
)
def test_the_scheme_decides_about_tls(endpoint: str, target: GrpcTarget) -> None:
    """https is TLS; http and a bare address are plaintext; the port is OTLP's where none is given."""
    assert grpc_target(endpoint) == target


def test_a_bare_address_reaches_the_receiver(opened: Open) -> None:
    """host:port without a scheme is plaintext gRPC."""
    with GrpcReceiver() as receiver:
        assert opened(receiver.address).send(PAYLOAD) == Accepted()


def test_nobody_listening_is_later(opened: Open) -> None:
    """A refused connection is waited for."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    answer = opened(f"http://127.0.0.1:{port}", {"x-key": "s3cret"}).send(PAYLOAD)
    assert isinstance(answer, Later)
    assert "UNAVAILABLE" in answer.detail
    assert "s3cret" not in answer.detail


def test_a_channel_recovers_after_close(opened: Open) -> None:
    """Closing gives up the connection, and the next request opens another."""
    with GrpcReceiver() as receiver:
        transport = opened(receiver.url)
        assert transport.send(PAYLOAD) == Accepted()
        transport.close()
        assert transport.send(PAYLOAD) == Accepted()


def test_a_header_that_cannot_be_sent_is_a_misconfiguration_without_its_value(opened: Open) -> None:
    """Metadata that gRPC refuses is the operator's to mend, and is not echoed."""
    with GrpcReceiver() as receiver:
        answers = [
            opened(receiver.url, {"x-key": "s3cr\net"}).send(PAYLOAD),
            opened(receiver.url, {"bad key": "s3cret"}).send(PAYLOAD),
            opened(receiver.url, {"x-key": "s3cr\u20acet"}).send(PAYLOAD),
        ]
    assert all(isinstance(answer, Misconfigured) and "s3cr" not in answer.detail for answer in answers)


def test_a_missing_ca_file_is_a_misconfiguration(opened: Open, tmp_path: Path) -> None:
    """The detail names the file."""
    answer = opened("https://127.0.0.1:1", ca_file=tmp_path / "none.pem").send(PAYLOAD)
    assert isinstance(answer, Misconfigured)
    assert "none.pem" in answer.detail


@pytest.mark.row(41)
@pytest.mark.parametrize("body", [b"\xff\xff\xff", b"accepted\n", b"OK", b"\x0a\x02\x08\x05\x0a\x02\x08\x00"])
def test_only_an_otlp_response_is_a_yes(opened: Open, body: bytes) -> None:
    """OK with a body that is none proves nothing."""
    with GrpcReceiver([GrpcReply(body=body)]) as receiver:
        assert isinstance(opened(receiver.url).send(PAYLOAD), Misconfigured)


def test_a_long_partial_success_message_is_read_and_cut(opened: Open) -> None:
    """A message of 200 kB still tells that records were rejected."""
    with GrpcReceiver([GrpcReply(body=partial_success(3, "x" * 200_000))]) as receiver:
        answer = opened(receiver.url).send(PAYLOAD)
    assert isinstance(answer, PartlyRejected)
    assert answer.count == 3
    assert len(answer.message) == 1000


def test_a_response_beyond_the_limit_is_not_taken_for_acceptance(opened: Open) -> None:
    """A giant response is not read into memory; it may have said that records were rejected, and is taken for that."""
    with GrpcReceiver([GrpcReply(body=partial_success(0, "x" * (MAX_RESPONSE_BYTES + 1)))]) as receiver:
        assert isinstance(opened(receiver.url, compression="none").send(PAYLOAD), PartlyRejected)


@pytest.mark.parametrize(("code", "kind"), [(StatusCode.UNAVAILABLE, Later), (StatusCode.INVALID_ARGUMENT, Refused)])
def test_a_long_message_does_not_hide_the_status(opened: Open, code: StatusCode, kind: type[Later | Refused]) -> None:
    """A sink that quotes hundreds of records in its refusal is still understood, and its words are cut."""
    with GrpcReceiver([GrpcReply(code, "bad record " * 10_000)]) as receiver:
        answer = opened(receiver.url).send(PAYLOAD)
    assert isinstance(answer, kind)
    assert code.name in answer.detail
    assert len(answer.said) == 1000


def test_a_status_that_is_lost_in_metadata_decides_nothing(opened: Open) -> None:
    """A status too long to be read is no refusal: the records are kept, and nothing is halved or dead-lettered."""
    with GrpcReceiver([GrpcReply(StatusCode.INVALID_ARGUMENT, "x" * 1_000_000)]) as receiver:
        answer = opened(receiver.url).send(PAYLOAD)
    assert isinstance(answer, Later)
    assert answer.slow


@pytest.mark.parametrize("delay", [0.0, 2.5])
def test_retry_info_is_read_from_the_status_details(opened: Open, delay: float) -> None:
    """RESOURCE_EXHAUSTED with RetryInfo is throttling; a delay of zero is no wish, so that the backoff applies."""
    with GrpcReceiver([GrpcReply(StatusCode.RESOURCE_EXHAUSTED, "slower", retry_delay=delay)]) as receiver:
        answer = opened(receiver.url).send(PAYLOAD)
    assert isinstance(answer, Later)
    assert answer.throttled
    assert answer.retry_after == (delay or None)
