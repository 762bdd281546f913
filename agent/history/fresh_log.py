"""Event history without the events that are known: what is looked at again is neither read nor told again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from agent.flow.event_log import EventLog, FirstLook, LoggedEvent, Window
from agent.history.account_log import HistoryLog
from agent.history.following import Following


class FreshLog(EventLog):
    """What `log` has of the region that is `followed`, less what is known of it."""

    def __init__(self, log: HistoryLog, followed: Following, region: str) -> None:
        self.name = log.name
        self.places = [region]
        self.per_second = log.per_second
        self.per_window = log.per_window
        self.events_per_request = log.events_per_request
        self.requests = 0
        self._log = log
        self._followed = followed
        log.on_answer(region, followed.answered)

    def sample(self, place: str, begin: datetime, end: datetime, pages: int = 1) -> FirstLook:
        """As the log says."""
        return self._log.sample(place, begin, end, pages)

    def read(self, window: Window) -> Sequence[LoggedEvent]:
        """Those that are not known, each once; of a large window, those of its newest part. The region is told."""
        newest = self._log.read_newest(window)
        return self._followed.fresh(newest.events, newest.since)
