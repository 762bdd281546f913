"""Properties of reading: total, exact in its counts, and true to the bytes of the file."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.errors import PermanentError
from agent.faults.dead_letters import Reason
from agent.records.profiles import PROFILES
from agent.records.selection import EveryEvent, Selector
from agent.trail import reader
from agent.trail.entry import deciding_pairs
from agent.trail.reader import SelectedEvents
from agent.trail.selecting import Selection
from tests.support.objects import if_usual, log_file
from tests.support.strategies import ENTRIES, JSON, MORE_EXAMPLES, RAWS

OURS = Selector(["codecatalyst.amazonaws.com"])
REASONS = {Reason.OBJECT_MALFORMED, Reason.OBJECT_TOO_LARGE}


def read(text: bytes | bytearray, selection: Selection = OURS) -> SelectedEvents | Reason:
    """What a text holds, or why it is refused. What comes decoded has to be what was selected, and is left out."""
    try:
        found = reader.read(bytearray(text), selection, 1000)
    except PermanentError as error:
        return error.reason
    assert not found.usual or [*found.usual] == [*map(if_usual, found.raws)]
    return replace(found, usual=[])


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


NAMES = st.sampled_from([b'"eventSource"', b'"eventName"', b'"event\\u0053ource"', b'"\\u0065ventName"', b'"a"'])
VALUES = st.sampled_from(
    [
        b'"codecatalyst.amazonaws.com"',
        b'"\\u0063odecatalyst.amazonaws.com"',
        b'"s3.amazonaws.com"',
        b'"sts.amazonaws.com"',
        b'"AssumeRole"',
        b'"ListConnections"',
        b'"account-ID"',
        b'""',
        b'"\\u00e9\xc3\xa9"',
        b"null",
        b"7",
        b'["eventSource"]',
        b'[{"eventVersion":"1","eventSource":"codecatalyst.amazonaws.com"},{"eventVersion":"1"},{"eventVersion":""}]',
        b'{"eventSource":"codecatalyst.amazonaws.com"}',
        b'"},{\\"eventVersion\\":"',
    ]
)
ODD_VALUES = VALUES | st.sampled_from([b"1e999", b'"\\ud800"', b'"\xff"'])
NESTED = b'[{"eventVersion":"1"},{"eventVersion":"","eventSource":"codecatalyst.amazonaws.com"},{"eventVersion":"1"}]'
USUAL = st.builds(
    lambda source, name, more: b'{"eventVersion":"1.09","eventSource":"%b","eventName":"%b"%b}' % (source, name, more),
    st.sampled_from([b"s3.amazonaws.com"] * 20 + [b"codecatalyst.amazonaws.com", b"kms.amazonaws.com", b"new.example"]),
    st.sampled_from([b"GetObject", b"Decrypt", b"ListConnections"]),
    st.sampled_from([b"", b"", b',"a":"%b"' % (b"x" * 30_000), b',"a":"%b","b":%b' % (b"x" * 30_000, NESTED)]),
)
"""Events as they are, some so long that a file of a few is read in parts."""


def unusual(values: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Events with members that decide twice, elsewhere, in disguise or not at all."""
    members = st.lists(st.tuples(NAMES, values).map(b":".join), max_size=4)
    beginning = st.sampled_from([b"", b'"eventVersion":"1.09"'])
    return st.builds(lambda first, more: b"{%b}" % b",".join(filter(None, [first, *more])), beginning, members)


def long(raw: bytes) -> bytes:
    """The same event with so long a member that a file of such events may come decoded."""
    return raw[:-1] + (b"," if len(raw) > len(b"{}") else b"") + b'"long":"%b"}' % (b"x" * 300)


def exactly(text: bytes, selection: Selection) -> SelectedEvents:
    """What is selected of a sound file if each entry is looked at alone."""
    raws = reader.entries(bytearray(text))
    kept = [raw for raw in raws if any(selection.selects(*pair) for pair in deciding_pairs(raw))]
    return SelectedEvents(tuple(kept), len(raws) - len(kept), 0)


def acquainted(selection: Selector, most: int) -> Selector:
    """A selection that has read files of which nothing, a few (1) or all events (2) were kept."""
    noise = b'{"eventVersion":"1.09","eventSource":"s3.amazonaws.com"}'
    one = b'{"eventVersion":"1.09","eventSource":"codecatalyst.amazonaws.com"}'
    for text in ([noise] * 99, [noise] * 98 + [one] * (most > 0), *[[one] * (most > 1)] * 3):
        if text:
            read(log_file(*text), selection)
    return selection


SELECTIONS = st.builds(
    lambda make, most: acquainted(make(), most),
    st.sampled_from(
        [
            Selector,
            lambda: Selector(["codecatalyst.amazonaws.com"], connection_events=False, exclude_events=["List*"]),
            lambda: Selector(profiles=PROFILES),
            lambda: Selector(["*"], exclude_events=["List*"]),
        ]
    ),
    st.integers(0, 2),
)


@MORE_EXAMPLES
@given(SELECTIONS, st.lists(st.lists(USUAL | unusual(VALUES), max_size=12), max_size=4), st.booleans(), st.booleans())
def test_each_way_through_a_file_selects_the_same(
    selection: Selector, files: list[list[bytes]], is_spaced: bool, are_long: bool
) -> None:
    """Whatever was learnt from files before, and wherever a member that decides hides: as each entry alone says."""
    for raws in [[*map(long, raws)] for raws in files] if are_long else files:
        text = b'{"Records":[%b]}' % (b",\n" if is_spaced else b",").join(raws)
        assert read(text, selection) == exactly(text, selection)


@MORE_EXAMPLES
@given(st.lists(USUAL | unusual(ODD_VALUES) | unusual(ODD_VALUES).map(long) | st.just(b"7"), max_size=12))
def test_what_was_learnt_changes_no_answer(raws: list[bytes]) -> None:
    """Files with values that no decoder takes are read alike, or refused alike, whatever was read before."""
    text = log_file(*raws)
    assert read(text, Selector()) == read(text, acquainted(Selector(), 1)) == read(text, acquainted(Selector(), 2))
