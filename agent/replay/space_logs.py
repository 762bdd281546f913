"""CodeCatalyst's own event logs as a log of a replay: each space is a place of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from agent.aws.space_log import MOST_ITEMS, ItemPage, SpaceLog, UnreadablePageError
from agent.connections import AwsConnections
from agent.errors import AwsError, LimitError, PermanentError, number_of
from agent.faults.dead_letters import Reason
from agent.flow.event_log import EventLog, FirstLook, LoggedEvent, Window
from agent.flow.log_waits import LogWaits
from agent.records.item_mapping import ItemMapper
from agent.replay.log_wish import LogWish
from agent.settings import Settings
from agent.trail.event import MalformedEventError, decode_leniently
from agent.trail.log_item import as_trail_event
from agent.trail.moment import unix_nanoseconds

EVENT_LOGS: Final = "event-logs"

_SECOND: Final = 10**9
_PROMISED: Final = timedelta(days=30)
_LATE: Final = timedelta(minutes=15)  # AWS does not say when an event is there
_MOST_UNREADABLE: Final = 8  # answers to one question, in about a minute: a proxy says such a thing for a while only
_ANYWHERE: Final = "us-west-2"  # the event logs are asked at one address, whatever the region
_SIGN_IN: Final = "sign in again ('aws sso login')"
_ADVICE: Final = {
    "no_credentials": _SIGN_IN,
    "denied": f"{_SIGN_IN}, as a user who may see the event log of this space, such as a Space administrator",
    "missing": "look at the name of the space, and at who is signed in ('aws sso login')",
    "invalid": "look at what it names: the space, the times, or the address of the endpoint (https only)",
}


class SpaceLogs(EventLog):
    """The event logs of `spaces`. `events_per_window` is the most that is read at once."""

    name = EVENT_LOGS
    per_second = 1.0  # AWS publishes no rate for it
    per_window = 1
    events_per_request = MOST_ITEMS
    mapper = ItemMapper

    def __init__(self, log: SpaceLog, waits: LogWaits, spaces: Sequence[str], events_per_window: int) -> None:
        self.places = tuple(dict.fromkeys(spaces))
        self.requests = 0
        self._log = log
        self._waits = waits
        self._pacers = {space: waits.pacer(self.per_second) for space in self.places}
        self._most = events_per_window
        self._now: datetime | None = None

    def sample(self, place: str, begin: datetime, end: datetime, pages: int = 1) -> FirstLook:
        """One page, or up to `pages`: the service gives the newest events first."""
        try:
            found = list(islice(self._pages(place, begin, end), pages))
        except PermanentError:  # the window in which it is will be listed as one that cannot be shipped
            return FirstLook(0, 0.0, is_all=True)
        items = [item for page in found for item in page.items]
        times = [event.time_ns for event in map(_logged, items) if event.time_ns]
        seconds = (max(times) - min(times)) / _SECOND if times else 0.0
        return FirstLook(len(items), seconds, is_all=not found[-1].token)

    def read(self, window: Window) -> Sequence[LoggedEvent]:
        """All events of a window, those without a time first."""
        items = dict.fromkeys(self._items(window))
        # The service's end may be within the span; the next window has what happened then.
        begin, end = (int(moment.timestamp()) * _SECOND for moment in (window.begin, window.end))
        events = [each for each in map(_logged, items) if not each.time_ns or begin <= each.time_ns < end]
        return sorted(events, key=lambda each: each.time_ns)

    def now(self) -> datetime | None:
        """As the last answer said. A bearer token, unlike a signature, is good whatever time it is here."""
        return self._now

    def _items(self, window: Window) -> Iterator[bytes]:
        number = 0
        for page in self._pages(window.place, window.begin, window.end):
            yield from page.items
            number += len(page.items)
            if number > self._most:
                raise LimitError(Reason.OBJECT_TOO_LARGE, f"there are more than {number_of(self._most, 'event')} in it")

    def _pages(self, space: str, begin: datetime, end: datetime) -> Iterator[ItemPage]:
        tokens = [""]
        while True:
            page = self._page(space, begin, end, tokens[-1])
            yield page
            if not page.token:
                return
            if page.token in tokens:
                raise PermanentError(Reason.OBJECT_CORRUPT, "the pages of the log do not end: a token came again")
            tokens.append(page.token)

    def _page(self, space: str, begin: datetime, end: datetime, token: str) -> ItemPage:
        unreadable = 0

        def ask() -> ItemPage:
            nonlocal unreadable
            self.requests += 1
            try:
                return self._log.page(space, begin, end, token)
            except UnreadablePageError as error:
                unreadable += 1
                if unreadable == _MOST_UNREADABLE:
                    raise PermanentError(Reason.OBJECT_CORRUPT, error.detail) from error
                raise
            except AwsError as error:
                advice = _ADVICE.get(error.kind)
                raise AwsError(error.kind, f"{error.detail}; {advice}") if advice else error from error

        page = self._waits.until_answered(f"{self.name}:{space}", self._pacers[space], ask)
        self._now = page.time or self._now
        return page


def _logged(item: bytes) -> LoggedEvent:
    """An item as an event of a trail; what is no JSON object stays as it is, and whoever maps it will say so."""
    try:
        return LoggedEvent(as_trail_event(item), unix_nanoseconds(decode_leniently(item).get("eventTime")) or 0)
    except MalformedEventError:
        return LoggedEvent(item, 0)


def wish_for(spaces: Sequence[str]) -> LogWish:
    """The event logs of these spaces."""
    return LogWish(EVENT_LOGS, tuple(dict.fromkeys(spaces)), open_logs, late=_LATE, home=_ANYWHERE, promised=_PROMISED)


def open_logs(settings: Settings, aws: AwsConnections, waits: LogWaits, places: Sequence[str]) -> EventLog:
    """The event logs of the spaces `places`; nothing is asked yet. Raises as `AwsConnections.connect`."""
    return SpaceLogs(aws.open_space_log(), waits, places, settings.limits.events_per_object)
