"""Where the reading of one region's Event history is, and what is known of the time that is looked at again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final

from agent.flow.event_log import LoggedEvent
from agent.telemetry.history_events import PassedOver
from agent.trail.edit import compact

MOST_UNSHIPPED: Final = 1000  # of a region: the latest are told
STEP: Final = 60
"""Seconds by which a clock may be set right, and nobody needs to hear of it."""


@dataclass(slots=True)
class RegionPlace:
    """Everything that happened before `position` is shipped, as far as CloudTrail has shown it. Times are Unix seconds.

    `known` has the digest of each event that is shipped, skipped or passed over, and happened at `known_since` or
    later, with its time. What comes late is told from these by its digest: no order is trusted.
    """

    position: int
    known_since: int
    known: dict[bytes, int] = field(default_factory=dict)
    unshipped: list[PassedOver] = field(default_factory=list)

    @classmethod
    def begun(cls, at: int) -> RegionPlace:
        """Where a region begins that nobody has read: what happened before `at` is left out."""
        return cls(at, at)

    def is_ahead(self, now: int) -> bool:
        """Whether it is so far ahead of `now` that the clock was wrong when it was written, or is wrong now."""
        return max(self.position, self.known_since) > now + STEP

    def go_on_from(self, at: int) -> None:
        """Whatever happened before `at` is left out from here on, and whatever happened later is looked at."""
        self.position = self.known_since = at
        self.known = {digest: time for digest, time in self.known.items() if time >= at}

    def remember(self, events: Mapping[bytes, int]) -> None:
        """These are dealt with."""
        self.known.update(events)

    def note(self, unshipped: Iterable[PassedOver]) -> None:
        """These are passed over."""
        self.unshipped = [*self.unshipped, *unshipped][-MOST_UNSHIPPED:]

    def move_to(self, position: int, overlap: int) -> None:
        """Everything before `position` is shipped; what happened `overlap` seconds before it is looked at again."""
        self.position = max(self.position, position)
        since = self.position - overlap
        if since > self.known_since:
            self.known_since = since
            self.known = {digest: time for digest, time in self.known.items() if time >= since}


def digest_of(raw: bytes) -> bytes:
    """What an event is known by: that of its record, whatever is masked in it."""
    return blake2b(compact(raw), digest_size=16).digest()


def known_as(event: LoggedEvent) -> bytes:
    """The digest of its record; of an entry without a text, or with a broken one, that of the log's id of it.

    Many such may have the same text. Of those without an id, too, only one of each second is told from the others.
    """
    if event.event_id or not event.raw.strip():
        return blake2b(f"{event.event_id or event.time_ns} ".encode() + event.raw, digest_size=16).digest()
    return digest_of(event.raw)


def moment(seconds: int) -> datetime:
    """Unix seconds as a time in UTC."""
    return datetime.fromtimestamp(seconds, UTC)
