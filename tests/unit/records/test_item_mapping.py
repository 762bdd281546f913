"""An item of CodeCatalyst's own event log as a record: as the trail's, but for what the log does not say."""

from __future__ import annotations

import json

import pytest

from agent.model import LogRecord
from agent.records.item_mapping import ItemMapper
from agent.trail.edit import Mask
from agent.trail.log_item import as_trail_event
from tests.support.events import codecatalyst, create_dev_environment, encoded, raw_event
from tests.support.objects import SOURCE
from tests.support.records import open_mapper

ITEM = json.loads(codecatalyst("docs-list-event-logs-example.json"))["items"][1]


def mapped(item: dict[str, object], *masked: str, record_bytes: int = 245_760) -> LogRecord:
    """The record of an item."""
    mask = Mask(masked, b"k" * 32) if masked else None
    return open_mapper(kind=ItemMapper, mask=mask, record_bytes=record_bytes).to_record(
        as_trail_event(encoded(item)), SOURCE
    )


def test_the_body_is_the_item() -> None:
    """Every field is kept, as the log has it."""
    assert mapped(ITEM).body == encoded(ITEM).decode()


def test_who_did_what_where_and_when_are_the_trails_attributes() -> None:
    """One query finds the events of both logs."""
    record = mapped(ITEM)
    assert record.event_name == "codecatalyst.CreateProject"
    assert record.time_unix_nano == 1_669_886_132_068_000_000
    expected = {
        "aws.cloudtrail.event_id": ITEM["id"],
        "aws.request_id": ITEM["requestId"],
        "aws.event.read_only": False,
        "aws.codecatalyst.space.name": "ExampleCorp",
        "aws.codecatalyst.project.name": "MyFirstProject",
        "aws.codecatalyst.actor": "MaryMajor",
        "aws.codecatalyst.actor.kind": "codecatalyst_user",
        "aws.codecatalyst.outcome": "success",
        "user.id": ITEM["userIdentity"]["principalId"],
    }
    assert {name: record.attributes.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("identity", "kind", "actor"),
    [
        ({"userType": "USER", "principalId": "p-1"}, "codecatalyst_user", "p-1"),
        ({"userType": "AWS_ACCOUNT", "awsAccountId": "111122223333"}, "aws_account", "111122223333"),
        ({"userType": "UNKNOWN", "principalId": "p-1"}, "unknown", "p-1"),
    ],
)
def test_each_type_of_user_has_its_kind(identity: dict[str, object], kind: str, actor: str) -> None:
    """The log does not say which identity store knows a user."""
    attributes = mapped({**ITEM, "userIdentity": identity}).attributes
    assert (attributes["aws.codecatalyst.actor.kind"], attributes["aws.codecatalyst.actor"]) == (kind, actor)


def test_a_call_that_failed_is_a_warning() -> None:
    """`errorCode` tells it, as in a trail."""
    record = mapped({**ITEM, "errorCode": "AccessDeniedException"})
    assert (record.severity_number, record.attributes["aws.codecatalyst.outcome"]) == (13, "failure")


def test_the_documented_spelling_of_an_event_is_found() -> None:
    """However the log writes a name, it is counted and found under one."""
    record = mapped({**ITEM, "eventName": "listIAMRolesforConnection"})
    assert record.attributes["aws.codecatalyst.event"] == "ListIamRolesForConnection"


def test_nothing_that_is_masked_stands_in_the_body() -> None:
    """The item has it under another name, or within a text: the body is the trail's form then."""
    paths = ("userIdentity.userName", "userIdentity.principalId", "userIdentity.onBehalfOf.userId", "sourceIPAddress")
    record = mapped(ITEM, *paths, "requestParameters.name", "responseElements.name")
    whole = record.body + json.dumps(dict(record.attributes))
    assert [one for one in ("MaryMajor", "EXAMPLE11111", "192.0.2.23", '"name":"MyFirst') if one in whole] == []
    assert json.loads(record.body)["eventName"] == "CreateProject"


def test_a_huge_item_is_shortened() -> None:
    """Its payloads go first, and the record says so."""
    record = mapped({**ITEM, "responsePayload": {"data": "x" * 300_000}})
    assert len(record.body) < 5000
    assert record.attributes["trail_agent.truncated"] == ("responsePayload",)


@pytest.mark.parametrize("event", [encoded(create_dev_environment()), raw_event(eventLogItem={"eventName": "x"})])
def test_a_trails_event_is_mapped_as_ever(event: bytes) -> None:
    """Both logs can be read together."""
    assert open_mapper(kind=ItemMapper).to_record(event, SOURCE) == open_mapper().to_record(event, SOURCE)
