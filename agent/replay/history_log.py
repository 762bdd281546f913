"""CloudTrail's Event history as a log of a replay: each region is a place of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from agent.aws.event_history import KEPT
from agent.connections import AwsConnections
from agent.faults.of_replay import HISTORY_LATE_SECONDS
from agent.flow.event_log import EventLog
from agent.flow.log_waits import LogWaits
from agent.history.account_log import NAME, HistoryLog, sources_of
from agent.replay.log_wish import LogWish
from agent.settings import Settings

_LATE: Final = timedelta(seconds=HISTORY_LATE_SECONDS)


def wish_for(regions: Sequence[str]) -> LogWish:
    """The Event history of these regions, each once."""
    places = list(dict.fromkeys(regions))
    return LogWish(NAME, places, open_history, kept=KEPT, late=_LATE, home=places[0])


def open_history(settings: Settings, aws: AwsConnections, waits: LogWaits, places: Sequence[str]) -> EventLog:
    """The Event history of the regions `places`; nothing is asked yet. Raises as `AwsConnections.connect`."""
    return HistoryLog(
        aws.event_history(places),
        waits,
        places=places,
        sources=sources_of(settings.select),
        most_events=settings.limits.events_per_object,
        clock=waits.clock,
    )
