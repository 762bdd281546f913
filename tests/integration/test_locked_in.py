"""The real process under the system call filter of its unit, in which a refused call ends it."""

from __future__ import annotations

import re
import signal
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.integration.test_lifecycle import put_events
from tests.support.clock import DEADLINE_SECONDS, eventually
from tests.support.cloud import Cloud
from tests.support.daemon import Daemon
from tests.support.otlp_receiver import GrpcReceiver, HttpReceiver
from tests.support.tools import run_tool

UNIT = Path(__file__).parents[2] / "deploy" / "systemd" / "trail-agent.service"
PROGRAM = ("-m", "tests.support.locked_in")


def value_of(key: str) -> list[str]:
    """The words that the unit gives to `key`, in order."""
    return [word for line in re.findall(rf"^{key}=(.*)$", UNIT.read_text(), re.MULTILINE) for word in line.split()]


def sets() -> Mapping[str, list[str]]:
    """systemd's sets of system calls, each with its calls and with the sets within it."""
    blocks = re.split(r"^(?=@)", run_tool("systemd-analyze", "syscall-filter").stdout, flags=re.MULTILINE)
    lines = [[line.strip() for line in block.splitlines()] for block in blocks if block.startswith("@")]
    return {name: [line for line in rest if line and not line.startswith("#")] for name, *rest in lines}


def calls_of(name: str, known: Mapping[str, list[str]]) -> set[str]:
    """All calls of a set; a call itself if it is none."""
    return set().union(*(calls_of(inner, known) for inner in known[name])) if name in known else {name}


def variables(*, without: str = "") -> dict[str, str]:
    """What the unit allows, less the call `without`."""
    known = sets()
    allowed, refused = " ".join(value_of("SystemCallFilter")).split("~")
    calls = set().union(*(calls_of(name, known) for name in allowed.split()))
    calls -= set().union(*(calls_of(name, known) for name in refused.split()))
    families = " ".join(value_of("RestrictAddressFamilies"))
    return {"ALLOWED_CALLS": " ".join(sorted(calls - {without})), "ALLOWED_FAMILIES": families}


@pytest.mark.parametrize("receiver", [HttpReceiver, GrpcReceiver])
def test_nothing_that_the_agent_does_is_refused(
    cloud: Cloud, tmp_path: Path, receiver: type[HttpReceiver | GrpcReceiver]
) -> None:
    """From the start through a delivery, over either protocol and to a sink that has a name, to the stop."""
    with receiver() as sink:
        settings = cloud.settings(sink)
        settings["otlp"]["endpoint"] = sink.url.replace("127.0.0.1", "localhost")
        with Daemon.run(tmp_path, settings, program=PROGRAM, variables=variables()) as agent:
            put_events(cloud, 3)
            eventually(lambda: cloud.is_idle() or not agent.child.alive, "the message is deleted")
            assert agent.stop() == 0, agent.log_text()
        assert sum(len(export.records) for export in sink.exports) == 3


def test_a_refused_call_would_be_seen(cloud: Cloud, tmp_path: Path) -> None:
    """Without one of the calls that every service makes, the process does not live."""
    settings = cloud.settings("http://127.0.0.1:9")
    with Daemon.run(tmp_path, settings, program=PROGRAM, variables=variables(without="bind")) as agent:
        assert agent.child.wait(DEADLINE_SECONDS) == -signal.SIGSYS
