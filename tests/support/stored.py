"""What Loki has of the agent's records: its names for their attributes, with their values, and the paths into bodies.

https://grafana.com/docs/loki/latest/send-data/otel/: resource attributes of a short list become labels of the stream,
everything else becomes structured metadata. Each dot becomes an underscore.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from random import Random
from typing import Final

from agent.demo.generator import ROUND_SIZE, Generator
from agent.records.selection import EveryEvent
from agent.sink.otlp.decode import ReceivedRecord, ReceivedValue, records
from agent.sink.otlp.encode import Encoder
from agent.trail import reader
from tests.support.clock import START
from tests.support.events import DATA, raw_event
from tests.support.objects import SOURCE, log_file
from tests.support.records import open_mapper

STREAM_ATTRIBUTES: Final = frozenset({"service.name", "service.namespace", "deployment.environment", "cloud.region"})
"""Of Loki's list of resource attributes that become stream labels, those that the agent or its user sets."""

OF_LOKI: Final = frozenset({"detected_level", "observed_timestamp", "scope_name", "scope_version", "severity_number"})
"""Metadata that Loki itself makes of each record."""

_UNDOCUMENTED: Final = {
    "GetSourceRepositoryCloneUrls": {"sourceRepositoryName": "shop"},
    "CreateAccessToken": {"name": "laptop"},
    "DeleteSpace": {"name": "acme"},
    "DeleteProject": {"name": "website"},
    "DeleteSourceRepository": {"name": "shop"},
    "StartWorkflowRun": {"workflowId": "11111111-2222-3333-4444-555555555555"},
    "GetWorkflowRun": {"id": "66666666-7777-8888-9999-000000000000"},
}
"""Operations of CodeCatalyst's SDK that no CloudTrail page mentions, with what their requests name."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Every stream label and every name of metadata with all its values, and every path into a body."""

    labels: Mapping[str, frozenset[str]]
    metadata: Mapping[str, frozenset[str]]
    paths: frozenset[str]


@cache
def stored() -> Stored:
    """What Loki has after the trail files of the tests were shipped, those of all profiles."""
    labels: dict[str, set[str]] = {}
    metadata: dict[str, set[str]] = {name: set() for name in OF_LOKI}
    paths: set[str] = set()
    for record in _received():
        for name, value in record.resource.items():
            (labels if name in STREAM_ATTRIBUTES else metadata).setdefault(_named(name), set()).add(_text(value))
        for name, value in record.attributes.items():
            metadata.setdefault(_named(name), set()).add(_text(value))
        paths.update(_paths(json.loads(record.body)))
    return Stored(_frozen(labels), _frozen(metadata), frozenset(paths))


def _frozen(names: Mapping[str, set[str]]) -> Mapping[str, frozenset[str]]:
    return {name: frozenset(values) for name, values in names.items()}


def _received() -> Iterator[ReceivedRecord]:
    mapper = open_mapper()
    for text in trail_files():
        selected = reader.read(text, EveryEvent(), 10_000)
        mapped = [mapper.to_record(raw, SOURCE) for raw in selected.raws]
        yield from records(Encoder({"service.name": "aws-codecatalyst"}, "1.2.3").encode(mapped))


def trail_files() -> Iterator[bytearray]:
    """Generated events of CodeCatalyst, its other operations, and the files of the other profiles."""
    generated = Generator(Random(1), datetime.fromtimestamp(START, UTC)).generate(ROUND_SIZE)
    yield log_file(*(event.record for event in generated))
    yield log_file(*(_operation(name, members) for name, members in _UNDOCUMENTED.items()))
    yield log_file(raw_event(eventTime="yesterday"), raw_event(userAgent="too long" * 1000))
    for path in sorted((DATA / "profiles").glob("*.json")):
        yield bytearray(path.read_bytes())


def _operation(name: str, members: Mapping[str, str]) -> bytes:
    return raw_event(eventName=name, requestParameters={"spaceName": "acme", "projectName": "website", **members})


def _named(attribute: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]", "_", attribute)


def _text(value: ReceivedValue) -> str:
    return str(value).lower() if isinstance(value, bool) else value if isinstance(value, str) else json.dumps(value)


def _paths(node: object, before: str = "") -> Iterator[str]:
    if isinstance(node, dict):
        for name, value in node.items():
            yield f"{before}{name}"
            yield from _paths(value, f"{before}{name}.")
