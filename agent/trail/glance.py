"""Which entries of a log file are kept. There are three ways, which find the same.

Where little is kept, the sources that are left out are known by heart (`SourcesLeftOut`). Where most is kept, each
entry is decoded as the usual event that it nearly always is, and whoever maps it need not decode it again. Else each
entry is looked at. One that is left out is looked at once more in both of these ways, for what it may hide. An entry
of a source that is left out is not kept, whatever is wrong with its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final, Protocol

import msgspec

from agent.trail.entry import (
    AnyEntry,
    Entry,
    checked,
    copy_of,
    deciding_pairs,
    deciding_sources,
    decode_entry,
    may_hide,
    refuse_number,
    refuse_or_require,
)
from agent.trail.left_out import SourcesLeftOut
from agent.trail.outermost import decode_array
from agent.trail.room import Require, beside_text, of_decoded, of_entries, of_glance
from agent.trail.usual_event import UnusualEventError, decode_each_usual

_FEW: Final = 0.1
_MOST: Final = 0.8
_PART_BYTES: Final = 24 << 10
_LONGEST_PART_BYTES: Final = 128 << 10
_SMALL_BYTES: Final = 1 << 20  # what a glance at a text of this size may take too much is not worth a count
_SHORT_ENTRY_BYTES: Final = 256  # a third of the shortest that AWS writes: a decoded one would take ten times as much
_BETWEEN: Final = b'},{"eventVersion":'  # two entries, as CloudTrail writes them; seldom anything else


class Selection(Protocol):
    """Decides which trail events are ours."""

    @property
    def so_far(self) -> SoFar:
        """What the log files were like of which it has selected."""
        ...

    def selects(self, event_source: object, event_name: Any) -> bool:
        """Whether an event of this `eventSource` and `eventName` is kept."""
        ...

    def may_select(self, event_source: object) -> bool:
        """Whether an event of this `eventSource` and some `eventName` is kept."""
        ...


class SoFar:
    """What the log files of one selection were like so far. It decides how the next is read, and never what is found.

    Threads can share it.
    """

    def __init__(self, selection: Selection) -> None:
        self.left_out: Final = SourcesLeftOut(selection.may_select)
        self._kept = 0.0
        self._full = 0

    def note(self, kept: int, entries: int) -> None:
        """How many of the entries of a file were kept."""
        self._kept = kept / max(1, entries)
        self._full = self._full + 1 if self._kept > _MOST else 0

    @property
    def most_are_kept(self) -> bool:
        """Whether it is cheaper to look at each entry."""
        return self._full > 1 or not self.left_out.is_any

    @property
    def few_are_kept(self) -> bool:
        """Whether it is cheaper to look at a file in parts: some of them are looked at a second time."""
        return 0 < self._kept < _FEW


_Array = memoryview | bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of `number` entries, in their order. `usual` has the same events decoded; empty if they are not."""

    raws: list[bytes]
    number: int
    usual: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class _WithOthers:
    """A JSON array in which `SourcesLeftOut` has `met` other sources, and its entries as seen at that glance."""

    array: _Array
    entries: list[Any]
    met: int


_decode_entries: Final = msgspec.json.Decoder(list[Entry]).decode
_count_entries: Final = msgspec.json.Decoder(list[AnyEntry]).decode


def kept_of(text: bytearray, where: slice, selection: Selection, events_per_object: int, require: Require) -> Kept:
    """What `selection` keeps of the entries of a log file. All of them stand in `text[where]`.

    Raises `LimitError` as `refuse_number` does, and what `require` raises. Raises what msgspec raises, if they are not
    all objects, or if a member that decides cannot be decoded: each has to be looked at alone then.
    """
    so_far, whole = selection.so_far, memoryview(text)[where]
    found = _kept_usual(text, whole, selection, events_per_object, require) if so_far.most_are_kept else None
    found = found or _kept_plainly(text, where, selection, events_per_object, require)
    so_far.note(len(found.raws), found.number)
    return found


def _kept_usual(
    text: bytearray, whole: memoryview, selection: Selection, events_per_object: int, require: Require
) -> Kept | None:
    """None if an entry is not usual, if entries are shorter than AWS writes them, or if the text is large."""
    if len(whole) > _SMALL_BYTES:
        return None
    entries = decode_array(whole)
    refuse_number(len(entries), events_per_object)
    if len(entries) * _SHORT_ENTRY_BYTES > len(whole):
        return None
    require(of_entries(len(text), len(entries)) + of_decoded(len(text), len(entries)))
    raws = [*map(bytes, entries)]
    try:
        usual = decode_each_usual(raws)
    except UnusualEventError:
        return None
    selects = selection.selects
    kept = Kept([], len(raws))
    for raw, event in zip(raws, usual, strict=True):
        if selects(event.event_source, event.event_name) or (may_hide(raw) and is_kept(raw, selection)):
            kept.raws.append(checked(raw))
            kept.usual.append(event)
    return kept


def _kept_plainly(
    text: bytearray, where: slice, selection: Selection, events_per_object: int, require: Require
) -> Kept:
    so_far, whole = selection.so_far, memoryview(text)[where]
    in_parts = so_far.few_are_kept and len(whole) > _PART_BYTES
    arrays, memory = (_parts(text, where), beside_text(len(text))) if in_parts else ((whole,), inf)
    glanced = None if so_far.most_are_kept else _glanced(arrays, so_far.left_out, memory)
    if glanced is None:
        if len(whole) > _SMALL_BYTES:
            refuse_or_require(text, len(_count_entries(whole)), events_per_object, require)
        entries = _decode_entries(whole)
        number = len(entries)
        refuse_or_require(text, number, events_per_object, require)
        kept = _kept_each(decode_array(whole), entries, selection)
    else:
        with_others, number = glanced
        refuse_number(number, events_per_object)
        if with_others:
            require(of_entries(len(text), sum(len(one.entries) for one in with_others)))
        kept = _kept_with_others(with_others, selection)
    return Kept(kept, number)


def _glanced(arrays: Iterable[_Array], left_out: SourcesLeftOut, memory: float) -> tuple[list[_WithOthers], int] | None:
    """Where there are other sources than those left out; and the number of all entries.

    None if the source of one is no text, or if something cannot be decoded; and if these would take more than `memory`
    bytes, or a part of the text is longer than parts of log files are.
    """
    number, held = 0, 0
    with_others = []
    try:
        for array in arrays:
            if len(array) > _LONGEST_PART_BYTES and memory < inf:
                return None
            entries, met = left_out.glance(array)
            number += len(entries)
            if met:
                held += of_glance(len(array), len(entries))
                if held > memory:
                    return None
                with_others.append(_WithOthers(array, entries, met))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
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


def _kept_with_others(with_others: list[_WithOthers], selection: Selection) -> list[bytes]:
    kept: list[bytes] = []
    with_others.reverse()
    while with_others:  # an array that is done with takes no more memory
        kept += _kept_able(with_others.pop(), selection)
    return kept


def _kept_able(glanced: _WithOthers, selection: Selection) -> list[bytes]:
    raws, entries = decode_array(glanced.array), glanced.entries
    able = [raw for raw, one in zip(raws, entries, strict=True) if isinstance(one.event_source, str)]
    if len(able) == glanced.met:  # otherwise some stand behind a source that is left out
        return _kept_each(able, map(decode_entry, able), selection)
    return [copy_of(raw) for raw in raws if is_kept(raw, selection)]


def _kept_each(raws: Iterable[msgspec.Raw], entries: Iterable[Any], selection: Selection) -> list[bytes]:
    selects = selection.selects
    return [
        copy_of(raw)
        for raw, entry in zip(raws, entries, strict=True)
        if selects(entry.event_source, entry.event_name) or (may_hide(raw) and is_kept(raw, selection))
    ]


def is_kept(raw: msgspec.Raw | bytes, selection: Selection) -> bool:
    """Whether an entry is kept for what it says, or for what that may hide.

    Raises as `deciding_pairs`, if an event of its source, or of one that may be hidden, may be kept at all.
    """
    if not any(map(selection.may_select, deciding_sources(raw))):
        return False
    return any(selection.selects(source, name) for source, name in deciding_pairs(raw))
