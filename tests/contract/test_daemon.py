"""The daemon's life in this process, from start to stop, over an emulated account and a real OTLP receiver."""

from __future__ import annotations

import gc
import io
import json
import os
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agent.daemon import RunOptions, run
from agent.demo.world import REGION
from agent.errors import DependencyError, SettingsError
from agent.model import ObjectRef
from agent.settings import load
from agent.signals import SignalInbox
from tests.support.events import event
from tests.support.messages import notification
from tests.support.moto import Emulator
from tests.support.objects import trail_key, trail_object
from tests.support.otlp_receiver import Export, HttpReceiver, HttpReply


class Log(io.StringIO):
    """The daemon's log; the daemon is asked to stop as soon as it writes an event of the name `stop_at`."""

    def __init__(self, stop_at: str = "") -> None:
        super().__init__()
        self._stop_at = stop_at

    def write(self, text: str) -> int:
        """Keep a line."""
        written = super().write(text)
        if self._stop_at and f'"{self._stop_at}"' in text:
            self._stop_at = ""
            ask_to_stop()
        return written

    def events(self) -> list[str]:
        """The names of the events so far."""
        return [json.loads(line)["event"] for line in self.getvalue().splitlines()]


@dataclass
class World:
    """A queue with a dead-letter queue, and a bucket, of the test's own."""

    emulator: Emulator
    has_dead_letters: bool = True
    settings: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.dead_letter_url = self.emulator.queue()
        arn = self.emulator.arn(self.dead_letter_url) if self.has_dead_letters else ""
        self.queue_url = self.emulator.queue(dead_letter_arn=arn)
        self.bucket = self.emulator.bucket()

    def produce(self, name: str) -> None:
        """Write an object of one event, and notify it."""
        key = trail_key(name)
        self.emulator.s3.put_object(Bucket=self.bucket, Key=key, Body=trail_object(event(name)))
        self.send(notification(ObjectRef(self.bucket, key)))

    def send(self, body: str) -> None:
        """Put a message into the queue."""
        self.emulator.sqs.send_message(QueueUrl=self.queue_url, MessageBody=body)

    def depth(self, url: str) -> int:
        """How many messages are in a queue, hidden or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.emulator.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(answer[name]) for name in names)

    def run(self, log: Log, otlp: str = "http://127.0.0.1:9", options: RunOptions | None = None) -> None:
        """Run the daemon until it stops."""
        mine: dict[str, object] = {
            "queue.url": self.queue_url,
            "queue.region": REGION,
            "queue.wait_seconds": 1,
            "buckets": [{"name": self.bucket}],
            "otlp.endpoint": otlp,
            "http.listen": "127.0.0.1:0",
            "log.format": "json",
            "aws.endpoint_url": self.emulator.endpoint,
            "workers": 2,
        }
        with SignalInbox() as inbox:
            run(load(None, {}, {**mine, **self.settings}), options or RunOptions(), inbox, log)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment in which nothing of the machine's own is left; a daemon that hangs fails its test."""

    def hang(status: int) -> None:
        raise AssertionError(f"a worker hangs: the daemon would have ended the process with {status}")

    monkeypatch.setattr("agent.daemon.os._exit", hang)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("NO_PROXY", "*")
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def idle_collector() -> Iterator[None]:
    """No cycles are collected and nothing is frozen, as when the command line starts the daemon."""
    gc.disable()
    gc.unfreeze()
    yield
    gc.enable()


def ask_to_stop() -> None:
    """Send this process a SIGTERM."""
    os.kill(os.getpid(), signal.SIGTERM)


def stop_at_a_record(export: Export) -> HttpReply | None:
    """Accept, and ask to stop as soon as a record has come."""
    if export.records:
        ask_to_stop()
    return None


def test_the_daemon_delivers_and_stops_in_order(emulator: Emulator) -> None:
    """Asked to stop amid an export it still deletes what was accepted, and puts the signals back."""
    world, log = World(emulator), Log()
    world.produce("one")
    before = signal.getsignal(signal.SIGTERM)
    with HttpReceiver(rule=stop_at_a_record) as receiver:
        world.run(log, receiver.url)
        assert [record.attributes["log.record.uid"] for one in receiver.exports for record in one.records] == ["one"]
    assert world.depth(world.queue_url) == 0
    assert signal.getsignal(signal.SIGTERM) is before
    assert [name for name in log.events() if name != "sink_warned"] == ["started", "ready", "draining", "stopped"]


@pytest.mark.usefixtures("idle_collector")
def test_cycles_are_collected_while_the_daemon_works(emulator: Emulator) -> None:
    """From the first message on, but never among what the start left: afterwards all is as it was before."""
    world, seen, thresholds = World(emulator), [], gc.get_threshold()

    def look_and_stop(export: Export) -> HttpReply | None:
        seen.append((gc.isenabled(), gc.get_freeze_count() > 0) if export.records else None)
        return stop_at_a_record(export)

    world.produce("one")
    with HttpReceiver(rule=look_and_stop) as receiver:
        world.run(Log(), receiver.url)
    assert (True, True) in seen
    assert (gc.get_freeze_count(), gc.get_threshold()) == (0, thresholds)


@pytest.mark.usefixtures("idle_collector")
def test_cycles_are_collected_while_the_daemon_waits_for_its_queue(emulator: Emulator) -> None:
    """It may be away for hours."""
    world = World(emulator)
    world.queue_url += "-gone"
    world.run(Log(stop_at="queue_down"))
    assert gc.isenabled()


def test_poison_ends_in_the_dead_letter_queue(emulator: Emulator) -> None:
    """The dead-letter queue is found by the redrive policy, and a text of no known form goes there."""
    world, log = World(emulator), Log(stop_at="dead_lettered")
    world.send("no notification")
    with HttpReceiver() as receiver:
        world.run(log, receiver.url)
    assert (world.depth(world.queue_url), world.depth(world.dead_letter_url)) == (0, 1)


def test_a_dry_run_leaves_everything_as_it_was(emulator: Emulator) -> None:
    """Nothing is exported, deleted or dead-lettered, and what was read can be received again at once."""
    world, log = World(emulator, settings={"log.level": "debug"}), Log(stop_at="object_read")
    world.produce("one")
    with HttpReceiver(rule=stop_at_a_record) as receiver:
        world.run(log, receiver.url, RunOptions(dry_run=True))
        assert receiver.exports == []
    answer = emulator.sqs.receive_message(QueueUrl=world.queue_url)
    assert len(answer["Messages"]) == 1


def test_without_a_dead_letter_queue_the_daemon_does_not_start(emulator: Emulator) -> None:
    """Where poison would have to be lost, the operator is told how to make a dead-letter queue."""
    with pytest.raises(SettingsError, match="aws sqs create-queue"):
        World(emulator, has_dead_letters=False).run(Log())


def test_the_settings_can_name_the_dead_letter_queue(emulator: Emulator) -> None:
    """Without a redrive policy the queue in the settings takes the dead letters."""
    dead_letter_url = emulator.queue()
    world = World(emulator, has_dead_letters=False, settings={"queue.dead_letter_url": dead_letter_url})
    world.send("no notification")
    with HttpReceiver() as receiver:
        world.run(Log(stop_at="dead_lettered"), receiver.url)
    assert world.depth(dead_letter_url) == 1


def test_a_missing_queue_is_waited_for_until_a_signal(emulator: Emulator) -> None:
    """A queue that is not there may be made yet: the daemon says so and waits, and stops when asked to."""
    world, log = World(emulator), Log(stop_at="queue_down")
    world.queue_url += "-missing"
    world.run(log)
    assert log.events() == ["started", "queue_down", "draining", "stopped"]


def test_required_health_needs_the_queue(emulator: Emulator) -> None:
    """With `--require-healthy` a queue that does not answer ends the start."""
    world = World(emulator)
    world.queue_url += "-missing"
    with pytest.raises(DependencyError, match=r"queue\.url"):
        world.run(Log(), options=RunOptions(require_healthy=True))


def test_required_health_needs_the_sink(emulator: Emulator) -> None:
    """With `--require-healthy` a sink that does not accept ends the start, before anything is received."""
    world = World(emulator)
    world.produce("one")
    with pytest.raises(DependencyError, match=r"otlp\.endpoint"):
        world.run(Log(), options=RunOptions(require_healthy=True))
    assert len(emulator.sqs.receive_message(QueueUrl=world.queue_url)["Messages"]) == 1
