"""The socket on which systemd hears its services."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self
from uuid import uuid4

from tests.support.clock import DEADLINE_SECONDS

ROOM = 4096  # systemd ignores a longer report (NOTIFY_BUFFER_MAX)


class NotifySocket:
    """Hears the reports sent to `address`, which is what NOTIFY_SOCKET would hold."""

    def __init__(self, address: str, listener: socket.socket) -> None:
        self.address = address
        self._listener = listener
        self.heard: list[dict[str, str]] = []

    @classmethod
    @contextmanager
    def at(cls, address: str) -> Iterator[Self]:
        """Listen while the block runs: at a path, or at `@` and a name in the abstract namespace."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
            listener.bind("\0" + address[1:] if address.startswith("@") else address)
            listener.settimeout(DEADLINE_SECONDS)
            yield cls(address, listener)

    @classmethod
    @contextmanager
    def within(cls, folder: Path) -> Iterator[Self]:
        """Listen at a path; the one in `folder` may be too long for a socket, so it is reached by a short one."""
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_PATH)
        try:
            with cls.at(f"/proc/{os.getpid()}/fd/{handle}/notify") as listening:
                yield listening
        finally:
            os.close(handle)

    @classmethod
    @contextmanager
    def abstract(cls) -> Iterator[Self]:
        """Listen at a name of its own in the abstract namespace."""
        with cls.at(f"@trail-agent/{uuid4().hex}") as listening:
            yield listening

    def fill(self) -> None:
        """Send to it until it takes no more."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            try:
                while True:
                    sender.sendto(b"FILLER=1", self._listener.getsockname())
            except BlockingIOError:
                return

    def next(self) -> dict[str, str]:
        """The next report, as names and values."""
        report = self._listener.recv(ROOM + 1)
        assert len(report) <= ROOM, "systemd would ignore it"
        lines = [line.partition("=") for line in report.decode("utf-8", "strict").split("\n")]
        assert all(name.isidentifier() and equals for name, equals, _ in lines), report
        self.heard.append({name: value for name, _, value in lines})
        return self.heard[-1]

    def waiting(self) -> list[dict[str, str]]:
        """The reports that have come and were not looked at yet."""
        self._listener.setblocking(False)
        found = []
        try:
            while True:
                found.append(self.next())
        except BlockingIOError:
            return found
        finally:
            self._listener.settimeout(DEADLINE_SECONDS)

    def until(self, name: str, value: str) -> dict[str, str]:
        """Read reports until one has `value` in `name`."""
        while True:
            report = self.next()
            if value in report.get(name, ""):
                return report
