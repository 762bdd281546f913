"""Records within a limit, without losing who did what, to what, and when."""

from __future__ import annotations

import json

import msgspec
import pytest

from agent.model import LogRecord
from agent.records.fitting import fit, halved, size
from tests.support.events import create_dev_environment, long_event, raw_event
from tests.support.objects import SOURCE
from tests.support.records import open_mapper, record_limits

LIMIT = 245_760


MAPPER = open_mapper(record_bytes=LIMIT)


def mapped(**members: object) -> LogRecord:
    """The record of a small event with these members."""
    return MAPPER.to_record(raw_event(**members), SOURCE)


@pytest.mark.parametrize(
    ("limit", "names"),
    [
        (200_000, ()),
        (60_000, ("responseElements",)),
        (30_000, ("responseElements", "requestParameters")),
        (13_000, ("responseElements", "requestParameters", "additionalEventData")),
        (2_000, ("responseElements", "requestParameters", "additionalEventData", "errorMessage")),
    ],
)
def test_a_record_above_its_limit_is_truncated_in_order(limit: int, names: tuple[str, ...]) -> None:
    """Response, request, additional data, then the longest: only as much as must be, and the record says what."""
    record = open_mapper(record_bytes=limit).to_record(long_event(), SOURCE)
    assert size(record) <= limit
    assert record.attributes.get("trail_agent.truncated") == ("aws.error.message", *names)
    assert record.truncated
    members = json.loads(record.body)
    assert [name for name, value in members.items() if str(value).startswith("[truncated: ")] == sorted(
        names, key=list(members).index
    )
    assert record.event_id == members["eventID"] == "event-1"
    assert record.digest == MAPPER.to_record(long_event(), SOURCE).digest


def test_a_marker_tells_the_length_of_what_is_gone() -> None:
    """The marker stands in the body; what was too long for an attribute stays none."""
    record = open_mapper(record_bytes=60_000).to_record(long_event(), SOURCE)
    assert json.loads(record.body)["responseElements"] == "[truncated: 40008 bytes]"
    assert "aws.response.elements" not in record.attributes


@pytest.mark.parametrize("member", ["errorMessage", "userAgent", "requestParameters", "responseElements"])
def test_truncation_never_costs_who_did_what(member: str) -> None:
    """Whatever was too long, the attributes and labels are those of the whole event, and no more is cut than needed."""
    members = create_dev_environment()
    long = "x" * 300_000
    members[member] = {**members[member], "more": long} if isinstance(members.get(member), dict) else long
    record = open_mapper().to_record(json.dumps(members).encode(), SOURCE)
    truncated = record.attributes["trail_agent.truncated"]
    assert isinstance(truncated, tuple)
    copies = {"aws.error.message", "user_agent.original"}
    assert set(truncated) <= {"responseElements", "requestParameters", member, *copies}
    assert record.attributes["user.id"] == "user-ID"
    assert record.attributes["aws.codecatalyst.actor.kind"] == "builder_id"
    assert record.attributes["aws.codecatalyst.space.name"] == "MySpace"
    assert record.attributes["aws.codecatalyst.project.name"] == "MyProject"
    assert record.labels.identity_type == "IdentityCenterUser"
    kept = {name: value for name, value in json.loads(record.body).items() if name not in truncated}
    assert kept == {name: value for name, value in members.items() if name not in truncated}


def test_what_cannot_fit_is_still_shipped_with_its_id() -> None:
    """A record that no truncation brings within its limit loses what can go, once, and keeps who did what and when."""
    record = open_mapper(record_bytes=100).to_record(long_event(), SOURCE)
    names = record.attributes["trail_agent.truncated"]
    assert isinstance(names, tuple)
    assert len(names) == len(set(names))
    assert record.event_id == "event-1"


def test_a_long_list_of_resources_keeps_within_the_limit() -> None:
    """An attribute that is a list goes where nothing else is left to give; who did what stays."""
    raw = raw_event(resources=[{"ARN": "x" * 300_000}])
    record = open_mapper(record_bytes=100_000).to_record(raw, SOURCE)
    assert size(record) <= 100_000
    assert record.attributes["trail_agent.truncated"] == ("aws.resources", "resources")
    assert "aws.resources" not in record.attributes
    assert record.attributes["rpc.method"] == "CreateProject"


@pytest.mark.row(40)
def test_every_attribute_has_a_bound_whatever_the_limit_is() -> None:
    """The body has the whole of what is long; the copies of it fit into Loki's 64 KiB of structured metadata."""
    arns = [f"arn:aws:codecatalyst:::space/0000/project/{number:032d}" for number in range(1000)]
    raw = raw_event(
        resources=[{"ARN": arn, "accountId": "111122223333", "type": "AWS::CodeCatalyst::Project"} for arn in arns],
        addendum={"reason": "x" * 9000, "updatedFields": ",".join(f"field{number}" for number in range(5000))},
        userAgent="\u20ac" * 9000,
    )
    record = open_mapper(record_bytes=500_000).to_record(raw, SOURCE)
    attributes = record.attributes
    assert sum(len(f"{name}{value}".encode()) for name, value in attributes.items()) < 65536
    assert attributes["trail_agent.truncated"] == (
        "user_agent.original",
        "aws.resources",
        "aws.cloudtrail.addendum.reason",
        "aws.cloudtrail.addendum.updated_fields",
    )
    assert record.truncated
    assert arns[-1] in record.body
    kept = attributes["aws.resources"]
    assert isinstance(kept, tuple)
    assert [dict(each)["arn"] for each in kept] == arns[: len(kept)]
    assert len(kept) > 40


def test_the_list_of_what_is_gone_survives_being_shrunk_to_nothing() -> None:
    """However often a sink asks for less, the record tells everything that was cut."""
    record = open_mapper(record_bytes=60_000).to_record(long_event(), SOURCE)
    smaller = open_mapper(record_bytes=100).to_record(long_event(), SOURCE)
    again = fit(record, record_limits(100))
    assert again.attributes["trail_agent.truncated"] == smaller.attributes["trail_agent.truncated"]


def test_the_list_of_what_is_gone_counts_too() -> None:
    """A record that can be brought within its limit is within it with the names of what was cut."""
    whole = mapped(requestParameters="x" * 999, userAgent="y" * 200)
    least = size(fit(whole, record_limits(0)))
    fitted = {limit: fit(whole, record_limits(limit)) for limit in range(least, size(whole) + 1, 3)}
    assert [limit for limit, record in fitted.items() if size(record) > limit] == []


def test_a_forged_member_name_is_not_repeated_at_length() -> None:
    """The list of what was cut holds the beginning of a name that nobody at AWS would give."""
    record = open_mapper(record_bytes=1000).to_record(raw_event(**{"n" * 5000: "x" * 5000}), SOURCE)
    assert record.attributes["trail_agent.truncated"] == ("n" * 256,)


def test_a_record_can_be_halved_for_a_sink() -> None:
    """A sink that finds a record too large is offered half of it, or nothing."""
    record = MAPPER.to_record(long_event(), SOURCE)
    shrunk = halved(record, record_limits())
    assert shrunk is not None
    assert size(shrunk) <= size(record) // 2
    assert shrunk.truncated
    again = halved(shrunk, record_limits())
    assert again is not None
    names = again.attributes["trail_agent.truncated"]
    assert isinstance(names, tuple)
    assert names[:2] == ("aws.error.message", "responseElements")
    assert len(names) == len(set(names)) > 1
    assert halved(mapped(), record_limits()) is None


def test_a_record_that_cannot_be_taken_apart_is_not_shrunk() -> None:
    """A body that nests just too deep for the stack of the one who ships it is offered as it is, and nothing raises."""
    record = msgspec.structs.replace(mapped(), body='{"a":' + "[" * 5000 + "]" * 5000 + "}")
    assert halved(record, record_limits()) is None
