"""The windows of one round through a region's Event history, oldest first. Times are Unix seconds.

What is read at once is bounded. Where more happens than is expected, AWS gives the newest of a window first: that part
of it is read and shipped, and the part before it comes next. Then the newest part is asked for again, in windows that
are read to the last page: what AWS gives out of order may stand on a page that was not read.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

from agent.aws.event_history import PAGE_EVENTS
from agent.flow.event_log import Window
from agent.history.place import moment

_DAY: Final = 86_400
_FIRST_LENGTH: Final = 3600
_WANTED_EVENTS: Final = 10 * PAGE_EVENTS  # of a window: what is read of it is in memory at once
_SHRUNK: Final = 8  # into so many parts


class Round:
    """From `begin` on and before `until`. `bucket` is the region's name as a log's."""

    def __init__(self, bucket: str) -> None:
        self.begin = self.until = 0
        self._bucket = bucket
        self._length = _FIRST_LENGTH
        self._known: list[int] = []
        self._parts: list[tuple[int, int]] = []  # of which the newest was read: where, and how long windows are there

    @property
    def is_over(self) -> bool:
        """Whether everything in it is dealt with."""
        return self.begin >= self.until

    def expect(self, events: int, seconds: int) -> None:
        """So many events happened in so many seconds: it tells how much to read at once."""
        self._length = max(1, min(_FIRST_LENGTH, seconds * _WANTED_EVENTS // events))

    def start(self, begin: int, until: int, known: Iterable[int]) -> None:
        """Begin anew. `known` are the times of events that are known: there are as many again, at least."""
        self.begin, self.until = begin, until
        self._known = sorted(known)
        self._parts = []

    def end(self) -> None:
        """There is no more of it."""
        self.until = self.begin

    def window(self) -> Window:
        """What comes next."""
        midnight = (self.begin // _DAY + 1) * _DAY
        read_from = self._parts[-1][0] if self._parts else self.until
        end = min(self.begin + self._length, self.until, midnight, read_from, self._where_many_are_known())
        return Window(self._bucket, moment(self.begin), moment(end))

    def _where_many_are_known(self) -> int:
        """Before which as many are known as are wanted of a window."""
        last = bisect_left(self._known, self.begin) + _WANTED_EVENTS
        return max(self._known[last], self.begin + 1) if last < len(self._known) else self.until

    def pass_by(self, window: Window, since: int, events: int) -> int:
        """`window` was read from `since` on, and that is dealt with: so many events. Returns up to when all is."""
        begin, end = span(window)
        seconds = end - since
        self._adapt(seconds, events)
        if since > begin:
            self._parts.append((since, max(1, min(seconds * _WANTED_EVENTS // max(events, 1), seconds // 2))))
            return begin
        self.begin = end
        if self._parts and self._parts[-1][0] <= end:
            self._length = min(self._length, self._parts.pop()[1])
        return end

    def _adapt(self, seconds: int, events: int) -> None:
        """The next window is to hold about as much as is wanted."""
        if events > 2 * _WANTED_EVENTS:
            self._length = max(1, seconds * _WANTED_EVENTS // events)
        elif events < _WANTED_EVENTS // 2 and seconds == self._length:
            self._length = min(_DAY, 2 * self._length)

    def shrink(self, window: Window | None) -> bool:
        """Take less at once from here on; False if that is not possible."""
        begin, end = span(window) if window else (0, 1)
        if (seconds := end - begin) <= 1:
            return False
        self._length = max(1, seconds // _SHRUNK)
        return True


def span(window: Window) -> tuple[int, int]:
    """Its begin and its end."""
    return int(window.begin.timestamp()), int(window.end.timestamp())
