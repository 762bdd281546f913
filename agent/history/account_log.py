"""CloudTrail's Event history as a log that gives events: one question for each service that is selected."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from agent.aws.event_history import (
    EVERY_SERVICE,
    EXPIRED,
    KEPT,
    PAGE_EVENTS,
    PER_SECOND,
    STALE_TOKEN,
    WRONG_CLOCK,
    EventHistory,
    HistoryEvent,
    HistoryPage,
)
from agent.errors import AwsError, PermanentError, TrailAgentError
from agent.faults.dead_letters import Reason
from agent.flow.event_log import EventLog, FirstLook, LoggedEvent, Window
from agent.flow.log_waits import LogWaits
from agent.history.haul import Haul
from agent.pulse import Clock, setting_of
from agent.records import profiles
from agent.records.selection import EVERY_SOURCE
from agent.settings import SelectSettings

NAME: Final = "event-history"
_MARGIN: Final = timedelta(hours=1)  # what is asked for at the end of the ninety days is answered in part
_STARTS: Final = 3
_ENOUGH: Final = 20 * PAGE_EVENTS  # of a window of which the newest will do: a stop must not cost what took long
_ENOUGH_OF_ONE: Final = 500  # each part costs a request for each service: it must be worth that
_ADVICE: Final = {
    "denied": "allow cloudtrail:LookupEvents to this role (deploy/iam/README.md), and check its credentials",
    EXPIRED: "the credentials have expired: renew them",
    WRONG_CLOCK: "this machine's clock is wrong: set it",
}


@dataclass(frozen=True, slots=True)
class Newest:
    """All `events` of a window that happened from `since` on (Unix seconds), oldest first."""

    since: int
    events: Sequence[LoggedEvent]


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
        self._answered: dict[str, Callable[[float, float], None]] = {}
        self._pacers = {place: waits.pacer(per_second) for place in places}

    def on_answer(self, place: str, tell: Callable[[float, float], None]) -> None:
        """Have `tell` know of each page of `place` the settings of the clock just before and just after the request."""
        self._answered[place] = tell

    def owner(self) -> str:
        """The account of the credentials: another one has another history in the same regions."""

        def ask() -> str:
            try:
                return self._history.account()
            except AwsError as error:
                if error.kind != WRONG_CLOCK:
                    raise
                raise _advised(error) from error

        return self._waits.until_answered("AWS STS", self._pacers[self.places[0]], ask)

    def sample(self, place: str, begin: datetime, end: datetime, pages: int = 1) -> FirstLook:
        """The newest page of each service, or up to `pages` of each."""
        begin = max(begin, (self._now() - KEPT).replace(microsecond=0))
        newest = [self._newest(place, source, begin, end, pages) for source in self._sources]
        times = [each.time.timestamp() for found in newest for page in found for each in page.events if each.time]
        seconds = max(times) - min(times) if times else 0.0
        return FirstLook(len(times), seconds, is_all=not any(found[-1].token for found in newest))

    def _newest(self, place: str, source: str, begin: datetime, end: datetime, pages: int) -> Sequence[HistoryPage]:
        found = [self._page(place, source, begin, end, "")]
        with suppress(_StaleTokenError):
            while found[-1].token and len(found) < pages:
                found.append(self._page(place, source, begin, end, found[-1].token))
        return found

    def read(self, window: Window) -> Sequence[LoggedEvent]:
        """Page after page, newest first; then turned round. What two pages have is there once."""
        return self._read(window).events

    def read_newest(self, window: Window) -> Newest:
        """As `read`; of a window with many events only the newest of them, which is no error."""
        return self._read(window, max(_ENOUGH_OF_ONE, _ENOUGH // len(self._sources)))

    def _read(self, window: Window, enough: int = 0) -> Newest:
        if window.begin < self._now() - KEPT - _MARGIN:
            raise PermanentError(Reason.OBJECT_MISSING, "Event history has the last 90 days only, and this is older")
        begin, end = int(window.begin.timestamp()), int(window.end.timestamp())
        haul = Haul(begin, end, most_events=self._most_events, most_bytes=self._most_bytes, enough=enough)
        for source in self._sources:
            self._all(window, source, haul)
        return Newest(haul.since, haul.events())

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.time(), UTC)

    def _all(self, window: Window, source: str, haul: Haul) -> None:
        """All events of one service that are wanted. Begun anew if AWS no longer knows the token of the next page."""
        for _ in range(_STARTS):
            with suppress(_StaleTokenError):
                self._pages(window, source, haul)
                return
        raise PermanentError(Reason.OBJECT_UNREADABLE, f"AWS lost the place in it {_STARTS} times")

    def _pages(self, window: Window, source: str, haul: Haul) -> None:
        haul.start()
        begin, token, is_last = datetime.fromtimestamp(haul.since, UTC), "", False
        while not is_last:
            page = self._page(window.place, source, begin, window.end, token)
            token = page.token
            is_last = haul.add([*map(_logged, page.events)], is_last=not token)
        haul.end()

    def _page(self, place: str, source: str, begin: datetime, end: datetime, token: str) -> HistoryPage:
        def ask() -> HistoryPage:
            with self._lock:
                self.requests += 1
            setting = setting_of(self._clock)
            try:
                page = self._history.page(place, source, begin, end, token)
            except AwsError as error:
                self._tell(place, error.kind)
                if error.kind == STALE_TOKEN:
                    raise _StaleTokenError(error.detail) from error
                raise _advised(error) from error
            self._tell(place, "ok")
            if answered := self._answered.get(place):
                answered(setting, setting_of(self._clock))
            return page

        return self._waits.until_answered(f"Event history of {place}", self._pacers[place], ask)


class _StaleTokenError(TrailAgentError):
    """AWS does not know the token of the next page any more."""


def _advised(error: AwsError) -> AwsError:
    """With what to do, where that is known."""
    advice = _ADVICE.get(error.kind)
    return AwsError(error.kind, f"{error.detail}; {advice}") if advice else error


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
