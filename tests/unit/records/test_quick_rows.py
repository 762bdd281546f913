"""The rows of the table, read off usual events: what is alike is read once, and nothing is taken for something else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from agent.model import AttributeGroup
from agent.records.fitting import PARAMETERS
from agent.records.mapping import TABLE
from agent.records.quick_identity import MEMBER
from agent.records.quick_rows import ALIKE, Parts, QuickRows
from agent.records.rows import Row, RowReader
from agent.trail.event import decode, flag
from agent.trail.usual_event import UnusualEventError, decode_usual
from tests.support.events import encoded

ROWS = [row for row in TABLE if not row.member.startswith(MEMBER)]
READ = QuickRows(ROWS)
TEXTS: tuple[object, ...] = ("x", " x ", " ", "", None)
FLAGS: tuple[object, ...] = (True, False)
OBJECTS: tuple[object, ...] = ({"a": " x "}, {}, [])
# One member at a time, as an event may have it that has no other.
MEMBERS: list[dict[str, object]] = [
    *({row.member: value} for row in ROWS if "." not in row.member for value in TEXTS),
    *({row.member: value} for row in ROWS if row.member in {"readOnly", "eventID"} for value in FLAGS),
    *({row.member: value} for row in ROWS if row.attribute in PARAMETERS for value in OBJECTS),
    {"resources": [{"ARN": "arn"}]},
    {"tlsDetails": {"tlsVersion": "TLSv1.3", "keyExchange": "x"}},
    {"addendum": {"reason": " r ", "updatedFields": "a, b", "originalEventID": "e"}},
    {"sessionCredentialFromConsole": True},
    {"sessionCredentialFromConsole": "true"},
    {"sessionCredentialFromConsole": False},
    {"requestParameters": None, "responseElements": {}, "additionalEventData": None},
]


def read(members: Mapping[str, object], rows: QuickRows = READ) -> Parts:
    """What is read of an event."""
    event = decode_usual(encoded(members))
    alike = rows.read_alike([members.get(name) for name in ALIKE])
    return tuple(rows.read(event, alike, bytes(event.request_parameters), bytes(event.response_elements)))


def pairs(parts: Parts) -> list[tuple[str, object]]:
    """All attributes, one by one."""
    return [pair for part in parts for pair in (part.pairs if isinstance(part, AttributeGroup) else (part,))]


@pytest.mark.parametrize("members", MEMBERS)
def test_a_member_is_read_as_its_rows_say(members: dict[str, object]) -> None:
    """Whichever it is, and whatever it holds; also when the same comes again."""
    plain = list(RowReader(ROWS)(decode(encoded(members))).items())
    for _ in range(2):
        assert pairs(read(members)) == plain


def test_what_comes_again_is_the_same_group() -> None:
    """Two events of one sender share its group; each has its own id."""
    sender = {"sourceIPAddress": "192.0.2.1", "userAgent": "x", "tlsDetails": {"tlsVersion": "TLSv1.3"}}
    first, second = (read({**sender, "eventID": f" e-{number} "}) for number in (1, 2))
    assert first[:2] == (("aws.cloudtrail.event_id", "e-1"), ("log.record.uid", "e-1"))
    assert second[:2] == (("aws.cloudtrail.event_id", "e-2"), ("log.record.uid", "e-2"))
    assert len(first) == 4
    assert all(one is other for one, other in zip(first[2:], second[2:], strict=True))


@pytest.mark.parametrize("beside", [{}, {"errorCode": "AccessDenied"}])
@pytest.mark.parametrize("member", ["vpcEndpointId", "vpcEndpointAccountId"])
def test_false_is_a_value_whatever_stands_beside_it(member: str, beside: dict[str, object]) -> None:
    """As member by member it is read, too."""
    assert "false" in dict(pairs(read({member: False, **beside}))).values()


@pytest.mark.parametrize("value", [True, "true", " TRUE ", False, "False", None, "no", ""])
def test_values_that_look_alike_are_told_apart(value: object) -> None:
    """A flag, its text, and no flag at all."""
    assert dict(pairs(read({"eventName": "x", "readOnly": value}))).get("aws.event.read_only") is flag(value)


def test_without_rows_for_parameters_they_are_not_read() -> None:
    """As the settings can ask for; all else is."""
    rows = QuickRows(row for row in ROWS if row.attribute not in PARAMETERS)
    members = {name: {"a": "b"} for name in ("requestParameters", "responseElements", "additionalEventData")}
    assert pairs(read({"errorCode": "x", **members}, rows)) == [("aws.error.code", "x"), ("error.type", "x")]


@pytest.mark.parametrize("members", [{"addendum": []}, {"tlsDetails": None}, {"tlsDetails": "TLSv1.3"}])
def test_a_part_of_another_form_is_unusual(members: dict[str, object]) -> None:
    """Whoever reads member by member can still read the others."""
    with pytest.raises(UnusualEventError):
        read(members)


@pytest.mark.parametrize(
    "rows",
    [
        ROWS[::-1],
        [*ROWS, Row("x", "eventTime", "X")],
        [*ROWS, ROWS[0]],
        list(TABLE),
        [replace(row, read=flag) if row.member == "requestID" else row for row in ROWS],
    ],
)
def test_another_table_is_refused(rows: list[Row]) -> None:
    """A row that is not read would be missing from nearly every record."""
    with pytest.raises(ValueError, match="not those that are read here"):
        QuickRows(rows)


def test_a_row_reads_one_member_of_the_event() -> None:
    """What is kept of a member says nothing of another one."""
    with pytest.raises(ValueError, match="too many values"):
        QuickRows((Row("x", "eventName else eventSource", "X"),))
