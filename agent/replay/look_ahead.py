"""Lists the days of all streams side by side, some way ahead of what is read: never more than a fixed number."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from agent.aws.listing import ListedPage, Listing
from agent.errors import DrainedError
from agent.replay.checkpoint import NoCheckpoint
from agent.replay.lane import Lane, Listed
from agent.replay.plan import Plan
from agent.replay.retrying import Retrying
from agent.replay.streams import moment_of

MOST_LANES: Final = 64
"""How many days of streams are listed and not done. Each holds a page of a thousand names at most, and what is left."""

LISTERS: Final = 16
"""How many listings are asked for at once."""


class LookAhead:
    """The lanes that are open, in their order. `lock` guards them, and `news` is set when one has changed.

    Lists what `plan` has and `checkpoint` has not. `days_done` is told of the first day that is not done, or None at
    the end, whenever that changes. `failed` is told of what can never be listed.
    """

    def __init__(
        self,
        plan: Plan,
        checkpoint: NoCheckpoint,
        *,
        listing: Listing,
        retrying: Retrying,
        pool: Executor,
        lock: threading.RLock,
        news: threading.Event,
        days_done: Callable[[date | None], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self.lanes: list[Lane] = []
        self._lanes_before = self._lanes_done = plan.lanes_before(checkpoint)
        self._lanes_empty: int | None = None
        self._plan = plan
        self._checkpoint = checkpoint
        self._more = plan.lanes(checkpoint)
        self._has_more = True
        self._span = plan.span
        self._cap_at = min(plan.span.until, plan.fresh_after)
        self._also_settled = frozenset(checkpoint.place.also)
        self._listing = listing
        self._retrying = retrying
        self._pool = pool
        self._lock = lock
        self._news = news
        self._days_done = days_done
        self._failed = failed

    def refill(self) -> None:
        """Close the lanes that are done, open as many others, and list what is wanted. With the lock held."""
        before = self.lanes[0].day if self.lanes else None
        self._lanes_done += sum(lane.is_done() and not lane.is_second_try for lane in self.lanes)
        self.lanes = [lane for lane in self.lanes if not lane.is_done()]
        while self._has_more and len(self.lanes) < MOST_LANES:
            lane = next(self._more, None)
            self._has_more = lane is not None
            if lane is not None:
                self.lanes.append(lane)
        first = self.lanes[0].day if self.lanes else None
        if first != before and before is not None:
            self._days_done(first)
        for lane in self.lanes:
            if lane.wants_page():
                lane.is_listing = True
                self._pool.submit(self._list, lane)

    def note_first(self, lane: Lane) -> None:
        """Something of `lane` is handed out. With the lock held."""
        if self._lanes_empty is None and not lane.is_second_try:
            self._lanes_empty = self._plan.lanes_up_to(lane.day, self._checkpoint)

    def share(self) -> float:
        """How much of the way is settled, from 0 to 1. The days before the first object are no part of it.

        As long as there is none, nobody knows how long the way is, and it is what earlier runs have done. With the lock
        held.
        """
        if self.is_done():
            return 1.0
        all_lanes = max(self._plan.lane_count(), 1)
        if self._lanes_empty is None:
            return self._lanes_before / all_lanes
        done = self._lanes_done - self._lanes_empty + sum(map(_share_of, self.lanes))
        return min(max(done, 0.0) / max(all_lanes - self._lanes_empty, 1), 1.0)

    def is_done(self) -> bool:
        """Whether everything is settled. With the lock held."""
        return not self.lanes and not self._has_more

    def _list(self, lane: Lane) -> None:
        """The next page of a lane; the work of a thread of the pool."""
        bucket, folder, after = lane.stream.bucket, lane.stream.day_folder(lane.day), lane.after
        try:
            page = self._retrying.until_answered(
                bucket, lambda: self._listing.page(bucket, folder, after), is_patient=True
            )
        except DrainedError:
            return
        except Exception as error:  # noqa: BLE001 - a bug; the replay ends with it
            self._failed(error)
            return
        with self._lock:
            self._add(lane, page)
            lane.is_listing = False
            self._news.set()

    def _add(self, lane: Lane, page: ListedPage) -> None:
        listed = [
            Listed(lane.stream.bucket, each.key, each.begins or moment_of(each.key, lane.day))
            for each in page.objects
            if not each.key.endswith("/")  # a folder that somebody made by hand
        ]
        wanted = [
            each
            for each in listed
            if self._span.holds(each.written) and (each.bucket, each.key) not in self._also_settled
        ]
        cap = next((each.key for each in listed if self._may_be_followed(each, lane)), "")
        after = page.objects[-1].key if page.objects else lane.after
        lane.add(wanted, after=after, is_last=page.is_last, cap=cap)

    def _may_be_followed(self, each: Listed, lane: Lane) -> bool:
        """Whether others may still come that stand before it: it was written late, or its name stands behind such."""
        return each.written >= self._cap_at or lane.stream.is_behind(each.key, lane.day, self._cap_at)


def _share_of(lane: Lane) -> float:
    """How much of its day is settled; nothing of one that is only listed, whenever its first object was written."""
    oldest = lane.oldest()
    if lane.is_second_try or oldest is None or not lane.has_settled:
        return 0.0
    return (oldest - datetime.combine(lane.day, time(), UTC)) / timedelta(days=1)
