"""Properties of mapping: total, repeatable, bounded, and silent about what is masked."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from agent.model import LogRecord
from agent.records.event_kind import Told
from agent.records.fitting import fit, halved, size
from agent.records.mapping import TABLE, Mapper
from agent.records.profiles import CODECATALYST, PROFILES, owner, profile_of
from agent.records.profiles.profile import ANYTHING, Ours
from agent.records.rows import ELSE
from agent.records.selection import Selector
from agent.sink.otlp.encode import Encoder
from agent.trail.edit import Mask, compact
from agent.trail.event import MalformedEventError, decode, decode_leniently
from tests.support.events import WITHOUT_PROFILE, encoded
from tests.support.objects import SOURCE
from tests.support.records import open_mapper, record_limits
from tests.support.strategies import EVENTS, HOSTILE_EVENTS, JSON, MORE_EXAMPLES, RAWS, SCALARS, TEXT

MAPPER = open_mapper()
ENCODER = Encoder({}, "1.2.3")
KEPT = ("eventID", "eventTime", "eventName", "eventSource", "awsRegion", "eventVersion")
SECRET = "s3cr3t-"
PATHS = [
    "sourceIPAddress",
    "userAgent",
    "requestParameters",
    "requestParameters.spaceName",
    "userIdentity.userName",
    "userIdentity.onBehalfOf.userId",
    "userIdentity.sessionContext.attributes.mfaAuthenticated",
    "resources.ARN",
    "eventID",
    "eventTime",
]


def mapped(raw: bytes, mapper: Mapper = MAPPER) -> LogRecord | None:
    """The record, or None for what is no event."""
    try:
        return mapper.to_record(raw, SOURCE)
    except MalformedEventError:
        return None


def with_secret(members: dict[str, Any], path: str) -> dict[str, Any]:
    """`members` with a secret at `path`, in place of whatever is in its way."""
    first, _, rest = path.partition(".")
    inner = members.get(first)
    value = with_secret(inner if isinstance(inner, dict) else {}, rest) if rest else SECRET + path
    return {**members, first: value}


@MORE_EXAMPLES
@given(RAWS | st.binary(max_size=60))
def test_any_bytes_become_a_record_or_are_malformed(raw: bytes) -> None:
    """Nothing else is raised, no attribute is empty, twice the same, and every record can be encoded."""
    record = mapped(raw)
    assert record == mapped(raw)
    if record is not None:
        assert all(value not in ("", None, (), [], {}) for value in record.attributes.values())
        assert ENCODER.payload([record])


@MORE_EXAMPLES
@given(EVENTS | HOSTILE_EVENTS, st.sampled_from([None, 2]))
def test_the_body_is_the_event(members: dict[str, Any], indent: int | None) -> None:
    """Unmasked and untruncated, the body is the same JSON as the entry."""
    record = mapped(json.dumps(members, indent=indent).encode())
    assert record is not None
    assert decode_leniently(record.body.encode()) == decode_leniently(encoded(members))
    assert record.body.encode() == encoded(members)
    assert not record.truncated


@MORE_EXAMPLES
@given(EVENTS | HOSTILE_EVENTS, st.lists(st.sampled_from(PATHS), min_size=1, max_size=4, unique=True))
def test_what_is_masked_never_shows(members: dict[str, Any], paths: list[str]) -> None:
    """A masked value is in no attribute, nor in the body, nor in a request."""
    for path in paths:
        members = with_secret(members, path)
    record = mapped(encoded(members), open_mapper(mask=Mask(paths, b"pepper")))
    if record is not None:
        assert SECRET not in record.body
        assert SECRET not in repr(record)
        assert SECRET.encode() not in ENCODER.payload([record])


@MORE_EXAMPLES
@given(
    EVENTS,
    st.integers(0, 3000),
    st.dictionaries(st.sampled_from(["requestParameters", "userAgent"]), st.just("x" * 999)),
)
def test_records_fit_their_limit_when_they_can(members: dict[str, Any], limit: int, long: dict[str, str]) -> None:
    """A record over its limit is one that nothing more can be taken from; its id stays."""
    raw = encoded({**members, **long})
    whole, record = mapped(raw), mapped(raw, open_mapper(record_bytes=limit))
    assert whole is not None
    assert record is not None
    assert record.truncated is (size(whole) > limit and bool(record.attributes.get("trail_agent.truncated")))
    assert record.event_id == whole.event_id
    assert record.digest == whole.digest
    kept = json.loads(record.body)
    assert {name: kept[name] for name in KEPT} == {name: members[name] for name in KEPT}
    if size(record) > limit:
        left = [value for name, value in kept.items() if name not in KEPT]
        assert all(len(json.dumps(value, separators=(",", ":"), ensure_ascii=False)) < 64 for value in left)
        assert record.labels == whole.labels


@MORE_EXAMPLES
@given(EVENTS)
def test_shrinking_halves_or_gives_up(members: dict[str, Any]) -> None:
    """What a sink finds too large comes back at half its size or not at all."""
    record = mapped(encoded({**members, "errorMessage": "x" * 4000}))
    assert record is not None
    shrunk = halved(record, record_limits())
    assert shrunk is None or size(shrunk) <= size(record) // 2


def told_plainly(raw: bytes, ours: Ours = ANYTHING) -> Told:
    """What the event tells when every member of it is read by itself."""
    event = decode(compact(raw))
    return MAPPER.tell_plainly(event, profile_of(event, ours), SOURCE)


def assert_told_alike(record: LogRecord, told: Told) -> None:
    """No value differs, no type, no order, and no byte that is sent."""
    attributes = dict(record.attributes)
    if attributes.pop("trail_agent.malformed", None) is None:
        plain = msgspec.structs.replace(record, attributes=told.attributes)
        assert ENCODER.payload([record]) == ENCODER.payload([plain])
    assert repr(attributes) == repr(dict(told.attributes))
    assert (record.event_name, record.service_name, record.labels) == (
        told.event_name,
        told.service_name,
        told.labels,
    )


@MORE_EXAMPLES
@given(RAWS)
def test_an_event_tells_the_same_quickly_and_plainly(raw: bytes) -> None:
    """What is kept of events before is never taken for what another event holds."""
    record = mapped(raw)
    if record is not None and not record.truncated:
        assert_told_alike(record, told_plainly(raw))


CALLS = [
    *((known.source, event) for profile in PROFILES for known in profile.known for event in sorted(known.events)),
    (f"{WITHOUT_PROFILE}.amazonaws.com", "DeleteDetector"),
    ("account-ID", "ListConnections"),
    ("", ""),
]
FIELDS = sorted({name.field.split("/")[0].split(".")[0] for p in PROFILES for s in p.subjects for name in s.names})
SIDES = st.dictionaries(st.sampled_from(FIELDS) | TEXT, JSON, max_size=5) | JSON
OURS = Ours(frozenset({"trail"}), frozenset({"1/q"}), frozenset({"key"}))


@MORE_EXAMPLES
@given(st.sampled_from(CALLS), HOSTILE_EVENTS, SIDES, SIDES, st.sampled_from([ANYTHING, OURS]))
def test_any_event_of_any_profile_becomes_a_record(
    call: tuple[str, str], members: dict[str, Any], request: object, response: object, ours: Ours
) -> None:
    """Nothing raises, whatever stands where a subject is looked for; no other event has CodeCatalyst's attributes."""
    source, name = call
    spoken = {"eventSource": source, "eventName": name, "requestParameters": request, "responseElements": response}
    raw = json.dumps({**members, **spoken}).encode()
    record = mapped(raw, open_mapper(ours=ours))
    assert record is not None
    assert Selector(["*"], profiles=PROFILES, include_read_only=False, ours=ours).keeps(raw) in (True, False)
    is_codecatalysts = owner(source, name) is CODECATALYST
    assert any(one.startswith("aws.codecatalyst") for one in record.attributes) is is_codecatalysts
    assert (record.labels.event_source == "", record.service_name == "") == (is_codecatalysts, is_codecatalysts)
    if not record.truncated:
        assert_told_alike(record, told_plainly(raw, ours))
    ENCODER.payload([record])


@MORE_EXAMPLES
@given(st.text(max_size=80) | st.text(max_size=80).map(lambda text: f"{text}.amazonaws.com"), st.text(max_size=40))
def test_a_service_name_is_one_that_aws_could_have_given(source: str, name: str) -> None:
    """Whatever a source holds, the stream it opens has a short and plain name."""
    record = mapped(json.dumps({"eventSource": source, "eventName": name}).encode())
    assert record is not None
    assert re.fullmatch(r"(aws-[a-z0-9][a-z0-9.-]{0,62})?", record.service_name)


@MORE_EXAMPLES
@given(EVENTS, st.integers(0, 6_000))
def test_a_small_record_is_left_as_it_is(members: dict[str, Any], limit: int) -> None:
    """The quick look that says "it fits" never says so of a record that does not."""
    record = MAPPER.to_record(encoded(members), SOURCE)
    if fit(record, record_limits(limit)) is record:
        assert size(record) <= limit


PATHS_OF_ROWS = sorted({path for row in TABLE for path in row.member.split(ELSE)})
LEAVES = TEXT | st.sampled_from(["", " ", " x ", "true", "False", "null", "arn:aws:sts::1:assumed-role/Admin/mary"])


@MORE_EXAMPLES
@given(st.dictionaries(st.sampled_from(PATHS_OF_ROWS), LEAVES | LEAVES | LEAVES | SCALARS, max_size=12))
def test_each_member_of_the_table_tells_the_same_quickly_and_plainly(leaves: dict[str, object]) -> None:
    """Whichever of them an event has, alone and together, and whatever stands there."""
    members: dict[str, Any] = {}
    for path, value in leaves.items():
        *parts, last = path.split(".")
        inner = members
        for part in parts:
            inner = inner.setdefault(part, {})
        inner[last] = value
    raw = json.dumps(members).encode()
    record = mapped(raw)
    assert record is not None
    assert_told_alike(record, told_plainly(raw))
