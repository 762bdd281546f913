"""Other objects beside one that cannot be read: does S3 refuse this one, or the whole bucket?

A replay reads in order, and one that begins has read nothing yet. So it lists some others to ask for, and ships none of
them out of its turn. Many may be refused alike: all of an account, or all up to a day. So each time it asks in other
places, until it has been everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import count
from math import gcd
from typing import Final

from agent.aws.listing import ListedObject, Listing
from agent.aws.store_policy import StoreError
from agent.model import ObjectRef
from agent.replay.span import Span
from agent.replay.streams import Stream
from agent.trail.key import written_at

_STREAMS_AT_A_TIME: Final = 3
_GOLDEN: Final = 0.618034  # steps of this share of a length come near each part of it soon
_NEWEST: Final = timedelta(days=2)


class Witnesses:
    """Knows `streams` of the buckets, and what is in them. Safe to call from many threads at once."""

    def __init__(self, listing: Listing, streams: Sequence[Stream], span: Span) -> None:
        self._listing = listing
        self._streams = streams
        self._span = span
        self._turns = count()

    def __call__(self, ref: ObjectRef) -> Iterator[ObjectRef]:
        """At most eighteen others of its bucket, the likeliest first; what cannot be listed is passed over."""
        for folder, after in dict.fromkeys(self._places(ref)):
            yield from self._some_of(ref, folder, after)

    def _places(self, ref: ObjectRef) -> Iterator[tuple[str, str]]:
        """A folder, and the key behind which to look: behind the object, at both ends of its stream, and in some more.

        Those are other streams each time, on the object's day and at the end. After all of them it is other days.
        """
        streams = [each for each in self._streams if each.bucket == ref.bucket]
        newest = (self._span.until - _NEWEST).date()
        for own in streams:
            if ref.key.startswith(own.folder):
                yield own.folder, ref.key
                yield own.folder, own.day_folder(newest)
                yield own.folder, ""
        first = next(self._turns) * _STREAMS_AT_A_TIME if streams else 0
        for number in range(first, first + min(_STREAMS_AT_A_TIME, len(streams))):
            stream = streams[number * _step(len(streams)) % len(streams)]
            yield stream.folder, stream.day_folder(self._day(ref, number, number // len(streams)))
            yield stream.folder, stream.day_folder(newest)

    def _day(self, ref: ObjectRef, number: int, rounds: int) -> date:
        """On which day to look, after so many `rounds` through all streams."""
        if rounds == 0:
            return (written_at(ref.key) or self._span.since).date()
        return (self._span.since + (self._span.until - self._span.since) * (number * _GOLDEN % 1)).date()

    def _some_of(self, ref: ObjectRef, folder: str, after: str) -> Iterator[ObjectRef]:
        try:
            objects = self._listing.page(ref.bucket, folder, after).objects
        except StoreError:
            return
        there = [each.key for each in objects if _is_readable(each) and each.key != ref.key]
        for key in dict.fromkeys((*there[:1], *there[-1:])):
            yield ObjectRef(ref.bucket, key)


def _step(number: int) -> int:
    """A step that comes to each of so many places, far from the last ones at first."""
    step = max(1, round(number * _GOLDEN))
    while gcd(step, number) > 1:
        step += 1
    return step


def _is_readable(each: ListedObject) -> bool:
    return not (each.is_archived or each.key.endswith("/"))
