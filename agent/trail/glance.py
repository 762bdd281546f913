"""What of a trail event decides whether it is kept, and what may hide behind it.

A file repeats few sources, and few pairs of `eventSource` and `eventName`: each is decided once.
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
    """The entries of a file. Of the sources of which a name may be kept, `kept` are the pairs that are, `left` others.

    `sources` are all that there are.
    """

    glances: list[Glance]
    sources: set[object]
    kept: set[tuple[object, object]]
    left: set[tuple[object, object]]

    @classmethod
    def of(cls, glances: list[Glance], selection: Selection) -> Glances:
        """Decide on each pair; raises `TypeError` for values that no pair can be made of."""
        sources = {one.event_source for one in glances}
        able = {source for source in sources if selection.may_select(source)}
        if not able:
            return cls(glances, sources, set(), set())
        pairs = {(one.event_source, one.event_name) for one in glances if one.event_source in able}
        kept = {pair for pair in pairs if selection.selects(*pair)}
        return cls(glances, sources, kept, pairs - kept)

    def chosen(self) -> Sequence[int]:
        """The numbers of the entries that are kept."""
        if not self.kept:
            return ()
        if self._keeps_all():
            return range(len(self.glances))
        able = {source for source, _ in self.kept}  # the names of others are looked at by nobody, and may be anything
        return [
            i
            for i, one in enumerate(self.glances)
            if one.event_source in able and (one.event_source, one.event_name) in self.kept
        ]

    def may_hide_another(self, text: bytearray) -> bool:
        """Whether an entry that is left out may have another value of a name that decides: the last is all we see.

        It counts only where the entry would be kept then. Another name does not count if no name of its source does.
        """
        if self._keeps_all():
            return False
        source, name = DECIDING
        return (
            may_disguise_names(text)
            or text.count(source) > len(self.glances) - self._without_source()
            or (bool(self.left) and text.count(name) > len(self.glances) - self._without_name())
        )

    def _keeps_all(self) -> bool:
        return not self.left and len({source for source, _ in self.kept}) == len(self.sources)

    def _without_source(self) -> int:
        is_one_without = msgspec.UNSET in self.sources
        return sum(one.event_source is msgspec.UNSET for one in self.glances) if is_one_without else 0

    def _without_name(self) -> int:
        return sum(one.event_name is msgspec.UNSET for one in self.glances)
