"""The labels under which events are counted, and their limits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.model import EventLabels
from agent.telemetry.labels import OTHER, UNKNOWN, LabelLimits, vocabulary

PLAIN = "abcdefghij"


def _limits(room: int) -> LabelLimits:
    return LabelLimits(vocabulary(), room)


def test_names_beyond_the_room_are_other() -> None:
    """The first ones keep series of their own for good, the known ones always do."""
    limits = _limits(1)
    names = ["First", "Second", "First", "CreateProject"]
    found = [limits.limit(EventLabels(name, "Root", "success")) for name in names]
    assert [each.labels.event_name for each in found] == ["First", OTHER, "First", "CreateProject"]
    assert [each.overflowed for each in found] == [(), ("event_name",), (), ()]


def test_each_source_has_a_room_of_its_own() -> None:
    """One service's many names do not take another's."""
    limits = _limits(1)
    for source in ("a.amazonaws.com", "b.amazonaws.com"):
        assert limits.limit(EventLabels("First", "Root", "success", source)).labels.event_name == "First"


def test_an_identity_type_outside_the_closed_set_is_unknown() -> None:
    """It is the only label that has no room at all."""
    found = _limits(10).limit(EventLabels("CreateProject", "Martian", "failure"))
    assert found.labels == EventLabels("CreateProject", UNKNOWN, "failure")
    assert found.overflowed == ("identity_type",)


def test_a_value_that_is_no_name_is_never_admitted() -> None:
    """However much room there is: AWS has no such names, and a scrape might break."""
    for name in ("", "a b", "a\n", "x" * 129, "caf\u00e9"):
        assert _limits(10).limit(EventLabels(name, "Root", "success")).labels.event_name == OTHER


@given(st.lists(st.tuples(st.text(PLAIN, max_size=3), st.text(PLAIN, max_size=3), st.text(PLAIN, max_size=1))))
def test_the_series_are_bounded_whatever_is_forged(events: list[tuple[str, str, str]]) -> None:
    """Of each source at most the room and `other`; of sources fifty beyond the known ones and `other`."""
    limits = _limits(2)
    known = vocabulary().names
    found = [limits.limit(EventLabels(name, kind, "success", source)).labels for source, name, kind in events]
    sources = {each.event_source for each in found}
    assert len(sources - set(known)) <= 51
    for source in sources:
        names = {each.event_name for each in found if each.event_source == source}
        assert len(names - set(known.get(source, ()))) <= 3
    assert {each.identity_type for each in found} <= vocabulary().identity_types
