"""What of a trail event decides whether it is kept, and what may hide behind it.

A file repeats few sources, and few pairs of `eventSource` and `eventName`: each is decided once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec

from agent.trail.outermost import may_disguise_names

DECIDING: Final = (b'"eventSource"', b'"eventName"')
"""The names of the members that decide."""


class Selection(Protocol):
    """Decides which trail events are ours."""

    def selects(self, event_source: object, event_name: Any) -> bool:
        """Whether an event of this `eventSource` and `eventName` is kept."""
        ...

    def may_select(self, event_source: object) -> bool:
        """Whether an event of this `eventSource` and some `eventName` is kept."""
        ...


class EventSource:
    """A value of `eventSource`, which may be anything but an array or an object; whether a name of it may be kept."""

    __slots__ = ("may_be_kept", "value")

    def __init__(self, value: object, *, may_be_kept: bool) -> None:
        self.value = value
        self.may_be_kept = may_be_kept


_AnyEventSource = EventSource | msgspec.UnsetType


class Glance(msgspec.Struct, frozen=True, gc=False):
    """The two members of one event; `UNSET` where it has none."""

    event_source: _AnyEventSource = msgspec.field(default=msgspec.UNSET, name="eventSource")
    event_name: Any = msgspec.field(default=msgspec.UNSET, name="eventName")


class EventSources:
    """All members `eventSource` of the entries of one file, as `meet` meets them in decoding.

    A decoder calls `meet` for every one of them: also for one that another one of the same entry then replaces, and for
    one whose name is written with escapes. To look for these in the text would cost as much as to decode it.
    """

    def __init__(self, selection: Selection) -> None:
        known: dict[object, EventSource] = {}
        members = 0
        is_odd = False

        def meet(_: type, value: object) -> EventSource:
            # Called for every event of a trail: nothing here may cost anything.
            nonlocal members, is_odd
            members += 1
            try:
                return known[value]
            except KeyError:
                known[value] = found = EventSource(value, may_be_kept=selection.may_select(value))
                return found
            except TypeError:
                is_odd = True
                return EventSource(None, may_be_kept=False)

        self.meet: Callable[[type, object], EventSource] = meet
        self.count: Callable[[], int] = lambda: members
        self.has_odd: Callable[[], bool] = lambda: is_odd
        """Whether one is an array or an object, on which nothing can be decided."""


@dataclass(frozen=True, slots=True)
class Glances:
    """The entries of a file. Of the sources of which a name may be kept, `kept` are the pairs that are, `left` others.

    `sources` are all that there are, `UNSET` for entries without one; `members` counts them where they stand.
    """

    glances: list[Glance]
    sources: set[_AnyEventSource]
    members: int
    kept: set[tuple[_AnyEventSource, object]]
    left: set[tuple[_AnyEventSource, object]]

    @classmethod
    def of(cls, glances: list[Glance], members: int, selection: Selection) -> Glances:
        """Decide on each pair; raises `TypeError` for names that no pair can be made of."""
        sources = {one.event_source for one in glances}
        able = {source for source in sources if _may_be_kept(source, selection)}
        if not able:
            return cls(glances, sources, members, set(), set())
        pairs = {(one.event_source, one.event_name) for one in glances if one.event_source in able}
        kept = {(source, name) for source, name in pairs if selection.selects(_value(source), name)}
        return cls(glances, sources, members, kept, pairs - kept)

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
        if self.members > len(self.glances) - self._without_source():
            return True
        _, name = DECIDING
        return bool(self.left) and (
            may_disguise_names(text) or text.count(name) > len(self.glances) - self._without_name()
        )

    def _keeps_all(self) -> bool:
        return not self.left and len({source for source, _ in self.kept}) == len(self.sources)

    def _without_source(self) -> int:
        is_one_without = msgspec.UNSET in self.sources
        return sum(one.event_source is msgspec.UNSET for one in self.glances) if is_one_without else 0

    def _without_name(self) -> int:
        return sum(one.event_name is msgspec.UNSET for one in self.glances)


def _may_be_kept(source: _AnyEventSource, selection: Selection) -> bool:
    return source.may_be_kept if isinstance(source, EventSource) else selection.may_select(source)


def _value(source: _AnyEventSource) -> object:
    return source.value if isinstance(source, EventSource) else source
