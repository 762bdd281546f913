"""What of a trail event decides whether it is kept, and what may hide behind it.

A file repeats few pairs of `eventSource` and `eventName`: each pair is decided once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec

from agent.trail.outermost import may_disguise_names

DECIDING: Final = (b'"eventSource"', b'"eventName"')
"""The names of the members that decide."""


class Selection(Protocol):
    """Decides which trail events are ours."""

    def selects(self, event_source: object, event_name: object) -> bool:
        """Whether an event of this `eventSource` and `eventName` is kept."""
        ...

    def may_select(self, event_source: object) -> bool:
        """Whether an event of this `eventSource` and some `eventName` is kept."""
        ...


class Glance(msgspec.Struct, frozen=True, gc=False):
    """The two members of one event; `UNSET` where it has none."""

    event_source: object = msgspec.field(default=msgspec.UNSET, name="eventSource")
    event_name: object = msgspec.field(default=msgspec.UNSET, name="eventName")


@dataclass(frozen=True, slots=True)
class Glances:
    """The entries of a file, which repeat few pairs of source and name: `kept` and `left` out are those pairs."""

    glances: list[Glance]
    selection: Selection
    kept: set[tuple[object, object]]
    left: set[tuple[object, object]]

    @classmethod
    def of(cls, glances: list[Glance], selection: Selection) -> Glances:
        """Decide on each pair; raises `TypeError` for values that no pair can be made of."""
        pairs = {(glance.event_source, glance.event_name) for glance in glances}
        kept = {pair for pair in pairs if selection.selects(*pair)}
        return cls(glances, selection, kept, pairs - kept)

    def chosen(self) -> Sequence[int]:
        """The numbers of the entries that are kept."""
        if not self.left:
            return range(len(self.glances))
        if not self.kept:
            return ()
        return [i for i, one in enumerate(self.glances) if (one.event_source, one.event_name) in self.kept]

    def may_hide_another(self, text: bytearray) -> bool:
        """Whether an entry that is left out may have another value of a name that decides: the last is all we see.

        It counts only where the entry would be kept then. Another name does not count if no name of its source does.
        """
        if not self.left:
            return False
        source, name = DECIDING
        return (
            may_disguise_names(text)
            or self._stands_too_often(text, source, 0)
            or (
                any(map(self.selection.may_select, {pair[0] for pair in self.left}))
                and self._stands_too_often(text, name, 1)
            )
        )

    def _stands_too_often(self, text: bytearray, name: bytes, part: int) -> bool:
        absent = 0
        if any(pair[part] is msgspec.UNSET for pair in self.kept | self.left):
            absent = sum((one.event_source, one.event_name)[part] is msgspec.UNSET for one in self.glances)
        return text.count(name) > len(self.glances) - absent
