"""From the text of a CloudTrail log file to the trail events that are ours.

Of every entry of `Records[]` only the two fields that select are decoded, unless nearly all are selected. The bytes of
the selected entries are copied out, and the rest of the file is forgotten. Page: CloudTrail user guide, "CloudTrail log
file examples".
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any, Final

import msgspec

from agent.errors import PermanentError, number_of
from agent.faults.dead_letters import Reason
from agent.trail.entry import AnyEntry, Entry, copy_of, not_utf8, refuse_number, refuse_or_require, too_large
from agent.trail.event import MalformedEventError
from agent.trail.first_bytes import named
from agent.trail.kept import kept_of
from agent.trail.outermost import all_entries, decode_array, may_disguise_names, only_array
from agent.trail.room import Require, nothing
from agent.trail.selecting import LogFile, Selection, is_kept

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
# A real record has some ten objects and fifty members; an average beyond these, over a whole file, is a bomb.
_BRACES_PER_EVENT: Final = 20
_COMMAS_PER_EVENT: Final = 40
_FIRST_BYTES: Final = 512
# Each run of backslashes from its start, so that an escaped backslash before "ud800" is not taken for a surrogate.
_SURROGATES: Final = re.compile(
    rb"(?<!\\)(?:\\\\)*"
    rb"(?:\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<lone>\\u[dD][89a-fA-F][0-9a-fA-F]{2}))"
)
_STRUCTURE: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},]', re.DOTALL)
_ENTRY_DEPTH: Final = 2  # in `{"Records":[` the commas between entries stand at this depth
_REPLACEMENT: Final = b"\\ufffd"
_RECORDS: Final = b'ecords"'  # in capitals or not


class SelectedEvents(msgspec.Struct, frozen=True, gc=False):
    """`raws` are the selected entries of `Records[]`, in file order, each as its bytes stand in the file.

    `skipped` and `malformed` count the other entries. Where nearly all are selected, `usual` has the same events,
    decoded by `decode_usual`, and None for one that is not usual; else it is empty. Whoever maps an event takes it out
    there: it takes memory no longer then.
    """

    raws: tuple[bytes, ...]
    skipped: int
    malformed: int
    usual: list[Any] = []


class _File(msgspec.Struct, frozen=True, gc=False):
    records: list[Entry] = msgspec.field(name="Records")


class _Counted(msgspec.Struct, frozen=True, gc=False):
    records: list[AnyEntry] = msgspec.field(name="Records")


class _Raws(msgspec.Struct, frozen=True, gc=False):
    records: list[msgspec.Raw] = msgspec.field(name="Records")


_decode_file: Final = msgspec.json.Decoder(_File).decode
_count_file: Final = msgspec.json.Decoder(_Counted).decode
_decode_raws: Final = msgspec.json.Decoder(_Raws).decode


def read(text: bytearray, selection: Selection, events_per_object: int, require: Require = nothing) -> SelectedEvents:
    """The trail events in a log file's `text` that `selection` keeps.

    Whoever reads has the memory `room.of_text` of it. `require` is told what it takes as soon as that may be more.
    Raises `PermanentError` (`object_malformed`) if the text is no `{"Records": […]}` in valid JSON and UTF-8, and
    `LimitError` (`object_too_large`) if it holds more than `events_per_object` entries, or is made to cost memory.
    """
    if text.startswith(_BYTE_ORDER_MARK):
        del text[: len(_BYTE_ORDER_MARK)]
    refuse_bomb(text, events_per_object)
    try:
        with suppress(msgspec.MsgspecError, UnicodeDecodeError, MalformedEventError):
            return _read(text, selection, events_per_object, require)
        return _read_leniently(text, selection, events_per_object, require)
    except RecursionError as error:
        raise too_large("the file is nested too deep") from error


def entries(text: bytearray) -> list[bytes]:
    """Every entry of a log file that `read` has taken, selected or not, as its bytes stand in the file."""
    return [bytes(raw) for raw in _all_raws(text)]


def refuse_bomb(text: bytearray, events_per_object: int) -> None:
    """Raise `LimitError` (`object_too_large`) if `text` holds more than events have, and would cost memory."""
    # Twenty million empty objects fit into 58 KB of gzip and cost a gigabyte once decoded.
    if _holds_more(text, b"{", events_per_object * _BRACES_PER_EVENT):
        raise too_large(f"the file holds more objects than {number_of(events_per_object, 'event')} can have")
    if _holds_more(text, b",", events_per_object * _COMMAS_PER_EVENT):
        raise too_large(f"the file holds more members than {number_of(events_per_object, 'event')} can have")


def _holds_more(text: bytearray, token: bytes, number: int) -> bool:
    # Beside each of them stands one more byte at least, so that most files are too short for them, and need no count.
    return len(text) > 2 * number and text.count(token) > number


def _read(text: bytearray, selection: Selection, events_per_object: int, require: Require) -> SelectedEvents:
    where = only_array(text)
    if where:
        with suppress(msgspec.MsgspecError, UnicodeDecodeError):
            kept = kept_of(LogFile(text, where, selection, events_per_object, require))
            return SelectedEvents(tuple(kept.raws), kept.number - len(kept.raws), 0, kept.usual)
    refuse_or_require(text, len(_count_file(text).records), events_per_object, require)
    _decode_file(text)
    return _select_each(text, _all_raws(text), selection, events_per_object, require)


def _may_repeat_records(text: bytearray) -> bool:
    return text.count(_RECORDS) + text.count(_RECORDS.upper()) > 1


def _read_leniently(text: bytearray, selection: Selection, events_per_object: int, require: Require) -> SelectedEvents:
    """Entry by entry: for a file in which some entry, selected or not, has an oddity that costs the whole decoding."""
    try:
        mend_surrogates(text)
        _refuse_scalars(text, events_per_object)
        raws = _all_raws(text)
    except UnicodeDecodeError as error:
        raise not_utf8(error) from error
    except msgspec.MsgspecError as error:
        kind = named(bytes(text[:_FIRST_BYTES]))
        found = f" but {kind}" if kind else f": {error}"
        raise PermanentError(Reason.OBJECT_MALFORMED, f"the file is not CloudTrail's JSON{found}") from error
    return _select_each(text, raws, selection, events_per_object, require)


def _all_raws(text: bytearray) -> list[msgspec.Raw]:
    where = only_array(text)
    if where:
        with suppress(msgspec.MsgspecError):
            return decode_array(memoryview(text)[where])
    raws = _decode_raws(text).records
    return all_entries(text) if _may_repeat_records(text) or may_disguise_names(text) else raws


def _select_each(
    text: bytearray, raws: list[msgspec.Raw], selection: Selection, events_per_object: int, require: Require
) -> SelectedEvents:
    refuse_or_require(text, len(raws), events_per_object, require)
    chosen, malformed = [], 0
    for raw in raws:
        try:
            if is_kept(raw, selection):
                chosen.append(copy_of(raw))
        except MalformedEventError:
            malformed += 1
    return SelectedEvents(tuple(chosen), len(raws) - len(chosen) - malformed, malformed)


def _refuse_scalars(text: bytearray, events_per_object: int) -> None:
    # Millions of numbers have no braces to be counted by, and cost forty times their size once decoded.
    if text.count(b",") < events_per_object:
        return
    depth = entries = 0
    for match in _STRUCTURE.finditer(text):
        token = text[match.start()]
        if token in b"[{":
            depth += 1
        elif token in b"]}":
            depth -= 1
        elif token in b"," and depth <= _ENTRY_DEPTH:
            entries += 1
            refuse_number(entries, events_per_object)


def mend_surrogates(text: bytearray) -> None:
    """Replace each escape in `text` that is half a surrogate pair by U+FFFD."""
    # In place, for the replacement is as long: a copy made of millions of parts would cost a gigabyte.
    for match in _SURROGATES.finditer(text):
        if match["lone"]:
            text[match.start("lone") : match.end("lone")] = _REPLACEMENT
