"""`trail-agent run` as a process of its own, as its operator sees it: log, HTTP port, exit code."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import yaml
from prometheus_client.parser import text_string_to_metric_families

from agent.demo.child import Child
from agent.demo.environment import isolated
from tests.support.clock import DEADLINE_SECONDS, eventually

PROGRAM = ("-m", "agent.demo.leash")  # as `-m agent`, and it ends when the tests do
_NONE: Mapping[str, str] = {}
_FROM_HERE = {"PYTHONPATH": str(Path(__file__).parents[2])}  # wherever the tests were started


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer of the daemon."""

    status: int
    text: str


class Daemon:
    """One `trail-agent run`."""

    def __init__(self, child: Child, log: Path) -> None:
        self.child = child
        self._log = log

    @classmethod
    @contextmanager
    def run(
        cls,
        folder: Path,
        settings: Mapping[str, Any],
        *flags: str,
        program: Sequence[str] = PROGRAM,
        variables: Mapping[str, str] = _NONE,
    ) -> Iterator[Self]:
        """Run the daemon with `settings` while the block runs; it is killed at the end if it has not ended.

        `program` is what Python is started with in place of `-m agent`; `variables` are added to its environment.
        """
        folder.mkdir(parents=True, exist_ok=True)
        config, log = folder / "agent.yaml", folder / "agent.log"
        config.write_text(yaml.safe_dump(dict(settings)))
        environment = {**isolated(), **_FROM_HERE, **variables}
        with Child.start([*program, "run", "-c", str(config), *flags], environment, log) as child:
            yield cls(child, log)

    @classmethod
    @contextmanager
    def ready(cls, folder: Path, settings: Mapping[str, Any], *flags: str) -> Iterator[Self]:
        """Run the daemon until it says that it is ready, then the block."""
        with cls.run(folder, settings, *flags) as agent:
            eventually(lambda: agent.get("/readyz").status == 200 or not agent.child.alive, "the daemon is ready")
            assert agent.child.alive, agent.log_text()
            yield agent

    def log_text(self) -> str:
        """Everything it has written."""
        return self._log.read_text()

    def events(self) -> list[Mapping[str, Any]]:
        """Its log, line by line."""
        return [json.loads(line) for line in self.log_text().splitlines() if line.startswith("{")]

    def said(self, event: str) -> bool:
        """Whether its log has a line with this event."""
        return any(line["event"] == event for line in self.events())

    def address(self) -> str:
        """Where it listens; empty before it does."""
        return next((str(line["listen"]) for line in self.events() if line["event"] == "started"), "")

    def get(self, path: str) -> Answer:
        """Ask its HTTP port; status 0 while it does not answer."""
        address = self.address()
        if not address:
            return Answer(0, "")
        try:
            with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
                return Answer(answer.status, answer.read().decode())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.read().decode())
        except OSError:
            return Answer(0, "")

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples that have these labels."""
        return sum(
            sample.value
            for family in text_string_to_metric_families(self.get("/metrics").text)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )

    def counted(self) -> dict[tuple[str, ...], int]:
        """`codecatalyst_events_total`, label by label, where it is not 0."""
        names = ("event_name", "identity_type", "outcome")
        return {
            tuple(sample.labels[name] for name in names): int(sample.value)
            for family in text_string_to_metric_families(self.get("/metrics").text)
            for sample in family.samples
            if sample.name == "codecatalyst_events_total" and sample.value
        }

    def ledger_balances(self) -> bool:
        """Whether every event that was read has one fate."""
        return self.metric("trail_agent_events_read_total") == self.metric("trail_agent_events_total")

    def stop(self) -> int | None:
        """SIGTERM, and the exit code."""
        return self.child.stop(DEADLINE_SECONDS)
