"""Keep or skip: which trail events are CodeCatalyst's."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache

from agent.records.profiles.codecatalyst import CONNECTION_EVENTS, canonical

_DECISIONS_REMEMBERED = 4096  # an account's trail repeats a few hundred pairs of source and name
_LONGEST_REMEMBERED = 512  # characters; a forged name of a megabyte must not stay in memory


class Selector:
    """Decides on `eventSource` and `eventName` alone, so that a record need not be decoded to be skipped.

    An event is kept if its source is one of `event_sources` (without case and blanks); or, with `connection_events`,
    if it is one of the documented account-connection and billing events and its source names no other AWS service.
    `exclude_events` are globs on the event's name, as recorded or canonical, without case.
    """

    def __init__(
        self, event_sources: Iterable[str], *, connection_events: bool = True, exclude_events: Iterable[str] = ()
    ) -> None:
        self._sources = frozenset(source.strip().lower() for source in event_sources)
        self._connection_events = connection_events
        self._excluded = tuple(glob.lower() for glob in exclude_events)
        self._decide = lru_cache(_DECISIONS_REMEMBERED)(self._selects_text)

    def selects(self, event_source: object, event_name: object) -> bool:
        """Whether an event of this source and name is kept; either may be of any JSON type, or None where absent."""
        name = event_name if isinstance(event_name, str) else ""
        source = event_source if isinstance(event_source, str) else ""
        if len(source) + len(name) > _LONGEST_REMEMBERED:
            return self._selects_text(source, name)
        return self._decide(source, name)

    def _selects_text(self, event_source: str, event_name: str) -> bool:
        source = event_source.strip().lower()
        name = canonical(event_name)
        ours = source in self._sources or (
            self._connection_events and name in CONNECTION_EVENTS and not _names_a_service(source)
        )
        return ours and not self._is_excluded(event_name.strip().lower(), name.lower())

    def _is_excluded(self, recorded: str, name: str) -> bool:
        return any(fnmatchcase(recorded, glob) or fnmatchcase(name, glob) for glob in self._excluded)


class EveryEvent:
    """Keeps everything; for looking at a whole file."""

    def selects(self, event_source: object, event_name: object) -> bool:  # noqa: ARG002 - the shape of a selector
        """Always true."""
        return True


def _names_a_service(source: str) -> bool:
    return source.endswith((".amazonaws.com", ".amazonaws.com.cn"))
