"""Where the polling of Event history goes on: what its checkpoint file says. The file is read, and never written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from agent.aws.event_history import KEPT
from agent.checks.credentials import Caller
from agent.checks.finding import Check, Status, caution, failed, not_checked, ok
from agent.checks.how_long import how_long
from agent.history.place import moment
from agent.history.place_file import PlaceFile, PlaceFileError
from agent.settings import EventHistorySettings

_ID: Final = "event_history.checkpoint"
GOES_ON: Final = ok(_ID, "all that happened up to {ago} ago is shipped; the agent goes on there")
FRESH: Final = ok(_ID, "nothing is known of {regions} yet; the agent begins there {overlap} before its start")
AHEAD: Final = caution(
    _ID,
    "its place of {regions} is ahead of this clock, which was wrong once, or is now: the agent goes on {overlap} back",
    "Set this machine's clock. What happened before may be left out: ship it with `trail-agent replay --from "
    "event-history --since TIME`.",
)
BEGUN: Final = ok(
    _ID, "nothing is read yet; the agent begins with what happened {ago} ago, as its first start has noted"
)
GONE: Final = caution(
    _ID,
    "the agent goes on with what happened {ago} ago, and Event history keeps 90 days: of {gone} nothing is left in it",
    "Ship them from the bucket of a trail, if there is one: `trail-agent replay --since {since} --until {until}`.",
)
NONE: Final = caution(
    _ID,
    "nothing is remembered over restarts: what happens while the agent is down for more than {overlap} is missed",
    "Set event_history.checkpoint_file to a file in a folder that outlasts the agent.",
)
FULL: Final = caution(
    _ID,
    "{words}: what is shipped from now on is not noted, and is shipped again after a restart",
    "Make room, or let the agent write there.",
)
UNUSABLE: Final = failed(_ID, "cannot be used: {words}", "Until then the agent asks for no Event history.")
STOPS: Final = failed(_ID, "cannot be used: {words}", "Until then the agent does not start: it ends with exit code 78.")


def examine(history: EventHistorySettings, caller: Caller, now: float, *, has_queue: bool) -> Check:
    """The result; `now` is Unix time. `has_queue`: the agent also has something else to do."""
    if history.checkpoint_file is None:
        return NONE.told(overlap=how_long(history.overlap_seconds))
    places = PlaceFile(history.checkpoint_file, read_only=True)
    try:
        places.look()
    except PlaceFileError as error:
        return (UNUSABLE if has_queue else STOPS).told(words=error)
    try:
        if not caller.account:
            return not_checked(_ID, "STS does not tell of which account Event history would be")
        places.open(lambda: caller.account)
    except PlaceFileError as error:
        return UNUSABLE.told(words=error)
    found = _where(history, places, now)
    full = _why_unwritten(history.checkpoint_file)
    return FULL.told(words=full) if full and found.status is Status.OK else found


def _why_unwritten(path: Path) -> str:
    """Why nobody can write the file now, whoever it is; empty: nothing is known against it."""
    try:
        disk = os.statvfs(path.resolve().parent)
    except OSError:  # the folder is missing: what begins there is told by others
        return ""
    if disk.f_flag & os.ST_RDONLY:
        return f"the file system of {path} is read-only"
    return "" if disk.f_bavail else f"the disk of {path} is full"


def _where(history: EventHistorySettings, places: PlaceFile, now: float) -> Check:
    """Where it goes on."""
    overlap = how_long(history.overlap_seconds)
    oldest = now - KEPT.total_seconds()
    known = {region: place for region in history.regions if (place := places.of(region))}
    if places.lacks_owner:  # AWS has answered nothing, and no clock that it takes can have meant so long ago
        known = {region: place for region, place in known.items() if place.position >= oldest}
    if ahead := [region for region, place in known.items() if place.is_ahead(int(now))]:
        return AHEAD.told(regions=", ".join(ahead), overlap=overlap)
    if new := [region for region in history.regions if region not in known]:
        return FRESH.told(regions=", ".join(new), overlap=overlap)
    position = min(place.position for place in known.values())
    ago = max(now - position, 0)
    if position < oldest:
        since, until = (f"{moment(int(at)):%Y-%m-%dT%H:%M:%SZ}" for at in (position, oldest))
        return GONE.told(ago=how_long(ago), gone=how_long(oldest - position), since=since, until=until)
    return (BEGUN if places.lacks_owner else GOES_ON).told(ago=how_long(ago))
