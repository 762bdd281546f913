"""What was read of a window so far. AWS gives the newest first: of what is too large, the newest part is whole.

A part begins at a whole second, behind the one that was being read: of that one, some may not have come yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from agent.errors import LimitError, number_of
from agent.faults.dead_letters import Reason
from agent.flow.event_log import LoggedEvent

_SECOND: Final = 10**9


class Haul:
    """Of the window from `since` on and before `end` (Unix seconds), one service after the other.

    It holds at most `most_events`, and `most_bytes` of their texts. With so many of one service, `enough` are read, and
    `since` becomes later; 0: a window is read whole.
    """

    def __init__(self, since: int, end: int, *, most_events: int, most_bytes: int, enough: int = 0) -> None:
        self.since = since
        self._end = end
        self._most_events = most_events
        self._most_bytes = most_bytes
        self._enough = enough
        self._events: list[LoggedEvent] = []
        self._found: list[LoggedEvent] = []
        self._bytes = self._found_bytes = 0

    def start(self) -> None:
        """Begin to read a service, or read the same one anew."""
        self._found, self._found_bytes = [], 0

    def add(self, page: Sequence[LoggedEvent], *, is_last: bool) -> bool:
        """A page of the service. Returns whether it was the last one that is wanted; raises `LimitError`."""
        self._found += page
        self._found_bytes += _bytes(page)
        too_much = self._too_much()
        is_enough = 0 < self._enough <= len(self._found) and not is_last
        if (too_much or is_enough) and self._cut(page):
            return True
        if too_much:
            raise LimitError(Reason.OBJECT_TOO_LARGE, f"there are more than {too_much} in it")
        return is_last

    def end(self) -> None:
        """All of the service is read that is wanted."""
        self._events += self._found[::-1]
        self._bytes += self._found_bytes
        self.start()

    def events(self) -> Sequence[LoggedEvent]:
        """Oldest first. What two pages have is there once."""
        return sorted(dict.fromkeys(self._events), key=lambda each: each.time_ns)

    def _too_much(self) -> str:
        if len(self._events) + len(self._found) > self._most_events:
            return number_of(self._most_events, "event")
        is_large = self._bytes + self._found_bytes > self._most_bytes
        return f"{number_of(self._most_bytes, 'byte')} of events" if is_large else ""

    def _cut(self, page: Sequence[LoggedEvent]) -> bool:
        """Do without what happened up to the newest event of `page`; False if that would be all of it."""
        since = max((each.time_ns for each in page), default=0) // _SECOND + 1
        if not self._enough or not self.since < since < self._end:
            return False
        self.since = since
        self._events, self._found = self._from(self._events), self._from(self._found)
        self._bytes, self._found_bytes = _bytes(self._events), _bytes(self._found)
        return True

    def _from(self, events: Sequence[LoggedEvent]) -> list[LoggedEvent]:
        """Those without a time stay: nobody knows where else they would be found."""
        return [each for each in events if not each.time_ns or each.time_ns >= self.since * _SECOND]


def _bytes(events: Sequence[LoggedEvent]) -> int:
    return sum(len(event.raw) for event in events)
