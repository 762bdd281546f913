"""The rows of a table, read off usual events: what is alike is read once, and nothing is taken for something else."""

from __future__ import annotations

import pytest

from agent.model import AttributeGroup
from agent.records.leaves import names, resources
from agent.records.quick_rows import Parts, QuickRows
from agent.records.rows import Row
from agent.trail.event import flag
from agent.trail.usual_event import UnusualEventError, decode_usual
from tests.support.events import encoded

TABLE = (
    Row("id", "eventID", "X"),
    Row("uid", "eventID", "X"),
    Row("name", "eventName", "X"),
    Row("read_only", "readOnly", "X", flag),
    Row("request", "requestID", "X"),
    Row("agent", "userAgent", "X"),
    Row("resources", "resources", "X", resources),
    Row("user", "userIdentity.onBehalfOf.userId else userIdentity.userId", "X"),
    Row("reason", "addendum.reason", "X"),
    Row("fields", "addendum.updatedFields", "X", names),
)
READ = QuickRows(TABLE, alike=(frozenset({"eventName", "readOnly"}),), unlike=frozenset({"eventID", "requestID"}))


def read(**members: object) -> Parts:
    """What is read of an event."""
    return tuple(READ.read(decode_usual(encoded(members)))[0])


def test_what_comes_again_is_the_same_group() -> None:
    """Two events of one name by one user share the groups of both; each has its own id."""
    first, second = (
        read(eventID=f" e-{number} ", eventName="GetSpace", readOnly=True, userIdentity={"userId": "u"})
        for number in (1, 2)
    )
    assert first[:2] == (("id", "e-1"), ("uid", "e-1"))
    assert second[:2] == (("id", "e-2"), ("uid", "e-2"))
    assert [part.pairs for part in first[2:] if isinstance(part, AttributeGroup)] == [
        (("name", "GetSpace"), ("read_only", True)),
        (("user", "u"),),
    ]
    assert all(one is other for one, other in zip(first[2:], second[2:], strict=True))


@pytest.mark.parametrize("value", [True, "true", " TRUE ", False, "False", None, "no", ""])
def test_values_that_look_alike_are_told_apart(value: object) -> None:
    """A flag, its text, and no flag at all."""
    expected = flag(value)
    group = next((part for part in read(eventName="x", readOnly=value) if isinstance(part, AttributeGroup)), None)
    assert group is not None
    assert dict(group.pairs).get("read_only") is expected


@pytest.mark.parametrize("members", [{}, {"eventID": " ", "requestID": None, "addendum": {}, "resources": []}])
def test_what_is_absent_or_empty_leaves_nothing(members: dict[str, object]) -> None:
    """No attribute, and no empty group."""
    assert read(**members) == ()


@pytest.mark.parametrize(
    "members",
    [{"userIdentity": "mary"}, {"userIdentity": None}, {"addendum": []}, {"userIdentity": {"onBehalfOf": 7}}],
)
def test_a_part_of_another_form_is_unusual(members: dict[str, object]) -> None:
    """Whoever reads member by member can still read the others."""
    with pytest.raises(UnusualEventError):
        read(**members)


def test_a_row_reads_one_member_of_the_event() -> None:
    """What is kept of a member says nothing of another one."""
    with pytest.raises(ValueError, match="too many values"):
        QuickRows((Row("x", "eventName else eventSource", "X"),), alike=(), unlike=frozenset())
