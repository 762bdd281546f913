"""The daemon as people run it: objects in a bucket become records at the sink, exactly once, and empty queues."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from agent.demo.bystanders import Bystanders
from agent.demo.generator import GeneratedEvent, Generator
from agent.demo.trail_objects import TrailObject, pack, trail_key
from agent.model import ObjectSource
from agent.records.profiles import CODECATALYST
from tests.support.clock import eventually
from tests.support.cloud import ACME, Cloud
from tests.support.daemon import Daemon
from tests.support.otlp_receiver import GrpcReceiver, HttpReceiver
from tests.support.records import open_mapper

NOTIFICATIONS = Path(__file__).parent.parent / "data" / "notifications"
NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def _objects(number: int, seed: int) -> list[TrailObject]:
    """Objects of real noise, each with a random handful of generated events."""
    rng = Random(seed)
    generator, bystanders = Generator(rng, NOW), Bystanders()
    objects = []
    for _ in range(number):
        events = generator.generate(rng.randint(0, 6), NOW)
        account = events[0].account if events else "111122223333"
        region = events[0].region if events else "us-west-2"
        records = bystanders.sample(rng, 30, account, region, NOW) + [event.record for event in events]
        rng.shuffle(records)
        objects.append(TrailObject(trail_key(rng, account, region, NOW), pack(records), tuple(events)))
    return objects


def _labels(event: GeneratedEvent) -> tuple[str, ...]:
    return (CODECATALYST.canonical(event.event_name), event.identity_type, event.outcome)


@pytest.mark.parametrize("receiver", [HttpReceiver, GrpcReceiver])
def test_exactly_the_codecatalyst_events_arrive_once_each(
    cloud: Cloud, tmp_path: Path, receiver: type[HttpReceiver | GrpcReceiver]
) -> None:
    """Forty objects of noise give their events: bodies, attributes, counters and empty queues; SIGTERM ends with 0."""
    objects = _objects(40, seed=7)
    written = {event.event_id: (event, trail) for trail in objects for event in trail.events}
    with receiver() as sink, Daemon.ready(tmp_path, cloud.settings(sink)) as agent:
        for trail in objects:
            cloud.world.put(trail.key, trail.body)
        eventually(cloud.is_idle, "the queue is empty")
        arrived = [record for export in sink.exports for record in export.records]
        assert Counter(str(record.attributes["log.record.uid"]) for record in arrived) == Counter(list(written))
        assert agent.counted() == Counter(_labels(event) for event, _ in written.values())
        assert agent.ledger_balances()
        assert agent.metric("trail_agent_events_total", fate="exported") == len(written)
        assert agent.get("/livez").status == 200
        assert agent.stop() == 0
    mapper = open_mapper()
    for record in arrived:
        event, trail = written[str(record.attributes["log.record.uid"])]
        source = ObjectSource(cloud.world.bucket, trail.key, event.account, record.observed_time_unix_nano)
        expected = mapper.to_record(event.record, source)
        assert json.loads(record.body) == json.loads(event.record)
        assert dict(record.attributes) == _as_received(expected.attributes)
        assert (record.severity_number, record.event_name) == (expected.severity_number, expected.event_name)
        assert record.time_unix_nano == expected.time_unix_nano
        assert record.resource == {
            "cloud.provider": "aws",
            "cloud.account.id": event.account,
            "cloud.region": event.region,
            "service.name": "aws-codecatalyst",
        }
    assert cloud.dead_letters() == []


def _as_received(attributes: Any) -> dict[str, Any]:
    """Attributes as a receiver decodes them: every sequence a list."""
    return {
        name: [dict(item) if isinstance(item, dict) else item for item in value] if isinstance(value, tuple) else value
        for name, value in attributes.items()
    }


def test_every_form_of_notification_yields_what_it_names(cloud: Cloud, tmp_path: Path) -> None:
    """All forms put into the queue are read or ignored as expected, and none is left or dead-lettered."""
    expected = json.loads((NOTIFICATIONS / "expected.json").read_text())
    keys = sorted({key for each in expected.values() for key in each["keys"]})
    cloud.add_bucket(ACME)
    generated = Generator(Random(3), NOW).generate(len(keys), NOW)
    for key, event in zip(keys, generated, strict=True):
        cloud.account.put_object(ACME, key, pack([event.record]))
    settings = {"buckets": [{"name": ACME}], "dedup": {"events": 0}}
    with HttpReceiver() as sink, Daemon.ready(tmp_path, cloud.settings(sink, **settings)) as agent:
        for name in expected:
            cloud.world.send((NOTIFICATIONS / name).read_text())
            eventually(cloud.is_idle, f"{name} is settled")
        assert agent.metric("trail_agent_notifications_ignored_total") == 5 + 2  # and a test event of each bucket
        assert agent.stop() == 0
    read = Counter(
        str(record.attributes["log.file.path"]).removeprefix(f"s3://{ACME}/")
        for export in sink.exports
        for record in export.records
    )
    assert read == Counter(key for each in expected.values() for key in each["keys"])
    assert cloud.dead_letters() == []


def test_what_can_never_be_delivered_ends_in_the_dead_letter_queue(cloud: Cloud, tmp_path: Path) -> None:
    """Garbage, a forged bucket and a damaged object are dead-lettered with their reasons; what is good passes."""
    rng = Random(5)
    good, torn = _objects(1, seed=11)[0], trail_key(rng, "111122223333", "us-west-2", NOW)
    forged = json.dumps({"s3Bucket": "somebody-elses-bucket", "s3ObjectKey": [good.key]})
    with HttpReceiver() as sink, Daemon.ready(tmp_path, cloud.settings(sink)) as agent:
        cloud.world.send("not json")
        cloud.world.send(forged)
        cloud.world.put(torn, gzip.compress(b'{"Records":[]}', mtime=0)[:-4])
        cloud.world.put(good.key, good.body)
        eventually(cloud.is_idle, "everything is settled")
        assert agent.metric("trail_agent_dead_letters_total") == 3
        assert agent.metric("trail_agent_events_total", fate="exported") == len(good.events)
        assert agent.stop() == 0
    letters = {letter["MessageAttributes"]["reason"]["StringValue"]: letter for letter in cloud.dead_letters()}
    assert set(letters) == {"notification_unknown", "not_allowed", "object_corrupt"}
    assert letters["notification_unknown"]["Body"] == "not json"
    assert letters["not_allowed"]["Body"] == forged
    assert letters["not_allowed"]["MessageAttributes"]["bucket"]["StringValue"] == "somebody-elses-bucket"
    assert letters["object_corrupt"]["MessageAttributes"]["key"]["StringValue"] == torn
    assert all(letter["MessageAttributes"]["agent_version"]["StringValue"] for letter in letters.values())


def test_a_dry_run_reads_and_counts_and_changes_nothing(cloud: Cloud, tmp_path: Path) -> None:
    """With --dry-run the counters move, nothing is exported, and every message is back in the queue at the end."""
    trail = _objects(3, seed=2)
    events = sum(len(each.events) for each in trail)
    for each in trail:
        cloud.world.put(each.key, each.body)
    waiting = cloud.world.queue_depth().visible
    with HttpReceiver() as sink, Daemon.ready(tmp_path, cloud.settings(sink), "--dry-run") as agent:
        eventually(lambda: sum(agent.counted().values()) == events, "every event is counted")
        assert agent.metric("trail_agent_deliveries_received_total") == waiting
        assert agent.metric("trail_agent_sink_up") == 1, "no sink has to answer"
        assert agent.stop() == 0
        assert sink.exports == []
    assert cloud.world.queue_depth().visible == waiting
    assert cloud.dead_letters() == []
