"""Which host the running process asks for its queue, as a proxy that only notes what it is asked for sees it."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clock import eventually
from tests.support.daemon import Daemon

CASES = Path(__file__).parents[1] / "data" / "faults" / "queue-url-host-ignored"


class Proxy(socketserver.ThreadingTCPServer):
    """Notes the first line of each request, and serves none."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        self.asked: list[str] = []
        proxy = self

        class Handler(socketserver.StreamRequestHandler):
            """One request."""

            def handle(self) -> None:
                """Note it, and refuse."""
                proxy.asked.append(self.rfile.readline(4096).decode("latin-1").strip())
                self.wfile.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

        super().__init__(("127.0.0.1", 0), Handler)


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A proxy that the environment names for everything."""
    with Proxy() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{server.server_address[1]}")
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.row(49)
@pytest.mark.parametrize(
    ("case", "line", "host"),
    [
        (
            "vpce",
            "CONNECT vpce-0a1b2c3d4e5f60718-abcd1234.sqs.us-east-2.vpce.amazonaws.com:443 ",
            "vpce-0a1b2c3d4e5f60718-abcd1234.sqs.us-east-2.vpce.amazonaws.com",
        ),
        ("fips", "CONNECT sqs-fips.us-east-1.amazonaws.com:443 ", "sqs-fips.us-east-1.amazonaws.com"),
        (
            "localstack",
            "POST http://sqs.us-east-1.localhost.localstack.cloud:4566/ ",
            "sqs.us-east-1.localhost.localstack.cloud:4566",
        ),
    ],
)
def test_the_process_asks_the_host_of_the_queues_url(
    proxy: Proxy, tmp_path: Path, case: str, line: str, host: str
) -> None:
    """The proxy sees that host and no other of SQS, and the log names it."""
    settings = json.loads((CASES / f"{case}.json").read_text(encoding="utf-8"))
    settings |= {"http": {"listen": "127.0.0.1:0"}, "log": {"format": "json"}}
    with Daemon.run(tmp_path, settings) as agent:
        eventually(lambda: agent.said("queue_down"), "the queue is asked")
        down = next(event for event in agent.events() if event["event"] == "queue_down")
        assert f"GetQueueAttributes at {host}: " in down["detail"]
        assert {asked.partition("HTTP/")[0] for asked in proxy.asked if "sqs" in asked} == {line}
