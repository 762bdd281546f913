"""The real process as a service of systemd, which listens on the socket that the unit names."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.test_lifecycle import Moody, put_events
from tests.support.clock import DEADLINE_SECONDS, eventually
from tests.support.cloud import Cloud
from tests.support.daemon import Daemon
from tests.support.notify_socket import NotifySocket
from tests.support.otlp_receiver import HttpReceiver

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="systemd runs on Linux only")
WATCHDOG = {"WATCHDOG_USEC": "400000"}  # a report comes every 0.2 s


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[NotifySocket]:
    """What listens at NOTIFY_SOCKET."""
    with NotifySocket.within(tmp_path / "run") as listening:
        yield listening


def variables(systemd: NotifySocket, **more: str) -> dict[str, str]:
    """What systemd adds to the environment of a service with a watchdog."""
    return {"NOTIFY_SOCKET": systemd.address, **WATCHDOG, **more}


def test_a_service_tells_its_start_its_flow_and_its_stop(cloud: Cloud, tmp_path: Path, systemd: NotifySocket) -> None:
    """READY, then the counters of what was delivered, with the watchdog fed, then STOPPING, and a last word."""
    with (
        HttpReceiver() as sink,
        Daemon.run(tmp_path, cloud.settings(sink), variables=variables(systemd)) as agent,
    ):
        first = systemd.next()
        assert (first["READY"], first["WATCHDOG"]) == ("1", "1")
        assert first["STATUS"].startswith("not ready: queue has not answered yet; received 0, ")
        put_events(cloud, 5)
        delivered = systemd.until("STATUS", "exported 5)")
        assert delivered["WATCHDOG"] == "1"
        assert "objects 1, events 5 (skipped 0, exported 5)" in delivered["STATUS"]
        assert agent.stop() == 0
        assert systemd.until("STOPPING", "1")["STATUS"].startswith("stopping; received ")
        assert systemd.waiting()[-1].keys() == {"STATUS", "WATCHDOG"}
    assert sum("READY" in report for report in systemd.heard) == 1


def test_a_service_counts_as_started_while_its_sink_is_down(
    cloud: Cloud, tmp_path: Path, systemd: NotifySocket
) -> None:
    """READY does not wait for the sink, STATUS says what is missing, and the watchdog is fed: nothing restarts it."""
    with (
        HttpReceiver(rule=Moody(down=True)) as sink,
        Daemon.run(tmp_path, cloud.settings(sink), variables=variables(systemd)) as agent,
    ):
        assert systemd.next()["READY"] == "1"
        assert systemd.until("STATUS", "503")["STATUS"].startswith("not ready: sink: ")
        assert all(report["WATCHDOG"] == "1" for report in systemd.heard)
        assert agent.stop() == 0
        systemd.until("STOPPING", "1")


def test_a_service_with_bad_settings_never_counts_as_started(
    cloud: Cloud, tmp_path: Path, systemd: NotifySocket
) -> None:
    """Exit code 78 without READY: `systemctl start` fails, and RestartPreventExitStatus keeps the unit down."""
    settings = cloud.settings("http://127.0.0.1:9", workres=3)
    with Daemon.run(tmp_path, settings, variables=variables(systemd)) as agent:
        assert agent.child.wait(DEADLINE_SECONDS) == 78
    assert systemd.waiting() == []


def test_the_watchdogs_signal_leaves_the_stack_of_each_thread(
    cloud: Cloud, tmp_path: Path, systemd: NotifySocket
) -> None:
    """SIGABRT, with PYTHONFAULTHANDLER as the unit sets it, writes where each worker stood, and ends the process."""
    with (
        HttpReceiver() as sink,
        Daemon.run(tmp_path, cloud.settings(sink), variables=variables(systemd, PYTHONFAULTHANDLER="1")) as agent,
    ):
        systemd.until("STATUS", "ready; ")
        eventually(lambda: agent.metric("trail_agent_last_receive_timestamp_seconds"), "the workers work")
        agent.child.process.send_signal(signal.SIGABRT)
        code = agent.child.wait(DEADLINE_SECONDS)
        assert code is not None
        assert code < 0
        assert 'agent/flow/worker.py", line' in agent.log_text()
