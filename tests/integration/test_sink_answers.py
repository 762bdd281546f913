"""What the daemon itself makes of a sink's answers: load, size, settings and wrong endpoints, over real connections."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from grpc import StatusCode

from agent.demo.generator import Generator
from agent.demo.trail_objects import pack, trail_key
from tests.support.clock import eventually
from tests.support.cloud import Cloud
from tests.support.daemon import Daemon
from tests.support.otlp_receiver import Export, GrpcReceiver, GrpcReply, HttpReceiver, HttpReply

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
BUSY = "data refused due to high memory usage"
PLAIN = b"Client sent an HTTP request to an HTTPS server.\n"
PAGE = b"<html>\r\n<head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>"
NO_METADATA = (
    b"stream '{service_name=\"aws-codecatalyst\"}' includes structured metadata, but this feature is disallowed. "
    b"Please see `limits_config.allow_structured_metadata` or contact your Loki administrator to enable it."
)
TOO_LARGE = (
    b"stream '{service_name=\"aws-codecatalyst\"}' has structured metadata too large: '88000' bytes, limit: '65536' "
    b"bytes. Please see `limits_config.max_structured_metadata_size`"
)


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    """An emulated AWS of the test's own."""
    with Cloud.start() as started:
        yield started


def _produce(cloud: Cloud, objects: int, events: int, *, padding: int = 0) -> set[str]:
    """So many objects of so many events each, of about `padding` bytes; returns the ids of the events."""
    rng = Random(1)
    generator, written = Generator(rng, NOW), set[str]()
    for _ in range(objects):
        records = []
        for event in generator.generate(events, NOW):
            members = json.loads(event.record)
            if padding:
                members["requestParameters"] = {"padding": "x" * padding}
            records.append(json.dumps(members).encode())
            written.add(event.event_id)
        cloud.world.put(trail_key(rng, "111122223333", "us-west-2", NOW), pack(records))
    return written


def _ids(export: Export) -> set[str]:
    return {str(record.attributes["log.record.uid"]) for record in export.records}


def _is_cut(export: Export) -> bool:
    return any("trail_agent.truncated" in record.attributes for record in export.records)


@pytest.mark.row(36)
def test_an_overload_over_grpc_is_waited_out_whole(cloud: Cloud, tmp_path: Path) -> None:
    """A memory limiter answers RESOURCE_EXHAUSTED without RetryInfo: the same bytes come again, nothing is cut."""
    refused: list[Export] = []

    def rule(export: Export) -> GrpcReply | None:
        if not export.payload or len(refused) >= 4:
            return None
        refused.append(export)
        return GrpcReply(StatusCode.RESOURCE_EXHAUSTED, BUSY)

    with GrpcReceiver(rule=rule) as sink, Daemon.ready(tmp_path, cloud.settings(sink)) as agent:
        written = _produce(cloud, 1, 20)
        eventually(cloud.is_idle, "all is delivered")
        with_records = [export for export in sink.exports if export.payload]
        assert len(with_records) == 5
        assert len({export.payload for export in with_records}) == 1
        assert _ids(with_records[-1]) == written
        assert not _is_cut(with_records[-1])
        assert agent.metric("trail_agent_dead_letters_total") == 0
        assert agent.stop() == 0


@pytest.mark.row(37)
def test_size_that_is_told_as_out_of_range_is_size(cloud: Cloud, tmp_path: Path) -> None:
    """tonic's words: the request is split at once, and every record arrives whole."""
    stored: set[str] = set()

    def rule(export: Export) -> GrpcReply | None:
        found = len(export.payload)
        if found > 200_000:
            text = f"Error, decoded message length too large: found {found} bytes, the limit is: 200000 bytes"
            return GrpcReply(StatusCode.OUT_OF_RANGE, text)
        assert not _is_cut(export)
        stored.update(_ids(export))
        return None

    with GrpcReceiver(rule=rule) as sink, Daemon.ready(tmp_path, cloud.settings(sink)) as agent:
        written = _produce(cloud, 1, 20, padding=20_000)
        eventually(cloud.is_idle, "all is delivered")
        assert stored == written
        assert agent.metric("trail_agent_dead_letters_total") == 0
        assert agent.stop() == 0


@pytest.mark.row(38)
@pytest.mark.row(41)
@pytest.mark.parametrize(
    ("reply", "told"),
    [
        (HttpReply(400, PLAIN, "text/plain; charset=utf-8"), "scheme of otlp.endpoint"),
        (HttpReply(400, PAGE, "text/html"), "scheme of otlp.endpoint"),
        (HttpReply(200, b"OK", "text/plain"), "no OTLP response"),
    ],
    ids=["text", "page", "plain OK"],
)
def test_an_endpoint_that_is_no_receiver_gets_no_event(
    cloud: Cloud, tmp_path: Path, reply: HttpReply, told: str
) -> None:
    """Unready, with the reason; nothing is received, delivered or buried."""
    with HttpReceiver(rule=lambda _: reply) as sink, Daemon.run(tmp_path, cloud.settings(sink)) as agent:
        _produce(cloud, 8, 3)
        eventually(lambda: len(sink.exports) >= 2, "it is asked twice")
        assert agent.get("/readyz").status == 503
        assert told in agent.get("/readyz").text
        assert agent.metric("trail_agent_sink_up") == 0
        assert agent.metric("trail_agent_deliveries_settled_total") == 0
        assert [export for export in sink.exports if export.payload] == []
        assert agent.stop() == 0
    assert cloud.dead_letters() == []


@pytest.mark.row(39)
def test_a_setting_that_refuses_every_record_buries_none(cloud: Cloud, tmp_path: Path) -> None:
    """It makes unready, and costs few requests; when it is mended, every event arrives."""
    is_wrong, stored = [True], set[str]()

    def rule(export: Export) -> HttpReply | None:
        if export.payload and is_wrong:
            return HttpReply(400, NO_METADATA, "text/plain")
        stored.update(_ids(export))
        return None

    with HttpReceiver(rule=rule) as sink, Daemon.ready(tmp_path, cloud.settings(sink)) as agent:
        written = _produce(cloud, 6, 3)
        eventually(lambda: agent.get("/readyz").text.startswith("sink refuses: "), "it is unready")
        assert agent.metric("trail_agent_sink_up") == 0
        assert agent.metric("trail_agent_dead_letters_total") == 0
        is_wrong.clear()
        eventually(lambda: stored == written and cloud.is_idle(), "all is delivered")
        eventually(lambda: agent.get("/readyz").status == 200, "it is ready again")
        assert agent.metric("trail_agent_sink_up") == 1
        assert agent.metric("trail_agent_dead_letters_total") == 0
        assert agent.stop() == 0
    assert cloud.dead_letters() == []


@pytest.mark.row(40)
def test_a_record_with_too_many_resources_is_delivered(cloud: Cloud, tmp_path: Path) -> None:
    """Its attributes fit into Loki's 64 KiB; the body has all of it, and the record says what was cut."""
    arns = [
        f"arn:aws:codecatalyst:::space/0000/project/{number:08d}-0000-0000-0000-000000000000" for number in range(500)
    ]

    def rule(export: Export) -> HttpReply | None:
        sizes = (sum(len(f"{key}{value}") for key, value in record.attributes.items()) for record in export.records)
        return HttpReply(400, TOO_LARGE, "text/plain") if any(size > 65536 for size in sizes) else None

    with HttpReceiver(rule=rule) as sink, Daemon.ready(tmp_path, cloud.settings(sink)) as agent:
        members = json.loads(Generator(Random(1), NOW).generate(1, NOW)[0].record)
        members["resources"] = [{"ARN": arn, "accountId": "111122223333", "type": "Project"} for arn in arns]
        cloud.world.put(trail_key(Random(1), "111122223333", "us-west-2", NOW), pack([json.dumps(members).encode()]))
        eventually(lambda: any(export.payload for export in sink.exports), "it is sent")
        eventually(cloud.is_idle, "it is delivered")
        [record] = [record for export in sink.exports for record in export.records]
        assert record.attributes["trail_agent.truncated"] == ["aws.resources"]
        assert arns[-1] in record.body
        assert record.attributes["log.record.uid"] == members["eventID"]
        assert agent.metric("trail_agent_dead_letters_total") == 0
        assert agent.stop() == 0
