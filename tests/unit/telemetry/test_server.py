"""The HTTP endpoints over real sockets: paths, methods, headers, and clients that are slow, many or hostile."""

from __future__ import annotations

import gzip
import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest

from agent.errors import SettingsError
from agent.telemetry.connection import HEAD_BYTES
from agent.telemetry.pages import Page, Request
from agent.telemetry.server import CONNECTIONS, Server
from tests.support.telemetry import ObservedTelemetry, observed

PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What a client got."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Site:
    """A telemetry and its running server."""

    rig: ObservedTelemetry
    port: int

    def get(self, path: str, method: str = "GET", headers: dict[str, str] | None = None) -> Reply:
        """Ask for `path` as any client would."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)) as connection:
            connection.request(method, path, headers=headers or {})
            response = connection.getresponse()
            return Reply(response.status, dict(response.getheaders()), response.read())

    def open(self) -> socket.socket:
        """Connect and say nothing."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)


@pytest.fixture
def site() -> Iterator[Site]:
    """The endpoints of a telemetry that nothing has been told."""
    subject = observed()
    server = subject.telemetry.server("127.0.0.1", 0)
    server.start()
    yield Site(subject, server.port)
    server.stop()


def read_all(client: socket.socket) -> bytes:
    """What the server sends until it hangs up; a reset is a way to hang up."""
    received = b""
    try:
        while chunk := client.recv(65536):
            received += chunk
    except ConnectionError:
        pass
    return received


@pytest.mark.parametrize("path", ["/livez", "/healthz", "/-/healthy"])
def test_liveness_has_three_names(site: Site, path: str) -> None:
    """Each says ok while every thread moves, and names the one that does not."""
    with site.rig.pulse.alive():
        assert (site.get(path).status, site.get(path).body) == (200, b"ok\n")
        site.rig.clock.elapsed += 61
        reply = site.get(path)
    assert (reply.status, reply.body) == (503, b"thread MainThread has not moved for more than 60 s\n")


@pytest.mark.parametrize("path", ["/readyz", "/-/ready"])
def test_readiness_has_two_names_and_its_reasons(site: Site, path: str) -> None:
    """503 with one reason a line, 200 once nothing is in the way."""
    telemetry = site.rig.telemetry
    telemetry.sink_down("unavailable", "connection refused")
    reply = site.get(path)
    assert (reply.status, reply.body) == (
        503,
        b"queue has not answered yet\nsink: connection refused (for 0 s)\n",
    )
    telemetry.queue_up()
    telemetry.sink_up()
    assert (site.get(path).status, site.get(path).body) == (200, b"ok\n")


def test_metrics_are_negotiated(site: Site) -> None:
    """Text by default, OpenMetrics and gzip for those who ask."""
    plain = site.get("/metrics")
    assert plain.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert b"trail_agent_sink_up 0.0\n" in plain.body
    packed = site.get(
        "/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0", "Accept-Encoding": "gzip"}
    )
    assert packed.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body).endswith(b"# EOF\n")


def test_the_front_page_is_html_for_people(site: Site) -> None:
    """`/` is a page with a title, and a query changes nothing."""
    reply = site.get("/?x=1")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"<title>trail-agent: not ready</title>" in reply.body


@pytest.mark.parametrize("path", ["/metrics/", "/favicon.ico", "/..//metrics", "/<script>"])
def test_any_other_path_is_not_found_and_not_repeated(site: Site, path: str) -> None:
    """404, with nothing of the request in the answer."""
    reply = site.get(path)
    assert (reply.status, reply.body) == (404, b"not found: see /, /metrics, /livez, /readyz and /runbook\n")


def test_the_runbook_is_served_with_every_reason(site: Site) -> None:
    """`/runbook` is a page, too: a link of the status page leads to an entry of it."""
    reply = site.get("/runbook")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b'id="dead-letter-object_missing"' in reply.body


@pytest.mark.parametrize("path", ["/", "/runbook", "/metrics", "/livez", "/nowhere"])
def test_head_answers_like_get_without_a_body(site: Site, path: str) -> None:
    """Status and type are those of GET; nothing follows the headers."""
    got, asked = site.get(path), site.get(path, "HEAD")
    assert (asked.status, asked.headers["Content-Type"], asked.body) == (got.status, got.headers["Content-Type"], b"")
    assert int(asked.headers["Content-Length"]) > 0


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "BREW"])
def test_other_methods_are_not_allowed(site: Site, method: str) -> None:
    """405 names the two that are."""
    reply = site.get("/metrics", method)
    assert (reply.status, reply.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", ["/", "/runbook", "/metrics", "/readyz", "/nowhere"])
def test_every_answer_carries_the_security_headers(site: Site, path: str) -> None:
    """No sniffing, no scripts, no storing, no referrer, and no version to look exploits up by."""
    headers = site.get(path).headers
    assert headers["Server"] == "trail-agent"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha256-")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /" + b"x" * (HEAD_BYTES + 10) + b" HTTP/1.1\r\n\r\n", b"414"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * (HEAD_BYTES + 10) + b"\r\n\r\n", b"431"),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", b"431"),
        (b"GET / HTTP/9.9\r\n\r\n", b"505"),
        (b"\x16\x03\x01 hello TLS\r\n\r\n", b"400"),
    ],
)
def test_a_head_that_is_too_large_or_no_http_is_refused(site: Site, head: bytes, status: bytes) -> None:
    """A bounded head is read, and the answer repeats nothing of it."""
    with site.open() as client:
        client.sendall(head)
        answer = read_all(client)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b"xxx" not in answer
    assert b"hello" not in answer


@pytest.mark.row(33)
def test_slow_clients_do_not_keep_a_probe_out(site: Site) -> None:
    """With many times more silent connections than are served at once, a probe is answered at once."""
    silent = [site.open() for _ in range(4 * CONNECTIONS)]
    try:
        assert site.get("/livez").status == 200
        assert site.get("/metrics").status == 200
    finally:
        for client in silent:
            client.close()


@pytest.mark.row(33)
def test_the_number_of_threads_is_bounded(site: Site) -> None:
    """However many clients connect, no more than the fixed number of threads serves them."""
    before = threading.active_count()
    silent = [site.open() for _ in range(3 * CONNECTIONS)]
    try:
        site.get("/livez")
        assert threading.active_count() - before <= CONNECTIONS
    finally:
        for client in silent:
            client.close()


def test_the_oldest_connection_makes_room(site: Site) -> None:
    """When all places are taken, the client that has been there the longest is sent away."""
    silent = [site.open() for _ in range(CONNECTIONS)]
    try:
        assert site.get("/livez").status == 200
        assert read_all(silent[0]) == b""
    finally:
        for client in silent:
            client.close()


@pytest.mark.row(33)
def test_many_clients_at_once_are_all_answered(site: Site) -> None:
    """Half as many scrapers as there are places all get their metrics, again and again."""
    results: list[int] = []

    def scrape() -> None:
        results.extend(site.get("/metrics").status for _ in range(5))

    threads = [threading.Thread(target=scrape) for _ in range(CONNECTIONS // 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [200] * 5 * (CONNECTIONS // 2)


def test_a_client_that_goes_away_is_no_failure(site: Site) -> None:
    """Reset connections are not worth a line in the log."""
    for _ in range(10):
        with site.open() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            client.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
    assert site.get("/livez").status == 200
    assert site.rig.lines() == []


def test_a_page_that_fails_is_reported_and_the_server_goes_on() -> None:
    """A bug in a page costs one answer, and its error reaches who is told of failures."""
    failures: list[BaseException] = []

    def answer(request: Request) -> Page:
        if request.path == "/bug":
            raise ValueError(request.path)
        return Page(200, "text/plain", b"fine")

    server = Server("127.0.0.1", 0, answer, failures.append)
    server.start()
    site = Site(observed(), server.port)
    try:
        with pytest.raises(http.client.RemoteDisconnected):
            site.get("/bug")
        assert site.get("/").body == b"fine"
    finally:
        server.stop()
    assert [type(failure) for failure in failures] == [ValueError]


@pytest.mark.row(33)
def test_a_client_that_drips_has_one_deadline_for_all_of_it() -> None:
    """Bytes that keep coming do not buy time: the connection ends when its whole time is up."""
    server = Server("127.0.0.1", 0, lambda _request: Page(200, "text/plain", b""), lambda _: None, deadline_seconds=0.2)
    server.start()
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as client:
            client.sendall(b"GET / HTTP/1.1\r\n")
            client.settimeout(0.02)
            drops = 0
            while not hung_up(client):
                drops += 1
            assert 0 < drops < PATIENCE / 0.02
    finally:
        server.stop()


def hung_up(client: socket.socket) -> bool:
    """Send one more byte of a header and listen for a moment: whether the server has ended the connection."""
    try:
        client.sendall(b"x")
        return client.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_a_taken_port_is_a_problem_of_the_settings(site: Site) -> None:
    """The operator reads which setting, which address, and what to do."""
    with pytest.raises(SettingsError) as caught:
        site.rig.telemetry.server("127.0.0.1", site.port).start()
    (problem,) = caught.value.problems
    assert problem.startswith(f"http.listen: cannot listen on 127.0.0.1:{site.port}: Address already in use; ")


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70_000), ("203.0.113.1", 0)])
def test_an_address_that_cannot_be_had_is_a_problem_of_the_settings(host: str, port: int) -> None:
    """A port out of range or an address of another machine is told in the same way."""
    with pytest.raises(SettingsError, match=r"^http\.listen: "):
        observed().telemetry.server(host, port).start()


def test_ipv6_is_served() -> None:
    """A host with colons, in brackets or not, is an IPv6 address."""
    server = observed().telemetry.server("[::1]", 0)
    try:
        server.start()
    except SettingsError:
        pytest.skip("this machine has no IPv6 loopback")
    try:
        with closing(http.client.HTTPConnection("::1", server.port, timeout=PATIENCE)) as connection:
            connection.request("GET", "/livez")
            assert connection.getresponse().status == 200
    finally:
        server.stop()


def test_stop_frees_the_port_and_sends_everybody_away() -> None:
    """After stop, the address can be had again, and who was still connected is not."""
    server = observed().telemetry.server("127.0.0.1", 0)
    server.start()
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as client:
        server.stop()
        assert read_all(client) == b""
    again = observed().telemetry.server("127.0.0.1", server.port)
    again.start()
    again.stop()


def test_a_server_that_never_started_can_be_stopped() -> None:
    """A start that failed half-way needs no special case."""
    server = observed().telemetry.server("127.0.0.1", 9464)
    server.stop()
    assert server.port == 9464
