"""A log that gives events and no objects, with what it holds in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from agent.errors import DependencyError, PermanentError, TrailAgentError
from agent.flow.event_log import EventLog, FirstLook, LoggedEvent, Window
from tests.support.events import REGION, Members


def logged(event: Members) -> LoggedEvent:
    """An entry of `Records[]` as a log gives it."""
    at = datetime.fromisoformat(str(event["eventTime"])).replace(tzinfo=UTC)
    return LoggedEvent(json.dumps(event, separators=(",", ":")).encode(), int(at.timestamp()) * 10**9)


class FakeEventLog(EventLog):
    """Gives the events of `held`, by place. `refusal` is raised in place of any answer."""

    name = "fake-log"
    per_second = 2.0
    per_window = 1
    events_per_request = 50

    def __init__(self, held: Mapping[str, Sequence[LoggedEvent]] | None = None) -> None:
        self._held = {REGION: []} if held is None else held
        self.places = list(self._held)
        self.requests = 0
        self.asked: list[Window] = []
        self.refusal: TrailAgentError | None = None

    def sample(self, place: str, begin: datetime, end: datetime, pages: int = 1) -> FirstLook:
        """The newest fifty, or so many times fifty."""
        if isinstance(self.refusal, DependencyError):
            raise self.refusal
        times = sorted(each.time_ns for each in self._of(place, begin, end))[-self.events_per_request * pages :]
        self.requests += max(1, -(-len(times) // self.events_per_request))
        seconds = (times[-1] - times[0]) / 1e9 if times else 0.0
        return FirstLook(len(times), seconds, is_all=len(self._of(place, begin, end)) == len(times))

    def read(self, window: Window) -> Sequence[LoggedEvent]:
        """All of a window."""
        self.requests += 1
        self.asked.append(window)
        if isinstance(self.refusal, DependencyError | PermanentError):
            raise self.refusal
        return sorted(self._of(window.place, window.begin, window.end), key=lambda each: each.time_ns)

    def _of(self, place: str, begin: datetime, end: datetime) -> list[LoggedEvent]:
        first, last = (int(moment.timestamp()) * 10**9 for moment in (begin, end))
        return [each for each in self._held[place] if first <= each.time_ns < last]
