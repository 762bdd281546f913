"""What systemd hears on a real socket: start, status, stop, and the watchdog that only living threads feed."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.settings import Supervisor
from agent.telemetry.health import STILL_SECONDS
from agent.telemetry.systemd import REPORT_SECONDS, Unit, report_seconds
from tests.support.clock import PatientClock, finish, soon
from tests.support.notify_socket import NotifySocket
from tests.support.telemetry import ObservedTelemetry, observed

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="systemd runs on Linux only")
WATCHDOG_SECONDS = 60.0


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NotifySocket]:
    """A socket of either kind, on which systemd listens."""
    kind = NotifySocket.abstract() if request.param == "abstract" else NotifySocket.within(tmp_path)
    with kind as listening:
        yield listening


@pytest.fixture
def subject() -> ObservedTelemetry:
    """The telemetry whose state is reported."""
    return observed()


class Hung:
    """A worker that beats once and then stands still until it is let go."""

    def __init__(self, subject: ObservedTelemetry) -> None:
        self._pulse = subject.pulse
        self._beaten, self._move = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, name="worker-1")
        self._thread.start()
        soon(self._beaten)

    def _work(self) -> None:
        with self._pulse.alive():
            self._beaten.set()
            soon(self._move)

    def let_go(self) -> None:
        """Let it come to its end."""
        self._move.set()
        finish(self._thread)


def unit_of(subject: ObservedTelemetry, address: str, *, watchdog: float | None = WATCHDOG_SECONDS) -> Unit:
    """The reports of `subject` to a supervisor."""
    return subject.telemetry.unit(Supervisor(address, watchdog))


def with_clock(subject: ObservedTelemetry, clock: PatientClock, address: str) -> Unit:
    """The same, whose thread waits on `clock`."""
    return Unit(
        Supervisor(address, WATCHDOG_SECONDS),
        clock,
        live=subject.telemetry.health.live,
        status=lambda: "so it is",
        stuck=subject.telemetry.stuck,
        unheard=subject.telemetry.supervisor_unheard,
    )


def test_a_start_a_stop_and_an_end_are_told_once_each(systemd: NotifySocket, subject: ObservedTelemetry) -> None:
    """READY comes first, STOPPING with what is in hand, and the last report stands when the process is gone."""
    unit = with_clock(subject, PatientClock(), systemd.address)
    unit.start()
    unit.stopping()
    unit.stop()
    assert systemd.waiting() == [
        {"READY": "1", "STATUS": "so it is", "WATCHDOG": "1"},
        {"STOPPING": "1", "STATUS": "so it is", "WATCHDOG": "1"},
        {"STATUS": "so it is", "WATCHDOG": "1"},
    ]


def test_reports_go_on_by_themselves(systemd: NotifySocket, subject: ObservedTelemetry) -> None:
    """After the start a thread reports again and again, every five seconds."""
    told = threading.Event()

    class Ticking(PatientClock):
        def wait(self, event: threading.Event, seconds: float) -> bool:
            assert seconds == REPORT_SECONDS
            return super().wait(event, seconds) if told.is_set() else False

    unit = with_clock(subject, Ticking(), systemd.address)
    unit.start()
    heard = [systemd.next() for _ in range(3)]
    told.set()
    unit.stop()
    assert [report.get("READY") for report in heard] == ["1", None, None]
    assert {report["WATCHDOG"] for report in heard} == {"1"}


def test_the_status_follows_the_flow(systemd: NotifySocket, subject: ObservedTelemetry) -> None:
    """It says what the start waits for, then that all is well, then that the daemon is stopping."""
    unit = unit_of(subject, systemd.address)
    unit.report()
    subject.telemetry.queue_up()
    subject.telemetry.sink_up()
    unit.report()
    subject.telemetry.draining("SIGTERM", 1)
    unit.report()
    states = [report["STATUS"].partition(";")[0] for report in systemd.waiting()]
    assert states == ["not ready: queue has not answered yet", "ready", "stopping"]


def test_a_hung_worker_starves_the_watchdog(systemd: NotifySocket, subject: ObservedTelemetry) -> None:
    """When a thread stands still for a minute, the watchdog is not fed, and status and log say which thread it is."""
    unit, worker = unit_of(subject, systemd.address), Hung(subject)
    subject.clock.advance(STILL_SECONDS)
    unit.report()
    assert systemd.next()["WATCHDOG"] == "1"
    subject.clock.advance(1)
    for _ in range(3):
        unit.report()
    for report in systemd.waiting():
        assert "WATCHDOG" not in report
        assert report["STATUS"].startswith("stuck: thread worker-1 has not moved for more than 60 s; ")
    (line,) = subject.lines()
    assert (line["level"], line["event"]) == ("error", "stuck")
    assert "worker-1" in str(line["detail"])
    worker.let_go()
    unit.report()
    assert systemd.next()["WATCHDOG"] == "1"


def test_a_sink_that_is_down_does_not_starve_the_watchdog(systemd: NotifySocket, subject: ObservedTelemetry) -> None:
    """A restart would mend no sink: hours later, systemd still hears that the daemon is alive, and why it waits."""
    unit = unit_of(subject, systemd.address)
    subject.telemetry.sink_down("unavailable", "connection refused")
    subject.clock.advance(7200)
    unit.report()
    report = systemd.next()
    assert report["WATCHDOG"] == "1"
    assert "sink: connection refused (for 7200 s)" in report["STATUS"]


def test_without_a_watchdog_only_the_status_is_told(systemd: NotifySocket, subject: ObservedTelemetry) -> None:
    """A unit without WatchdogSec gets no WATCHDOG, and no line in the log about one that starves."""
    unit, worker = unit_of(subject, systemd.address, watchdog=None), Hung(subject)
    subject.clock.advance(STILL_SECONDS + 1)
    unit.report()
    assert systemd.next().keys() == {"STATUS"}
    assert subject.lines() == []
    worker.let_go()


def test_a_report_that_finds_the_socket_full_comes_again(systemd: NotifySocket, subject: ObservedTelemetry) -> None:
    """Nothing waits for systemd; READY is kept until it could be sent, and the log says once why it could not."""
    unit = with_clock(subject, PatientClock(), systemd.address)
    systemd.fill()
    unit.start()
    assert {"READY" in report for report in systemd.waiting()} == {False}
    unit.report()
    unit.report()
    assert [report.get("READY") for report in systemd.waiting()] == ["1", None]
    unit.stop()
    (line,) = subject.lines()
    assert (line["level"], line["event"]) == ("warning", "supervisor_unheard")
    assert "temporarily unavailable" in str(line["detail"])


@pytest.mark.parametrize(
    "address", ["/nowhere/notify", "/" + "long/" * 40, "/with\0nul", "@nobody-listens-at-this-name", "/dev/null"]
)
def test_a_wrong_socket_disturbs_nothing(address: str, subject: ObservedTelemetry) -> None:
    """A path without a socket, one that is too long, and a name at which nobody listens are told once, and no more."""
    unit = with_clock(subject, PatientClock(), address)
    unit.start()
    unit.stopping()
    unit.stop()
    (line,) = subject.lines()
    assert (line["level"], line["event"]) == ("warning", "supervisor_unheard")
    assert str(line["detail"])


@pytest.mark.parametrize("address", ["", "relative", "vsock:2:1234"])
def test_what_is_no_socket_of_this_machine_is_not_tried(address: str, subject: ObservedTelemetry) -> None:
    """Where nobody listens, nothing is sent, no thread runs and nothing is logged."""
    before = threading.active_count()
    unit = with_clock(subject, PatientClock(), address)
    unit.start()
    assert threading.active_count() == before
    unit.stopping()
    unit.stop()
    assert subject.lines() == []


@pytest.mark.parametrize(("watchdog", "expected"), [(None, 5.0), (60.0, 5.0), (3.0, 1.5), (0.000_001, 0.1)])
def test_reports_come_at_least_twice_within_the_watchdogs_time(watchdog: float | None, expected: float) -> None:
    """At most every five seconds apart, at half of the watchdog's time or less, and never without any pause."""
    assert report_seconds(watchdog) == expected
