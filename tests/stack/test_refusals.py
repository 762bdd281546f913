"""What the real Collector answers when it cannot, and what becomes of the events: as docs/delivery.md says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.stack.collector import DEPLOY, SHIPPED, Change, Collector, Settings, exporter
from tests.stack.conftest import PathOf, Shown
from tests.stack.trail import Trail
from tests.support.clock import eventually
from tests.support.cloud import Cloud
from tests.support.daemon import Daemon
from tests.support.events import create_dev_environment
from tests.support.otlp_receiver import Export, HttpReceiver, HttpReply, partial_success

TOO_OLD = b"entry for stream '{}' has timestamp too old: 2026-01-01T00:00:00Z, oldest acceptable timestamp is: y"
QUEUE_ON_DISK = DEPLOY / "with-queue.yaml"


@dataclass(slots=True)
class Backend:
    """What stands behind the Collector: a receiver that refuses what `rule` says, until it is mended."""

    rule: Callable[[Export], HttpReply | None]
    is_mended: bool = False
    accepted: list[str] = field(default_factory=list)

    def reply(self, export: Export) -> HttpReply | None:
        """The answer to one request; what is accepted is remembered by its id."""
        refused = None if self.is_mended else self.rule(export)
        if refused is None:
            self.accepted += _uids(export)
        return refused


def _uids(export: Export) -> list[str]:
    return [str(record.attributes["log.record.uid"]) for record in export.records]


@dataclass(frozen=True, slots=True)
class Way:
    """An agent that ships through a Collector."""

    collector: Collector
    agent: Daemon
    trail: Trail

    def is_waiting(self) -> bool:
        """Whether the agent has been refused several times, and waits."""
        requests = sum(
            self.agent.metric("trail_agent_export_requests_total", result=result)
            for result in ("unavailable", "throttled")
        )
        return requests >= 4 and self.agent.metric("trail_agent_sink_up") == 0


@contextmanager
def way(
    cloud: Cloud,
    folder: Path,
    program: str,
    backend: Backend,
    *,
    protocol: str = "http/protobuf",
    shipped: Path = SHIPPED,
    change: Change | None = None,
) -> Iterator[Way]:
    """Run a Collector before `backend`, and an agent that ships in small requests."""
    trail = Trail(cloud)
    with (
        HttpReceiver(rule=backend.reply) as sink,
        Collector.running(program, folder / "collector", sink.url, shipped=shipped, change=change) as collector,
    ):
        address = collector.grpc if protocol == "grpc" else collector.http
        settings = trail.settings(address, protocol, max_batch_records=10)
        with Daemon.ready(folder / "agent", settings) as agent:
            yield Way(collector, agent, trail)
            assert agent.ledger_balances()
            assert agent.stop() == 0


def _small_memory(settings: Settings) -> None:
    settings["processors"]["memory_limiter"] = {"check_interval": "100ms", "limit_mib": 2, "spike_limit_mib": 1}


def _much_memory(settings: Settings) -> None:
    settings["processors"]["memory_limiter"] = {"check_interval": "1s", "limit_mib": 512, "spike_limit_mib": 128}


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_a_memory_limit_is_waited_out(
    cloud: Cloud, tmp_path: Path, program: PathOf, shown: Shown, protocol: str
) -> None:
    """The memory_limiter refuses everything: the agent waits, keeps all, and ships each event once when it may."""
    backend = Backend(lambda _: None)
    with way(cloud, tmp_path, program("otelcol"), backend, protocol=protocol, change=_small_memory) as on:
        eventually(lambda: "Refusing data" in on.collector.server.log_text(), "the limit is exceeded")
        on.trail.write(2)
        eventually(on.is_waiting, "the agent waits")
        assert backend.accepted == []
        on.collector.restart_with(_much_memory)
        eventually(cloud.is_idle, "all is settled")
        assert sorted(backend.accepted) == sorted(on.trail.events)
        assert on.agent.metric("trail_agent_dead_letters_total") == 0
    shown(f"{protocol}: {len(backend.accepted)} events once each, no dead letter")


def _queue_in_memory(settings: Settings) -> None:
    exporter(settings)["sending_queue"] = {"queue_size": 2, "num_consumers": 1}
    exporter(settings)["retry_on_failure"] = {"max_elapsed_time": "0s"}


def _queue_on_disk(settings: Settings) -> None:
    exporter(settings)["sending_queue"] |= {"queue_size": 2, "num_consumers": 1}


def _queue_that_waits(settings: Settings) -> None:
    exporter(settings)["sending_queue"] = {"wait_for_result": True, "batch": {"flush_timeout": "200ms", "min_size": 20}}


@dataclass(frozen=True, slots=True)
class Queue:
    """A way to have a queue in the Collector: what its log says when the agent has to wait, and whether it loses."""

    file: Path
    change: Change
    told: str
    loses: bool


QUEUES = {
    "in memory": Queue(SHIPPED, _queue_in_memory, "sending queue is full", loses=True),
    "on a disk": Queue(QUEUE_ON_DISK, _queue_on_disk, "sending queue is full", loses=False),
    "wait_for_result": Queue(SHIPPED, _queue_that_waits, "Status Code 503", loses=False),
}


@pytest.mark.parametrize("name", QUEUES)
def test_a_crash_with_a_queue(cloud: Cloud, tmp_path: Path, program: PathOf, shown: Shown, name: str) -> None:
    """A full queue makes the agent wait. After a SIGKILL, only a queue in memory has lost what it had said yes to."""
    queue = QUEUES[name]
    backend = Backend(lambda export: HttpReply(503) if export.payload else None)
    with way(cloud, tmp_path, program("otelcol"), backend, shipped=queue.file, change=queue.change) as on:
        on.trail.write(4)
        eventually(on.is_waiting, "the agent waits")
        assert queue.told in on.collector.server.log_text()
        on.collector.server.kill()
        backend.is_mended = True
        on.collector.server.start()
        eventually(cloud.is_idle, "all is settled")
        eventually(lambda: queue.loses or {*backend.accepted} >= {*on.trail.events}, "all is delivered")
        lost = {*on.trail.events} - {*backend.accepted}
        assert bool(lost) == queue.loses
    shown(f"{name}: {queue.told}; of {len(on.trail.events)} events, {len(lost)} lost")


def test_a_partial_success_stays_in_the_collector(cloud: Cloud, tmp_path: Path, program: PathOf, shown: Shown) -> None:
    """The Collector logs that its backend rejected records, and tells the agent yes: nobody sends them again."""
    partial = HttpReply(body=partial_success(3, "no room"))
    backend = Backend(lambda export: partial if export.payload else None)
    with way(cloud, tmp_path, program("otelcol"), backend) as on:
        on.trail.write(1)
        eventually(cloud.is_idle, "all is settled")
        assert on.agent.metric("trail_agent_events_total", fate="exported") == len(on.trail.events)
        assert on.agent.metric("trail_agent_export_requests_total", result="partial") == 0
        log = on.collector.server.log_text()
    assert "Partial success response" in log
    assert "no room" in log
    assert cloud.dead_letters() == []
    shown("delivered for the agent; only the Collector's log has it")


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_a_record_that_the_store_refuses_is_found_through_the_collector(
    cloud: Cloud, tmp_path: Path, program: PathOf, shown: Shown, protocol: str
) -> None:
    """The Collector passes on the store's 400, without its words: exactly that message becomes a dead letter."""
    bad = {**create_dev_environment(), "eventID": "too-old"}
    refused = HttpReply(400, TOO_OLD, "text/plain")
    backend = Backend(lambda export: refused if "too-old" in _uids(export) else None)
    with way(cloud, tmp_path, program("otelcol"), backend, protocol=protocol) as on:
        on.trail.write(2)
        on.trail.write_file(bad)
        on.trail.write(2)
        eventually(cloud.is_idle, "all is settled")
        assert {*backend.accepted} == {*on.trail.events} - {"too-old"}
    [letter] = cloud.dead_letters()
    told = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert told["reason"] == "sink_rejected", "the words that say too old do not get through"
    assert "Status Code 400" in told["detail"]
    shown(f"{protocol}: {len(backend.accepted)} events accepted, 1 dead letter, as sink_rejected")


def test_a_queue_on_a_disk_hides_what_the_store_refuses(
    cloud: Cloud, tmp_path: Path, program: PathOf, shown: Shown
) -> None:
    """The Collector has said yes, so it drops the refused request, and only logs it: the price of with-queue.yaml."""
    bad = {**create_dev_environment(), "eventID": "too-old"}
    refused = HttpReply(400, TOO_OLD, "text/plain")
    backend = Backend(lambda export: refused if "too-old" in _uids(export) else None)
    with way(cloud, tmp_path, program("otelcol"), backend, shipped=QUEUE_ON_DISK) as on:
        on.trail.write_file(bad)
        eventually(cloud.is_idle, "all is settled")
        eventually(lambda: "Exporting failed. Dropping data." in on.collector.server.log_text(), "it is dropped")
        assert on.agent.metric("trail_agent_events_total", fate="exported") == 1
    assert backend.accepted == []
    assert cloud.dead_letters() == []
    shown("delivered for the agent; only the Collector's log has it")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_a_size_that_the_collector_tells_as_an_error_is_found(
    cloud: Cloud, tmp_path: Path, program: PathOf, shown: Shown, protocol: str
) -> None:
    """The store's 413 comes as 500 or UNKNOWN: the agent splits the request in the end, and all arrives whole."""
    backend = Backend(lambda export: HttpReply(413) if len(export.payload) > 10_000 else None)
    with way(cloud, tmp_path, program("otelcol"), backend, protocol=protocol) as on:
        on.trail.write(1, 12)
        eventually(cloud.is_idle, "all is settled", 240)
        assert sorted(backend.accepted) == sorted(on.trail.events)
        assert on.agent.metric("trail_agent_records_truncated_total") == 0
    assert cloud.dead_letters() == []
    shown(f"{protocol}: {len(backend.accepted)} events once each")
