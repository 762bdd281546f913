"""Another protocol at the sink's address is told from a sink that does not answer, and the operator is told which."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from agent.sink.answer import Later, Misconfigured
from agent.sink.otlp.grpc import GrpcTransport
from agent.sink.otlp.http import HttpTransport
from tests.support.otlp_receiver import GrpcReceiver, HttpReceiver
from tests.support.private_ca import make_private_ca


def _over_http(url: str, ca_file: Path | None = None) -> object:
    transport = HttpTransport(
        f"{url}/v1/logs",
        {},
        timeout=5,
        compression="none",
        ca_file=ca_file,
        cert_file=None,
        key_file=None,
        user_agent="test",
    )
    answer = transport.send(b"payload")
    transport.close()
    return answer


def _over_grpc(url: str, ca_file: Path | None = None) -> object:
    transport = GrpcTransport(
        url, {}, timeout=5, compression="none", ca_file=ca_file, cert_file=None, key_file=None, user_agent="test"
    )
    answer = transport.send(b"payload")
    transport.close()
    return answer


@contextmanager
def _greeting(greeting: bytes) -> Iterator[str]:
    """The address of a server that answers one request with these bytes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError), listener.accept()[0] as client:
                client.recv(1 << 16)
                client.sendall(greeting)
                client.shutdown(socket.SHUT_WR)
                client.recv(1 << 16)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        thread.join(10)


@pytest.mark.row(43)
@pytest.mark.parametrize(
    ("greeting", "names"),
    [
        (b"\x15\x03\x01\x00\x02\x02\x46", "scheme"),
        (b"\x15\x03\x03\x00\x02\x02\x16", "scheme"),
        (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64", "otlp.protocol"),
        (b"\x00\x00\x00\x04\x00\x00\x00\x00\x00", "otlp.protocol"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "otlp.protocol"),
        (b"-ERR unknown command\r\n", "otlp.protocol"),
        (
            (
                b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 48\r\n\r\n"
                b"Client sent an HTTP request to an HTTPS server.\n"
            ),
            "scheme",
        ),
        (
            (
                b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n"
                b"<html>400 The plain HTTP request was sent to HTTPS port</html>"
            ),
            "scheme",
        ),
        (
            b"HTTP/1.1 415 Unsupported Media Type\r\nContent-Type: application/grpc\r\nContent-Length: 0\r\n\r\n",
            "otlp.protocol",
        ),
    ],
)
def test_what_speaks_no_plain_http_is_misconfigured(greeting: bytes, names: str) -> None:
    """TLS alerts, HTTP/2 frames, greetings of other servers, and the texts of Go and nginx."""
    with _greeting(greeting) as address:
        answer = _over_http(f"http://{address}")
    assert isinstance(answer, Misconfigured)
    assert names in answer.detail


@pytest.mark.row(43)
@pytest.mark.parametrize("greeting", [b"HTTP/1.1 200 O", b"HT", b""])
def test_an_answer_that_breaks_off_is_no_other_protocol(greeting: bytes) -> None:
    """It is waited for as any lost answer is."""
    with _greeting(greeting) as address:
        assert isinstance(_over_http(f"http://{address}"), Later)


@pytest.mark.row(43)
def test_each_protocol_knows_the_port_of_the_other(tmp_path: Path) -> None:
    """HTTP to a gRPC port, gRPC to an HTTP port, https and TLS to plain ports: the detail names what to check."""
    ca = make_private_ca(tmp_path)
    with GrpcReceiver() as grpc, HttpReceiver() as http, HttpReceiver(tls=ca) as https:
        answers = [
            _over_http(grpc.url),
            _over_http(f"https://{http.address}"),
            _over_http(f"https://{grpc.address}"),
            _over_grpc(http.url),
            _over_grpc(f"https://{http.address}"),
            _over_grpc(https.url, ca.ca_file),
        ]
    assert all(isinstance(answer, Misconfigured) for answer in answers)
    details = [answer.detail for answer in answers if isinstance(answer, Misconfigured)]
    assert all("otlp.protocol" in detail or "scheme of otlp.endpoint" in detail for detail in details)
