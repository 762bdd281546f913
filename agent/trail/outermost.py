"""The outermost members of a JSON object in which a name may stand twice: in a log file, or in one of its events.

JSON readers keep the last of two equal names and say nothing (RFC 8259, section 4). Here that would drop the events of
the first `Records`, or skip an event because of a second `eventSource`. A name may be written with escapes, too
(`\\u0052ecords`), and is the same name then (RFC 8259, section 8.3).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from agent.errors import PermanentError
from agent.faults.dead_letters import Reason

_STRUCTURE: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},]', re.DOTALL)
_COLON: Final = re.compile(rb"[ \t\r\n]*:[ \t\r\n]*")
_LETTER_ESCAPE: Final = re.compile(rb"\\u00(?:[46][1-9a-fA-F]|[57][0-9aA])")
_RECORDS: Final = b'"Records"'
_WHITE: Final = rb"[ \t\r\n]*"
_OPENING: Final = re.compile(_WHITE.join((b"", rb"\{", _RECORDS, b":", rb"\[")))
_CLOSING: Final = re.compile(_WHITE.join((rb"\]", rb"\}", b"")))

Scalar = str | int | float | bool | None
"""What names something. An array or an object is not decoded: it may take twenty times the memory of its text."""

_decode_scalar: Final = msgspec.json.Decoder(Scalar).decode
decode_array: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
"""The entries of a JSON array, as their bytes stand in it; raises what msgspec raises if it is none."""


def may_disguise_names(text: bytearray | memoryview) -> bool:
    """Whether a letter in `text` is written as an escape: a name in it may not look like itself."""
    return _LETTER_ESCAPE.search(text) is not None


def only_array(text: bytearray) -> slice | None:
    """Where all that stands between `{"Records":` and `}` stands in `text`, if it begins and ends with a bracket.

    If it can be decoded as an array, these are all entries: `Records` does not stand twice then. To count the name
    through the whole file would cost as much as half of the decoding.
    """
    opening, closing = _OPENING.match(text), _CLOSING.fullmatch(text, max(0, text.rfind(b"]")))
    return slice(opening.end() - 1, closing.start() + 1) if opening and closing else None


def all_entries(text: bytearray) -> list[msgspec.Raw]:
    """The entries of every outermost member `Records` of `text`, which is sound JSON, in order.

    Raises `PermanentError` (`object_malformed`) if another member has that name in other letters and could hold entries
    too; `msgspec.ValidationError` if one of them is no array.
    """
    entries: list[msgspec.Raw] = []
    for name, value in _members(memoryview(text)):
        if name == _RECORDS:
            entries += decode_array(value)
        elif name.lower() == _RECORDS.lower() and value[0] in b"[{":
            raise PermanentError(Reason.OBJECT_MALFORMED, f"the file has a member {name.decode()} beside Records")
    return entries


def values(entry: msgspec.Raw | bytes, wanted: bytes) -> list[object]:
    """Every value that stands under the name `wanted`, given with its quotes; None for what is no scalar, or cannot be
    decoded."""
    return [_value(value) for name, value in _members(memoryview(entry)) if name == wanted]


def _value(written: memoryview) -> object:
    try:
        return _decode_scalar(written)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _members(text: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Each outermost member's name in its quotes, without escapes of letters, and its value."""
    depth, name, begin = 0, b"", 0
    for match in _STRUCTURE.finditer(text):
        token = text[match.start()]
        depth += (token in b"[{") - (token in b"]}")
        if not name and depth == 1 and token in b'"':
            name, begin = _plain(match[0]), _after_colon(text, match.end())
        elif name and (depth == 0 or (depth == 1 and token in b",")):
            yield name, text[begin : match.start()]
            name = b""


def _plain(name: bytes) -> bytes:
    return _LETTER_ESCAPE.sub(lambda escape: bytes([int(escape[0][-2:], 16)]), name)


def _after_colon(text: memoryview, at: int) -> int:
    colon = _COLON.match(text, at)
    return colon.end() if colon else at
