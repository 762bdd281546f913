"""The regions whose Event history the settings name, each with what hands it out and what reads it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from agent.aws.event_history import EVERY_SERVICE, EventHistory
from agent.errors import AwsError, DependencyError
from agent.flow.event_log import EventLog
from agent.history.account_log import HistoryLog, sources_of
from agent.history.beginning import Beginning, Start
from agent.history.fresh_log import FreshLog
from agent.history.history_source import HistorySource
from agent.history.patient_waits import PatientWaits
from agent.history.place_file import Places
from agent.pulse import Pulse
from agent.settings import EventHistorySettings, Settings
from agent.telemetry.events import Telemetry

_PER_SECOND: Final = 1.0  # half of what CloudTrail allows for an account and region: others of the account ask, too
_MOST_EVENTS: Final = 5000  # of a window: one with more is read again in smaller ones
_MOST_BYTES: Final = 1 << 25  # of each region at once; an event has some 2 KiB, and 256 KiB at most


@dataclass(frozen=True, slots=True)
class Followed:
    """One region: its deliveries, and the log that gives what is new in them."""

    source: HistorySource
    log: EventLog


def follow(
    settings: Settings,
    follows: EventHistorySettings,
    account: EventHistory,
    places: Places,
    *,
    start: Start,
    telemetry: Telemetry,
    pulse: Pulse,
    drain: threading.Event,
    random: Callable[[], float],
    accepted: Callable[[], int],
) -> Mapping[str, Followed]:
    """Each region that `follows` names, in the Event history of `account`. Nothing is asked yet.

    `accepted` tells how many records the sink has accepted so far.
    """
    waits = PatientWaits(telemetry=telemetry, pulse=pulse, stop=drain, random=random)
    log = _open_log(settings, follows, account, waits, telemetry)
    beginning = Beginning(places, follows, start, clock=pulse.clock, owner=log.owner, telemetry=telemetry)
    found = {}
    for region in follows.regions:
        source = HistorySource(
            region,
            log=log,
            places=places,
            beginning=beginning,
            poll_seconds=follows.poll_seconds,
            overlap_seconds=follows.overlap_seconds,
            telemetry=telemetry,
            pulse=pulse,
            drain=drain,
            random=random,
            accepted=accepted,
        )
        found[region] = Followed(source, FreshLog(log, source.following, region))
    return found


def _open_log(
    settings: Settings,
    follows: EventHistorySettings,
    account: EventHistory,
    waits: PatientWaits,
    telemetry: Telemetry,
) -> HistoryLog:
    return HistoryLog(
        account,
        waits,
        places=follows.regions,
        sources=sources_of(settings.select),
        most_events=min(settings.limits.events_per_object, _MOST_EVENTS),
        most_bytes=_MOST_BYTES,
        clock=waits.clock,
        per_second=_PER_SECOND,
        tell=telemetry.history_asked,
    )


def ask_each(account: EventHistory, follows: EventHistorySettings, now: float) -> None:
    """Ask for a page of each region; raises `DependencyError` for one that gives none. A throttled one would."""
    end = datetime.fromtimestamp(now // 1, UTC)
    for region in follows.regions:
        try:
            if follows.checkpoint_file:
                account.account()  # a checkpoint is of one
            account.page(region, EVERY_SERVICE, end - timedelta(minutes=1), end)
        except AwsError as error:
            if error.kind != "throttled":
                raise DependencyError(f"event_history: {region} cannot be asked: {error.detail}") from error
