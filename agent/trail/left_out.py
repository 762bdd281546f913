"""The sources of which a selection keeps no event, known by heart: most log files hold nothing else.

Every `eventSource` of a file has to be met: also one that a later one of the same entry replaces, and one whose name is
written with escapes. Any of them may be ours. msgspec meets all of them when their type is an `Enum`: it looks the
bytes of each up among the members, and makes neither a string nor a call in Python of what it finds. It asks
`_missing_` for the others alone. So a file is proved to hold nothing of ours at the cost of decoding it.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any, Final, cast

import msgspec

_NO_SERVICE: Final = "none.amazonaws.com"  # an Enum needs a member from the start
_MOST_KNOWN: Final = 500  # AWS has some four hundred services
_LONGEST_KNOWN: Final = 100  # characters
_CALLS_FOR_A_MEMBER: Final = 8  # to make the Enum anew costs about as much for each of them


class SourcesLeftOut:
    """Learns from each file which sources `may_select` says no to. Threads can share it.

    What it does not know yet, it asks for: it finds the same before it has learnt anything, only not as quickly.
    """

    def __init__(self, may_select: Callable[[object], bool]) -> None:
        self._may_select = may_select
        self._noted = {_NO_SERVICE}
        self._idle: list[_Decoder] = []
        self.is_any: Final = not may_select(_NO_SERVICE)
        """Whether there is such a source at all. If not, nothing can be learnt."""

    def glance(self, array: memoryview | bytes) -> tuple[list[Any], int]:
        """The entries of a JSON array of trail events, each of which has an `eventSource` that is text.

        Where the `event_source` of an entry is text, an event of that source may be kept. The number is of all members
        `eventSource` of which that is so: if there are more of them than such entries, some are hidden. Nothing else of
        an entry is decoded.

        Raises `msgspec.MsgspecError` or `UnicodeDecodeError` if it is no such array.
        """
        try:
            decoder = self._idle.pop()  # it counts, and so it is of one thread at a time
        except IndexError:
            decoder = _Decoder(self._noted, self._may_select)
        try:
            return decoder.decode(array)
        finally:
            if not decoder.is_outdated:
                self._idle.append(decoder)


class _Decoder:
    """Knows the sources that are `noted` when it is made, and adds others to them."""

    def __init__(self, noted: set[str], may_select: Callable[[object], bool]) -> None:
        self._noted = noted
        self._may_select = may_select
        self._met = 0
        self._wanted: dict[str, str] = {}  # one text for all of a file's entries of one source
        self._misses_left = 0
        self._decode = self._made()

    @property
    def is_outdated(self) -> bool:
        """Whether it was asked so often for what is noted by now that a new one is cheaper."""
        return self._misses_left < 0

    def decode(self, array: memoryview | bytes) -> tuple[list[Any], int]:
        """As `SourcesLeftOut.glance`."""
        self._met = 0
        self._wanted.clear()
        return self._decode(array), self._met

    def _missing(self, source: str) -> object:
        """Called for each `eventSource` that is no member; what it returns stands in the entry, whatever it is."""
        if self._may_select(source):
            self._met += 1
            return self._wanted.setdefault(source, source)
        if source in self._noted:
            self._misses_left -= 1
        elif len(source) <= _LONGEST_KNOWN and len(self._noted) < _MOST_KNOWN:
            self._noted.add(source)
        return msgspec.UNSET

    def _made(self) -> Callable[[memoryview | bytes], list[Any]]:
        known, make = sorted(self._noted.copy()), cast(Any, Enum)
        self._misses_left = _CALLS_FOR_A_MEMBER * len(known)
        sources = make("sources", [(f"source_{n}", source) for n, source in enumerate(known)])
        sources._missing_ = self._missing
        only_source = ("event_source", sources, msgspec.field(name="eventSource"))
        glance = msgspec.defstruct("glance", [only_source], frozen=True, gc=False)
        return msgspec.json.Decoder(list[glance]).decode  # type: ignore[valid-type]
