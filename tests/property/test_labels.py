"""Cardinality: no sequence of events, however forged, makes more series than the limits allow."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from agent.model import EventLabels
from agent.telemetry.labels import OTHER, UNKNOWN, EventVocabulary, LabelLimits

KNOWN = frozenset({"CreateProject", "DeleteProject"})
TYPES = frozenset({"Root", "IAMUser", UNKNOWN})
VOCABULARY = EventVocabulary((), {"": KNOWN}, TYPES)

anything = st.text() | st.sampled_from(sorted(KNOWN | TYPES)) | st.text("ABC", max_size=2)
labels = st.builds(EventLabels, anything, anything, st.sampled_from(["success", "failure"]))


@given(st.lists(labels, max_size=60), st.integers(0, 5))
def test_series_are_bounded(events: list[EventLabels], room: int) -> None:
    """There are never more names than the known ones, the room, and "other"; identity types are the closed set."""
    limits = LabelLimits(VOCABULARY, room)
    limited = [limits.limit(event).labels for event in events]
    assert len({event.event_name for event in limited} - KNOWN - {OTHER}) <= room
    assert {event.identity_type for event in limited} <= TYPES


@given(st.lists(labels, max_size=60), st.integers(0, 5))
def test_known_names_keep_their_own(events: list[EventLabels], room: int) -> None:
    """A known name is counted under itself, whatever was forged before."""
    limits = LabelLimits(VOCABULARY, room)
    for event in events:
        limits.limit(event)
    for name in KNOWN:
        assert limits.limit(EventLabels(name, "Root", "success")).labels.event_name == name


@given(st.lists(labels, max_size=60), st.integers(0, 5))
def test_what_gave_way_is_named(events: list[EventLabels], room: int) -> None:
    """A label is listed as overflowed exactly if its value was replaced; the outcome never is."""
    limits = LabelLimits(VOCABULARY, room)
    for event in events:
        limited = limits.limit(event)
        assert limited.labels.outcome == event.outcome
        if event.event_name != OTHER:
            assert ("event_name" in limited.overflowed) == (limited.labels.event_name != event.event_name)
        assert ("identity_type" in limited.overflowed) == (limited.labels.identity_type != event.identity_type)


@given(st.lists(labels, max_size=60), st.integers(0, 5))
def test_the_same_labels_are_always_counted_under_the_same(events: list[EventLabels], room: int) -> None:
    """A name that was admitted stays admitted, and one that was not is never admitted later."""
    limits = LabelLimits(VOCABULARY, room)
    first = [limits.limit(event) for event in events]
    assert [limits.limit(event) for event in events] == first


@given(st.text())
def test_an_admitted_name_is_plain(name: str) -> None:
    """Only printable ASCII of bounded length becomes a label value."""
    shown = LabelLimits(VOCABULARY, 1).limit(EventLabels(name, "Root", "success")).labels.event_name
    assert shown.isascii()
    assert shown.isprintable()
    assert 0 < len(shown) <= 128


def test_threads_share_one_limit() -> None:
    """Many workers that see new names at once do not pass the limit together."""
    limits = LabelLimits(VOCABULARY, 10)
    events = [EventLabels(f"Forged{number}", "Root", "success") for number in range(2000)]
    with ThreadPoolExecutor(4) as pool:
        names = {limited.labels.event_name for limited in pool.map(limits.limit, events)}
    assert len(names) == 11
