"""What systemd tells a service when it starts it: where to report, and how soon silence counts as a hang.

Follows the pages sd_notify(3) and sd_watchdog_enabled(3) of systemd.
"""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass

_SOCKET = "NOTIFY_SOCKET"
_WATCHDOG_MICROSECONDS = "WATCHDOG_USEC"
_WATCHDOG_PROCESS = "WATCHDOG_PID"
_MICROSECONDS = 1e6


@dataclass(frozen=True, slots=True)
class Supervisor:
    """Whoever started the process and wants reports; `address` is empty if nobody does."""

    address: str = ""
    watchdog_seconds: float | None = None
    """The process is ended when it has not reported for so long; None: nobody watches it."""


def taken_from(environ: MutableMapping[str, str], process: int) -> Supervisor:
    """What the environment of the process with the id `process` says of its supervisor; it is removed from there.

    A value that cannot be understood, and a watchdog that is meant for another process, count as not there.
    """
    address = environ.pop(_SOCKET, "")
    microseconds = _whole(environ.pop(_WATCHDOG_MICROSECONDS, ""))
    watched = _whole(environ.pop(_WATCHDOG_PROCESS, str(process)))
    is_ours = bool(address) and watched == process
    return Supervisor(address, microseconds / _MICROSECONDS if is_ours and microseconds else None)


def _whole(text: str) -> int:
    """The number; 0 if it is none."""
    return int(text) if text.isascii() and text.isdecimal() else 0
