"""The real daemon, as a process of its own. It does not know that it is part of a demo."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Self

import msgspec

from agent.demo.child import Child
from agent.demo.environment import isolated
from agent.demo.scrape import Scrape
from agent.demo.sinks import protocol
from agent.demo.world import World
from agent.errors import TrailAgentError
from agent.signals import Stopping

READY_SECONDS = 30.0
_STOP_SECONDS = 30.0
_COMMAND = ("-m", "agent.demo.leash", "run", "-c")
_TIMEOUT_SECONDS = 5.0


class DaemonEndedError(TrailAgentError):
    """The daemon ended by itself; `last_lines` are the last of its log."""

    def __init__(self, message: str, last_lines: list[str]) -> None:
        super().__init__(message)
        self.last_lines = last_lines


class NotReadyError(DaemonEndedError):
    """The daemon runs, but is not ready in time."""


class ShownDaemon:
    """The demo's daemon; `address` is the base URL of its HTTP endpoints."""

    def __init__(self, child: Child, port: int) -> None:
        self._child = child
        self._port = port
        self.address = f"http://127.0.0.1:{port}"
        self.pid = child.process.pid

    @classmethod
    @contextmanager
    def start(
        cls,
        world: World,
        otlp_endpoint: str,
        folder: Path,
        *,
        keep_headers: bool = False,
        profiles: Sequence[str] = (),
    ) -> Iterator[Self]:
        """Run the daemon against `world` while the block runs; its settings and its log are files in `folder`.

        It selects `profiles` beside CodeCatalyst's.
        """
        port = _free_port()
        settings = folder / "demo.yaml"
        settings.write_bytes(_settings(world, otlp_endpoint, port, profiles))
        environment = isolated(keep_headers=keep_headers)
        with Child.start([*_COMMAND, str(settings)], environment, folder / "daemon.log") as child:
            yield cls(child, port)

    def await_ready(self, stopping: Stopping) -> None:
        """Return when `/readyz` says yes, or `stopping` is set.

        Raises NotReadyError after half a minute, DaemonEndedError when the process is gone.
        """
        for _ in range(int(READY_SECONDS / 0.1)):
            self.check()
            if self._get("/readyz").status == HTTPStatus.OK or stopping.wait(0.1):
                return
        reason = self._get("/readyz").text.strip() or "no answer"
        message = f"the daemon is not ready after {READY_SECONDS:.0f} s: {reason}"
        raise NotReadyError(message, self._child.last_lines())

    def check(self) -> None:
        """Raise DaemonEndedError if the process is gone."""
        if not self._child.alive:
            message = f"the daemon ended by itself with exit code {self._child.process.returncode}"
            raise DaemonEndedError(message, self._child.last_lines())

    def scrape(self) -> Scrape:
        """Its counters now; all zero if it does not answer."""
        return Scrape(self._get("/metrics").text)

    def stop(self) -> None:
        """Send SIGTERM and return when it has ended well; raises DaemonEndedError when it has not."""
        code = self._child.stop(_STOP_SECONDS)
        if code == 0:
            return
        what = "did not end" if code is None else f"ended with exit code {code}"
        raise DaemonEndedError(f"the daemon {what} after SIGTERM", self._child.last_lines())

    def _get(self, path: str) -> _Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return _Answer(response.status, response.read().decode("utf-8", "replace"))
        except (OSError, http.client.HTTPException):
            return _Answer(0, "")
        finally:
            connection.close()


class _Answer(msgspec.Struct, frozen=True):
    status: int
    text: str


def _settings(world: World, otlp_endpoint: str, port: int, profiles: Sequence[str]) -> bytes:
    """The demo's settings file: JSON, which is YAML too."""
    return msgspec.json.format(
        msgspec.json.encode(
            {
                "queue": {"url": world.queue_url, "region": world.region, "wait_seconds": 1},
                "buckets": [{"name": world.bucket, "region": world.region}],
                "select": {"profiles": ["codecatalyst", *profiles]},
                "aws": {"endpoint_url": world.endpoint},
                "otlp": {"endpoint": otlp_endpoint, "protocol": protocol(otlp_endpoint)},
                "http": {"listen": f"127.0.0.1:{port}"},
                "log": {"level": "info", "format": "json"},
                "workers": 1,
            }
        )
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
