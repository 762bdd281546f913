"""Keep or skip: which trail events are shipped. Decided on the event as it stands in the file, before any mapping."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

from agent.records.memo import Memo, characters
from agent.records.profiles import CODECATALYST, is_placeholder, owner
from agent.records.profiles.profile import ANYTHING, Ours, Profile, names_a_service, plain_source
from agent.trail.event import MalformedEventError, TrailEvent, decode, flag, text

EVERY_SOURCE: Final = "*"
"""Among `event_sources`: the whole trail."""

_DECISIONS_REMEMBERED: Final = 4096  # an account's trail repeats a few hundred pairs of source and name
_LONGEST_REMEMBERED: Final = 512  # characters; a forged name of a megabyte must not stay in memory


class Selector:
    """`selects` decides on `eventSource` and `eventName` alone, so that a record need not be decoded to be skipped.

    An event is kept if its source is one of `event_sources` (without case and blanks) or of the `profiles`, or if it is
    one of the calls that a profile owns. With `connection_events` and the profile of CodeCatalyst, its documented
    account-connection and billing events are kept, too, if their source names no AWS service. `exclude_events` are
    globs on the event's name, as recorded or canonical, without case.

    `keeps` decides what needs more of the event: with `include_read_only` off, events that only read are skipped; and
    so are calls of a profile that are not about `ours`.
    """

    def __init__(
        self,
        event_sources: Iterable[str] = (),
        *,
        profiles: Iterable[Profile] = (CODECATALYST,),
        connection_events: bool = True,
        exclude_events: Iterable[str] = (),
        include_read_only: bool = True,
        ours: Ours = ANYTHING,
    ) -> None:
        chosen = tuple(profiles)
        named = {plain_source(source) for source in event_sources}
        self._everything = EVERY_SOURCE in named
        self._sources = named.union(*(profile.sources for profile in chosen))
        self._callers = tuple(profile for profile in chosen if profile.calls)
        self._placeholders = connection_events and CODECATALYST in chosen
        self._excluded = tuple(glob.lower() for glob in exclude_events)
        self._include_read_only = include_read_only
        self._ours = ours
        self._selected = Memo(self._selects_text, _DECISIONS_REMEMBERED, _LONGEST_REMEMBERED, characters)
        self._selectable = Memo(self._may_select_text, _DECISIONS_REMEMBERED, _LONGEST_REMEMBERED)
        self._keeps_all = include_read_only and (self._everything or not self._callers)

    def selects(self, event_source: object, event_name: object) -> bool:
        """Whether an event of this source and name can be kept; what is not text is taken for absent."""
        name = event_name if isinstance(event_name, str) else ""
        source = event_source if isinstance(event_source, str) else ""
        return self._selected[source, name]

    def may_select(self, event_source: object) -> bool:
        """Whether an event of this source can be kept, if it has the right name."""
        source = event_source if isinstance(event_source, str) else ""
        return self._selectable[source]

    def _may_select_text(self, source: str) -> bool:
        plain = plain_source(source)
        return (
            self._everything
            or plain in self._sources
            or (self._placeholders and not names_a_service(source))
            or any(plain in caller.calls for caller in self._callers)
        )

    def keeps(self, raw: bytes) -> bool:
        """Whether an event that is selected by its source and name is kept; `raw` is the event as the file has it.

        What cannot be decoded is kept: whoever maps it will say that it is malformed.
        """
        if self._keeps_all:
            return True
        try:
            event = decode(raw)
        except MalformedEventError:
            return True
        if not self._include_read_only and flag(event.read_only) is True:
            return False
        return self._is_of_source(event) or self._is_about_ours(event)

    def _is_of_source(self, event: TrailEvent) -> bool:
        """Whether the event is kept whatever it is about."""
        source, name = text(event.event_source), text(event.event_name)
        return self._everything or plain_source(source) in self._sources or is_placeholder(source, name)

    def _is_about_ours(self, event: TrailEvent) -> bool:
        """Whether the profile that owns this call keeps it."""
        source, name = plain_source(text(event.event_source)), text(event.event_name)
        return any(
            caller.has_call(source, name) and (caller.is_about is None or caller.is_about(event, self._ours))
            for caller in self._callers
        )

    def _selects_text(self, pair: tuple[str, str]) -> bool:
        event_source, event_name = pair
        source = plain_source(event_source)
        ours = (
            self._everything
            or source in self._sources
            or (self._placeholders and is_placeholder(event_source, event_name))
            or any(caller.has_call(source, event_name) for caller in self._callers)
        )
        return ours and not self._is_excluded(event_source, event_name)

    def _is_excluded(self, event_source: str, event_name: str) -> bool:
        recorded = event_name.strip().lower()
        name = owner(event_source, event_name).canonical(event_name).lower()
        return any(fnmatchcase(recorded, glob) or fnmatchcase(name, glob) for glob in self._excluded)


def volume(profiles: Iterable[Profile], event_sources: Iterable[str]) -> list[str]:
    """What a selection adds to the rare events that an owner wants to see; a few words for each part of it."""
    sources = {source.strip() for source in event_sources}
    if EVERY_SOURCE in sources:
        return ["select.event_sources: every event of the trail, of whatever service"]
    owned = frozenset().union(*(profile.sources for profile in profiles))
    further = sorted(source for source in sources if plain_source(source) not in owned)
    return [
        *(f"profile {profile.name}: {profile.volume}" for profile in profiles if profile.volume),
        *(f"select.event_sources: every event of {source}" for source in further),
    ]


class EveryEvent:
    """Keeps everything; for looking at a whole file."""

    def selects(self, event_source: object, event_name: object) -> bool:  # noqa: ARG002 - the shape of a selector
        """Always true."""
        return True

    def may_select(self, event_source: object) -> bool:  # noqa: ARG002 - the shape of a selector
        """Always true."""
        return True

    def keeps(self, raw: bytes) -> bool:  # noqa: ARG002 - the shape of a selector
        """Always true."""
        return True
