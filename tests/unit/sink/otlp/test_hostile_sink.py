"""A sink that means harm: whatever it sends, and for however long, a request ends in time and costs little memory.

Each answer comes from a real socket, byte by byte as written here: no HTTP server would send the like.
"""

from __future__ import annotations

import gzip
import select
import socket
import ssl
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from itertools import chain, repeat
from pathlib import Path

import pytest

from agent.sink.answer import Accepted, Answer, Later, Refused
from agent.sink.otlp.http import HttpTransport
from tests.support.otlp_receiver import HttpReceiver, HttpReply
from tests.support.private_ca import PrivateCa

Parts = Iterable[bytes]
TIMEOUT = 0.5
SLACK = 4.0  # for a noisy machine
MOST_BYTES = 8 << 20

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\n"
ELSEWHERE = b"HTTP/1.1 302 Found\r\nLocation: /login\r\n"
REFUSED = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"


class RawServer:
    """Sends every client the same bytes, `pause` seconds after each part, until it hangs up."""

    def __init__(self, parts: Callable[[], Parts], pause: float) -> None:
        self._parts = parts
        self._pause = pause
        self._closing = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)  # so that it hears of its end
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"

    @classmethod
    @contextmanager
    def sending(cls, parts: Callable[[], Parts], pause: float = 0.0) -> Iterator[RawServer]:
        """Serve one client after the other while the block runs."""
        server = cls(parts, pause)
        thread = threading.Thread(target=server._serve, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server._closing.set()
            thread.join(10)
            server._listener.close()

    def _serve(self) -> None:
        while not self._closing.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            with client:
                client.settimeout(1)  # a client that has turned away does not take what is sent
                self._send(client)

    def _send(self, client: socket.socket) -> None:
        try:
            client.recv(1 << 16)
            for part in self._parts():
                client.sendall(part)
                if self._closing.wait(self._pause) if self._pause else self._closing.is_set():
                    return
            client.recv(1 << 16)
        except OSError:  # it hung up, as it should
            return


class SlowReader(RawServer):
    """Shakes hands over TLS after `pause` seconds, takes a request in sips, and never answers."""

    tls: ssl.SSLContext

    def _send(self, client: socket.socket) -> None:
        self._closing.wait(self._pause)
        with suppress(OSError), self.tls.wrap_socket(client, server_side=True) as taken:
            while taken.recv(1 << 14) and not self._closing.wait(0.02):
                pass


class TlsProxy(RawServer):
    """Connects whoever comes over TLS to `sink`, whatever he asks for."""

    tls: ssl.SSLContext
    sink: tuple[str, int]

    def _send(self, client: socket.socket) -> None:
        with (
            suppress(OSError),
            self.tls.wrap_socket(client, server_side=True) as near,
            socket.create_connection(self.sink) as far,
        ):
            near.recv(1 << 16)
            near.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            while not self._closing.is_set():
                for ready in select.select([near, far], [], [], 0.05)[0]:
                    (far if ready is near else near).sendall(ready.recv(1 << 16))


@contextmanager
def _silent_host(monkeypatch: pytest.MonkeyPatch, dead: int, alive: str = "") -> Iterator[str]:
    """The address of a host with so many addresses that take no connection, before one that does, if there is one."""
    with ExitStack() as stack:
        places = [_deaf(stack, number) for number in range(dead)]
        if alive:
            host, _, port = alive.partition(":")
            places.append((host, int(port)))
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in places]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: found)
        yield "sink.example:4318"


def _deaf(stack: ExitStack, number: int) -> tuple[str, int]:
    """A listener whose queue is full, so that the system does not answer to whoever wants to connect."""
    listener = stack.enter_context(socket.socket())
    listener.bind((f"127.0.1.{number + 1}", 0))
    listener.listen(0)
    place: tuple[str, int] = listener.getsockname()
    for _ in range(4):
        waiting = stack.enter_context(socket.socket())
        waiting.settimeout(0.05)
        with suppress(TimeoutError):
            waiting.connect(place)
    return place


def _server_side(ca: PrivateCa) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca.server_cert, ca.server_key)
    return context


def _transport(
    url: str, headers: Mapping[str, str] | None = None, *, timeout: float = TIMEOUT, ca_file: Path | None = None
) -> HttpTransport:
    return HttpTransport(
        url,
        headers or {},
        timeout=timeout,
        compression="none",
        ca_file=ca_file,
        cert_file=None,
        key_file=None,
        user_agent="trail-agent/9",
    )


def _answer(parts: Callable[[], Parts], pause: float = 0.0) -> tuple[Answer, float]:
    """What the transport makes of it, and the seconds that it took."""
    with RawServer.sending(parts, pause) as server:
        transport = _transport(f"http://{server.address}/v1/logs")
        begun = time.monotonic()
        answer = transport.send(b"payload")
        took = time.monotonic() - begun
        transport.close()
    return answer, took


def _bomb(wrappings: int) -> bytes:
    """300 MB of zeros, compressed as often as asked."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(compressor.compress(bytes(1 << 20)) for _ in range(300)) + compressor.flush()
    for _ in range(wrappings - 1):
        bomb = gzip.compress(bomb, 9, mtime=0)
    return bomb


@pytest.mark.parametrize("wrappings", [1, 2, 3])
def test_a_bomb_is_not_inflated(wrappings: int) -> None:
    """An answer that is compressed though we asked for none is read up to 64 KiB of what it inflates to."""
    bomb = _bomb(wrappings)
    head = REFUSED + b"Content-Encoding: " + b", ".join([b"gzip"] * wrappings)
    whole = head + b"\r\nContent-Length: %d\r\n\r\n" % len(bomb) + bomb
    tracemalloc.start()
    answer, took = _answer(lambda: [whole])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(answer, Refused)
    assert took < SLACK
    assert peak < MOST_BYTES + len(whole)


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param(
            lambda: chain([REFUSED, b"Content-Length: 99999999999\r\n\r\n"], repeat(bytes(1 << 16))), id="body"
        ),
        pytest.param(lambda: chain([REFUSED, CHUNKED], repeat(b"10000\r\n" + bytes(1 << 16) + b"\r\n")), id="chunks"),
        pytest.param(lambda: chain([OK, CHUNKED, b"0\r\n"], repeat(b"X-T: y\r\n" * 1000)), id="trailers"),
        pytest.param(lambda: chain([OK, CHUNKED, b"1;"], repeat(b"x" * (1 << 16))), id="chunk extension"),
        pytest.param(lambda: chain([OK], repeat(b"X-H: y\r\n" * 1000)), id="headers"),
        pytest.param(lambda: chain([OK, b"X-H: "], repeat(b"y" * (1 << 16))), id="one header"),
        pytest.param(lambda: repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000), id="interim answers"),
    ],
)
def test_an_answer_without_an_end_is_given_up(parts: Callable[[], Parts]) -> None:
    """Gigabytes as fast as the network carries them end at a limit, or at the time-out, and are never a yes."""
    tracemalloc.start()
    answer, took = _answer(parts)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(answer, Later | Refused)
    assert took < TIMEOUT + SLACK
    assert peak < MOST_BYTES


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param(lambda: chain([OK, CHUNKED, b"0\r\n"], repeat(b"X-T: y\r\n")), id="trailers"),
        pytest.param(lambda: chain([OK, CHUNKED, b"1;"], repeat(b"x")), id="chunk extension"),
        pytest.param(lambda: chain([OK, CHUNKED], repeat(b"1\r\nx\r\n")), id="chunks"),
        pytest.param(lambda: repeat(b"HTTP/1.1 100 Continue\r\n\r\n"), id="interim answers"),
        pytest.param(lambda: chain([ELSEWHERE, CHUNKED], repeat(b"1\r\nx\r\n")), id="redirect"),
    ],
)
def test_an_answer_that_dribbles_has_one_deadline(parts: Callable[[], Parts]) -> None:
    """Each part comes in time and the whole never does: the time-out is for the whole."""
    answer, took = _answer(parts, pause=0.05)
    assert isinstance(answer, Later)
    assert took < TIMEOUT + SLACK


def test_a_proxy_that_dribbles_has_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """So has a proxy that never comes to an end with its answer to CONNECT."""
    with RawServer.sending(lambda: chain([b"HTTP/1.1 200 OK\r\n"], repeat(b"X-H: y\r\n")), pause=0.05) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")
        monkeypatch.setenv("NO_PROXY", "")
        transport = _transport("https://sink.example/v1/logs")
        begun = time.monotonic()
        answer = transport.send(b"payload")
        transport.close()
    assert isinstance(answer, Later)
    assert time.monotonic() - begun < TIMEOUT + SLACK


def test_a_proxy_and_a_sink_behind_it_share_one_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that takes most of the time to connect us leaves little of it to a sink that does not shake hands."""
    with RawServer.sending(lambda: chain([b"HTTP/1.1 200 OK\r\n", b"\r\n"], repeat(b"")), pause=1.5) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")
        monkeypatch.setenv("NO_PROXY", "")
        transport = _transport("https://sink.example/v1/logs", timeout=2.0)
        begun = time.monotonic()
        answer = transport.send(b"payload")
        transport.close()
    assert isinstance(answer, Later)
    assert time.monotonic() - begun < 3.0


@pytest.mark.parametrize("part", ["head", "body"])
def test_a_sink_that_dribbles_behind_a_proxy_over_tls_has_a_deadline(
    monkeypatch: pytest.MonkeyPatch, ca: PrivateCa, part: str
) -> None:
    """TLS within TLS is cut off as any other connection is."""
    TlsProxy.tls = _server_side(ca)
    with HttpReceiver([HttpReply(dribble=part)], tls=ca) as receiver, TlsProxy.sending(list) as proxy:
        TlsProxy.sink = ("127.0.0.1", int(receiver.address.rpartition(":")[2]))
        monkeypatch.setenv("HTTPS_PROXY", f"https://{proxy.address}")
        monkeypatch.setenv("NO_PROXY", "")
        transport = _transport(f"{receiver.url}/v1/logs", timeout=2.0, ca_file=ca.ca_file)
        begun = time.monotonic()
        answer = transport.send(b"")
        took = time.monotonic() - begun
        transport.close()
    assert isinstance(answer, Later)
    assert len(receiver.exports) == 1
    assert took < 2.0 + SLACK


def test_a_host_of_dead_addresses_has_one_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many addresses a name has, waiting for all of them takes no longer than for one."""
    with _silent_host(monkeypatch, dead=16) as host:
        transport = _transport(f"http://{host}/v1/logs")
        begun = time.monotonic()
        answer = transport.send(b"payload")
        transport.close()
    assert isinstance(answer, Later)
    assert answer.detail.endswith("within 0.5 s")
    assert time.monotonic() - begun < TIMEOUT + SLACK


@pytest.mark.parametrize("dead", [1, 3])
def test_a_dead_address_leaves_time_for_the_next(monkeypatch: pytest.MonkeyPatch, dead: int) -> None:
    """The sink is reached at the last of its addresses, though the others do not even refuse."""
    with HttpReceiver() as receiver, _silent_host(monkeypatch, dead, receiver.address) as host:
        transport = _transport(f"http://{host}/v1/logs", timeout=4.0)
        assert transport.send(b"") == Accepted()
        transport.close()


def test_a_host_without_an_address_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A resolver that has nothing to say and does not call it an error is no reason to lose a record."""
    with _silent_host(monkeypatch, dead=0) as host:
        answer = _transport(f"http://{host}/v1/logs").send(b"payload")
    assert isinstance(answer, Later)
    assert "OSError" in answer.detail


def test_shaking_hands_and_sending_share_one_deadline(ca: PrivateCa) -> None:
    """A sink that is slow to shake hands has little time left to take a request in sips."""
    SlowReader.tls = _server_side(ca)
    with SlowReader.sending(list, pause=1.5) as server:
        transport = _transport(f"https://{server.address}/v1/logs", timeout=2.0, ca_file=ca.ca_file)
        begun = time.monotonic()
        answer = transport.send(bytes(16 << 20))
        took = time.monotonic() - begun
        transport.close()
    assert isinstance(answer, Later)
    assert took < 3.0


def test_a_proxy_that_quotes_our_credentials_gives_none_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its reason for not connecting us is told without them, also where the cut of what is told goes through."""
    token = "s3cret-token-" + "0123456789" * 4
    with RawServer.sending(lambda: [b"HTTP/1.1 403 " + b"." * 220 + f"{token}\r\n\r\n".encode()]) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{proxy.address}")
        monkeypatch.setenv("NO_PROXY", "")
        transport = _transport("https://sink.example/v1/logs", {"x-key": token})
        answer = transport.send(b"payload")
        transport.close()
    assert isinstance(answer, Later)
    assert answer.detail.endswith("...[redacted]")


def test_an_answer_with_trailers_is_read() -> None:
    """What the deadline is for is no fault by itself: chunks, extensions and trailers that end are an answer."""
    whole = OK + CHUNKED + b"0;note=x\r\nX-T: y\r\n\r\n"
    assert _answer(lambda: [whole])[0] == Accepted()
