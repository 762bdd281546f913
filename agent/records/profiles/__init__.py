"""The profiles, and which of them owns an event.

A new service is four things: a module beside this one; a line in `PROFILES`, with its import; realistic events in
`tests/data/profiles/NAME.json`, whose golden file `pytest --update-golden` writes; and calls for the demo in
`agent/demo/calls/NAME_calls.py`. `make docs` then writes the pages and the schema. A module has the name of its
profile, unless another module has it already: a name stands once in `agent/`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Final

from agent.records.memo import Memo, characters
from agent.records.profiles.codecatalyst import CODECATALYST, CONNECTION_EVENTS
from agent.records.profiles.codeconnections import CODECONNECTIONS
from agent.records.profiles.generic import GENERIC
from agent.records.profiles.identity import IDENTITY
from agent.records.profiles.pipelines import PIPELINE
from agent.records.profiles.profile import Ours, Profile, names_a_service, plain_source
from agent.records.profiles.trail_guard import TRAIL_GUARD
from agent.trail.event import TrailEvent, text

__all__ = [
    "BY_NAME",
    "CODECATALYST",
    "GENERIC",
    "PROFILES",
    "is_placeholder",
    "named",
    "nearest",
    "owner",
    "profile_of",
    "sources",
]

PROFILES: Final = (
    CODECATALYST,
    CODECONNECTIONS,
    IDENTITY,
    PIPELINE,
    TRAIL_GUARD,
)
"""Those that `select.profiles` can name. Every other event is told by `GENERIC`."""

BY_NAME: Final[Mapping[str, Profile]] = {profile.name: profile for profile in PROFILES}

_OF_SOURCE: Final = {source: profile for profile in PROFILES for source in profile.sources}
_OF_CALLS: Final = tuple(profile for profile in PROFILES if profile.calls)
_OWNERS_REMEMBERED: Final = 4096
_LONGEST_REMEMBERED: Final = 512  # characters; a forged name of a megabyte must not stay in memory


def named(names: Iterable[str]) -> tuple[Profile, ...]:
    """The profiles of these names, in the order of the index; raises `KeyError` for an unknown name."""
    wanted = {BY_NAME[name].name for name in names}
    return tuple(profile for profile in PROFILES if profile.name in wanted)


def sources(chosen: Iterable[Profile], event_sources: Iterable[str]) -> set[str]:
    """The services whose events are selected, by their plain names, such as codecatalyst.amazonaws.com.

    Documented events of CodeCatalyst that name no service as their source are not among them.
    """
    named_ones = {plain_source(source) for source in event_sources}
    return named_ones.union(*(profile.sources | profile.calls.keys() for profile in chosen))


def nearest(name: str, among: Iterable[str] = BY_NAME) -> str:
    """The profile that was probably meant by `name`: one of like spelling, or that of this service; or empty."""
    meant = name.strip().lower().replace("-", "_")
    names = list(among)
    of_service = _OF_SOURCE.get(f"{meant.replace('_', '-')}.amazonaws.com")
    if of_service and of_service.name in names:
        return of_service.name
    return next(iter(difflib.get_close_matches(meant, names, n=1)), "")


def profile_of(event: TrailEvent, ours: Ours) -> Profile:
    """The profile that tells `event`: the one that owns its source, or the call on something of `ours`."""
    profile = owner(text(event.event_source), text(event.event_name))
    return profile if profile.is_about is None or profile.is_about(event, ours) else GENERIC


def owner(event_source: str, event_name: str) -> Profile:
    """The profile that owns events of this source and name, whatever they act on."""
    return _owners[event_source, event_name]


def _find_owner(pair: tuple[str, str]) -> Profile:
    event_source, event_name = pair
    source = plain_source(event_source)
    if source in _OF_SOURCE:
        return _OF_SOURCE[source]
    if is_placeholder(event_source, event_name):
        return CODECATALYST
    return next((profile for profile in _OF_CALLS if profile.has_call(source, event_name)), GENERIC)


def is_placeholder(event_source: str, event_name: str) -> bool:
    """Whether this is a connection event of CodeCatalyst under a source that names no service."""
    return CODECATALYST.canonical(event_name) in CONNECTION_EVENTS and not names_a_service(event_source)


_owners: Final = Memo(_find_owner, _OWNERS_REMEMBERED, _LONGEST_REMEMBERED, characters)
