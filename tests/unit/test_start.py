"""What a start costs: nothing is imported that the daemon does not need before its first message."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

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
