"""One entry of `Records[]`: typed, however odd it is."""

from __future__ import annotations

import json

import pytest

from agent.trail.event import MalformedEventError, TrailEvent, decode, decode_leniently, flag, text
from tests.support.events import codecatalyst, create_dev_environment, encoded


def test_a_documented_event_is_read() -> None:
    """The names that CloudTrail spells with capital ID, IP and so on are found."""
    event = decode(codecatalyst("docs-example-CreateDevEnvironment.json"))
    assert event.event_id == event.request_id == event.shared_event_id == "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111"
    assert event.source_ip_address == "192.168.0.1"
    assert event.user_identity.on_behalf_of.user_id == "user-ID"
    assert json.loads(bytes(event.request_parameters))["spaceName"] == "MySpace"


@pytest.mark.parametrize(
    ("members", "left"),
    [
        ({"userIdentity": None}, TrailEvent(event_name="X")),
        ({"userIdentity": "mary", "tlsDetails": []}, TrailEvent(event_name="X")),
        ({"userIdentity": {"onBehalfOf": 7, "type": None}}, TrailEvent(event_name="X")),
        ({"addendum": False, "eventTime": None}, TrailEvent(event_name="X")),
    ],
)
def test_a_member_of_an_unexpected_type_costs_just_itself(members: dict[str, object], left: TrailEvent) -> None:
    """Where an object should be and is none, nothing is read, and the rest of the event stands."""
    assert decode(encoded({**members, "eventName": "X"})) == left


def test_an_odd_member_leaves_the_parameters_whole() -> None:
    """The open-ended members are kept in the mending reader too, letters and numbers as they were."""
    parameters = {"name": "Müller 😀", "sizes": [1, 2.5, 10**30, None, True]}
    event = decode(encoded({"userIdentity": "odd", "requestParameters": parameters}))
    assert json.loads(bytes(event.request_parameters)) == parameters


@pytest.mark.parametrize(
    "raw", [b"", b"7", b"null", b'"x"', b"[]", b"{", b'{"a":NaN}', b"{'a':1}", b"\xff", b"[" * 9999]
)
def test_what_is_no_object_is_malformed(raw: bytes) -> None:
    """Anything but a JSON object raises the one error of this module."""
    for read in (decode, decode_leniently):
        with pytest.raises(MalformedEventError):
            read(raw)


@pytest.mark.parametrize("depth", [900, 990, 1010, 5000])
def test_depth_is_malformed_at_worst(depth: int) -> None:
    """An event nested about as deep as Python's stack is read or malformed, and never a crash."""
    raw = b'{"eventName":"X","resources":' + b"[" * depth + b"]" * depth + b"}"
    try:
        assert decode(raw).event_name == "X"
    except MalformedEventError:
        assert depth > 900


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("x", "x"),
        (" x \n", "x"),
        ("", ""),
        (None, ""),
        (7, "7"),
        (-(2**70), str(-(2**70))),
        (10**1300, ""),
        (1.5, "1.5"),
        (True, "true"),
        (False, "false"),
        ([], ""),
        (["x"], ""),
        ({"x": 1}, ""),
    ],
)
def test_a_leaf_is_text(value: object, shown: str) -> None:
    """Scalars become text without blanks at their ends; everything else is absent."""
    assert text(value) == shown


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (True, True),
        (False, False),
        ("true", True),
        (" True ", True),
        ("false", False),
        ("yes", None),
        ("", None),
        (1, None),
        (0, None),
        (None, None),
        ({}, None),
    ],
)
def test_a_leaf_is_a_flag(value: object, said: bool | None) -> None:
    """CloudTrail's booleans, and those that it writes as strings."""
    assert flag(value) is said


def test_both_ways_of_reading_agree() -> None:
    """The mending reader finds what the quick one finds."""
    raw = encoded(create_dev_environment())
    assert decode(raw).user_identity == decode(raw[:-1] + b',"tlsDetails":7}').user_identity


@pytest.mark.parametrize(
    ("record", "kind"),
    [(b"null", "null"), (b"true", "true or false"), (b'"a"', "a string"), (b"[]", "an array"), (b"1.5", "a number")],
)
def test_what_is_no_object_is_called_as_json_calls_it(record: bytes, kind: str) -> None:
    """Who wrote the file need not know Python."""
    with pytest.raises(MalformedEventError, match=f"the record is not an object but {kind}"):
        decode(record)
