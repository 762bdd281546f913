"""CloudTrail's Event history as a log that gives events: one question for each service that is selected."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from agent.aws.event_history import (
    EVERY_SERVICE,
    EXPIRED,
    KEPT,
    PAGE_EVENTS,
    PER_SECOND,
    STALE_TOKEN,
    EventHistory,
    HistoryEvent,
    HistoryPage,
)
from agent.errors import AwsError, LimitError, PermanentError, TrailAgentError, number_of
from agent.faults.dead_letters import Reason
from agent.flow.event_log import EventLog, FirstLook, LoggedEvent, Window
from agent.flow.log_waits import LogWaits
from agent.pulse import Clock
from agent.records import profiles
from agent.records.selection import EVERY_SOURCE
from agent.settings import SelectSettings

NAME: Final = "event-history"
_MARGIN: Final = timedelta(hours=1)  # what is asked for at the end of the ninety days is answered in part
_STARTS: Final = 3
_ADVICE: Final = {
    "denied": "allow cloudtrail:LookupEvents to this role (deploy/iam/README.md), and check its credentials",
    EXPIRED: "the credentials have expired: renew them",
}


class HistoryLog(EventLog):
    """Reads the events of `sources`, which are names such as codecatalyst.amazonaws.com, in each region of `places`.

    A window holds at most `most_events`, and `most_bytes` of their texts.
    """

    name = NAME
    per_second = PER_SECOND
    events_per_request = PAGE_EVENTS

    def __init__(
        self,
        history: EventHistory,
        waits: LogWaits,
        *,
        places: Sequence[str],
        sources: Sequence[str],
        most_events: int,
        most_bytes: int = sys.maxsize,
        clock: Clock,
        per_second: float = PER_SECOND,
        tell: Callable[[str, str], None] = lambda *_: None,
    ) -> None:
        """`tell` is told of each request its region, and `ok` or the kind of its `AwsError`."""
        self.places = places
        self.per_window = len(sources)
        self._history = history
        self._waits = waits
        self._sources = sources
        self._most_events = most_events
        self._most_bytes = most_bytes
        self._clock = clock
        self._lock = threading.Lock()
        self.requests = 0
        self._tell = tell
        self._pacers = {place: waits.pacer(per_second) for place in places}

    def owner(self) -> str:
        """The account of the credentials: another one has another history in the same regions."""
        return self._waits.until_answered("AWS STS", self._pacers[self.places[0]], self._history.account)

    def sample(self, place: str, begin: datetime, end: datetime) -> FirstLook:
        """The newest page of each service."""
        begin = max(begin, (self._now() - KEPT).replace(microsecond=0))
        pages = [self._page(place, source, begin, end, "") for source in self._sources]
        times = [each.time.timestamp() for page in pages for each in page.events if each.time]
        seconds = max(times) - min(times) if times else 0.0
        return FirstLook(len(times), seconds, is_all=not any(page.token for page in pages))

    def read(self, window: Window) -> Sequence[LoggedEvent]:
        """Page after page, newest first; then turned round. What two pages have is there once."""
        if window.begin < self._now() - KEPT - _MARGIN:
            raise PermanentError(Reason.OBJECT_MISSING, "Event history has the last 90 days only, and this is older")
        events: list[LoggedEvent] = []
        room = _Room(self._most_events, self._most_bytes)
        for source in self._sources:
            events += self._all(window, source, room)
        return sorted(dict.fromkeys(events), key=lambda each: each.time_ns)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.time(), UTC)

    def _all(self, window: Window, source: str, room: _Room) -> list[LoggedEvent]:
        """All events of one service, oldest first. Begun anew if AWS no longer knows the token of the next page."""
        for _ in range(_STARTS):
            left = replace(room)
            with suppress(_StaleTokenError):
                events = self._pages(window, source, left)
                room.events, room.size = left.events, left.size
                return events
        raise PermanentError(Reason.OBJECT_UNREADABLE, f"AWS lost the place in it {_STARTS} times")

    def _pages(self, window: Window, source: str, room: _Room) -> list[LoggedEvent]:
        events: list[LoggedEvent] = []
        token = ""
        while True:
            page = self._page(window.place, source, window.begin, window.end, token)
            found = [*map(_logged, page.events)]
            events += found
            room.events -= len(found)
            room.size -= sum(len(event.raw) for event in found)
            if room.events < 0:
                raise self._too_much(number_of(self._most_events, "event"))
            if room.size < 0:
                raise self._too_much(f"{number_of(self._most_bytes, 'byte')} of events")
            if not page.token:
                return events[::-1]
            token = page.token

    @staticmethod
    def _too_much(most: str) -> LimitError:
        return LimitError(Reason.OBJECT_TOO_LARGE, f"there are more than {most} in it")

    def _page(self, place: str, source: str, begin: datetime, end: datetime, token: str) -> HistoryPage:
        def ask() -> HistoryPage:
            with self._lock:
                self.requests += 1
            try:
                page = self._history.page(place, source, begin, end, token)
            except AwsError as error:
                self._tell(place, error.kind)
                if error.kind == STALE_TOKEN:
                    raise _StaleTokenError(error.detail) from error
                advice = _ADVICE.get(error.kind)
                raise AwsError(error.kind, f"{error.detail}; {advice}") if advice else error from error
            self._tell(place, "ok")
            return page

        return self._waits.until_answered(f"Event history of {place}", self._pacers[place], ask)


@dataclass(slots=True)
class _Room:
    """How many events a window may still have, and how many bytes of them."""

    events: int
    size: int


class _StaleTokenError(TrailAgentError):
    """AWS does not know the token of the next page any more."""


def _logged(event: HistoryEvent) -> LoggedEvent:
    """A lone surrogate in the text becomes its escape in JSON, which is mended as in a file."""
    time_ns = int(event.time.timestamp()) * 1_000_000_000 if event.time else 0
    return LoggedEvent(event.text.encode("utf-8", "backslashreplace"), time_ns, event.event_id)


def sources_of(select: SelectSettings) -> list[str]:
    """The services whose events can be selected; one empty name stands for all.

    Documented events of CodeCatalyst that name no service as their source are not among them.
    """
    named = profiles.sources(profiles.named(select.profiles), select.event_sources)
    return [EVERY_SERVICE] if EVERY_SOURCE in named else sorted(named)
