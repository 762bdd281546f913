"""What an agent ships arrives complete: through the Collector over both protocols, and in a real store."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent.sink.otlp.decode import ReceivedRecord
from tests.stack.collector import Collector
from tests.stack.conftest import PathOf, Shown
from tests.stack.trail import Trail
from tests.stack.victoria_logs import BODY, UID, VictoriaLogs
from tests.support.clock import eventually
from tests.support.cloud import Cloud
from tests.support.daemon import Daemon
from tests.support.events import DATA, create_dev_environment
from tests.support.otlp_receiver import HttpReceiver

Records = Mapping[str, ReceivedRecord]


@dataclass(frozen=True, slots=True)
class Shipped:
    """A trail, and the records that an agent makes of it when nothing is in between."""

    cloud: Cloud
    trail: Trail
    records: Records


@pytest.fixture
def shipped(cloud: Cloud, tmp_path: Path) -> Iterator[Shipped]:
    """Every kind of event, strange texts, a large event, and the realistic events of all profiles."""
    trail = Trail(cloud)
    trail.write_each_kind()
    trail.write_file(*_strange())
    for profile in ("codeconnections", "identity", "pipeline"):
        trail.write_file(*json.loads((DATA / "profiles" / f"{profile}.json").read_text(encoding="utf-8"))["Records"])
    with HttpReceiver() as sink:
        _ship(cloud, trail, tmp_path / "direct", sink.url)
        yield Shipped(cloud, trail, _received(sink))


def _strange() -> list[dict[str, Any]]:
    """Events with texts that programs stumble over, and one of some 100 KB."""
    texts = {
        "quotes": "\"'`\\",
        "lines": "a\nb\r\n\tc",
        "wide": "Zoë 名前 🐙 \u202e",
        "controls": "\x01\x1f\x7f",
        "empty": "",
    }
    return [
        {**create_dev_environment(), "eventID": "strange-1", "requestParameters": texts},
        {**create_dev_environment(), "eventID": "strange-2", "userAgent": "\n".join(texts.values())},
        {**create_dev_environment(), "eventID": "strange-3", "responseElements": {"large": "x" * 100_000}},
    ]


def _ship(cloud: Cloud, trail: Trail, folder: Path, sink: str, protocol: str = "http/protobuf") -> None:
    """Have an agent ship all that is announced, and end well."""
    with Daemon.ready(folder, trail.settings(sink, protocol)) as agent:
        eventually(cloud.is_idle, "all is settled")
        assert agent.metric("trail_agent_dead_letters_total") == 0
        assert agent.ledger_balances()
        assert agent.stop() == 0


def _received(sink: HttpReceiver) -> Records:
    """What arrived, by its id; fails if something arrived twice."""
    arrived = [record for export in sink.exports for record in export.records]
    found = {str(record.attributes[UID]): record for record in arrived}
    assert len(found) == len(arrived)
    return found


def test_what_an_agent_makes_of_the_trail(shipped: Shipped, shown: Shown) -> None:
    """Without anything in between, each event arrives once, and its body is the event's text, byte for byte."""
    assert {uid: record.body for uid, record in shipped.records.items()} == shipped.trail.events
    names = {name for record in shipped.records.values() for name in record.attributes}
    shown(f"{len(shipped.records)} records, {len(names)} different attributes")


@pytest.mark.parametrize("protocol", ["http/protobuf", "grpc"])
def test_nothing_changes_on_the_way_through_the_collector(
    shipped: Shipped, tmp_path: Path, program: PathOf, shown: Shown, protocol: str
) -> None:
    """The shipped collector.yaml passes on every record as it came: body, attributes, resource, scope and times."""
    with HttpReceiver() as sink, Collector.running(program("otelcol"), tmp_path / "collector", sink.url) as collector:
        shipped.trail.announce_again()
        address = collector.grpc if protocol == "grpc" else collector.http
        _ship(shipped.cloud, shipped.trail, tmp_path / "agent", address, protocol)
        assert _received(sink) == shipped.records
        assert collector.server.stop() == 0
    shown(f"{protocol}: {len(shipped.records)} records in {len(sink.exports)} requests, all equal")


@pytest.mark.parametrize("is_direct", [True, False], ids=["direct", "through the Collector"])
def test_each_attribute_can_be_searched_in_a_store(
    shipped: Shipped, tmp_path: Path, program: PathOf, shown: Shown, is_direct: bool
) -> None:
    """VictoriaLogs holds each record once, with its body byte for byte, and finds it by each of its attributes."""
    with VictoriaLogs.running(program("victoria-logs"), tmp_path / "store") as store:
        shipped.trail.announce_again()
        if is_direct:
            _ship(shipped.cloud, shipped.trail, tmp_path / "agent", store.otlp)
        else:
            with Collector.running(program("otelcol"), tmp_path / "collector", store.otlp) as collector:
                _ship(shipped.cloud, shipped.trail, tmp_path / "agent", collector.grpc, "grpc")
        eventually(lambda: len(store.uids()) >= len(shipped.records), "the store shows all of it")
        assert Counter(store.uids()) == Counter([*shipped.records])
        bodies = {entry[UID]: entry[BODY] for entry in store.query(f'* | fields "{UID}", {BODY}')}
        assert bodies == {uid: record.body for uid, record in shipped.records.items()}
        wanted = _by_attribute(shipped.records)
        found = {key: {entry[UID] for entry in store.query(_by(*key))} for key in wanted}
        assert found == wanted
    names = {name for name, _ in wanted}
    shown(f"{len(shipped.records)} records found by {len(wanted)} values of {len(names)} attributes")


def _by_attribute(records: Records) -> dict[tuple[str, str], set[str]]:
    """The ids of the records that have each value of each attribute, of the record and of its resource."""
    found: dict[tuple[str, str], set[str]] = {}
    for uid, record in records.items():
        for name, value in {**record.resource, **record.attributes}.items():
            found.setdefault((name, _as_stored(value)), set()).add(uid)
    return found


def _as_stored(value: Any) -> str:
    """An attribute's value as VictoriaLogs keeps it: a text, or JSON."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _by(name: str, value: str) -> str:
    """The query for exactly this value."""
    return f'"{name}":={json.dumps(value, ensure_ascii=False)} | fields "{UID}"'
