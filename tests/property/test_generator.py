"""Whatever the seed, the generated events can be told apart and read back."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from agent.demo.bystanders import Bystanders
from agent.demo.compare import Ledger
from agent.demo.generator import GeneratedEvent, Generator
from agent.demo.trail_objects import Press

NOW = datetime(2023, 5, 18, 17, 10, 50, tzinfo=UTC)
BYSTANDERS = Bystanders()
SEEDS = st.integers(min_value=0, max_value=2**63)
COUNTS = st.integers(min_value=1, max_value=150)


def generate(seed: int, count: int) -> list[GeneratedEvent]:
    """The first events of one seed."""
    return Generator(Random(seed), NOW).generate(count)


@given(seed=SEEDS, count=COUNTS)
def test_event_ids_are_unique(seed: int, count: int) -> None:
    """No two events share an eventID, so that each can be followed on its own."""
    assert len({event.event_id for event in generate(seed, count)}) == count


@given(seed=SEEDS, count=COUNTS)
def test_records_survive_a_json_round_trip(seed: int, count: int) -> None:
    """A record is one JSON object that says what the event says, however often it is decoded and encoded."""
    for event in generate(seed, count):
        record = json.loads(event.record)
        assert json.loads(json.dumps(record)) == record
        assert record["eventID"] == event.event_id
        assert record["eventName"] == event.event_name
        assert record["recipientAccountId"] == event.account
        assert record["userIdentity"].get("type", "Unknown") == event.identity_type
        assert ("errorCode" in record) is (event.outcome == "failure")


@given(seed=SEEDS, count=COUNTS)
def test_objects_hold_every_event_once(seed: int, count: int) -> None:
    """Packing neither loses nor repeats an event, and each stands in the object of its account and region."""
    rng = Random(seed)
    events = Generator(rng, NOW).generate(count)
    objects = Press(rng, BYSTANDERS, noise=10).objects(events, NOW)
    ids = {event.event_id for event in events}
    found = []
    for one in objects:
        records = json.loads(gzip.decompress(one.body))["Records"]
        assert {(record["recipientAccountId"], record["awsRegion"]) for record in records} == {
            (event.account, event.region) for event in one.events
        }
        found += [record["eventID"] for record in records if record["eventID"] in ids]
    assert sorted(found) == sorted(ids)


@given(seed=SEEDS, count=COUNTS, data=st.data())
def test_the_ledger_balances_only_when_each_event_arrives_once(seed: int, count: int, data: st.DataObject) -> None:
    """Every event that is left out is missing, every one that comes again is repeated, and nothing else is wrong."""
    events = generate(seed, count)
    times = data.draw(st.lists(st.integers(min_value=0, max_value=2), min_size=count, max_size=count))
    ledger = Ledger()
    ledger.write(events)
    for event, often in zip(events, times, strict=True):
        for _ in range(often):
            ledger.arrive(event.record.decode())
    assert [event.event_id for event in ledger.missing()] == [
        event.event_id for event, often in zip(events, times, strict=True) if not often
    ]
    assert ledger.arrived == sum(often > 0 for often in times)
    assert ledger.repeated == [event.event_id for event, often in zip(events, times, strict=True) if often > 1][:20]
    assert (ledger.faults() == []) is all(often == 1 for often in times)
