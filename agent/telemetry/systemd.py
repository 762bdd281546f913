"""What systemd hears of the daemon: that it runs, what it does, that it is alive, that it stops.

A report is one datagram of `NAME=value` lines to the socket that the unit gives (sd_notify(3), `Type=notify`). Sending
never waits and never fails the caller: a report that systemd did not get is sent again in a few seconds.

READY is sent as soon as the settings are loaded and the HTTP port is open. The daemon then waits for queue and sink for
as long as it takes, and a restart would mend neither; STATUS says what it waits for. WATCHDOG is sent only while every
thread beats.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from typing import Final

from agent.pulse import Clock
from agent.settings import Supervisor

REPORT_SECONDS: Final = 5.0
_LEAST_SECONDS: Final = 0.1  # whatever the unit asks for: reports must cost nothing
_JOIN_SECONDS: Final = 1.0
_READY: Final = "READY=1"
_STOPPING: Final = "STOPPING=1"
_ALIVE: Final = "WATCHDOG=1"


def report_seconds(watchdog_seconds: float | None) -> float:
    """The time between two reports: five seconds, or half of the watchdog's time if that is less."""
    half = REPORT_SECONDS if watchdog_seconds is None else watchdog_seconds / 2
    return max(_LEAST_SECONDS, min(REPORT_SECONDS, half))


class Unit:
    """Reports to `supervisor`, in a thread of its own; does nothing if there is none.

    The thread is in no list of hearts. If it stands still, systemd misses its reports, and ends the process.

    `live` lists what stands still, `status` is the line to show. `stuck` hears of what stands still when that keeps the
    watchdog from being fed; `unheard` hears why a report could not be sent.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        clock: Clock,
        *,
        live: Callable[[], list[str]],
        status: Callable[[], str],
        stuck: Callable[[Sequence[str]], None],
        unheard: Callable[[str], None],
    ) -> None:
        self._address = _socket_address(supervisor.address)
        self._is_watched = supervisor.watchdog_seconds is not None
        self._interval = report_seconds(supervisor.watchdog_seconds)
        self._clock = clock
        self._live = live
        self._status = status
        self._stuck = stuck
        self._unheard = unheard
        self._owed: list[str] = []
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="systemd", daemon=True)

    def start(self) -> None:
        """Report that the daemon has started, and go on reporting."""
        if self._address:
            self._announce(_READY)
            self._thread.start()

    def stopping(self) -> None:
        """Report that the daemon has been asked to stop."""
        if self._address:
            self._announce(_STOPPING)

    def stop(self) -> None:
        """Report for the last time."""
        if self._thread.is_alive():
            self._ended.set()
            self._thread.join(_JOIN_SECONDS)
            self.report()

    def report(self) -> None:
        """Send one report: what systemd does not know yet, the status, and that all threads beat, if they do."""
        standing = self._live()
        alive = [_ALIVE] if self._is_watched and not standing else []
        with self._lock:
            failure = _send(self._address, [*self._owed, f"STATUS={self._status()}", *alive])
            if not failure:
                self._owed.clear()
        if failure:
            self._unheard(failure)
        if self._is_watched and standing:
            self._stuck(standing)

    def _announce(self, turn: str) -> None:
        with self._lock:
            self._owed.append(turn)
        self.report()

    def _keep(self) -> None:
        while not self._clock.wait(self._ended, self._interval):
            self.report()


def _socket_address(given: str) -> str:
    """A path, or `@` and a name in Linux's abstract namespace; anything else is no address of a notify socket."""
    if given.startswith("@"):
        return "\0" + given[1:]
    return given if given.startswith("/") else ""


def _send(address: str, lines: list[str]) -> str:
    """Send one datagram, at once or not at all; returns why it could not be sent, or nothing."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)  # noqa: FBT003 - a name of the standard library
            sender.sendto("\n".join(lines).encode("utf-8", "replace"), address)
    except (OSError, ValueError) as error:  # ValueError: a NUL within the path
        return getattr(error, "strerror", None) or str(error)
    return ""
