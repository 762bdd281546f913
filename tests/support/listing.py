"""Buckets that can be listed: keys that are put, or whole years that are made up as they are asked for."""

from __future__ import annotations

import threading
from bisect import bisect_right, insort
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta

from agent.aws.listing import ListedObject, ListedPage, Listing
from agent.aws.store_policy import StoreError
from agent.replay.streams import Stream
from tests.support.events import ACCOUNT, REGION
from tests.support.objects import BUCKET


def stream(account: str = ACCOUNT, region: str = REGION, *, bucket: str = BUCKET, prefix: str = "") -> Stream:
    """The stream of one account and region."""
    return Stream(bucket, f"{prefix}AWSLogs/{account}/CloudTrail/{region}/", account, region)


def key_at(written: datetime, name: str = "abc", *, of: Stream | None = None) -> str:
    """The key of an object that CloudTrail wrote at this time."""
    of = of or stream()
    return f"{of.day_folder(written.date())}{of.account}_CloudTrail_{of.region}_{written:%Y%m%dT%H%MZ}_{name}.json.gz"


class FakeListing(Listing):
    """Lists the keys that were put, as S3 does: in their order, `page_keys` at a time.

    `asked` has the prefix of every request. `trouble` is met by the next requests, one each.
    """

    def __init__(self, keys: Mapping[str, Iterable[str]] | None = None, *, page_keys: int = 1000) -> None:
        self.asked: list[str] = []
        self.requests = 0
        self.page_keys = page_keys
        self._keys = {bucket: sorted(listed) for bucket, listed in (keys or {}).items()}
        self._troubles: deque[StoreError] = deque()
        self._lock = threading.Lock()

    def put(self, key: str, bucket: str = BUCKET) -> None:
        """One object more."""
        insort(self._keys.setdefault(bucket, []), key)

    def trouble(self, *troubles: StoreError) -> None:
        """What the next requests meet."""
        self._troubles.extend(troubles)

    def page(self, bucket: str, prefix: str, after: str = "") -> ListedPage:
        """As S3."""
        self._ask_for(prefix)
        keys = self._keys.get(bucket, [])
        first = bisect_right(keys, max(after, prefix[:-1]))
        found = [key for key in keys[first:] if key.startswith(prefix)]
        objects = [ListedObject(key, 100) for key in found[: self.page_keys]]
        return ListedPage(objects, is_last=len(found) <= self.page_keys)

    def folders(self, bucket: str, prefix: str) -> list[str]:
        """As S3."""
        self._ask_for(prefix)
        below = [key.removeprefix(prefix) for key in self._keys.get(bucket, ()) if key.startswith(prefix)]
        return sorted({f"{prefix}{rest.partition('/')[0]}/" for rest in below if "/" in rest})

    def _ask_for(self, prefix: str) -> None:
        with self._lock:
            self.asked.append(prefix)
            self.requests += 1
            trouble = self._troubles.popleft() if self._troubles else None
        if trouble:
            raise trouble


class YearListing(Listing):
    """Every day of `streams` has `each_day` objects, evenly spread; nothing is kept but the requests' prefixes."""

    def __init__(self, streams: Sequence[Stream], each_day: int) -> None:
        self.asked: list[str] = []
        self.requests = 0
        self._streams = {one.folder: one for one in streams}
        self._each_day = each_day
        self._lock = threading.Lock()

    def page(self, bucket: str, prefix: str, after: str = "") -> ListedPage:
        """All of a day."""
        with self._lock:
            self.asked.append(prefix)
            self.requests += 1
        of = self._streams[prefix[: -len("2026/11/20/")]]
        day = date(*map(int, prefix.rstrip("/").split("/")[-3:]))
        begin = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - only written down
        step = timedelta(days=1) / self._each_day
        keys = (key_at(begin + number * step, f"{number:05}", of=of) for number in range(self._each_day))
        return ListedPage([ListedObject(key, 100) for key in keys if key > after], is_last=True)
