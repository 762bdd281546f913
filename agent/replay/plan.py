"""What a replay is to list: every day of every stream, and before them what an earlier run could not ship."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from agent.replay.checkpoint import NoCheckpoint
from agent.replay.lane import Lane, Listed
from agent.replay.notes import Unshipped
from agent.replay.span import EARLIEST, Span
from agent.replay.streams import Stream
from agent.trail.key import written_at

BEFORE_ALL: Final = date.min
"""The day of what could not be shipped before: it is tried first."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be listed: all days of `streams` that are in `span`.

    What was written after `fresh_after` may still have others beside it that come later.
    """

    streams: Sequence[Stream]
    span: Span
    fresh_after: datetime

    def lanes(self, checkpoint: NoCheckpoint) -> Iterator[Lane]:
        """Every day of every stream, in order; before them, what could not be shipped in an earlier run."""
        yield from _second_tries(list(checkpoint.place.unshipped.values()))
        first = checkpoint.place.first_day
        for day in self.span.days():
            if first and day < first:
                continue
            for stream in self.streams:
                settled = checkpoint.place.settled.get((stream.bucket, stream.folder, day))
                yield Lane(stream, day, settled.key if settled else "")

    def lanes_before(self, checkpoint: NoCheckpoint) -> int:
        """How many of all lanes an earlier run has done."""
        first = checkpoint.place.first_day
        return len(self.streams) * sum(first is not None and day < first for day in self.span.days())

    def is_over(self, day: date) -> bool:
        """Whether no other run can find more of `day`."""
        return self.span.holds_end_of(day) and Span(self.span.since, self.fresh_after).holds_end_of(day)

    def lane_count(self) -> int:
        """How many lanes there are in all, apart from second tries."""
        return len(self.streams) * self.span.day_count()


def _second_tries(unshipped: Sequence[Unshipped]) -> Iterator[Lane]:
    """A lane for each bucket."""
    for bucket in sorted({each.bucket for each in unshipped}):
        keys = sorted(each.key for each in unshipped if each.bucket == bucket)
        lane = Lane(Stream(bucket, "", "", ""), BEFORE_ALL, is_second_try=True)
        lane.add([Listed(bucket, key, written_at(key) or EARLIEST) for key in keys], after="", is_last=True)
        yield lane
