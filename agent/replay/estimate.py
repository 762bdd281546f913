"""What a replay would take, counted by listing: objects, bytes, requests, time and money."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from agent.aws.gets import MOST_BYTES
from agent.aws.listing import ListedPage, Listing
from agent.aws.store_policy import StoreError
from agent.errors import DependencyError
from agent.model import BATCH
from agent.replay.checkpoint import NoCheckpoint
from agent.replay.lane import Lane
from agent.replay.look_ahead import MOST_LANES
from agent.replay.plan import Plan
from agent.replay.retrying import Retrying
from agent.replay.streams import moment_of

LIST_USD: Final = 0.005 / 1000
GET_USD: Final = 0.0004 / 1000
PRICES: Final = "list prices of us-east-1 in November 2026, S3 Standard; transfer and KMS are not in it"

_OBJECT_SECONDS: Final = 0.001
_BYTE_SECONDS: Final = 0.032 / 1e6  # of a compressed byte: 4 ms for each MB of inflated text, eight times as much
_MOST_ANSWERS: Final = 1000
_OF_TEN: Final = 10
RATE: Final = (
    "estimated: one core of the machine of docs/sizing.md, few events, and answers of S3 and the sink as fast as those "
    "to the listing"
)


@dataclass(slots=True)
class Counted:
    """What the listing found. `slowness` has the seconds that S3 took for some of its answers.

    `objects` are those that are read, and `others` those that are not: their names are no log file's, or not allowed.
    `lists` and `gets` are requests, as many as a replay makes in which nothing fails.
    """

    objects: int = 0
    others: int = 0
    object_bytes: int = 0
    gets: int = 0
    archived: int = 0
    lists: int = 0
    lanes: int = 0
    slowness: list[float] = field(default_factory=list)

    def seconds(self, streams: int, workers: int) -> float:
        """How long the shipping takes, roughly: the processor, or the way to S3 and the sink, whichever is longer."""
        busy = self.objects * _OBJECT_SECONDS + self.object_bytes * _BYTE_SECONDS
        quick = sorted(self.slowness)[len(self.slowness) // _OF_TEN : 1 + len(self.slowness) // _OF_TEN]
        answer = quick[0] if quick else 0.0  # many are asked for at once, and wait for each other here
        units = self.objects / BATCH
        return max(1.0, busy, units * 2 * answer / max(min(streams, workers), 1))

    def dollars(self) -> float:
        """What S3's requests cost: listing once more, and reading."""
        return self.lists * LIST_USD + self.gets * GET_USD


class Counting:
    """Counts what `plan` would ship behind `checkpoint`. Memory does not grow with the number of objects.

    `is_read` knows of a bucket and key whether that is read. What was asked of `listing` so far, to find the streams,
    will be asked again, and counts.
    """

    def __init__(
        self,
        plan: Plan,
        checkpoint: NoCheckpoint,
        *,
        listing: Listing,
        retrying: Retrying,
        pool: Executor,
        is_read: Callable[[str, str], bool],
    ) -> None:
        self._plan = plan
        self._lanes = plan.lanes(checkpoint)
        self._lanes_before = plan.lanes_before(checkpoint)
        self._also_settled = frozenset(checkpoint.place.also)
        self._listing = listing
        self._retrying = retrying
        self._pool = pool
        self._lock = threading.Lock()
        self._is_read = is_read
        again = [where for where in checkpoint.place.unshipped if is_read(*where)]
        self.counted = Counted(len(again), len(checkpoint.place.unshipped) - len(again), gets=len(again))
        self.counted.lists = listing.requests

    def run(self) -> Counted:
        """Everything. Raises `DependencyError` if a bucket cannot be listed."""
        while some := list(islice(self._lanes, MOST_LANES)):
            for _ in self._pool.map(self._count, some):
                pass
        return self.counted

    def share(self) -> float:
        """How much of it is done, from 0 to 1."""
        return (self._lanes_before + self.counted.lanes) / max(self._plan.lane_count(), 1)

    def _count(self, lane: Lane) -> None:
        if lane.is_second_try:
            return
        after, is_last = lane.after, False
        while not is_last:
            began = time.monotonic()
            page = self._page(lane, after)
            seconds = time.monotonic() - began
            after, is_last = page.objects[-1].key if page.objects else after, page.is_last
            self._add(lane, page, seconds)
        with self._lock:
            self.counted.lanes += 1

    def _page(self, lane: Lane, after: str) -> ListedPage:
        bucket, folder = lane.stream.bucket, lane.stream.day_folder(lane.day)
        try:
            return self._retrying.until_answered(
                bucket, lambda: self._listing.page(bucket, folder, after), is_patient=True
            )
        except StoreError as error:
            raise DependencyError(f"bucket {bucket} cannot be listed: {error.detail}") from error

    def _add(self, lane: Lane, page: ListedPage, seconds: float) -> None:
        wanted = [
            each
            for each in page.objects
            if not each.key.endswith("/")
            and self._plan.span.holds(each.begins or moment_of(each.key, lane.day))
            and (lane.stream.bucket, each.key) not in self._also_settled
        ]
        read = [each for each in wanted if self._is_read(lane.stream.bucket, each.key)]
        with self._lock:
            counted = self.counted
            counted.lists += 1
            counted.objects += len(read)
            counted.others += len(wanted) - len(read)
            counted.object_bytes += sum(each.size for each in read)
            counted.gets += sum(1 + (each.size > MOST_BYTES) for each in read)
            counted.archived += sum(each.is_archived for each in read)
            if len(counted.slowness) < _MOST_ANSWERS:
                counted.slowness.append(seconds)
