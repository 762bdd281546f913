"""Other objects beside one that cannot be read: does S3 refuse this one, or the whole bucket?

A replay reads in order, and one that begins has read nothing yet. So it lists some others to ask for, and ships none of
them out of its turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from agent.aws.listing import ListedObject, Listing
from agent.aws.store_policy import StoreError
from agent.model import ObjectRef
from agent.replay.span import Span
from agent.replay.streams import Stream
from agent.trail.key import written_at

_OTHER_STREAMS: Final = 3
_NEWEST: Final = timedelta(days=2)


class Witnesses:
    """Knows `streams` of the buckets, and what is in them. Safe to call from many threads at once."""

    def __init__(self, listing: Listing, streams: Sequence[Stream], span: Span) -> None:
        self._listing = listing
        self._streams = streams
        self._span = span

    def __call__(self, ref: ObjectRef) -> Iterator[ObjectRef]:
        """At most a dozen others of its bucket, the likeliest first; what cannot be listed is passed over."""
        for folder, after in dict.fromkeys(self._places(ref)):
            yield from self._some_of(ref, folder, after)

    def _places(self, ref: ObjectRef) -> Iterator[tuple[str, str]]:
        """A folder, and the key behind which to look: behind the object, at both ends of its stream, and in others."""
        streams = [each for each in self._streams if each.bucket == ref.bucket]
        newest = (self._span.until - _NEWEST).date()
        for own in streams:
            if ref.key.startswith(own.folder):
                yield own.folder, ref.key
                yield own.folder, own.day_folder(newest)
                yield own.folder, ""
        others = [each for each in streams if not ref.key.startswith(each.folder)]
        day = (written_at(ref.key) or self._span.since).date()
        for other in others[:: max(1, len(others) // _OTHER_STREAMS)][:_OTHER_STREAMS]:
            yield other.folder, other.day_folder(day)

    def _some_of(self, ref: ObjectRef, folder: str, after: str) -> Iterator[ObjectRef]:
        try:
            objects = self._listing.page(ref.bucket, folder, after).objects
        except StoreError:
            return
        there = [each.key for each in objects if _is_readable(each) and each.key != ref.key]
        for key in dict.fromkeys((*there[:1], *there[-1:])):
            yield ObjectRef(ref.bucket, key)


def _is_readable(each: ListedObject) -> bool:
    return not (each.is_archived or each.key.endswith("/"))
