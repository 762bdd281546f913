"""What a replay of a log would take: requests, and the time for which the log makes everybody wait between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agent.errors import number_of
from agent.flow.event_log import EventLog
from agent.replay.span import Span
from agent.telemetry.wording import number
from agent.telemetry.wording import span as shown_span


@dataclass(frozen=True, slots=True)
class WindowCountReport:
    """What a dry run found. `windows` are those of all places together."""

    span: Span
    log: EventLog
    windows: int
    cautions: Sequence[str] = ()

    exit_code: Final = 0

    def lines(self) -> Iterator[str]:
        """For people."""
        log, places = self.log, len(self.log.places)
        yield f"would ask {log.name} for {number_of(self.windows, 'span')} of time, of {self.span}"
        yield f"  places    {number_of(places, 'place')}: {', '.join(log.places)}"
        events = number_of(log.events_per_request, "event")
        yield f"  requests  {number(self._requests())} or more: one more for each {events}"
        yield f"  time      {shown_span(self._seconds())} or more: at each place {log.per_second:g} a second"
        yield from (f"! {each}" for each in self.cautions)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "result": "counted",
            "from": self.log.name,
            "since": self.span.since.isoformat(),
            "until": self.span.until.isoformat(),
            "places": list(self.log.places),
            "windows": self.windows,
            "least_requests": self._requests(),
            "least_seconds": round(self._seconds(), 1),
            "cautions": list(self.cautions),
        }

    def _requests(self) -> int:
        return self.windows * self.log.per_window

    def _seconds(self) -> float:
        """The places are asked side by side."""
        return max(1.0, self._requests() / len(self.log.places) / self.log.per_second)
