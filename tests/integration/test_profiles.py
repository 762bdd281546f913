"""Other services through the real daemon: their own names, attributes and metric, and nothing of CodeCatalyst's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from agent.demo.trail_objects import pack, trail_key
from tests.support.clock import eventually
from tests.support.cloud import Cloud
from tests.support.daemon import Daemon
from tests.support.events import DATA, WITHOUT_PROFILE, create_dev_environment, encoded
from tests.support.otlp_receiver import HttpReceiver

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
SERVICES = (WITHOUT_PROFILE, "sso", "codeconnections")


def records_of(name: str) -> list[dict[str, Any]]:
    """The realistic events of a profile."""
    members: list[dict[str, Any]] = json.loads((DATA / "profiles" / f"{name}.json").read_text())["Records"]
    return members


def one_of_each() -> list[dict[str, Any]]:
    """An event of a service without a profile, of Identity Center and of CodeConnections."""
    known = [record for name in ("generic", "identity", "codeconnections") for record in records_of(name)]
    return [next(one for one in known if one["eventSource"] == f"{service}.amazonaws.com") for service in SERVICES]


def put(cloud: Cloud, *events: Mapping[str, object]) -> None:
    """An object that holds `events`."""
    cloud.world.put(trail_key(Random(), "111122223333", "us-west-2", NOW), pack(map(encoded, events)))


@pytest.mark.row(73)
def test_a_whole_trail_is_told_in_its_own_words(cloud: Cloud, tmp_path: Path) -> None:
    """With `"*"` each service has its own name and series; CodeCatalyst's metric counts CodeCatalyst's event only."""
    with HttpReceiver() as sink:
        settings = cloud.settings(sink, select={"event_sources": ["*"]})
        with Daemon.ready(tmp_path, settings) as agent:
            put(cloud, *one_of_each())
            eventually(cloud.is_idle, "the queue is empty")
            assert agent.metric("codecatalyst_events_total") == 0
            for service in SERVICES:
                assert agent.metric("cloudtrail_events_total", event_source=f"{service}.amazonaws.com") == 1
            put(cloud, create_dev_environment())
            eventually(lambda: agent.metric("codecatalyst_events_total") == 1, "CodeCatalyst's event is counted")
            assert agent.metric("cloudtrail_events_total") == len(SERVICES)
            assert agent.said("volume_added")
            assert WITHOUT_PROFILE in agent.get("/").text
    arrived = [record for export in sink.exports for record in export.records]
    others = [record for record in arrived if not record.event_name.startswith("codecatalyst.")]
    assert {str(record.resource["service.name"]) for record in others} == {f"aws-{service}" for service in SERVICES}
    names = {name for record in others for name in record.attributes}
    assert not [name for name in names if name.startswith("aws.codecatalyst")]


def test_only_what_guards_our_own_trail_is_shipped(cloud: Cloud, tmp_path: Path) -> None:
    """Calls on the listed bucket and on our queue are; the same calls on others are skipped, CodeCatalyst's too."""
    mine = [
        {"eventSource": "s3.amazonaws.com", "eventName": "DeleteBucket", "bucketName": cloud.world.bucket},
        {"eventSource": "sqs.amazonaws.com", "eventName": "PurgeQueue", "queueUrl": cloud.world.queue_url},
        {"eventSource": "sqs.amazonaws.com", "eventName": "DeleteQueue", "queueUrl": cloud.world.dead_letter_url},
        {"eventSource": "s3.amazonaws.com", "eventName": "DeleteBucket", "bucketName": "other"},
        {"eventSource": "sqs.amazonaws.com", "eventName": "PurgeQueue", "queueUrl": "https://sqs.x.com/1/other"},
    ]
    events = [
        {**create_dev_environment(), **one, "requestParameters": one, "eventID": f"guard-{number}"}
        for number, one in enumerate(mine)
    ]
    with HttpReceiver() as sink:
        settings = cloud.settings(sink, select={"profiles": ["trail_guard"]})
        with Daemon.ready(tmp_path, settings) as agent:
            put(cloud, *events, create_dev_environment())
            eventually(cloud.is_idle, "the queue is empty")
            assert agent.metric("trail_agent_events_total", fate="skipped") == 3
            assert agent.metric("cloudtrail_events_total") == 3
            assert not agent.said("volume_added")
    arrived = {str(r.attributes["log.record.uid"]) for export in sink.exports for r in export.records}
    assert arrived == {"guard-0", "guard-1", "guard-2"}
