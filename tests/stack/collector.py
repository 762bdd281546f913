"""The real Collector with the files that ship, between an agent and a sink, on ports of its own."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import yaml

from tests.support.server import Server, free_port

DEPLOY: Final = Path(__file__).parents[2] / "deploy" / "collector"
SHIPPED: Final = DEPLOY / "collector.yaml"
_LOKI: Final = "otlp_http/loki"

Settings = dict[str, Any]
Change = Callable[[Settings], object]


@dataclass(frozen=True, slots=True)
class Ports:
    """Where it listens."""

    http: int
    grpc: int


class Collector:
    """One Collector; `http` and `grpc` are the addresses to give an agent."""

    def __init__(self, server: Server, ports: Ports, file: Path, settings: Settings) -> None:
        self.server = server
        self.http = f"http://127.0.0.1:{ports.http}"
        self.grpc = f"http://127.0.0.1:{ports.grpc}"
        self._file = file
        self._settings = settings

    @classmethod
    @contextmanager
    def running(
        cls, program: str, folder: Path, sink: str, *, shipped: Path = SHIPPED, change: Change | None = None
    ) -> Iterator[Self]:
        """Run the shipped file with `sink` in place of Loki while the block runs; `change` alters its settings."""
        folder.mkdir(parents=True, exist_ok=True)
        ports, file = Ports(free_port(), free_port()), folder / "collector.yaml"
        settings = _here(yaml.safe_load(shipped.read_text(encoding="utf-8")), ports, folder, sink)
        if change:
            change(settings)
        file.write_text(yaml.safe_dump(settings), encoding="utf-8")
        command = [program, f"--config={file}"]
        with Server.running(command, folder / "collector.log", lambda: _takes_empty(ports.http)) as server:
            yield cls(server, ports, file, settings)

    def restart_with(self, change: Change) -> None:
        """Stop it, change its settings, and start it again."""
        self.server.stop()
        change(self._settings)
        self._file.write_text(yaml.safe_dump(self._settings), encoding="utf-8")
        self.server.start()


def exporter(settings: Settings) -> Settings:
    """The exporter of a Collector's settings."""
    found: Settings = settings["exporters"][_LOKI]
    return found


def _here(settings: Settings, ports: Ports, folder: Path, sink: str) -> Settings:
    """The same on loopback; and with no metrics of its own, since they have a fixed port."""
    protocols = settings["receivers"]["otlp"]["protocols"]
    protocols["http"]["endpoint"] = f"127.0.0.1:{ports.http}"
    protocols["grpc"]["endpoint"] = f"127.0.0.1:{ports.grpc}"
    exporter(settings)["endpoint"] = sink
    settings["service"]["telemetry"] = {"metrics": {"level": "none"}}
    for extension in settings.get("extensions", {}).values():
        extension["directory"] = str(folder / "queue")
    return settings


def _takes_empty(port: int) -> bool:
    """Whether a request without records is accepted there."""
    headers = {"Content-Type": "application/x-protobuf"}
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/v1/logs", data=b"", headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.HTTPError, OSError):
        return False
