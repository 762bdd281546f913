"""CodeCatalyst's own event log: what of an item is what of a trail's event, and what becomes of odd items."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agent.trail.event import MalformedEventError
from agent.trail.log_item import as_trail_event, is_item, item_in, without_item
from tests.support.events import codecatalyst, create_dev_environment, encoded

LISTED, CREATED = json.loads(codecatalyst("docs-list-event-logs-example.json"))["items"]


def told(**members: object) -> dict[str, Any]:
    """What a trail would say of an item with these members."""
    event: dict[str, Any] = json.loads(without_item(encoded(members)))
    return event


def test_an_item_says_what_a_trail_says() -> None:
    """The documented item, in the members of a trail's event."""
    assert json.loads(without_item(encoded(CREATED))) == {
        "eventSource": "codecatalyst.amazonaws.com",
        "eventTime": "2022-12-01T09:15:32.068000+00:00",
        "sourceIPAddress": "192.0.2.23",
        "userAgent": CREATED["userAgent"],
        "requestID": "a1b2c3d4-5678-90ab-cdef-EXAMPLE33333",
        "eventID": "a1b2c3d4-5678-90ab-cdef-EXAMPLEaaaaa",
        "eventType": "AwsApiCall",
        "eventName": "CreateProject",
        "userIdentity": {
            "type": "USER",
            "principalId": "a1b2c3d4e5-678fgh90-1a2b-3c4d-e5f6-EXAMPLE11111",
            "userName": "MaryMajor",
            "onBehalfOf": {"userId": "a1b2c3d4e5-678fgh90-1a2b-3c4d-e5f6-EXAMPLE11111"},
        },
        "readOnly": False,
        "eventCategory": "Management",
        "managementEvent": True,
        "requestParameters": {
            "spaceName": "ExampleCorp",
            "name": "MyFirstProject",
            "displayName": "MyFirstProject",
        },
        "responseElements": {
            "spaceName": "ExampleCorp",
            "name": "MyFirstProject",
            "displayName": "MyFirstProject",
            "id": "a1b2c3d4-5678-90ab-cdef-EXAMPLE4444",
        },
        "additionalEventData": {"eventSource": "manage"},
    }


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"operationType": "READONLY"}, {"readOnly": True}),
        ({"operationType": "SOMETHING"}, {}),
        ({"eventName": "getURL"}, {"eventName": "GetURL"}),
        ({"eventCategory": "DATA"}, {"eventCategory": "DATA"}),
        ({"errorCode": "AccessDeniedException"}, {"errorCode": "AccessDeniedException"}),
        ({"eventTime": 1669886132.068}, {"eventTime": 1669886132.068}),
        (
            {"userIdentity": {"userType": "AWS_ACCOUNT", "principalId": "p", "awsAccountId": "111122223333"}},
            {"userIdentity": {"type": "AWS_ACCOUNT", "principalId": "p", "accountId": "111122223333"}},
        ),
        (
            {"projectInformation": {"name": "web", "projectId": "1"}},
            {
                "requestParameters": {"projectName": "web"},
                "additionalEventData": {"projectInformation": {"name": "web", "projectId": "1"}},
            },
        ),
        ({"requestPayload": {"data": "no JSON"}, "responsePayload": {"data": "[1]"}}, {}),
        ({"requestPayload": {"data": '{"a":1},"b":{"c":2}'}}, {}),
        ({"requestPayload": {"data": {"a": 1}}}, {"requestParameters": {"a": 1}}),
        (
            {
                "requestPayload": {"data": json.dumps({"a": "x" * 70_000})},
                "responsePayload": {"data": {"a": "x" * 70_000}},
            },
            {},
        ),
        ({"requestPayload": 7, "userIdentity": "Mary", "id": [], "eventName": {}, "userAgent": ""}, {}),
    ],
)
def test_each_member_is_told_or_left_out(members: dict[str, object], expected: dict[str, object]) -> None:
    """A member of an unexpected type costs itself, and nothing else."""
    assert told(**members) == {"eventSource": "codecatalyst.amazonaws.com", **expected}


@pytest.mark.parametrize(
    ("data", "request_parameters"),
    [
        ("{}", {"projectName": "web"}),
        ('{"a": 1 }', {"a": 1, "projectName": "web"}),
        ('{"projectName":"other"}', {"projectName": "other"}),
    ],
)
def test_the_project_stands_where_a_trail_has_it(data: str, request_parameters: dict[str, object]) -> None:
    """The item names it beside the request; what the request says itself counts."""
    members = told(projectInformation={"name": "web"}, requestPayload={"data": data})
    assert members["requestParameters"] == request_parameters


def test_the_event_holds_the_item() -> None:
    """Every field comes out again, without white space between tokens, numbers and escapes as they stand."""
    item = b'{ "eventName" : "x", "n": 1e999, "a": "\\u00e9 \\ud800", "operationType": "MUTATION" }'
    event = as_trail_event(item)
    assert item_in(event) == b'{"eventName":"x","n":1e999,"a":"\\u00e9 \\ufffd","operationType":"MUTATION"}'
    assert as_trail_event(item_in(event)) == event


@pytest.mark.parametrize(
    "event",
    [
        encoded(create_dev_environment()),
        encoded({"eventLogItem": {"eventName": "x"}, "eventName": "y"}),
        encoded({"eventLogItem": 7}),
        b'{"eventLogItem":',
        b"7",
    ],
)
def test_any_other_event_holds_none(event: bytes) -> None:
    """Only what was made of an item is one: a trail's event may have a member of any name."""
    assert item_in(event) == b""


@pytest.mark.parametrize("item", [b"7", b"[]", b"{", b'{"a":"\xff"}', b'{"a":' * 100_000, b'{"a":NaN}'])
def test_what_is_no_json_object_is_malformed(item: bytes) -> None:
    """One reason, whatever is wrong."""
    with pytest.raises(MalformedEventError):
        as_trail_event(item)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (LISTED, True),
        ({"eventName": "x", "sourceIpAddress": "192.0.2.1"}, True),
        ({"eventName": "x", "eventID": "1", "operationType": "x"}, False),
        ({"operationType": "MUTATION"}, False),
        ({"eventName": "x", "id": "1"}, False),
        (create_dev_environment(), False),
    ],
)
def test_items_are_told_from_events_of_a_trail(members: dict[str, object], *, expected: bool) -> None:
    """By the members that only they have."""
    assert is_item(members) is expected
