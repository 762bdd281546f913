"""Who is measured, each as a process of its own that empties the same queue."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import yaml

from tests.bench.corpus import Mix
from tests.bench.load import ACCOUNT, BUCKET, QUEUE
from tests.bench.processes import ROOT, Measured, Service, StuckError, instead_of_python, running

AGENT: Final = "trail-agent"
"""The one of this tree: what the others are compared with."""
_COLLECTOR_CONFIG: Final = Path(__file__).with_name("collector.yaml")
_READY_SECONDS: Final = 30.0


class Contestant(Protocol):
    """Somebody who is measured."""

    @property
    def name(self) -> str:
        """What stands before its figures."""
        ...

    @property
    def says_ready(self) -> bool:
        """Whether it has a start to measure, at whose end it says that it is ready."""
        ...

    def run(self, service: Service, mix: Mix, folder: Path) -> Any:
        """A context in which it runs, ready to receive, as `Measured`."""
        ...


@dataclass(frozen=True, slots=True)
class Agent:
    """`trail-agent run`, of this tree or of another one, with further settings."""

    name: str = AGENT
    says_ready: bool = True
    tree: Path = ROOT
    settings: Mapping[str, Any] | None = None

    @contextmanager
    def run(self, service: Service, mix: Mix, folder: Path) -> Iterator[Measured]:
        """Until it says that it is ready."""
        config = folder / f"{self.name.replace('/', '_')}-{mix.name.replace(' ', '_')}.yaml"
        config.write_text(yaml.safe_dump(self._settings(service, mix)))
        arguments = ["-m", "agent", "run", "-c", str(config)]
        with running(arguments, folder, "agent", tree=self.tree) as measured:
            _await_line(self.name, measured, '"ready"')
            yield measured

    def _settings(self, service: Service, mix: Mix) -> Mapping[str, Any]:
        return {
            "queue": {"url": f"{service.endpoint}/{ACCOUNT}/{QUEUE}", "region": "us-west-2"},
            "buckets": [{"name": BUCKET, "region": "us-west-2"}],
            "otlp": {"endpoint": service.endpoint},
            "http": {"listen": "127.0.0.1:0"},
            "aws": {"endpoint_url": service.endpoint},
            "log": {"format": "json"},
            **({"select": {"event_sources": ["*"]}} if mix.selects_all else {}),
            **(self.settings or {}),
        }


@dataclass(frozen=True, slots=True)
class Yardstick:
    """The plain pipeline."""

    name: str = "yardstick"
    says_ready: bool = False

    @contextmanager
    def run(self, service: Service, mix: Mix, folder: Path) -> Iterator[Measured]:
        """It has nothing to get ready."""
        arguments = ["-m", "tests.bench.yardstick", service.endpoint, "all" if mix.selects_all else ""]
        with running(arguments, folder, "yardstick") as measured:
            yield measured


@dataclass(frozen=True, slots=True)
class Collector:
    """An OpenTelemetry Collector at `program`, with the receiver `awss3` and the encoding `awslogs_encoding`."""

    program: Path
    name: str = "Collector"
    says_ready: bool = True

    @contextmanager
    def run(self, service: Service, mix: Mix, folder: Path) -> Iterator[Measured]:
        """Until it says that it is ready."""
        arguments = instead_of_python(self.program, f"--config={_COLLECTOR_CONFIG}")
        with running(arguments, folder, "collector", more=self._variables(service, mix)) as measured:
            _await_line(self.name, measured, "Everything is ready")
            yield measured

    def _variables(self, service: Service, mix: Mix) -> Mapping[str, str]:
        """What its configuration asks of the environment."""
        return {
            "BENCH_ENDPOINT": service.endpoint,
            "BENCH_BUCKET": BUCKET,
            "BENCH_QUEUE_URL": f"{service.endpoint}/{ACCOUNT}/{QUEUE}",
            "AWS_RESPONSE_CHECKSUM_VALIDATION": "when_required",  # else a line in the log for each object
            "BENCH_PROCESSORS": "[]" if mix.selects_all else "[filter/ours]",
        }


def _await_line(name: str, measured: Measured, words: str) -> None:
    deadline, pause = time.monotonic() + _READY_SECONDS, threading.Event()
    while words not in measured.path.read_text(errors="replace"):
        if not measured.child.alive:
            raise StuckError(f"{name} ended before it was ready\n{measured.log}")
        if time.monotonic() > deadline:
            raise StuckError(f"{name} is not ready within {_READY_SECONDS:.0f} s\n{measured.log}")
        pause.wait(0.005)
