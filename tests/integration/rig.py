"""The daemon as its own process, between an emulated AWS over HTTP and a real OTLP receiver, all on loopback."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import boto3
import yaml
from prometheus_client.parser import text_string_to_metric_families

from agent.aws.emulated import EmulatedAccount
from agent.demo.child import Child
from agent.demo.environment import isolated
from agent.demo.world import REGION, World
from tests.support.otlp_receiver import GrpcReceiver, HttpReceiver

ACME = "acme-trail-111122223333"
PROGRAM = ("-m", "agent")
DEADLINE_SECONDS = 60.0
_PAUSE = threading.Event()
_FROM_HERE = {"PYTHONPATH": str(Path(__file__).parents[2])}  # wherever the tests were started


def eventually(met: Callable[[], object], what: str, seconds: float = DEADLINE_SECONDS) -> None:
    """Return as soon as `met()` is true; fail if that takes longer than `seconds`."""
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        _PAUSE.wait(0.05)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer of the daemon."""

    status: int
    text: str


class Cloud:
    """The emulated AWS, and what only a test asks of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.account = EmulatedAccount(world.endpoint, REGION)
        credentials = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        self.sqs = boto3.client("sqs", region_name=REGION, endpoint_url=world.endpoint, **credentials)

    @classmethod
    @contextmanager
    def start(cls) -> Iterator[Self]:
        """Run the emulator while the block runs."""
        with World.start() as world:
            yield cls(world)

    def add_bucket(self, name: str) -> None:
        """A bucket that notifies nobody."""
        self.account.create_bucket(name, notifies=self.world.queue_url, prefix="nothing-is-written-here/")

    def is_idle(self) -> bool:
        """Whether the queue holds nothing, visible or hidden."""
        return self.world.queue_depth().total == 0

    def dead_letters(self) -> list[Mapping[str, Any]]:
        """What the dead-letter queue holds, with its attributes."""
        found: list[Mapping[str, Any]] = []
        while batch := self._receive_dead_letters():
            found += batch
        return found

    def _receive_dead_letters(self) -> Sequence[Mapping[str, Any]]:
        answer = self.sqs.receive_message(
            QueueUrl=self.world.dead_letter_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        messages: Sequence[Mapping[str, Any]] = answer.get("Messages", [])
        return messages

    def settings(self, sink: HttpReceiver | GrpcReceiver | str, **changes: Any) -> dict[str, Any]:
        """Settings for this cloud and `sink`; `changes` replace whole sections."""
        endpoint = sink if isinstance(sink, str) else sink.url
        protocol = "grpc" if isinstance(sink, GrpcReceiver) else "http/protobuf"
        plain: dict[str, Any] = {
            "queue": {"url": self.world.queue_url, "region": REGION, "wait_seconds": 1},
            "buckets": [{"name": self.world.bucket}],
            "otlp": {"endpoint": endpoint, "protocol": protocol},
            "http": {"listen": "127.0.0.1:0"},
            "log": {"format": "json"},
            "aws": {"endpoint_url": self.world.endpoint},
            "shutdown_grace_seconds": 8,
        }
        return plain | changes


class Agent:
    """One `trail-agent run`."""

    def __init__(self, child: Child, log: Path) -> None:
        self.child = child
        self._log = log

    @classmethod
    @contextmanager
    def run(
        cls, folder: Path, settings: Mapping[str, Any], *flags: str, program: Sequence[str] = PROGRAM
    ) -> Iterator[Self]:
        """Run the daemon with `settings` while the block runs; it is killed at the end if it has not ended.

        `program` is what Python is started with in place of `-m agent`.
        """
        folder.mkdir(parents=True, exist_ok=True)
        config, log = folder / "agent.yaml", folder / "agent.log"
        config.write_text(yaml.safe_dump(dict(settings)))
        with Child.start([*program, "run", "-c", str(config), *flags], isolated() | _FROM_HERE, log) as child:
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
