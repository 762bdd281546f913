"""What it takes to select from a log file: who decides, what was learnt before, the file, and what is kept of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, Protocol

import msgspec

from agent.trail.entry import copy_of, deciding_pairs, deciding_sources, may_hide
from agent.trail.left_out import SourcesLeftOut
from agent.trail.room import Require

_FEW: Final = 0.1
_MOST: Final = 0.8


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
        """Whether it is cheaper to look at each entry, and to decode it for whoever maps it."""
        return self._full > 1

    @property
    def few_are_kept(self) -> bool:
        """Whether it is cheaper to look at a file in parts: some of them are looked at a second time."""
        return 0 < self._kept < _FEW


class LogFile(msgspec.Struct, frozen=True, gc=False):
    """A log file, and what is to be selected from it: all its entries stand in `text[where]`, a JSON array.

    It may have `limit` entries. `require` is told how much memory it takes.
    """

    text: bytearray
    where: slice
    selection: Selection
    limit: int
    require: Require

    @property
    def array(self) -> memoryview:
        """The entries, as they stand in the text."""
        return memoryview(self.text)[self.where]


class Kept(msgspec.Struct, frozen=True, gc=False):
    """What is kept of `number` entries, in their order. `usual` is as that of `SelectedEvents`."""

    raws: list[bytes]
    number: int
    usual: list[Any] = []


def kept_each(
    raws: Iterable[msgspec.Raw | bytes], entries: Iterable[Any], selection: Selection
) -> Iterator[tuple[bytes, Any]]:
    """Copies of those of `raws` that are kept, each with its one of `entries`, which has the two members that decide.

    One that is left out is looked at once more, for what it may hide.
    """
    selects = selection.selects
    for raw, entry in zip(raws, entries, strict=True):
        if selects(entry.event_source, entry.event_name) or (may_hide(raw) and is_kept(raw, selection)):
            yield copy_of(raw), entry


def is_kept(raw: msgspec.Raw | bytes, selection: Selection) -> bool:
    """Whether an entry is kept for what it says, or for what that may hide.

    Raises as `deciding_pairs`, if an event of its source, or of one that may be hidden, may be kept at all.
    """
    if not any(map(selection.may_select, deciding_sources(raw))):
        return False
    return any(selection.selects(source, name) for source, name in deciding_pairs(raw))
