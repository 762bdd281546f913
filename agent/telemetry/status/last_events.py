"""The part of the status page with the last events of each profile: names, how many, and when. No content of any."""

from __future__ import annotations

import re
from html import escape
from typing import Final

from agent.errors import number_of
from agent.records.profiles import CODECATALYST, GENERIC, PROFILES, owner
from agent.records.profiles.profile import Profile, service
from agent.telemetry import metric_names
from agent.telemetry.activity import Activity
from agent.telemetry.snapshot import Snapshot
from agent.telemetry.status.fragments import capital
from agent.telemetry.status.frame import section
from agent.telemetry.tally import EventName, ProfileEvents
from agent.telemetry.wording import instant, number, roughly

_NAMES: Final = 6
_HEAD: Final = (
    '<thead><tr><th scope="col">event</th><th scope="col">count</th><th scope="col">failed</th>'
    '<th scope="col">newest</th></tr></thead>'
)
_MARK: Final = '<b class="mark">!</b>'
_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def last_events(seen: Snapshot, activity: Activity, now: float) -> str:
    """A card for each profile that is selected or had an event."""
    had = {events.profile.name: events for events in activity.events(_NAMES)}
    names = had.keys() | _selected(seen)
    shown = [profile for profile in (*PROFILES, GENERIC) if profile.name in names]
    cards = "".join(_card(profile, had.get(profile.name), now) for profile in shown)
    key = f'<p class="key">since the start; {_MARK} changes who may act, or who pays</p>'
    return section("Last events", f'<div class="profiles">{cards}</div>', key)


def _selected(seen: Snapshot) -> set[str]:
    """The profiles whose documented series stand in the metrics from the start."""
    others = {
        owner(sample.labels["event_source"], sample.labels["event_name"]).name
        for sample in seen.samples.get(metric_names.CLOUDTRAIL_EVENTS, ())
    }
    own = {CODECATALYST.name} if seen.samples.get(metric_names.CODECATALYST_EVENTS) else set()
    return others | own


def _card(profile: Profile, events: ProfileEvents | None, now: float) -> str:
    title = capital(profile.title)
    if events is None:
        empty = '<p class="note">None yet. An event comes some minutes after it happened.</p>'
        return f'<div class="card profile"><h3>{title}</h3>{empty}</div>'
    failed = f", {number(events.failed)} failed" if events.failed else ""
    left = number_of(round(events.more), "more name")
    more = f'<p class="note">and {left}</p>' if events.more else ""
    rows = "".join(_row(name, now, marked=name.name in profile.critical) for name in events.names)
    return (
        f'<div class="card profile"><h3>{title} <small>{number(events.count)}{failed}</small></h3>'
        f"<table>{_HEAD}<tbody>{rows}</tbody></table>{more}</div>"
    )


def _row(name: EventName, now: float, *, marked: bool) -> str:
    mark = f"{_MARK} " if marked else ""
    source = service(name.source) or name.source
    shown = f" <small>{escape(source)}</small>" if source else ""
    failed = f'<td class="alarm">{number(name.failed)}</td>' if name.failed else '<td class="zero">0</td>'
    return (
        f"<tr><td>{mark}{_breakable(name.name)}{shown}</td><td>{number(name.count)}</td>{failed}"
        f'<td title="{instant(name.newest)}">{roughly(name.newest, now)}</td></tr>'
    )


def _breakable(name: str) -> str:
    """`name`, which a narrow page may break between its words."""
    return _WORD.sub("<wbr>", escape(name))
