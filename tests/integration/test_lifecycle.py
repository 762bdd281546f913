"""The daemon's life as its operator sees it: start, readiness, drain, and exit codes."""

from __future__ import annotations

import signal
import socket
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

import pytest

from agent.demo.generator import Generator
from agent.demo.trail_objects import pack, trail_key
from tests.support.clock import DEADLINE_SECONDS, eventually
from tests.support.cloud import Cloud
from tests.support.daemon import Daemon
from tests.support.otlp_receiver import Export, HttpReceiver, HttpReply

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
UNAVAILABLE = HttpReply(status=503)


def put_events(cloud: Cloud, count: int) -> set[str]:
    """One object with `count` events; returns their ids."""
    rng = Random(count)
    events = Generator(rng, NOW).generate(count, NOW)
    cloud.world.put(trail_key(rng, "111122223333", "us-west-2", NOW), pack(event.record for event in events))
    return {event.event_id for event in events}


class Moody:
    """How a sink answers: it accepts until `down` is set."""

    def __init__(self, *, down: bool = False) -> None:
        self.down = down

    def __call__(self, _export: Export) -> HttpReply | None:
        """The receiver's rule."""
        return UNAVAILABLE if self.down else None


def _ids(sink: HttpReceiver) -> list[str]:
    return [str(record.attributes["log.record.uid"]) for export in sink.exports for record in export.records]


@pytest.mark.row(22)
@pytest.mark.row(25)
def test_a_sink_that_is_down_and_comes_back_gets_everything(cloud: Cloud, tmp_path: Path) -> None:
    """While the sink answers 503 the daemon is alive, unready and keeps its messages; then all is delivered, once."""
    mood = Moody()
    with HttpReceiver(rule=mood) as sink:
        with Daemon.ready(tmp_path, cloud.settings(sink)) as agent:
            mood.down = True
            written = put_events(cloud, 5)
            eventually(lambda: agent.metric("trail_agent_events_read_total") == 5, "the object is read")
            eventually(lambda: "503" in agent.get("/readyz").text, "readiness tells why")
            assert agent.get("/readyz").status == 503
            assert agent.get("/livez").status == 200
            assert agent.metric("trail_agent_sink_up") == 0
            assert cloud.world.queue_depth().in_flight >= 1
            mood.down = False
            eventually(cloud.is_idle, "the message is deleted")
            eventually(lambda: agent.get("/readyz").status == 200, "the daemon is ready again")
            assert agent.metric("trail_agent_events_total", fate="exported") == 5
            assert agent.ledger_balances()
            assert agent.stop() == 0
        accepted = sink.exports[-1]
        assert {str(record.attributes["log.record.uid"]) for record in accepted.records} == written
        assert len({export.payload for export in sink.exports if export.records}) == 1, "the same bytes, every time"
    assert cloud.dead_letters() == []


@pytest.mark.row(28)
def test_a_stop_with_the_sink_down_gives_every_message_back(cloud: Cloud, tmp_path: Path) -> None:
    """SIGTERM ends with 0 inside the grace; what was not delivered is visible at once."""
    mood = Moody()
    with HttpReceiver(rule=mood) as sink:
        settings = cloud.settings(sink, shutdown_grace_seconds=4)
        with Daemon.ready(tmp_path, settings) as agent:
            mood.down = True
            written = put_events(cloud, 4)
            eventually(lambda: agent.metric("trail_agent_events_read_total") == 4, "the object is read")
            assert agent.stop() == 0
            assert agent.said("draining")
            assert agent.said("stopped")
        depth = cloud.world.queue_depth()
        assert (depth.in_flight, depth.visible) == (0, 1)
    with HttpReceiver() as sink, Daemon.ready(tmp_path / "second", cloud.settings(sink)) as agent:
        eventually(cloud.is_idle, "the second daemon delivers it")
        assert agent.stop() == 0
        assert sorted(_ids(sink)) == sorted(written)


@pytest.mark.row(22)
def test_a_start_while_the_sink_is_down_receives_nothing(cloud: Cloud, tmp_path: Path) -> None:
    """A daemon that could not ship spends no message's receive; it stops when told to, and works once the sink does."""
    mood = Moody(down=True)
    written = put_events(cloud, 3)
    with HttpReceiver(rule=mood) as sink:
        with Daemon.run(tmp_path, cloud.settings(sink)) as agent:
            eventually(lambda: "503" in agent.get("/readyz").text, "readiness tells why")
            eventually(lambda: len(sink.exports) >= 3, "the sink is asked again and again")
            assert agent.metric("trail_agent_queue_messages", queue="main", state="visible") >= 1
            assert agent.metric("trail_agent_sqs_requests_total", operation="ReceiveMessage") == 0
            assert agent.stop() == 0
        with Daemon.run(tmp_path / "second", cloud.settings(sink)) as agent:
            eventually(lambda: "503" in agent.get("/readyz").text, "readiness tells why")
            mood.down = False
            eventually(cloud.is_idle, "the message is deleted")
            assert agent.get("/readyz").status == 200
            assert agent.stop() == 0
        assert sorted(_ids(sink)) == sorted(written)


@pytest.mark.row(22)
def test_a_start_names_the_sink_that_it_waits_for(cloud: Cloud, tmp_path: Path) -> None:
    """Until its first answer the sink is not up, and readiness says that it is what the start waits for."""
    asked, may_answer = Event(), Event()

    def rule(_export: Export) -> HttpReply | None:
        asked.set()
        may_answer.wait(DEADLINE_SECONDS)
        return None

    with HttpReceiver(rule=rule) as sink, Daemon.run(tmp_path, cloud.settings(sink)) as agent:
        assert asked.wait(DEADLINE_SECONDS)
        assert agent.get("/readyz").text == "sink has not answered yet\n"
        assert agent.metric("trail_agent_sink_up") == 0
        may_answer.set()
        eventually(lambda: agent.get("/readyz").status == 200, "it is ready")
        assert agent.metric("trail_agent_sink_up") == 1
        assert agent.stop() == 0


@pytest.mark.row(28)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_daemon_stops_on_either_signal(cloud: Cloud, tmp_path: Path, number: signal.Signals) -> None:
    """SIGTERM and SIGINT in a long poll end the daemon with 0."""
    with HttpReceiver() as sink, Daemon.ready(tmp_path, cloud.settings(sink)) as agent:
        agent.child.process.send_signal(number)
        assert agent.child.wait(DEADLINE_SECONDS) == 0
        assert "Traceback" not in agent.log_text()


@pytest.mark.row(28)
def test_a_second_signal_does_not_wait_for_the_grace(cloud: Cloud, tmp_path: Path) -> None:
    """With a minute of grace and a sink that is down, the second SIGTERM ends the daemon at once."""
    mood = Moody()
    with (
        HttpReceiver(rule=mood) as sink,
        Daemon.ready(tmp_path, cloud.settings(sink, shutdown_grace_seconds=600)) as agent,
    ):
        mood.down = True
        put_events(cloud, 2)
        eventually(lambda: agent.metric("trail_agent_events_read_total") == 2, "the object is read")
        agent.child.process.terminate()
        eventually(lambda: agent.said("draining"), "the first signal drains")
        agent.child.process.terminate()
        assert agent.child.wait(DEADLINE_SECONDS) == 0
    assert cloud.world.queue_depth().visible == 1


def test_a_queue_without_a_dead_letter_queue_is_refused(cloud: Cloud, tmp_path: Path) -> None:
    """Without any dead-letter queue the daemon ends with 78 and says how to make one."""
    bare = cloud.account.create_queue("bare")
    queue = {"url": bare, "region": "us-west-2"}
    with Daemon.run(tmp_path, cloud.settings("http://127.0.0.1:9", queue=queue)) as agent:
        assert agent.child.wait(DEADLINE_SECONDS) == 78
        assert "create-queue" in agent.log_text()
        assert "Traceback" not in agent.log_text()


def test_a_dead_letter_queue_of_the_settings_is_used(cloud: Cloud, tmp_path: Path) -> None:
    """A queue without a redrive policy works with queue.dead_letter_url."""
    bare = cloud.account.create_queue("bare")
    queue = {
        "url": bare,
        "region": "us-west-2",
        "wait_seconds": 1,
        "dead_letter_url": cloud.world.dead_letter_url,
    }
    with HttpReceiver() as sink, Daemon.ready(tmp_path, cloud.settings(sink, queue=queue)) as agent:
        cloud.account.send(bare, "?")
        eventually(lambda: agent.metric("trail_agent_dead_letters_total") == 1, "the message is dead-lettered")
        assert agent.stop() == 0
    assert [letter["Body"] for letter in cloud.dead_letters()] == ["?"]


def _unused_address() -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{listener.getsockname()[1]}"


def test_require_healthy_ends_with_69_if_the_sink_is_not_there(cloud: Cloud, tmp_path: Path) -> None:
    """With --require-healthy a sink that refuses connections ends the start, and the message names the setting."""
    settings = cloud.settings(f"http://{_unused_address()}")
    with Daemon.run(tmp_path, settings, "--require-healthy") as agent:
        assert agent.child.wait(DEADLINE_SECONDS) == 69
        assert "otlp.endpoint" in agent.log_text()


@pytest.mark.row(2)
def test_require_healthy_ends_with_69_if_the_queue_is_not_there(cloud: Cloud, tmp_path: Path) -> None:
    """With --require-healthy a queue that does not exist ends the start, and the message names the setting."""
    queue = {"url": cloud.world.queue_url + "-nowhere", "region": "us-west-2"}
    with (
        HttpReceiver() as sink,
        Daemon.run(tmp_path, cloud.settings(sink, queue=queue), "--require-healthy") as agent,
    ):
        assert agent.child.wait(DEADLINE_SECONDS) == 69
        assert "queue.url" in agent.log_text()


@pytest.mark.row(2)
def test_a_queue_that_is_not_there_is_waited_for(cloud: Cloud, tmp_path: Path) -> None:
    """Without --require-healthy the daemon lives, is unready with the reason, and still stops with 0."""
    queue = {"url": cloud.world.queue_url + "-nowhere", "region": "us-west-2"}
    with HttpReceiver() as sink, Daemon.run(tmp_path, cloud.settings(sink, queue=queue)) as agent:
        eventually(lambda: "queue" in agent.get("/readyz").text, "readiness tells why")
        assert agent.get("/livez").status == 200
        assert agent.stop() == 0


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"workres": 3}, "workres"),
        ({"http": {"listen": "256.0.0.1:1"}}, "http.listen"),
        ({"aws": {"profile": "nobody"}}, "aws.profile"),
    ],
)
def test_settings_that_cannot_be_used_end_with_78(
    cloud: Cloud, tmp_path: Path, changes: dict[str, Any], named: str
) -> None:
    """A misspelt key, an address that is not ours and an unknown profile are named, without a traceback."""
    with Daemon.run(tmp_path, cloud.settings("http://127.0.0.1:9", **changes)) as agent:
        assert agent.child.wait(DEADLINE_SECONDS) == 78
        assert named in agent.log_text()
        assert "Traceback" not in agent.log_text()


def test_a_stop_is_heard_before_anything_answers(cloud: Cloud, tmp_path: Path) -> None:
    """SIGTERM while the first request to the sink stalls ends the daemon at once, with 0, and is logged."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = cloud.settings(f"http://127.0.0.1:{silent.getsockname()[1]}")
        settings["otlp"]["timeout_seconds"] = 50
        with Daemon.run(tmp_path, settings) as agent:
            eventually(lambda: agent.said("started"), "the daemon has started")
            silent.settimeout(DEADLINE_SECONDS)
            connection, _ = silent.accept()
            with connection:
                assert agent.child.stop(10) == 0
            assert agent.said("draining")
            assert agent.said("stopped")
