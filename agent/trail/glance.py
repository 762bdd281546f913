"""The way through a log file of which little is kept: the sources that are left out are known by heart.

If little was kept of the file before, but not nothing, it is looked at in parts: most hold nothing but such sources.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from agent.trail.entry import copy_of, decode_entry, refuse_number
from agent.trail.outermost import decode_array
from agent.trail.room import beside_text, of_entries, of_glance
from agent.trail.selecting import Kept, LogFile, Selection, is_kept, kept_each

_PART_BYTES: Final = 24 << 10
_LONGEST_PART_BYTES: Final = 128 << 10
_BETWEEN: Final = b'},{"eventVersion":'  # two entries, as CloudTrail writes them; seldom anything else


@dataclass(slots=True)
class _Glanced:
    """A JSON array, its entries as seen at a glance, and how many other sources than those left out it has."""

    array: memoryview | bytes
    entries: list[Any]
    met: int


class _NeedsMoreError(Exception):
    """To look at it in parts takes more memory than at the whole."""


def kept_at_a_glance(file: LogFile) -> Kept | None:
    """None if the source of an entry is no text, if something cannot be decoded, or if parts would take more memory."""
    in_parts = file.selection.so_far.few_are_kept and file.where.stop - file.where.start > _PART_BYTES
    try:
        with_others, number = _glanced_parts(file) if in_parts else _glanced_whole(file)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, _NeedsMoreError):
        return None
    refuse_number(number, file.limit)
    if with_others:
        file.require(of_entries(len(file.text), sum(len(one.entries) for one in with_others)))
    return Kept(_kept_of_all(with_others, file.selection), number)


def _glanced_whole(file: LogFile) -> tuple[list[_Glanced], int]:
    """The array, if it has other sources than those left out; and the number of its entries."""
    array = file.array
    entries, met = file.selection.so_far.left_out.glance(array)
    return [_Glanced(array, entries, met)] if met else [], len(entries)


def _glanced_parts(file: LogFile) -> tuple[list[_Glanced], int]:
    """Those parts that have other sources than those left out; and the number of all entries."""
    number, held, memory = 0, 0, beside_text(len(file.text))
    with_others = []
    for part in _parts(file.text, file.where):
        if len(part) > _LONGEST_PART_BYTES:
            raise _NeedsMoreError
        entries, met = file.selection.so_far.left_out.glance(part)
        number += len(entries)
        if met:
            held += of_glance(len(part), len(entries))
            if held > memory:
                raise _NeedsMoreError
            with_others.append(_Glanced(part, entries, met))
    return with_others, number


def _parts(text: bytearray, where: slice) -> Iterator[bytes]:
    """The array of entries as several, cut where two entries seem to meet.

    That need not be so: but if each of them is an array of objects, then the whole is one of them all.
    """
    view, begin, end = memoryview(text), where.start + 1, where.stop - 1
    while begin < end:
        cut = text.find(_BETWEEN, begin + _PART_BYTES, end) + 1 or end
        yield b"".join((b"[", view[begin:cut], b"]"))
        begin = cut + 1


def _kept_of_all(with_others: list[_Glanced], selection: Selection) -> list[bytes]:
    kept: list[bytes] = []
    with_others.reverse()
    while with_others:  # an array that is done with takes no more memory
        kept += _kept_able(with_others.pop(), selection)
    return kept


def _kept_able(glanced: _Glanced, selection: Selection) -> list[bytes]:
    raws, entries = decode_array(glanced.array), glanced.entries
    able = [raw for raw, one in zip(raws, entries, strict=True) if isinstance(one.event_source, str)]
    if len(able) == glanced.met:  # otherwise some stand behind a source that is left out
        return [raw for raw, _ in kept_each(able, map(decode_entry, able), selection)]
    return [copy_of(raw) for raw in raws if is_kept(raw, selection)]
