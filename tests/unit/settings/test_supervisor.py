"""What the environment says of whoever started the process; afterwards it says nothing more."""

from __future__ import annotations

import os

import pytest

from agent.settings import Supervisor, take_supervisor
from agent.settings.supervisor import taken_from

US = 4711
SOCKET = "/run/systemd/notify"


def test_a_unit_with_a_watchdog_is_understood() -> None:
    """Socket and time come from the variables that sd_notify(3) and sd_watchdog_enabled(3) name."""
    given = {"NOTIFY_SOCKET": SOCKET, "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(US)}
    assert taken_from(given, US) == Supervisor(SOCKET, 60.0)


def test_children_inherit_nothing_of_it() -> None:
    """The three variables are gone, and no other."""
    given = {"NOTIFY_SOCKET": SOCKET, "WATCHDOG_USEC": "1", "WATCHDOG_PID": str(US), "PATH": "/bin"}
    taken_from(given, US)
    assert given == {"PATH": "/bin"}


def test_the_process_s_own_environment_is_cleared(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a child of this process would inherit is what is left."""
    monkeypatch.setenv("NOTIFY_SOCKET", "@here")
    monkeypatch.setenv("WATCHDOG_USEC", "2000000")
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    assert take_supervisor() == Supervisor("@here", 2.0)
    assert not {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"} & os.environ.keys()


def test_without_a_supervisor_there_is_nothing_to_report_to() -> None:
    """A shell or a container sets none of the variables; a watchdog without a socket cannot be fed."""
    assert taken_from({}, US) == Supervisor()
    assert taken_from({"WATCHDOG_USEC": "60000000"}, US) == Supervisor()


def test_a_watchdog_without_a_process_id_is_ours() -> None:
    """WATCHDOG_PID may be absent."""
    assert taken_from({"NOTIFY_SOCKET": SOCKET, "WATCHDOG_USEC": "500000"}, US).watchdog_seconds == 0.5


@pytest.mark.parametrize("process", [str(US + 1), "", "x", "-1"])
def test_a_watchdog_of_another_process_is_not_fed(process: str) -> None:
    """It is meant for somebody else, or for nobody; reports are sent all the same."""
    given = {"NOTIFY_SOCKET": SOCKET, "WATCHDOG_USEC": "60000000", "WATCHDOG_PID": process}
    assert taken_from(given, US) == Supervisor(SOCKET)


@pytest.mark.parametrize("time", ["", "0", "-5", "1.5", "soon", "٣"])
def test_a_time_that_is_none_is_no_watchdog(time: str) -> None:
    """Nothing is guessed, and nothing fails."""
    assert taken_from({"NOTIFY_SOCKET": SOCKET, "WATCHDOG_USEC": time}, US) == Supervisor(SOCKET)
