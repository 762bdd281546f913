"""The windows of a log of events, listed as the objects of a bucket are: by day, and oldest first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from agent.aws.listing import ListedObject, ListedPage, Listing
from agent.flow.event_log import EventLog, FirstLook, Window
from agent.replay.span import Span
from agent.replay.streams import Stream

DAY: Final = timedelta(days=1)
"""The longest window."""

_LENGTHS: Final = tuple(timedelta(minutes=minutes) for minutes in (1440, 360, 60, 15, 5))
_WANTED_REQUESTS: Final = 10  # of a window: what is read of it is in memory at once, and begins anew after an end


class WindowListing(Listing):
    """Lists the windows of `span`. `lengths` has their length for a bucket; of others, `look` knows it for each day.

    `look` is asked with a bucket, and from when until when. A window begins where the one before it ends, also if that
    one had another length.
    """

    def __init__(
        self,
        span: Span,
        lengths: Mapping[str, timedelta],
        look: Callable[[str, datetime, datetime], timedelta] = lambda *_: DAY,
    ) -> None:
        super().__init__({}, {})
        self._span = span
        self._lengths = lengths
        self._look = look

    def page(self, bucket: str, prefix: str, after: str = "") -> ListedPage:
        """All windows of the day whose folder is `prefix`, behind the window `after`. Raises as the look does."""
        day = datetime.combine(date(*map(int, prefix.rstrip("/").split("/"))), time(), UTC)
        begin = Window.of(bucket, after).end if after else max(day, self._span.since)
        until = min(day + DAY, self._span.until)
        if begin >= until:
            return ListedPage([], is_last=True)
        length = self._lengths.get(bucket) or self._look(bucket, begin, until)
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


def is_quiet(log: EventLog, place: str, span: Span) -> bool:
    """Whether a window may be a day everywhere in `span`; raises as `EventLog.sample`.

    One request tells, or as many as a window is to take: the newest events alone may be a short burst.
    """
    first = log.sample(place, span.since, span.until)
    if length_for(first, log.events_per_request) == DAY:
        return True
    return length_of(log, place, span.since, span.until) == DAY


def length_of(log: EventLog, place: str, begin: datetime, end: datetime) -> timedelta:
    """How long windows should be from `begin` to `end`, by as many requests as one is to take; raises as `sample`."""
    sample = log.sample(place, begin, end, _WANTED_REQUESTS)
    return length_for(sample, log.events_per_request) if sample.events else DAY


def length_for(sample: FirstLook, events_per_request: int) -> timedelta:
    """How long the windows of a place should be: a day at most, and shorter where many events happen.

    The newest events tell how many there are; a window with more of them is only slower.
    """
    if sample.is_all:
        return DAY
    wanted = timedelta(seconds=_WANTED_REQUESTS * events_per_request * sample.seconds / max(sample.events, 1))
    return next((length for length in _LENGTHS if length <= wanted), _LENGTHS[-1])
