"""`trail-agent run` with `event_history`: a daemon that has no trail, no queue and no bucket."""

from __future__ import annotations

import gzip
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from agent.sink.otlp.decode import ReceivedRecord
from tests.support import moto
from tests.support.clock import eventually
from tests.support.cloud import Cloud
from tests.support.commands import Shell
from tests.support.daemon import Daemon
from tests.support.events import Members, encoded, event, noise
from tests.support.history_service import HistoryAws
from tests.support.objects import log_file, trail_key
from tests.support.otlp_receiver import Export, HttpReceiver, HttpReply

REGIONS = ("us-west-2", "eu-west-1")


@dataclass
class Account:
    """An account without a trail, and the agent that reads its history into a sink."""

    aws: HistoryAws
    folder: Path
    ids: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    accepted: list[ReceivedRecord] = field(default_factory=list)
    is_down: bool = False

    def __post_init__(self) -> None:
        self.sink = HttpReceiver(rule=self._judge)

    def _judge(self, export: Export) -> HttpReply | None:
        """What the sink answers: nothing while it is down; no request with a record of `refused`."""
        if self.is_down:
            return HttpReply(503)
        records = export.records
        if any(one.attributes["log.record.uid"] in self.refused for one in records):
            return HttpReply(400)
        self.accepted += records
        return None

    def happen(self, *names: str, ago: float = 60.0, late: float = 0.0, region: str = REGIONS[0]) -> None:
        """Events of these ids, which happened `ago` seconds ago and are shown `late` seconds after that."""
        moment = datetime.now(UTC) - timedelta(seconds=ago)
        at = {"eventTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "awsRegion": region}
        some: list[Members] = [{**event(name), **at} for name in names]
        self.aws.service.put(*some, {**noise("noise"), **at}, region=region, late=late)
        self.ids.update(names)

    def settings(self, *, checkpoint: bool = True, overlap: int = 1800, **more: Any) -> dict[str, Any]:
        """With the least that is set."""
        follows = {"regions": list(REGIONS), "poll_seconds": 10, "overlap_seconds": overlap}
        if checkpoint:
            follows["checkpoint_file"] = str(self.folder / "checkpoint")
        return {
            "event_history": follows,
            "otlp": {"endpoint": self.sink.url},
            "aws": {"endpoint_url": self.aws.url},
            "http": {"listen": "127.0.0.1:0"},
            "log": {"format": "json"},
            **more,
        }

    @contextmanager
    def agent(self, *flags: str, **settings: Any) -> Iterator[Daemon]:
        """Ready."""
        with Daemon.ready(self.folder / "agent", self.settings(**settings), *flags) as daemon:
            yield daemon

    def arrived(self) -> Counter[str]:
        """How often each event came."""
        return Counter(str(record.attributes["log.record.uid"]) for record in self.accepted)

    def await_all(self) -> None:
        """Until everything that happened has arrived."""
        eventually(lambda: self.arrived().keys() >= self.ids, "all events have arrived")


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    """It has nothing but its history: whatever else is asked of it fails."""
    with HistoryAws.before("http://127.0.0.1:9", {}) as aws:
        account = Account(aws, tmp_path)
        with account.sink:
            yield account


def test_what_happens_arrives_and_restarts_ship_nothing_twice(account: Account) -> None:
    """Each event once, over two clean stops, with what came late and what happened meanwhile."""
    account.happen("before", ago=600)
    account.happen("other", ago=500, region=REGIONS[1])
    account.happen("late", ago=900, late=903)
    with account.agent() as agent:
        account.await_all()
        assert agent.stop() == 0, agent.log_text()
    account.happen("meanwhile", "at once", ago=1)
    with account.agent() as agent:
        account.await_all()
        assert agent.stop() == 0, agent.log_text()
    assert account.arrived() == dict.fromkeys(account.ids, 1)


def test_a_sink_that_is_down_from_the_start_costs_no_event(account: Account) -> None:
    """The place is in the file of a process that has shipped nothing; the next one begins there, however late."""
    happened = time.time() - 292
    account.happen("one", ago=292)
    account.happen("other", ago=292, region=REGIONS[1])
    checkpoint = account.folder / "checkpoint"
    account.is_down = True
    with Daemon.run(account.folder / "agent", account.settings(overlap=300)) as agent:
        eventually(lambda: agent.said("sink_down"), "the sink is down")
        eventually(checkpoint.exists, "the place is on the disk")
        assert json.loads(checkpoint.read_text())["regions"].keys() == set(REGIONS)
        agent.child.kill()
    eventually(lambda: time.time() > happened + 303, "the overlap of a new start does not reach back to them")
    account.is_down = False
    with account.agent(overlap=300) as agent:
        account.await_all()
        assert agent.stop() == 0
    assert account.arrived() == dict.fromkeys(account.ids, 1)


def test_aws_that_is_away_at_the_first_start_costs_no_event(account: Account) -> None:
    """The process ends before anything has answered; the next one begins where it would have begun."""
    happened = time.time() - 292
    account.happen("one", ago=292)
    settings = account.settings(overlap=300) | {"aws": {"endpoint_url": "http://127.0.0.1:9"}}
    with Daemon.run(account.folder / "agent", settings) as agent:
        eventually((account.folder / "checkpoint").exists, "the beginning is on the disk")
        agent.child.kill()
    eventually(lambda: time.time() > happened + 303, "the overlap of a new start does not reach back to it")
    with account.agent(overlap=300) as agent:
        account.await_all()
        assert agent.stop() == 0
    assert account.arrived() == {"one": 1}


def test_killed_at_any_moment_nothing_is_missing(account: Account) -> None:
    """After kill -9 at most the window in hand comes again, as the same bytes."""
    rng, most = Random(3), 5
    for life in range(most):
        account.happen(*(f"{life}-{number}" for number in range(60)), ago=rng.randrange(1700))
        account.happen(f"{life}-late", ago=900, late=905)
        before = len(account.aws.service.asked) + len(account.sink.exports)
        until = before + rng.randrange(1, 8)
        with Daemon.run(account.folder / "agent", account.settings()) as agent:
            eventually(
                lambda until=until: len(account.aws.service.asked) + len(account.sink.exports) >= until,  # type: ignore[misc]
                "it has begun",
            )
            agent.child.kill()
    with account.agent() as agent:
        account.await_all()
        assert agent.stop() == 0
    counts = account.arrived()
    assert set(counts) == account.ids
    assert max(counts.values()) <= 1 + most
    bodies: dict[str, set[str]] = {}
    for record in account.accepted:
        bodies.setdefault(str(record.attributes["log.record.uid"]), set()).add(record.body)
    assert {len(each) for each in bodies.values()} == {1}


def test_without_a_checkpoint_a_start_looks_back_for_the_overlap(account: Account) -> None:
    """What was shipped within it comes again, as the same bytes."""
    account.happen("old", ago=1900)
    account.happen("new", ago=300)
    account.ids.remove("old")
    for _ in range(2):
        with account.agent(checkpoint=False) as agent:
            eventually(lambda: agent.metric("trail_agent_events_total", fate="exported") == 1, "it is shipped")
            assert agent.stop() == 0
    assert account.arrived() == {"new": 2}
    assert not (account.folder / "checkpoint").exists()


def test_its_metrics_tell_how_far_it_is(account: Account) -> None:
    """Events are counted as live ones; a window is neither a message nor an object."""
    account.happen("one", "two")
    with account.agent() as agent:
        account.await_all()
        eventually(lambda: agent.metric("trail_agent_events_total", fate="exported") == 2, "both are counted")
        named = "trail_agent_event_history_"
        for region in REGIONS:
            eventually(
                lambda region=region: (  # type: ignore[misc]
                    agent.metric(f"{named}position_timestamp_seconds", region=region)
                    > datetime.now(UTC).timestamp() - 60
                ),
                "the region is read",
            )
            assert agent.metric(f"{named}requests_total", region=region, result="ok") >= 1
            assert agent.metric(f"{named}unshipped_total", region=region) == 0
        assert sum(agent.counted().values()) == 2
        assert agent.metric("trail_agent_objects_read_total") == 0
        assert agent.metric("trail_agent_deliveries_received_total") == 0
        assert agent.ledger_balances()
        assert agent.get("/").status == 200


def test_a_region_that_is_denied_holds_up_no_other(account: Account) -> None:
    """It is not ready and says why; the other region is read; a stop ends at once."""
    account.happen("one", region=REGIONS[1])
    account.aws.service.denied.add(REGIONS[0])
    with Daemon.run(account.folder / "agent", account.settings()) as agent:
        account.await_all()
        eventually(lambda: "Event history of us-west-2" in agent.get("/readyz").text, "it says so")
        assert agent.get("/readyz").status == 503
        assert agent.metric("trail_agent_waiting", fault="log denied") == 1
        assert agent.get("/livez").status == 200
        (line, *_) = [line for line in agent.events() if line["event"] == "gate_closed"]
        assert "AccessDenied" in str(line["detail"])
        assert "cloudtrail:LookupEvents" in str(line["hint"])
        account.aws.service.denied.clear()
        account.happen("two")
        account.await_all()
        eventually(lambda: agent.get("/readyz").status == 200, "it is ready again")
        assert agent.stop() == 0


def test_what_the_sink_refuses_is_told_with_a_command_that_works(account: Account) -> None:
    """There is no queue for it: the log line says how to ship it once the cause is mended."""
    account.happen("good", "bad", ago=1900)
    account.refused.add("bad")
    with account.agent(overlap=3600) as agent:
        eventually(lambda: agent.said("event_unshipped"), "it is told")
        (line,) = [line for line in agent.events() if line["event"] == "event_unshipped"]
        assert (line["event_id"], line["reason"]) == ("bad", "sink_rejected")
        assert agent.metric("trail_agent_event_history_unshipped_total", region=REGIONS[0]) == 1
        assert agent.stop() == 0
    account.refused.clear()
    command = re.search(r"'trail-agent (replay .*)'", str(line["hint"]))
    assert command
    words = command[1].replace("-c FILE", "").split()
    plain = {name: value for name, value in account.settings().items() if name != "event_history"}
    ended = Shell.at(account.folder, plain).run(*words)
    assert ended.code == 0, ended.err
    assert account.arrived().keys() >= {"bad", "good"}


def test_a_dry_run_counts_and_leaves_everything_as_it_is(account: Account) -> None:
    """Nothing is shipped, and no checkpoint is written."""
    account.happen("one", "two")
    with Daemon.run(account.folder / "agent", account.settings(), "--dry-run") as agent:
        eventually(lambda: agent.metric("trail_agent_events_total", fate="exported") == 2, "both are counted")
        assert agent.stop() == 0
    assert account.arrived() == {}
    assert list(account.folder.glob("checkpoint*")) == []
    with account.agent() as agent:
        account.await_all()
        assert agent.stop() == 0


def test_a_file_that_is_no_checkpoint_ends_with_78(account: Account) -> None:
    """Nothing begins anew in silence."""
    (account.folder / "checkpoint").write_text("{}")
    with Daemon.run(account.folder / "agent", account.settings()) as agent:
        eventually(lambda: not agent.child.alive, "it has ended")
        assert agent.child.wait(1) == 78
    assert "event_history.checkpoint_file: " in agent.log_text()
    assert (account.folder / "checkpoint").read_text() == "{}"


def test_beside_a_queue_a_file_that_is_no_checkpoint_is_waited_for(emulator: str, tmp_path: Path) -> None:
    """What comes through the queue is shipped meanwhile; once the file is gone, the regions are read."""
    moto.forget()
    cloud = Cloud.at(emulator)
    with HistoryAws.before(emulator, {}) as aws:
        account = Account(aws, tmp_path)
        with account.sink:
            (tmp_path / "checkpoint").write_text("{}")
            account.happen("history")
            account.ids = {"trail"}
            cloud.world.put(trail_key("o1"), gzip.compress(log_file(encoded(event("trail"))), mtime=0))
            own = {name: account.settings()[name] for name in ("event_history", "aws")}
            with Daemon.run(tmp_path / "agent", cloud.settings(account.sink, **own)) as agent:
                account.await_all()
                assert agent.metric("trail_agent_waiting", fault="checkpoint unusable") == 1
                eventually(lambda: "is no checkpoint of Event history" in agent.get("/readyz").text, "it says so")
                (tmp_path / "checkpoint").unlink()
                account.ids.add("history")
                account.await_all()
                eventually(lambda: agent.get("/readyz").status == 200, "it is ready")
                assert agent.stop() == 0


@pytest.mark.parametrize("has_redrive", [True, False])
def test_beside_a_queue_that_is_down_at_the_start_the_regions_begin(
    emulator: str, tmp_path: Path, has_redrive: bool
) -> None:
    """The queue joins them once it answers; if its settings turn out bad then, the agent ends as at a start."""
    moto.forget()
    cloud = Cloud.at(emulator)
    url = cloud.world.queue_url
    attributes = cloud.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]
    cloud.sqs.delete_queue(QueueUrl=url)
    with HistoryAws.before(emulator, {}) as aws:
        account = Account(aws, tmp_path)
        with account.sink:
            account.happen("history")
            own = {name: account.settings()[name] for name in ("event_history", "aws")}
            with Daemon.run(tmp_path / "agent", cloud.settings(account.sink, **own)) as agent:
                account.await_all()
                assert agent.said("queue_down")
                queue = {"QueueName": url.rpartition("/")[2], "Attributes": attributes if has_redrive else {}}
                cloud.sqs.create_queue(**queue)
                if not has_redrive:
                    eventually(lambda: not agent.child.alive, "it has ended")
                    assert agent.child.wait(1) == 78
                    assert "queue.dead_letter_url: " in agent.log_text()
                    return
                cloud.world.put(trail_key("o1"), gzip.compress(log_file(encoded(event("trail"))), mtime=0))
                account.ids.add("trail")
                account.await_all()
                eventually(cloud.is_idle, "the queue is empty")
                eventually(lambda: agent.get("/readyz").status == 200, "it is ready")
                assert agent.stop() == 0
            assert account.arrived() == dict.fromkeys(account.ids, 1)


def test_whoever_requires_health_is_told_of_a_region_that_refuses(account: Account) -> None:
    """At the start, with exit code 69 and the name of the region; where all answer, it runs."""
    account.aws.service.denied.add(REGIONS[1])
    with Daemon.run(account.folder / "agent", account.settings(), "--require-healthy") as agent:
        eventually(lambda: not agent.child.alive, "it has ended")
        assert agent.child.wait(1) == 69
        assert "✗ event_history: eu-west-1 cannot be asked: AccessDenied" in agent.log_text()
    account.aws.service.denied.clear()
    account.happen("one")
    with account.agent("--require-healthy") as agent:
        account.await_all()
        assert agent.stop() == 0


def test_without_credentials_nothing_is_told_of_a_queue(account: Account) -> None:
    """There is none: what is awaited is Event history, and the sink."""
    none = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    with Daemon.run(account.folder / "agent", account.settings(), variables=none) as agent:
        eventually(lambda: "Event history: " in agent.get("/readyz").text, "it says so")
        assert "queue" not in agent.get("/readyz").text
        assert agent.stop() == 0


def test_a_stop_while_a_region_does_not_answer_ends_at_once(account: Account) -> None:
    """What is asked for is given up."""
    account.aws.answers.clear()
    with Daemon.run(account.folder / "agent", account.settings(shutdown_grace_seconds=20)) as agent:
        eventually(lambda: any(one.action == "cloudtrail:LookupEvents" for one in account.aws.calls), "it asks")
        began = time.monotonic()
        assert agent.stop() == 0
        assert time.monotonic() - began < 10
    account.aws.answers.set()


def test_beside_a_queue_an_event_of_both_is_shipped_once(emulator: str, tmp_path: Path) -> None:
    """The trail's workers and those of the regions share what this process has delivered; both go on side by side."""
    moto.forget()
    cloud = Cloud.at(emulator)
    with HistoryAws.before(emulator, {}) as aws:
        account = Account(aws, tmp_path)
        with account.sink:
            account.happen("both", "history alone")
            account.ids.add("trail alone")
            both = next(each.text.encode() for each in aws.service.held(REGIONS[0]) if "both" in each.text)
            cloud.world.put(trail_key("o1"), gzip.compress(log_file(both, encoded(event("trail alone"))), mtime=0))
            aws.service.denied.add(REGIONS[1])
            own = {name: account.settings()[name] for name in ("event_history", "aws")}
            with Daemon.run(tmp_path / "agent", cloud.settings(account.sink, **own)) as agent:
                account.await_all()
                eventually(cloud.is_idle, "the queue is empty")
                eventually(lambda: agent.metric("trail_agent_events_total", fate="duplicate") == 1, "one is known")
                assert agent.metric("trail_agent_objects_read_total") == 1
                assert agent.stop() == 0
            assert account.arrived() == dict.fromkeys(account.ids, 1)
