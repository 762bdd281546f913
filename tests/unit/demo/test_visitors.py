"""Events of other services in the demo: selected, told in their own words, and compared with what was written."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from random import Random

import pytest

from agent.demo.bystanders import Bystanders
from agent.demo.compare import Ledger, labels_of
from agent.demo.generator import GeneratedEvent
from agent.demo.lines import Line
from agent.demo.visitors import Visitors
from agent.demo.world import BUCKET, QUEUE
from agent.model import LogRecord
from agent.records.profiles import BY_NAME, CODECATALYST, named, profile_of
from agent.records.profiles.profile import Ours
from agent.records.selection import Selector
from agent.sink.otlp.decode import ReceivedRecord, records
from agent.sink.otlp.encode import Encoder
from agent.trail.event import decode
from tests.support.objects import SOURCE
from tests.support.records import open_mapper

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
OURS = Ours(frozenset({BUCKET}), frozenset({f"123456789012/{QUEUE}"}))
MAPPER = open_mapper(ours=OURS)


def round_of(*profiles: str) -> list[GeneratedEvent]:
    """Every call of these profiles once."""
    visitors = Visitors(Random(1), profiles)
    return visitors.generate(visitors.round_size, NOW)


def mapped(event: GeneratedEvent) -> LogRecord:
    """What the daemon makes of it."""
    return MAPPER.to_record(event.record, SOURCE)


def received(record: LogRecord) -> ReceivedRecord:
    """What a receiver gets of it."""
    (one,) = records(Encoder({}, "1").encode([record]))
    return one


@pytest.mark.parametrize("profile", sorted(BY_NAME.keys() - {CODECATALYST.name}))
def test_each_profile_has_events_of_its_own(profile: str) -> None:
    """The daemon selects all of them, tells them by that profile, and counts them as the demo expects."""
    assert round_of(profile), f"the demo has no calls: write agent/demo/calls/{profile}_calls.py"
    selector = Selector(profiles=named([profile]), ours=OURS)
    for event in round_of(profile):
        members = json.loads(event.record)
        assert selector.selects(members["eventSource"], members["eventName"])
        assert selector.keeps(event.record)
        assert profile_of(decode(event.record), OURS) is BY_NAME[profile]
        record = mapped(event)
        assert record.service_name == event.service_name
        (expected,) = labels_of([event])
        told = record.labels
        assert (told.event_source, told.event_name) == (expected.event_source, expected.event_name)
        assert (told.identity_type, told.outcome) == (expected.identity_type, expected.outcome)


def test_profiles_take_turns_and_no_event_comes_twice() -> None:
    """A long demo goes on for ever without repeating an id, and the first of each profile come first."""
    visitors = Visitors(Random(1), ["identity", "trail_guard"])
    events = visitors.generate(60, NOW)
    assert len({event.event_id for event in events}) == 60
    assert [event.service_name for event in events[:2]] == ["aws-signin", "aws-s3"]
    assert Visitors(Random(1), []).generate(3, NOW) == []


def test_a_line_marks_what_is_critical() -> None:
    """Service and event, what it acted on, and the mark of what changes who may act."""
    lines = [Line.of(received(mapped(event))) for event in round_of("codeconnections", "trail_guard")]
    assert ("codeconnections.CreateConnection", True) in {(line.event, line.sensitive) for line in lines}
    assert ("codestar-connections.UseConnection", False) in {(line.event, line.sensitive) for line in lines}
    assert ("s3.PutBucketPolicy", BUCKET) in {(line.event, line.where) for line in lines}


def test_a_failed_sign_in_is_shown_as_failed() -> None:
    """Though it has no error code."""
    lines = [Line.of(received(mapped(event))) for event in round_of("identity")]
    assert [line.failure for line in lines if line.event == "signin.ConsoleLogin"] == ["", "failure"]


def test_noise_that_is_selected_is_no_noise() -> None:
    """With a profile in play, no real record of its services may arrive as something never written."""
    selector = Selector(profiles=named(["codeconnections", "identity"]))
    everything, rest = Bystanders(), Bystanders(besides=selector)
    assert 0 < len(rest.lookalikes) < len(everything.lookalikes)
    kept = [json.loads(one) for one in (*rest.recorded, *rest.lookalikes)]
    assert not any(selector.selects(one.get("eventSource"), one.get("eventName")) for one in kept)


def test_an_event_under_another_services_name_is_a_fault() -> None:
    """The ledger compares the resource's service.name, too."""
    ledger, (event, *_) = Ledger(), round_of("identity")
    ledger.write([event])
    ledger.arrive(event.record.decode(), "aws-codecatalyst")
    (fault,) = ledger.faults()
    assert "aws-codecatalyst, not as aws-signin" in fault
