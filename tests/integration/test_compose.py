"""What `docker compose up` starts in deploy/compose, without Docker: the same commands, with loopback for the hosts."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from agent.cli.app import app
from agent.demo.environment import isolated
from agent.demo.receiver import Receiver
from tests.support.clock import eventually
from tests.support.daemon import Daemon

COMPOSE = Path(__file__).parents[2] / "deploy" / "compose"
ENDPOINT = re.compile(r"endpoint_url: (http://\S+)")


@contextmanager
def serving(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`trail-agent demo --serve …`; it is killed at the end if it has not ended."""
    process = subprocess.Popen(
        [sys.executable, "-m", "agent", "demo", *arguments],
        env=isolated(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        with process:
            yield process
            process.kill()
    finally:
        process.kill()


def endpoint_of(process: subprocess.Popen[str]) -> str:
    """The address that it says it serves."""
    assert process.stdout is not None
    for line in process.stdout:
        if found := ENDPOINT.search(line):
            return found[1]
    raise AssertionError("it ended without an address")


def test_an_agent_with_the_settings_of_compose_ships_the_events_of_the_served_account(tmp_path: Path) -> None:
    """The account is served under a host's name; the agent finds queue and bucket there; SIGTERM ends both well."""
    text = (COMPOSE / "agent.yaml").read_text(encoding="utf-8")
    with serving("--serve", "127.0.0.1:0", "--profiles", "identity") as account, Receiver.start() as sink:
        here = endpoint_of(account).replace("127.0.0.1", "localhost")
        assert "http://aws:5000" in text
        settings = yaml.safe_load(text.replace("http://aws:5000", here)) | {
            "otlp": {"endpoint": sink.endpoint},
            "http": {"listen": "127.0.0.1:0"},
        }
        with Daemon.run(tmp_path, settings) as agent:
            eventually(lambda: sink.take(0.1), "a record arrives")
            assert agent.child.stop(30) == 0
        account.send_signal(signal.SIGTERM)
        assert account.wait(10) == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--serve", "5000"), "must be host:port"),
        (("--serve", "127.0.0.1:0", "--once"), "runs no agent"),
        (("--serve", "127.0.0.1:0", "--otlp-endpoint", "http://127.0.0.1:4318"), "runs no agent"),
    ],
)
def test_what_does_not_go_with_serve_is_a_usage_error(arguments: tuple[str, ...], told: str) -> None:
    """Exit code 2, and a sentence that says what is wrong."""
    result = CliRunner().invoke(app, ["demo", *arguments])
    assert result.exit_code == 2
    assert told in result.output


def test_a_port_that_is_taken_is_named() -> None:
    """The emulator's own words say why it does not start; exit code 69, no traceback."""
    with serving("--serve", "127.0.0.1:0") as first:
        port = endpoint_of(first).rpartition(":")[2]
        with serving("--serve", f"127.0.0.1:{port}") as second:
            output, _ = second.communicate()
    assert second.returncode == 69
    assert f"Port {port} is in use" in output
    assert "Traceback" not in output
