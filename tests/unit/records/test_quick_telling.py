"""Events told quickly: the same as told plainly, for whatever is in the test data and whatever the demo makes up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from typing import Final

from agent.demo.bystanders import Bystanders
from agent.demo.generator import Generator
from agent.model import AttributeGroup, Attributes, LogRecord
from agent.records.profiles import profile_of
from agent.records.profiles.codecatalyst import SPACE
from agent.records.profiles.profile import ANYTHING
from agent.sink.otlp.encode import Encoder
from agent.trail.edit import compact
from agent.trail.event import decode
from tests.support.events import ACCOUNT, DATA, REGION, encoded, raw_event
from tests.support.objects import SOURCE, trail_objects
from tests.support.records import open_mapper

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MAPPER = open_mapper()
ENCODER = Encoder({}, "1")

NAMELESS: Final = {"type": "IdentityCenterUser", "onBehalfOf": {"userId": "u-1234"}}
NAMED: Final = {"user": {"userId": "u-1234", "userName": "Mary"}}


def events() -> Iterator[bytes]:
    """Real ones of many services, realistic ones of each profile, the demo's, and copies of them with odd members."""
    files = [*trail_objects().values(), *(path.read_bytes() for path in sorted((DATA / "profiles").glob("*.json")))]
    entries = [entry for text in files for entry in json.loads(text)["Records"]]
    yield from map(encoded, entries)
    yield from Bystanders().sample(Random(1), 200, ACCOUNT, REGION, NOW)
    yield from (event.record for event in Generator(Random(1), NOW).generate(300, NOW))
    for odd in ({"readOnly": 1}, {"userIdentity": {"type": 7}}, {"resources": {"ARN": "x"}}, {"eventName": None}):
        yield from (encoded({**entry, **odd}) for entry in entries[::40])
    for place in ("requestParameters", "responseElements", "additionalEventData"):
        yield raw_event(userIdentity=NAMELESS, **{"requestParameters": {"name": "x"}, place: NAMED})


def plainly(raw: bytes, record: LogRecord) -> LogRecord:
    """The record of the event, if each member is read by itself."""
    event = decode(compact(raw))
    told = MAPPER.tell_plainly(event, profile_of(event, ANYTHING), SOURCE)
    return LogRecord(
        **{name: getattr(record, name) for name in record.__struct_fields__}
        | {name: getattr(told, name) for name in ("event_name", "service_name", "labels", "attributes", "space")}
    )


def test_events_tell_the_same_quickly_and_plainly() -> None:
    """No attribute, label or name differs, nor a byte that is sent; in the first round and when all is known."""
    raws = list(events())
    for _ in range(2):
        for raw in raws:
            record = MAPPER.to_record(raw, SOURCE)
            plain = plainly(raw, record)
            assert repr(record) == repr(plain)
            assert ENCODER.payload([record]) == ENCODER.payload([plain])


def test_a_record_says_in_which_space_it_happened() -> None:
    """It is what the attribute says, in whatever event: whoever counts by space need not look for the attribute."""
    spaces = set()
    for record in (MAPPER.to_record(raw, SOURCE) for raw in events()):
        assert record.space == record.attributes.get(SPACE, "")
        spaces.add(record.space)
    assert len(spaces) > 2


def test_records_share_what_they_have_in_common() -> None:
    """Of two events of one call by one user only what is their own is held, and written, twice."""
    first, second = (
        MAPPER.to_record(raw_event(eventID=event_id, userIdentity={"type": "Root"}), SOURCE) for event_id in "ab"
    )
    assert isinstance(first.attributes, Attributes)
    assert isinstance(second.attributes, Attributes)
    own = [part for part in first.attributes.parts if part not in second.attributes.parts]
    assert own == [("aws.cloudtrail.event_id", "a"), ("log.record.uid", "a")]
    assert sum(isinstance(part, AttributeGroup) for part in first.attributes.parts) >= 4
    assert first.labels is second.labels
