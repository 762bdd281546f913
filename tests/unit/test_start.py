"""What a start costs: nothing is imported that the daemon does not need before its first message, nor before it can
hear of a stop.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import yaml

from agent.demo.environment import isolated
from tests.support.clock import DEADLINE_SECONDS

LATER: Final = {
    "rich": "structlog's console and the help of the command line",
    "structlog": "the log of somebody at a terminal",
    "asyncio": "nobody",
    "grpc": "the gRPC protocol",
    "agent.telemetry.status.front": "the status page",
    "agent.telemetry.status.runbook": "the runbook's page",
    "agent.demo.world": "the demo",
}
_RUN: Final = "import sys, agent.cli.app, agent.daemon, agent.sink.otlp.http; print(*sys.modules)"


def test_a_start_waits_for_no_module_that_comes_later() -> None:
    """Each of these takes a tenth of a second or some megabytes; whoever needs it imports it then."""
    command = [sys.executable, "-c", _RUN]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert "agent.daemon" in loaded
    assert sorted(LATER.keys() & set(loaded)) == []


_AT_THE_NEXT_IMPORT: Final = """
import builtins, os, signal, sys
from agent import __main__
import_it = builtins.__import__

def import_after_the_signal(name, *more):
    if name.startswith("agent.") and builtins.__import__ is import_after_the_signal:
        builtins.__import__ = import_it
        os.kill(os.getpid(), signal.SIGTERM)
    return import_it(name, *more)

builtins.__import__ = import_after_the_signal
__main__.main()
"""
_LOADED: Final = "import sys; before = set(sys.modules); import agent.__main__; print(*(set(sys.modules) - before))"


def test_a_stop_signal_before_anything_is_imported_ends_the_daemon_well(tmp_path: Path) -> None:
    """As the first process of a container it would lose the signal; as any other one it would be killed by it."""
    config = tmp_path / "agent.yaml"
    nowhere = "http://127.0.0.1:9"
    settings = {
        "queue": {"url": f"{nowhere}/111122223333/trail-agent", "region": "us-west-2"},
        "buckets": [{"name": "acme-trail"}],
        "http": {"listen": "127.0.0.1:0"},
        "aws": {"endpoint_url": nowhere},
        "log": {"format": "json"},
    }
    config.write_text(yaml.safe_dump(settings))
    command = [sys.executable, "-c", _AT_THE_NEXT_IMPORT, "run", "-c", str(config)]
    ended = subprocess.run(
        command, env=isolated(), capture_output=True, text=True, timeout=DEADLINE_SECONDS, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert '"event": "stopped"' in ended.stderr


def test_hardly_anything_is_imported_before_stop_signals_are_kept() -> None:
    """Each module is a moment in which one is lost."""
    loaded = subprocess.run([sys.executable, "-S", "-c", _LOADED], check=True, capture_output=True, text=True).stdout
    assert {name for name in loaded.split() if name.startswith("agent")} == {"agent", "agent.__main__"}
    assert {"typing", "re", "threading", "socket"} & set(loaded.split()) == set()
