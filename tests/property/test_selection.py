"""Properties of selection: what is explained as kept is what is kept, for any event and any settings."""

from __future__ import annotations

import json
from sys import getsizeof
from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.errors import PermanentError
from agent.flow.objects import map_events
from agent.flow.weight import held_bytes
from agent.records.decision import Decision
from agent.records.profiles import BY_NAME, PROFILES, named
from agent.records.profiles.profile import Ours
from agent.records.selection import EveryEvent, Selector
from agent.trail import reader
from agent.trail.event import MalformedEventError
from agent.trail.reader import SelectedEvents
from tests.support.events import WITHOUT_PROFILE, create_dev_environment, encoded
from tests.support.objects import SOURCE, log_file, used_to_most
from tests.support.records import open_mapper
from tests.support.strategies import ENTRIES, EVENTS, MORE_EXAMPLES, RAWS

CALLS = sorted({(source, name) for one in PROFILES for source, names in one.calls.items() for name in names})
GUARDED = st.builds(
    lambda members, call, bucket, read_only: {
        **members,
        "eventSource": call[0],
        "eventName": call[1],
        "requestParameters": {"bucketName": bucket},
        "readOnly": read_only,
    },
    EVENTS,
    st.sampled_from([*CALLS, ("s3.amazonaws.com", "PutObject"), (f"{WITHOUT_PROFILE}.amazonaws.com", "Any")]),
    st.sampled_from(["trail", "other"]),
    st.sampled_from([True, False, "true", None]),
)
SELECTORS = st.builds(
    lambda sources, profiles, excluded, connections, reads, ours: Selector(
        sources,
        profiles=profiles,
        exclude_events=excluded,
        connection_events=connections,
        include_read_only=reads,
        ours=ours,
    ),
    st.lists(st.sampled_from(["*", "s3.amazonaws.com", " STS.amazonaws.com ", f"{WITHOUT_PROFILE}.amazonaws.com"])),
    st.lists(st.sampled_from(sorted(BY_NAME))).map(named),
    st.lists(st.sampled_from(["Get*", "list*", "Put*", "*Connection"])),
    st.booleans(),
    st.booleans(),
    st.sampled_from([Ours(), Ours(frozenset({"trail"}), frozenset({"1/q"}), frozenset({"key"}))]),
)
MAPPER = open_mapper()
READS = b'{"readOnly":true}'
TINY = {READS, b"{}", b'{"eventName":"CreateSpace"}'}
WRITES = Selector(["*"], include_read_only=False)
REAL = create_dev_environment()


def explained(selector: Selector | EveryEvent, raw: bytes) -> Decision | None:
    """What is said of an entry; None for what is no event."""
    try:
        return selector.explain(raw)
    except MalformedEventError:
        return None


@MORE_EXAMPLES
@given(SELECTORS | st.just(EveryEvent()), st.lists(ENTRIES | GUARDED, max_size=6))
def test_what_is_explained_as_kept_is_kept(selector: Selector | EveryEvent, entries: list[Any]) -> None:
    """By the whole way of an object: no more and no less is shipped than what the explanations say."""
    text = bytearray(json.dumps({"Records": entries}).encode())
    selected = reader.read(text, selector, 1000)
    found = map_events(selected, MAPPER, SOURCE, selector)
    said = [explained(selector, raw) for raw in reader.entries(text)]
    assert len(said) == len(entries)
    assert sum(one is not None and one.is_kept for one in said) == len(found.records)
    assert sum(one is not None and not one.is_kept for one in said) == found.skipped
    assert said.count(None) == found.malformed


@MORE_EXAMPLES
@given(SELECTORS, st.lists(RAWS, min_size=2, max_size=4))
def test_a_name_that_hides_another_is_explained_as_it_is_read(selector: Selector, raws: list[bytes]) -> None:
    """An entry with the members of several events has each name several times, and is kept if any of them is."""
    parts = [raw[1:-1] for raw in raws if raw != b"{}"]
    text = log_file(b"{" + b",".join(parts) + b"}")
    try:
        found = map_events(reader.read(text, selector, 10), MAPPER, SOURCE, selector)
    except PermanentError:
        return
    (raw,) = reader.entries(text)
    said = explained(selector, raw)
    assert (said is not None and said.is_kept) == bool(found.records)


@MORE_EXAMPLES
@given(st.lists(RAWS, max_size=4))
def test_what_comes_decoded_gives_the_same_records(raws: list[bytes]) -> None:
    """The quickest way through a file saves a decoding, and changes nothing."""
    selector = used_to_most(Selector(["*"]), encoded(REAL))
    selected = reader.read(log_file(encoded(REAL), *raws), selector, 10)
    event(f"decoded: {bool(selected.usual)}")
    assert map_events(selected, MAPPER, SOURCE, selector) == map_events(
        replace(selected, usual=[]), MAPPER, SOURCE, selector
    )


@given(st.lists(st.sampled_from(sorted(TINY)), min_size=1, max_size=60))
def test_the_memory_of_what_is_mapped_is_told_before_it_is_held(tiny: list[bytes]) -> None:
    """However short the events are, and wherever those stand that are left out: all of them are held until the end."""
    told = [0]
    found = map_events(SelectedEvents(tuple(tiny), 0, 0), MAPPER, SOURCE, WRITES, told.append)
    assert len(found.records) == sum(raw != READS for raw in tiny)
    assert found.kept_bytes == sum(map(held_bytes, found.records))
    if found.records:
        assert told[-1] >= getsizeof(tuple(tiny)) + sum(map(getsizeof, tiny)) + found.kept_bytes


@given(SELECTORS, ENTRIES | GUARDED)
def test_every_explanation_is_a_sentence(selector: Selector, entry: object) -> None:
    """It names the setting that decides, and no name that an event can forge makes it long."""
    said = explained(selector, json.dumps(entry).encode())
    if said is not None:
        assert said.why.startswith("select.")
        assert len(said.why) < 250
        assert "{}" not in said.why
