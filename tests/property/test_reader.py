"""Properties of reading: total, exact in its counts, and true to the bytes of the file."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent.errors import PermanentError
from agent.faults.dead_letters import Reason
from agent.records.selection import EveryEvent, Selector
from agent.trail import reader
from agent.trail.glance import Selection
from agent.trail.reader import SelectedEvents
from tests.support.objects import log_file
from tests.support.strategies import ENTRIES, JSON, MORE_EXAMPLES, RAWS

OURS = Selector(["codecatalyst.amazonaws.com"])
REASONS = {Reason.OBJECT_MALFORMED, Reason.OBJECT_TOO_LARGE}


def read(text: bytes | bytearray, selection: Selection = OURS) -> SelectedEvents | Reason:
    """What a text holds, or why it is refused."""
    try:
        return reader.read(bytearray(text), selection, 1000)
    except PermanentError as error:
        return error.reason


@MORE_EXAMPLES
@given(st.lists(ENTRIES, max_size=8), st.booleans(), st.sampled_from([OURS, EveryEvent()]))
def test_every_entry_is_counted_once(entries: list[Any], spaced: bool, selection: Selection) -> None:
    """Selected, skipped and malformed are together all there are; malformed is what is no object."""
    text = json.dumps({"Records": entries}, indent=1 if spaced else None).encode()
    found = read(text, selection)
    assert isinstance(found, SelectedEvents)
    assert found == read(text, selection)
    assert len(found.raws) + found.skipped + found.malformed == len(entries)
    assert found.malformed == sum(not isinstance(entry, dict) for entry in entries)


@MORE_EXAMPLES
@given(st.lists(RAWS, max_size=6))
def test_selected_entries_keep_order_and_bytes(raws: list[bytes]) -> None:
    """What comes out is what went in, in its order, mended only where half a character stood."""
    found = read(log_file(*raws), EveryEvent())
    assert isinstance(found, SelectedEvents)
    assert len(found.raws) == len(raws)
    for raw, kept in zip(raws, found.raws, strict=True):
        assert kept == raw or b"\\ufffd" in kept
        assert len(kept) == len(raw)


@MORE_EXAMPLES
@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_text_is_read_or_refused(text: bytes) -> None:
    """Nothing but the two reasons is raised, inside `Records` or around it."""
    for candidate in (text, b'{"Records":' + text + b"}", b'{"Records":[' + text + b"]}"):
        assert isinstance(answer := read(candidate), SelectedEvents) or answer in REASONS


@MORE_EXAMPLES
@given(st.lists(RAWS, min_size=1, max_size=4), st.data())
def test_a_damaged_file_is_read_or_refused(raws: list[bytes], data: st.DataObject) -> None:
    """One byte of a file changed never raises anything else, nor loses count."""
    text = log_file(*raws)
    text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    assert isinstance(answer := read(text, EveryEvent()), SelectedEvents) or answer in REASONS
