"""The records of one export, and the parts in which they are sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from agent.model import LogRecord
from agent.sink.wire import WireEncoder

MAX_SPAN_NANO: Final = 30 * 60 * 10**9
"""How far apart in time the records of one request may be. Loki refuses what is more than an hour behind the newest of
its stream, repeats included: a request that spans less can be sent again, in whole or in part."""

MOST_CUTS: Final = 8
"""How often a record is halved at most. The largest that CloudTrail writes, of 256 KB, has 1 KB then."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How large one request may be: bytes before compression, and records."""

    max_batch_bytes: int
    max_batch_records: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Records to be sent in one request, by their places; with the request's bytes if they are written already.

    `refused_since`: what the sink had accepted when a request with these was refused first, if one was. `stuck_at`: the
    same for a request that never passed. `is_urgent`: a larger request with these never passed. `rounds`: how often its
    parts were tried in vain.
    """

    places: tuple[int, ...]
    payload: bytes | None = None
    refused_since: int | None = None
    stuck_at: int | None = None
    is_urgent: bool = False
    rounds: int = 0

    def only(self, places: Sequence[int]) -> Piece:
        """A part of it."""
        return replace(self, places=tuple(places), payload=None, rounds=0)

    def refused(self, accepted: int) -> Piece:
        """The same after a refusal: `accepted` is what the sink has accepted by now."""
        return self if self.refused_since is not None else replace(self, refused_since=accepted)

    def stuck(self, accepted: int) -> Piece:
        """The same once it never passed: `accepted` is what the sink had accepted when it was sent first."""
        return self if self.stuck_at is not None else replace(self, stuck_at=accepted)

    def halves(self) -> tuple[Piece, Piece]:
        """The older half, and the newer."""
        middle = len(self.places) // 2
        return self.only(self.places[:middle]), self.only(self.places[middle:])

    def trial_parts(self) -> Iterator[tuple[Piece, list[Piece]]]:
        """A half of it, a quarter, and so on to a single record, in turn from its beginning and from its end.

        Each with the others in parts of the same size, the last first. A limit of size lets one of them pass; so do few
        bad records, sooner or later, since every round tries the next parts.
        """
        size, is_from_the_end = len(self.places) // 2, False
        while size:
            parts = [self.places[begin : begin + size] for begin in range(0, len(self.places), size)]
            place = self.rounds % len(parts)
            chosen = parts.pop(-1 - place if is_from_the_end else place)
            yield self.only(chosen), [replace(self.only(part), is_urgent=True) for part in reversed(parts)]
            size, is_from_the_end = size // 2, not is_from_the_end


class Cargo:
    """The records of one export, as they stand now. `shrink` returns a smaller record, or None."""

    def __init__(
        self,
        records: Sequence[LogRecord],
        encoder: WireEncoder,
        shrink: Callable[[LogRecord], LogRecord | None],
        limits: Limits,
    ) -> None:
        self.records = list(records)
        self._encoder = encoder
        self._shrink = shrink
        self._limits = limits
        self._cuts: dict[int, int] = {}

    def oldest_first(self) -> list[int]:
        """The places of all records, in order of time."""
        times = [record.time_unix_nano for record in self.records]
        return sorted(range(len(times)), key=times.__getitem__)

    def first_request(self, places: Sequence[int], most_bytes: int) -> Piece:
        """As many of `places` as one request takes, of at most so many bytes."""
        records = (self.records[place] for place in places)
        limits = self._limits
        most = min(most_bytes, limits.max_batch_bytes)
        batch = next(self._encoder.batches(records, most, limits.max_batch_records, MAX_SPAN_NANO))
        return Piece(tuple(places[: len(batch.records)]), batch.payload)

    def bytes_of(self, piece: Piece) -> bytes:
        """The request of these records."""
        return piece.payload or self._encoder.payload([self.records[place] for place in piece.places])

    def cut(self, place: int) -> bool:
        """Leave out a part of a record; False if there is none left that could be."""
        cuts = self._cuts.get(place, 0)
        smaller = self._shrink(self.records[place]) if cuts < MOST_CUTS else None
        if smaller is None:
            return False
        self._cuts[place] = cuts + 1
        self.records[place] = smaller
        return True
