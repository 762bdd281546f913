"""Outermost members: every value of a name that stands twice, however the name is written."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import PermanentError
from agent.faults.dead_letters import Reason
from agent.trail.outermost import all_entries, may_disguise_names, only_array, values

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def entries_of(text: bytes) -> list[object]:
    """The entries of a file, decoded."""
    return [msgspec.json.decode(entry) for entry in all_entries(bytearray(text))]


def escaped(name: str) -> str:
    """A name with each of its letters written as an escape."""
    return "".join(f"\\u{ord(letter):04x}" for letter in name)


@pytest.mark.row(67)
@pytest.mark.parametrize(
    ("text", "entries"),
    [
        (b'{"Records":[1,2]}', [1, 2]),
        (b'{"Records":[1],"Records":[2]}', [1, 2]),
        (b' { "Records" : [ 1 ] , "a" : {"Records":[7]} , "Records" : [ ] } ', [1]),
        (b'{"a":"\\"Records\\":[7]","Records":[1]}', [1]),
        (b'{"records":7,"Records":[1]}', [1]),
        (b"{}", []),
        (b"[]", []),
    ],
)
def test_every_array_of_records_counts(text: bytes, entries: list[object]) -> None:
    """A decoder keeps the last of them; members deeper in the file, and words in a text, are none."""
    assert entries_of(text) == entries


@pytest.mark.row(81)
def test_a_name_with_escapes_is_the_same_name() -> None:
    """RFC 8259, section 8.3: it is the letters that count."""
    text = f'{{"Records":[1],"{escaped("Records")}":[2]}}'.encode()
    assert may_disguise_names(bytearray(text))
    assert entries_of(text) == [1, 2]


@pytest.mark.row(67)
@pytest.mark.parametrize("name", ["records", "RECORDS", escaped("reCords")])
@pytest.mark.parametrize("value", ["[1]", '{"a":1}'])
def test_entries_under_the_name_in_other_letters_are_not_passed_over(name: str, value: str) -> None:
    """Nobody can say whether they are events: the file is refused whole."""
    with pytest.raises(PermanentError, match="beside Records") as refusal:
        all_entries(bytearray(f'{{"Records":[],"{name}":{value}}}'.encode()))
    assert refusal.value.reason is Reason.OBJECT_MALFORMED


@pytest.mark.parametrize("value", ["7", "null", '"text"', '{"a":1}'])
def test_records_that_are_no_array_are_an_error(value: str) -> None:
    """The caller says what follows."""
    with pytest.raises(msgspec.ValidationError):
        all_entries(bytearray(f'{{"Records":[1],"Records":{value}}}'.encode()))


@given(st.lists(JSON, max_size=4), st.lists(st.tuples(st.text(), JSON), max_size=3), st.integers(0, 2))
def test_entries_come_out_whatever_stands_beside_them(
    entries: list[object], others: list[tuple[str, object]], indent: int
) -> None:
    """Any members, before and after two arrays of records, in any layout."""
    beside = [pair for pair in others if pair[0].lower() != "records"]
    pairs = [*beside, ("Records", entries), *beside, ("Records", entries)]
    text = ",".join(f"{json.dumps(name)}:{json.dumps(value, indent=indent or None)}" for name, value in pairs)
    assert entries_of(f"{{{text}}}".encode()) == entries * 2


@given(st.lists(st.tuples(st.sampled_from(["a", "b", escaped("a")]), JSON), max_size=5))
def test_every_value_of_a_name_is_found(members: list[tuple[str, object]]) -> None:
    """In the order of the event, under the name in escapes, too; what is no scalar is not decoded: it may be long."""
    text = "{" + ",".join(f'"{name}":{json.dumps(value)}' for name, value in members) + "}"
    wanted = [None if isinstance(value, list | dict) else value for name, value in members if name != "b"]
    assert values(msgspec.Raw(text.encode()), b'"a"') == wanted


def test_a_value_that_cannot_be_decoded_is_none() -> None:
    """It selects nothing, and costs no other value."""
    entry = msgspec.Raw(b'{"a":"\xff","a":1e999999,"a":' + b"[" * 5000 + b"]" * 5000 + b',"a":"x"}')
    assert values(entry, b'"a"')[::3] == [None, "x"]
    assert values(entry, b'"a"')[2] is None


@pytest.mark.parametrize("text", [b'{"a":"\\u0052"}', b'{"\\u006e":1}', b'{"a":"\\u0041"}', b'{"a":"\\u007A"}'])
def test_an_escaped_letter_is_a_sign_of_disguise(text: bytes) -> None:
    """No writer of JSON escapes a letter without need."""
    assert may_disguise_names(bytearray(text))
    assert may_disguise_names(memoryview(text))


@pytest.mark.parametrize(
    "text", [b'{"a":"\\u00e9\\u0000\\u0030\\u0040\\u005b\\u0060\\u007b\\n"}', b'{"a":"u0052"}', b""]
)
def test_other_escapes_disguise_no_name(text: bytes) -> None:
    """Letters beyond ASCII, control characters and signs stand in no name that decides."""
    assert not may_disguise_names(bytearray(text))


@pytest.mark.parametrize(
    ("text", "array"),
    [
        (b'{"Records":[]}', b"[]"),
        (b'{"Records":[{"a":1},{"b":2}]}', b'[{"a":1},{"b":2}]'),
        (b' \t{\r\n"Records" : [ {"a":[1]} ] } \n', b'[ {"a":[1]} ]'),
        (b'{"Records":[1],"Records":[2]}', b'[1],"Records":[2]'),
        (b'{"Records":[1],"a":1}', None),
        (b'{"a":1,"Records":[1]}', None),
        (b'{"records":[1]}', None),
        (b'{"Records":7}', None),
        (b'{"Records":[}', None),
        (b'{"Records":]}', None),
        (b'x{"Records":[]}', None),
        (b'{"Records":[]}x', None),
        (b'{"Records":[]}\x0b', None),
        (b"[]", None),
        (b"", None),
    ],
)
def test_a_file_of_nothing_but_records_has_them_between_its_ends(text: bytes, array: bytes | None) -> None:
    """Blanks do not matter. What is no array, because `Records` stands there twice, is seen by whoever decodes it."""
    where = only_array(bytearray(text))
    assert (text[where] if where else None) == array
