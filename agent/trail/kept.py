"""Which entries of a log file are kept. There are three ways, which find the same.

Where little is kept, a glance is enough. Where most is kept, each entry is decoded as the usual event that it nearly
always is, and whoever maps it need not decode it again. Else, and of an entry that is not usual, the two members that
decide are decoded. An entry of a source that is left out is not kept, whatever is wrong with its name.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from agent.trail.entry import AnyEntry, Entry, decode_entry, refuse_number, refuse_or_require
from agent.trail.glance import kept_at_a_glance
from agent.trail.outermost import decode_array
from agent.trail.room import of_decoded
from agent.trail.selecting import Kept, LogFile, kept_each
from agent.trail.usual_event import UnusualEventError, decode_usual

_SMALL_BYTES: Final = 1 << 20  # of a larger text, what is decoded may take much memory: its entries are counted first
_SHORT_ENTRY_BYTES: Final = 256  # a third of the shortest that AWS writes: of shorter ones there may be too many

_decode_entries: Final = msgspec.json.Decoder(list[Entry]).decode
_count_entries: Final = msgspec.json.Decoder(list[AnyEntry]).decode


def kept_of(file: LogFile) -> Kept:
    """What is kept of the entries of a log file.

    Raises `LimitError` as `refuse_number` does, and what `require` raises. Raises what msgspec raises, if they are not
    all objects, or if a member that decides cannot be decoded: each has to be looked at alone then.
    """
    so_far = file.selection.so_far
    found: Kept | None = None
    if so_far.most_are_kept:
        found = _kept_decoded(file)
    elif so_far.left_out.is_any:
        found = kept_at_a_glance(file)
    found = found or _kept_by_names(file)
    so_far.note(len(found.raws), found.number)
    return found


def _kept_decoded(file: LogFile) -> Kept | None:
    """None if the entries are shorter on average than AWS writes them, or if the text is large."""
    text = file.text
    if len(text) > _SMALL_BYTES:
        return None
    entries = decode_array(file.array)
    number = len(entries)
    refuse_number(number, file.limit)
    if number * _SHORT_ENTRY_BYTES > len(text):
        return None
    file.require(of_decoded(text, number))
    raws = [*map(bytes, entries)]
    kept, usual = [], []
    for raw, event in kept_each(raws, [*map(_decoded, raws)], file.selection):
        kept.append(raw)
        usual.append(None if type(event) is Entry else event)
    return Kept(kept, number, usual)


def _decoded(raw: bytes) -> Any:
    """A usual event, or the two members that decide where it is none."""
    try:
        return decode_usual(raw)
    except UnusualEventError:
        return decode_entry(raw)


def _kept_by_names(file: LogFile) -> Kept:
    text, array = file.text, file.array
    is_small = len(text) <= _SMALL_BYTES
    entries: list[Any] = _decode_entries(array) if is_small else _count_entries(array)
    refuse_or_require(text, len(entries), file.limit, file.require)
    if not is_small:
        entries = _decode_entries(array)
    return Kept([raw for raw, _ in kept_each(decode_array(array), entries, file.selection)], len(entries))
