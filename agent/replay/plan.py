"""What a replay is to list: every day of every stream, and before them what an earlier run could not ship."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Final

from agent.errors import number_of
from agent.replay.checkpoint import NoCheckpoint
from agent.replay.lane import Lane, Listed
from agent.replay.not_there import listed
from agent.replay.notes import StreamsFound, Unshipped
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
        place = checkpoint.place
        for day in self.span.days():
            for stream in self.streams:
                if not place.is_done(stream.where, day):
                    settled = place.settled.get((*stream.where, day))
                    yield Lane(stream, day, settled.key if settled else "")

    def lanes_before(self, checkpoint: NoCheckpoint) -> int:
        """How many of all lanes an earlier run has done."""
        place = checkpoint.place
        return sum(place.is_done(stream.where, day) for day in self.span.days() for stream in self.streams)

    def lanes_up_to(self, day: date, checkpoint: NoCheckpoint) -> int:
        """How many lanes there are before `day` that no earlier run has done."""
        place, earlier = checkpoint.place, [each for each in self.span.days() if each < day]
        return sum(not place.is_done(stream.where, each) for each in earlier for stream in self.streams)

    def found(self) -> StreamsFound:
        """The streams, as a checkpoint has them."""
        return StreamsFound(tuple(sorted(stream.where for stream in self.streams)))

    def begins(self, checkpoint: NoCheckpoint) -> datetime:
        """From when on something is read behind an earlier run, at the earliest; the end of the span if nothing is."""
        place = checkpoint.place
        days = (day for day in self.span.days() if not all(place.is_done(each.where, day) for each in self.streams))
        first = next(days, None)
        return max(datetime.combine(first, time(), UTC), self.span.since) if first else self.span.until

    def beginning(self, checkpoint: NoCheckpoint) -> Iterator[str]:
        """Where it goes on behind an earlier run, in lines for people; none where there was no such run.

        A stream that no run before has found has all of the span before it, also what is past the place of the others.
        """
        place = checkpoint.place
        if not place.has_begun():
            return
        known = place.first_days.keys() | set(place.streams)
        new = [each.address for each in self.streams if each.where not in known]
        since = self.span.since.date()
        begin = min(
            (place.first_days.get(each.where, since) for each in self.streams if each.where in known), default=since
        )
        again = f"; {len(place.unshipped)} that could not be shipped are tried again" if place.unshipped else ""
        yield f"goes on at {begin}{again}"
        if new:
            streams = number_of(len(new), "stream that no run found before is", "streams that no run found before are")
            yield f"! {streams} read from {since} on: {listed(new)}"

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
