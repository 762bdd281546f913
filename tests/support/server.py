"""Real programs that serve on loopback: started, killed, and started again at the same place.

They are one group of processes. When the tests end, for whatever reason, its leader ends the group.
"""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Final, Self

from tests.support.clock import DEADLINE_SECONDS, eventually

_LEADER: Final = "import os, signal, sys; sys.stdin.read(); os.killpg(0, signal.SIGKILL)"
_PORTS: Final = range(20_000, 32_000)  # systems give these to no connection that goes out
_NONE: Final[Mapping[str, str]] = {}


def free_port() -> int:
    """A port of loopback on which nothing listens now."""
    while True:
        port = random.choice(_PORTS)
        with socket.socket() as tried, suppress(OSError):
            tried.bind(("127.0.0.1", port))
            return port


def answers(url: str) -> Callable[[], bool]:
    """Whether a GET of `url` is answered with success, each time that it is asked."""

    def does() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return bool(200 <= answer.status < 300)
        except OSError:
            return False

    return does


class Server:
    """One program with its own log; it runs between `start` and `kill` or `stop`, and can be started again."""

    def __init__(
        self, command: Sequence[str], log: Path, is_ready: Callable[[], bool], variables: Mapping[str, str] = _NONE
    ) -> None:
        self._command = command
        self._log = log
        self._is_ready = is_ready
        self._variables = variables
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    @contextmanager
    def running(
        cls,
        command: Sequence[str],
        log: Path,
        is_ready: Callable[[], bool],
        variables: Mapping[str, str] = _NONE,
    ) -> Iterator[Self]:
        """Run `command` from when `is_ready()` until the block ends, if it has not been ended before."""
        server = cls(command, log, is_ready, variables)
        try:
            server.start()
            yield server
        finally:
            server.kill()

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start it, and return when it is ready; fails with its last words if it ends instead."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env={**os.environ, **self._variables},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=_leader().pid,
            )
        eventually(lambda: self._is_ready() or not self.is_alive, f"{self._command[0]} is ready")
        assert self.is_alive, f"{self._command[0]} ended:\n{self.log_text()[-2000:]}"

    def kill(self) -> None:
        """End it as a power failure would. Does nothing if it does not run."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        assert self._process
        self._process.terminate()
        return self._process.wait(DEADLINE_SECONDS)

    def log_text(self) -> str:
        """All that it has written, in all its lives."""
        return self._log.read_text(encoding="utf-8", errors="replace")


@cache
def _leader() -> subprocess.Popen[bytes]:
    """A process that does nothing while this one lives. The pipe between them closes when this one ends."""
    command = [sys.executable, "-I", "-S", "-c", _LEADER]
    return subprocess.Popen(command, stdin=subprocess.PIPE, process_group=0)
