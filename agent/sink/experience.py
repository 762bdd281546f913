"""What all exports together have seen the sink do: it tells a bad record from a sink that refuses everything.

One refusal says little. What happens to other records shows whether it is about this one. If others are accepted
meanwhile, this record is bad. If several in a row are refused with the same words, the sink's own setting is wrong.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

REMEMBERED: Final = 10_000
MOST_REFUSED_IN_A_ROW: Final = 32
ALONE_SECONDS: Final = 300.0
LIMIT_SECONDS: Final = 3600.0
LEAST_LIMIT_BYTES: Final = 65536
NO_LIMIT: Final = 1 << 62
_ALIKE: Final = 2
_UNLIKE: Final = 4
_CHANCE: Final = 1e-3


@dataclass(slots=True)
class Lone:
    """A record that does not pass, though it is alone in its request: since when, and how often it was tried.

    `accepted` and `failed` are what all requests had counted before its first try; `stuck_at` is what had been accepted
    when the first request with it was sent that never passed.
    """

    since: float
    accepted: int
    failed: int
    stuck_at: int
    tries: int = 0


class Experience:
    """Counts requests with records. Thread-safe; times are monotonic seconds."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._accepted = 0
        self._failed = 0
        self._failed_alone: Counter[bytes] = Counter()
        self._first: OrderedDict[bytes, int] = OrderedDict()
        self._in_a_row: dict[bytes, str] = {}
        self._lone: OrderedDict[bytes, Lone] = OrderedDict()
        self._stuck: OrderedDict[bytes, int] = OrderedDict()
        self._limit_bytes = 0
        self._limit_until = 0.0

    @property
    def accepted(self) -> int:
        """How many requests with records the sink has accepted."""
        return self._accepted

    def accept(self) -> None:
        """The sink has accepted a request with records: whatever it refuses, it does not refuse everything."""
        with self._lock:
            self._accepted += 1
            self._in_a_row.clear()
            self._failed_alone.clear()

    def fail(self) -> None:
        """A request with records was not judged."""
        with self._lock:
            self._failed += 1

    def fail_alone(self, digest: bytes) -> None:
        """A lone record was tried in vain. Once another is accepted, this says nothing of the sink."""
        with self._lock:
            self._failed_alone[digest] += 1
            if lone := self._lone.get(digest):
                lone.tries += 1

    def refuse(self, digest: bytes, words: str, since: int) -> None:
        """A record was refused alone, in `words`; `accepted` was `since` when a request with it was refused first."""
        with self._lock:
            self._remember_first(digest, since)
            is_bad = self._accepted > self._first.get(digest, 0)  # others were accepted since: it accuses nobody else
            if not is_bad and len(self._in_a_row) < REMEMBERED:
                self._in_a_row[digest] = words

    def refuse_for_time(self, digest: bytes, since: int) -> None:
        """The same for its time: this says something about clocks, and nothing about what the sink refuses else."""
        with self._lock:
            self._remember_first(digest, since)

    def refuses_everything(self) -> bool:
        """Whether so many were refused in a row that one more tells nothing new."""
        return len(self._in_a_row) >= MOST_REFUSED_IN_A_ROW

    def is_setting(self, digest: bytes, words: str) -> bool:
        """Whether the sink's own setting is to blame for the refusal of this record, as far as can be told now."""
        with self._lock:
            if self._accepted > self._first.get(digest, self._accepted):
                return False
            alike = sum(said == words for said in self._in_a_row.values())
            return alike >= _ALIKE or len(self._in_a_row) >= _UNLIKE

    def has_accepted_since(self, digest: bytes) -> bool:
        """Whether others were accepted since this record was refused."""
        with self._lock:
            return self._accepted > self._first.get(digest, self._accepted)

    def remember_lone(self, digest: bytes, now: float, stuck_at: int | None = None) -> Lone:
        """What is known of a record that does not pass alone; known from now on.

        `stuck_at`: what had been accepted when the first request with it was sent that never passed; None for now.
        """
        with self._lock:
            before = self._accepted if stuck_at is None else stuck_at
            known = self._lone.setdefault(digest, Lone(now, self._accepted, self._failed, before))
            if not known.tries:  # what failed while it was searched for says nothing of the sink
                known.accepted, known.failed = self._accepted, self._failed
            if len(self._lone) > REMEMBERED:
                self._lone.popitem(last=False)
            return known

    @property
    def is_troubled(self) -> bool:
        """Whether any record is known not to pass, alone or with others: else none needs to be looked up."""
        return bool(self._lone or self._stuck)

    def is_lone(self, digest: bytes) -> bool:
        """Whether a record is known not to pass alone."""
        return digest in self._lone

    def tries(self, digest: bytes) -> int:
        """How often a lone record was tried; 0 of any other."""
        lone = self._lone.get(digest)
        return lone.tries if lone else 0

    def has_accepted_beside(self, digest: bytes) -> bool:
        """Whether others were accepted since a request with this lone record was sent in vain."""
        with self._lock:
            lone = self._lone.get(digest)
            return lone is not None and self._accepted > lone.stuck_at

    def forget(self, digest: bytes) -> None:
        """A record has its verdict."""
        with self._lock:
            self._lone.pop(digest, None)
            self._stuck.pop(digest, None)

    def remember_stuck(self, digests: Iterable[bytes], stuck_at: int) -> None:
        """Records in a request that never passes, nor does any part of it; `stuck_at` as for a lone one."""
        with self._lock:
            for digest in digests:
                self._stuck.setdefault(digest, stuck_at)
            while len(self._stuck) > REMEMBERED:
                self._stuck.popitem(last=False)

    def stuck_at(self, digest: bytes) -> int | None:
        """What had been accepted before requests with this record were stuck; None if they were not."""
        return self._stuck.get(digest)

    def blames(self, digest: bytes, now: float) -> bool:
        """Whether the record itself is why it does not pass.

        True if the record was tried for five minutes, others were accepted meanwhile, and bad luck alone is less likely
        than 1 in 1000. Bad luck: the sink fails as often as it failed with the others, and failed each time with this.
        """
        with self._lock:
            lone = self._lone.get(digest)
            if lone is None:
                return False
            accepted = self._accepted - lone.accepted
            failed = self._failed - lone.failed + self._failed_alone.total() - self._failed_alone[digest]
        if not accepted or now - lone.since < ALONE_SECONDS:
            return False
        # Few requests prove little; and of many that failed, no share below the one that was seen is assumed.
        share = max((failed + 1) / (accepted + failed + 2), failed / (accepted + failed))
        return float(share**lone.tries) <= _CHANCE

    def learn_limit(self, passed_bytes: int, now: float) -> None:
        """A request of so many bytes passed where a larger one did not."""
        with self._lock:
            self._limit_bytes = max(passed_bytes, LEAST_LIMIT_BYTES)
            self._limit_until = now + LIMIT_SECONDS

    def limit(self, now: float) -> int:
        """How many bytes a request may have, as far as was learned in the last hour."""
        with self._lock:
            return self._limit_bytes if now < self._limit_until else NO_LIMIT

    def _remember_first(self, digest: bytes, since: int) -> None:
        self._first[digest] = min(since, self._first.pop(digest, since))
        if len(self._first) > REMEMBERED:
            self._first.popitem(last=False)
