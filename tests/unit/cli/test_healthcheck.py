"""`trail-agent healthcheck`, as a container's HEALTHCHECK and an operator meet it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from typer.testing import CliRunner, Result

from agent.cli.agent_http import AgentAddress, NoReplyError, get
from agent.cli.app import app
from tests.support.trickle import trickling


@dataclass
class Page:
    """What a server answers, and what it was asked for."""

    status: int = 200
    body: bytes = b"ok\n"
    targets: list[str] = field(default_factory=list)


@contextmanager
def serving(page: Page) -> Iterator[str]:
    """Answer every GET with `page` while the block runs; gives host and port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page.targets.append(self.path)
            self.send_response(page.status)
            self.end_headers()
            self.wfile.write(page.body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def healthcheck(url: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(app, ["healthcheck", "--url", url])


def test_a_living_agent_is_healthy_and_nothing_is_said() -> None:
    """A 200 is exit code 0; the path defaults to the liveness endpoint, and a query string is sent along."""
    page = Page()
    with serving(page) as place:
        results = [healthcheck(f"http://{place}"), healthcheck(f"http://{place}/livez?probe=1")]
    assert [(result.exit_code, result.output) for result in results] == [(0, ""), (0, "")]
    assert page.targets == ["/livez", "/livez?probe=1"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"worker-1: stuck\nmore\nand more", ": worker-1: stuck"),
        (b"<!DOCTYPE HTML>\n<html>nothing here</html>", ""),
        (b"", ""),
        (b"bell\x07\x1b[2J", ": bell??[2J"),
    ],
    ids=["text", "html", "empty", "control characters"],
)
def test_another_answer_is_told_in_one_line(body: bytes, said: str) -> None:
    """The status and at most the first line of a plain answer are shown; a web page is not."""
    with serving(Page(503, body)) as place:
        result = healthcheck(f"http://{place}/livez")
    assert result.exit_code == 1
    assert result.stderr == f"✗ http://{place}/livez answers 503{said}\n"


@pytest.mark.parametrize(
    ("answer", "pause"),
    [(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 40, 0.05), (b"HTTP/1.1 100 Continue\r\n\r\n", 0.0)],
    ids=["a byte now and then", "fast and without an end"],
)
def test_an_answer_must_be_whole_in_time(answer: bytes, pause: float) -> None:
    """However it comes: the time is that of the whole answer, and not of each part."""
    with trickling(answer, pause) as place, pytest.raises(NoReplyError, match="timed out"):
        get(AgentAddress.of(f"http://{place}", "/livez"), 500, 0.5)


@pytest.mark.parametrize("host", ["127.0.0.1:1", f"{'a' * 70}:80"], ids=["nobody listens", "no host has such a name"])
def test_no_answer_is_told_without_the_password(host: str) -> None:
    """Whatever kept the answer away, it is one line with exit code 1, without the URL's user name and password."""
    result = healthcheck(f"http://someone:s3cret@{host}/livez")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"✗ http://{host}/livez does not answer: ")
    assert len(result.stderr.splitlines()) == 1
    assert "s3cret" not in result.output
    assert "someone" not in result.output


@pytest.mark.parametrize(
    "url",
    [
        "http://u:s3cret@localhost:99999/",
        "http://u:s3cret@[::1",
        "http://u:s3cret@localhost:port/",
        "http://u:s3cret@localhost:0/",
        "https://u:s3cret@localhost/",
        "http://u:s3cret@/livez",
        "http://u:s3cret@h/a b",
        "",
    ],
)
def test_what_is_no_address_is_a_usage_error(url: str) -> None:
    """A URL that cannot be asked ends with exit code 2, names the option, and is not echoed."""
    result = healthcheck(url)
    assert result.exit_code == 2
    assert "--url" in result.stderr
    assert "s3cret" not in result.output
    assert "Traceback" not in result.output
