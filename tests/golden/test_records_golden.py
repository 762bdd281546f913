"""Whole records, as a Collector receives them: documented events, identity shapes, real objects and odd text."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from agent.cli.local_forms import take
from agent.records.item_mapping import ItemMapper
from agent.records.mapping import Mapper
from agent.records.profiles import GENERIC, PROFILES
from agent.records.profiles.profile import Ours
from agent.records.selection import EveryEvent
from agent.sink.otlp.decode import otlp_json
from agent.sink.otlp.encode import Encoder
from agent.trail import reader
from tests.support.events import DATA, codecatalyst, create_dev_environment, encoded, raw_event
from tests.support.objects import SOURCE, log_file, trail_objects
from tests.support.records import open_mapper

Golden = Callable[[str, str], None]
SHAPES = json.loads(codecatalyst("identity-center-user-shapes.json"))["shapes"]
OURS = Ours(
    buckets=frozenset({"acme-trail-111122223333"}),
    queues=frozenset({"111122223333/trail-agent", "111122223333/trail-agent-dead-letters"}),
    keys=frozenset({"1234abcd-12ab-34cd-56ef-1234567890ab"}),
)
REAL = "218007301253_CloudTrail_us-east-1_20230710T{}.json"
ODD = raw_event(
    eventName="CréateProject\0",
    requestParameters={"spaceName": "Müller 😀", "n": 2**70, "": "no key", "half": "@"},
    userAgent="half a pair: @",
    errorCode="AccessDenied",
    eventTime="yesterday",
    resources=[{"ARN": "arn:aws:s3:::b"}, 7],
).replace(b"@", b"\\ud83d")


def documented() -> bytearray:
    """A log file of the two documented events."""
    return log_file(
        *(codecatalyst(f"docs-example-{name}.json") for name in ("CreateDevEnvironment", "ListConnections"))
    )


def identities() -> bytearray:
    """A log file of the documented event, once for every shape of its actor."""
    return log_file(*(encoded({**create_dev_environment(), "userIdentity": shape["userIdentity"]}) for shape in SHAPES))


def of_profile(name: str) -> bytearray:
    """A log file of realistic events of one profile; some of a guarded call are on what is not ours."""
    return bytearray((DATA / "profiles" / f"{name}.json").read_bytes())


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("records-documented.json", documented()),
        ("records-identity-shapes.json", identities()),
        ("records-real-three.json", bytearray(trail_objects()[REAL.format("1230Z_soULWstxp7lqsODg")])),
        ("records-real-errors.json", bytearray(trail_objects()[REAL.format("1230Z_OU6Ha25B4GGhUIMr")])),
        ("records-odd.json", log_file(ODD, b"7")),
        *((f"records-{one.name}.json", of_profile(one.name)) for one in (*PROFILES[1:], GENERIC)),
    ],
)
def test_records_are_what_they_were(name: str, text: bytearray, golden: Golden) -> None:
    """Nothing of what people query, alert on and compare changes by accident."""
    compare(name, text, open_mapper(ours=OURS), golden)


def test_records_of_the_event_log_are_what_they_were(golden: Golden) -> None:
    """The same for CodeCatalyst's own log: the documented example."""
    text = take(bytearray(codecatalyst("docs-list-event-logs-example.json"))).text
    compare("records-event-log.json", text, open_mapper(kind=ItemMapper), golden)


def compare(name: str, text: bytearray, mapper: Mapper, golden: Golden) -> None:
    """The records of a log file, as OTLP/JSON, with the golden file."""
    selected = reader.read(bytearray(text), EveryEvent(), 1000)
    records = [mapper.to_record(raw, SOURCE) for raw in selected.raws]
    request = Encoder({"service.name": "aws-codecatalyst"}, "1.2.3").encode(records)
    golden(name, json.dumps(json.loads(otlp_json(request)), indent=1, ensure_ascii=False) + "\n")
