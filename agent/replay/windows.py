"""The windows of a log of events, listed as the objects of a bucket are: by day, and oldest first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from agent.aws.listing import ListedObject, ListedPage, Listing
from agent.flow.event_log import EventLog, FirstLook, Window
from agent.replay.span import Span
from agent.replay.streams import Stream

_LENGTHS: Final = tuple(timedelta(minutes=minutes) for minutes in (1440, 360, 60, 15, 5))
_WANTED_REQUESTS: Final = 10  # of a window: what is read of it is in memory at once, and begins anew after an end
_DAY: Final = timedelta(days=1)


class WindowListing(Listing):
    """Lists the windows of `span`. `lengths` has their length for each bucket. Nobody is asked for anything.

    A window begins where the one before it ends, also if that one had another length.
    """

    def __init__(self, span: Span, lengths: Mapping[str, timedelta]) -> None:
        super().__init__({}, {})
        self._span = span
        self._lengths = lengths

    def page(self, bucket: str, prefix: str, after: str = "") -> ListedPage:
        """All windows of the day whose folder is `prefix`, behind the window `after`."""
        day = datetime.combine(date(*map(int, prefix.rstrip("/").split("/"))), time(), UTC)
        begin = Window.of(bucket, after).end if after else max(day, self._span.since)
        until, length = min(day + _DAY, self._span.until), self._lengths[bucket]
        found: list[ListedObject] = []
        while begin < until:
            end = min(_next_border(begin, day, length), until)
            found.append(ListedObject(Window(bucket, begin, end).key, 0, begins=begin))
            begin = end
        return ListedPage(found, is_last=True)


def _next_border(moment: datetime, day: datetime, length: timedelta) -> datetime:
    return day + ((moment - day) // length + 1) * length


def streams_of(log: EventLog) -> list[Stream]:
    """One for each place."""
    return sorted(Stream(bucket, "", "", place) for bucket, place in zip(log.buckets(), log.places, strict=True))


def length_for(sample: FirstLook, events_per_request: int) -> timedelta:
    """How long the windows of a place should be: a day at most, and shorter where many events happen.

    The newest events tell how many there are; a window with more of them is only slower.
    """
    if sample.is_all:
        return _LENGTHS[0]
    wanted = timedelta(seconds=_WANTED_REQUESTS * events_per_request * sample.seconds / max(sample.events, 1))
    return next((length for length in _LENGTHS if length <= wanted), _LENGTHS[-1])
