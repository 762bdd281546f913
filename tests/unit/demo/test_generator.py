"""The generated events: what they cover, and that they are what AWS documents."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from agent.demo.cast import LEFT, SPACES
from agent.demo.generator import OPENING_SIZE, ROUND_SIZE, GeneratedEvent, Generator
from agent.demo.lines import Who
from agent.demo.players import PlayerKind
from agent.demo.scenes import CONNECTION_EVENTS, CONNECTION_KINDS, SPACE_EVENTS, Play, Scene
from agent.model import ObjectSource
from agent.records.actor import IDENTITY_TYPES, ActorKind
from agent.records.profiles import CODECATALYST
from agent.records.selection import Selector
from tests.support.records import open_mapper

NOW = datetime(2023, 5, 18, 17, 10, 50, tzinfo=UTC)
KIND_OF_TYPE = {
    "Root": "root",
    "IAMUser": "iam_user",
    "AssumedRole": "assumed_role",
    "Role": "assumed_role",
    "FederatedUser": "federated_user",
    "SAMLUser": "federated_user",
    "WebIdentityUser": "federated_user",
    "Directory": "federated_user",
    "AWSService": "aws_service",
    "Unknown": "aws_service",
    "AWSAccount": "aws_account",
}
DOCUMENTED_FIELDS = [
    "eventVersion",
    "userIdentity",
    "eventTime",
    "eventSource",
    "eventName",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "requestParameters",
    "responseElements",
    "requestID",
    "eventID",
    "readOnly",
    "eventType",
    "managementEvent",
    "recipientAccountId",
    "sharedEventID",
    "eventCategory",
]


def generate(count: int, seed: int = 7) -> list[GeneratedEvent]:
    """The first events of one seed."""
    return Generator(Random(seed), NOW).generate(count)


def record(event: GeneratedEvent) -> dict[str, Any]:
    """The record of one event as Python has it."""
    decoded: dict[str, Any] = json.loads(event.record)
    return decoded


@pytest.fixture(scope="module")
def full_round() -> list[GeneratedEvent]:
    """One full round of the script."""
    return generate(ROUND_SIZE)


def test_the_opening_holds_every_documented_name() -> None:
    """Whoever watches only the first batch has seen all 28 documented events."""
    assert len(SPACE_EVENTS) == 17
    assert len(CONNECTION_EVENTS) == 11
    assert {*SPACE_EVENTS, *CONNECTION_EVENTS} <= {event.event_name for event in generate(OPENING_SIZE)}


def test_a_round_holds_every_name_with_its_plausible_identities(full_round: list[GeneratedEvent]) -> None:
    """Each connection event comes from each of its five identity types, each space event from both identity stores."""
    types, stores = defaultdict(set), defaultdict(set)
    for event in full_round:
        types[event.event_name].add(event.identity_type)
        stores[event.event_name].add(record(event)["userIdentity"].get("accountId"))
    assert all({kind.user_type for kind in CONNECTION_KINDS} <= types[name] for name in CONNECTION_EVENTS)
    assert all(types[name] == {"IdentityCenterUser"} for name in SPACE_EVENTS)
    assert all({"432677196278", "123456789012"} == stores[name] for name in SPACE_EVENTS)


def test_a_round_holds_every_identity_type(full_round: list[GeneratedEvent]) -> None:
    """Types that are rare, and a record without any, are among the events too."""
    assert {event.identity_type for event in full_round} == {*KIND_OF_TYPE, "IdentityCenterUser"}
    assert any("type" not in record(event)["userIdentity"] for event in full_round)


def test_a_round_holds_failures_of_several_kinds(full_round: list[GeneratedEvent]) -> None:
    """A refused call has a code, a message and no response."""
    refused = [record(event) for event in full_round if event.outcome == "failure"]
    assert {"AccessDeniedException", "ResourceNotFoundException"} <= {one["errorCode"] for one in refused}
    assert all(one["errorMessage"] and one["responseElements"] is None for one in refused)
    assert all("errorCode" not in record(event) for event in full_round if event.outcome == "success")


def test_a_round_spans_spaces_projects_regions_and_accounts(full_round: list[GeneratedEvent]) -> None:
    """The events are not all of one place."""
    projects = {(record(event)["requestParameters"] or {}).get("projectName") for event in full_round}
    assert {event.account for event in full_round} == {one for space in SPACES for one in space.connected_accounts}
    assert {event.region for event in full_round} == {space.region for space in SPACES}
    assert len(projects - {None}) >= 3


def test_names_that_only_iam_lists_occur(full_round: list[GeneratedEvent]) -> None:
    """An event that no CloudTrail page documents comes along as well."""
    assert {event.event_name for event in full_round} - {*SPACE_EVENTS, *CONNECTION_EVENTS}


def test_fields_stand_in_the_documented_order(full_round: list[GeneratedEvent]) -> None:
    """Every record has the fields of the documented CreateDevEnvironment example, in its order."""
    for event in full_round:
        fields = [name for name in record(event) if name not in {"errorCode", "errorMessage"}]
        assert fields == [name for name in DOCUMENTED_FIELDS if name in fields]
        assert set(DOCUMENTED_FIELDS) - set(fields) <= {"sharedEventID"}


def test_the_agent_selects_and_maps_every_event(full_round: list[GeneratedEvent]) -> None:
    """What is generated is what the daemon ships, under the labels and the actor that the generator meant."""
    selector, mapper = Selector(["codecatalyst.amazonaws.com"]), open_mapper()
    for event in full_round:
        raw = record(event)
        assert selector.selects(raw["eventSource"], raw["eventName"])
        mapped = mapper.to_record(event.record, ObjectSource("bucket", "key", event.account, 0))
        assert (mapped.labels.event_name, mapped.labels.identity_type, mapped.labels.outcome) == (
            CODECATALYST.canonical(event.event_name),
            event.identity_type,
            event.outcome,
        )
        kind = KIND_OF_TYPE.get(event.identity_type)
        assert mapped.attributes["aws.codecatalyst.actor"]
        assert mapped.attributes["aws.codecatalyst.actor.kind"] in (
            {kind} if kind else {"builder_id", "identity_center_user"}
        )
        assert (mapped.account, mapped.region) == (event.account, event.region)


def test_some_sources_are_the_documentations_placeholder() -> None:
    """Connection events now and then have an account id, or its placeholder, for an eventSource."""
    sources = {record(event)["eventSource"] for event in generate(5 * ROUND_SIZE)}
    assert "account-ID" in sources
    assert any(source.isdigit() for source in sources)


def test_times_go_forward_and_end_now() -> None:
    """Lines read in the order of the story, within one batch and from one batch to the next."""
    generator = Generator(Random(3), NOW)
    first = generator.generate(20)
    second = generator.generate(5, NOW + timedelta(seconds=2))
    times = [event.time for event in [*first, *second]]
    assert times == sorted(times)
    assert first[-1].time == NOW
    assert second[-1].time == NOW + timedelta(seconds=2)


def test_one_seed_gives_one_script() -> None:
    """The same seed and time give the same bytes, another seed gives others."""
    assert generate(50) == generate(50)
    assert generate(50) != generate(50, seed=8)


def test_a_dev_environment_keeps_its_id_through_a_scene() -> None:
    """A session is started in the environment that was created just before."""
    events = {event.event_name: record(event) for event in generate(OPENING_SIZE) if event.account == "111122223333"}
    created = events["CreateDevEnvironment"]["responseElements"]["id"]
    assert created in {
        record(event)["requestParameters"].get("id")
        for event in generate(OPENING_SIZE)
        if record(event)["requestParameters"]
    }


def test_the_demo_knows_every_identity_type() -> None:
    """A type that CloudTrail writes is played by some kind of actor, and each kind of actor has words of its own."""
    assert {kind.user_type for kind in PlayerKind} == IDENTITY_TYPES
    assert [kind for kind in ActorKind if Who.of(kind) == Who(kind, kind)] == [ActorKind.ROOT, ActorKind.UNKNOWN]
    assert all(len(Who.of(kind).mark) <= 4 for kind in ActorKind if kind is not ActorKind.UNKNOWN)


def test_a_story_can_begin_elsewhere() -> None:
    """With scenes and spaces of its own, a generator tells of nothing else until those scenes are over."""
    scene = Play(Scene(("GetSpace", "CreateProject"), (PlayerKind.BUILDER_ID,)), PlayerKind.BUILDER_ID)
    events = Generator(Random(1), NOW, spaces=(LEFT,), first=[scene]).generate(2)
    assert [event.event_name for event in events] == ["GetSpace", "CreateProject"]
    assert {event.account for event in events} == {LEFT.billing_account}
