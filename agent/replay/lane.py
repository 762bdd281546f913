"""One day of one stream: what is listed of it, what is in hand, and up to where everything is settled.

Objects leave it in the order of their keys, which is that of time, and strictly: nothing more is handed out before
everything that was is settled. An object that comes again holds back all that follow it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from agent.model import BATCH
from agent.replay.streams import Stream

_REFILL_BELOW = 10 * BATCH  # more than any unit of work: a lane that is read never waits for its next page


@dataclass(frozen=True, slots=True)
class Listed:
    """An object that is to be shipped. `tries` counts how often it was handed out so far."""

    bucket: str
    key: str
    written: datetime
    tries: int = 0


class Lane:
    """Not thread-safe. `after` is the key up to which all is settled already; empty: nothing is.

    `is_second_try`: these are objects that could not be shipped before, and not a day of a stream.
    """

    def __init__(self, stream: Stream, day: date, after: str = "", *, is_second_try: bool = False) -> None:
        self.stream = stream
        self.day = day
        self.is_second_try = is_second_try
        self.after = after
        """Behind which key the listing goes on."""
        self.settled_up_to = after
        self.has_settled = bool(after)
        """Whether anything of it is settled."""
        self.is_listing = False
        self._is_listed = False
        self._waiting: deque[Listed] = deque()
        self._again: list[Listed] = []
        self._again_at = 0.0
        self._unit: list[str] = []
        self._in_hand: dict[str, Listed] = {}
        self._cap = ""
        self._is_known = False
        self._latest: datetime | None = None

    def add(self, objects: Iterable[Listed], *, after: str, is_last: bool, cap: str = "") -> None:
        """The next objects of the listing, which goes on behind `after` unless this `is_last`.

        `cap` is the first object behind which no other run may begin: it was left out, and a later end of the span
        would take it in, or others may still come that stand beside it.
        """
        self._waiting.extend(objects)
        if self._waiting:
            self._latest = self._waiting[-1].written
        self.after, self._is_listed, self._is_known = after, is_last, True
        self._cap = self._cap or cap

    def is_capped(self, key: str) -> bool:
        """Whether another run must not begin behind this object."""
        return bool(self._cap) and key >= self._cap

    def wants_page(self) -> bool:
        """Whether more of it is to be listed now."""
        return not (self._is_listed or self.is_listing) and len(self._waiting) < _REFILL_BELOW

    def is_known(self) -> bool:
        """Whether its first page has come: before that, nobody knows what is the oldest of all."""
        return self._is_known

    def coming_again(self) -> int:
        """How many objects wait to be tried again, and hold back what follows them."""
        return len(self._again)

    def is_done(self) -> bool:
        """Whether all of it is settled."""
        return self._is_listed and not (self._waiting or self._again or self._in_hand)

    def is_busy(self) -> bool:
        """Whether something of it is in hand."""
        return bool(self._in_hand)

    def oldest(self) -> datetime | None:
        """When the oldest object was written that is not settled; None if there is none.

        While the next page is on its way, it is not older than what was listed last.
        """
        unsettled = [*self._in_hand.values(), *self._again, *self._waiting_first()]
        return min((each.written for each in unsettled), default=None if self._is_listed else self._latest)

    def again_at(self) -> float:
        """When what comes again may be handed out (monotonic seconds); 0 if nothing does."""
        return self._again_at if self._again else 0.0

    def take(self, most: int, now: float, before: datetime | None) -> list[Listed]:
        """Up to `most` objects, written before `before` if that is given; none while anything of it is in hand."""
        if self._in_hand or now < self.again_at():
            return []
        if self._again:
            taken, self._again = self._again[:most], self._again[most:]
        else:
            taken = []
            while self._waiting and len(taken) < most and (before is None or self._waiting[0].written < before):
                taken.append(self._waiting.popleft())
            self._unit = [each.key for each in taken]
        taken = [replace(each, tries=each.tries + 1) for each in taken]
        self._in_hand = {each.key: each for each in taken}
        return taken

    def settle(self, key: str) -> str:
        """The object is settled. Returns the key up to which everything is now, if it has moved; else nothing."""
        self._in_hand.pop(key, None)
        self.has_settled = True
        return self._move_on()

    def return_(self, key: str, *, at: float = 0.0, counts: bool) -> None:
        """The object comes again, not before `at` (monotonic seconds). `counts`: this was a try."""
        listed = self._in_hand.pop(key, None)
        if listed is None:
            return
        self._again_at = max(self._again_at, at) if self._again else at
        self._again.append(listed if counts else replace(listed, tries=listed.tries - 1))
        self._again.sort(key=lambda each: each.key)

    def _move_on(self) -> str:
        unsettled = {each.key for each in self._again} | self._in_hand.keys()
        settled = ""
        for key in self._unit:
            if key in unsettled or self.is_capped(key):
                break
            settled = key
        if settled <= self.settled_up_to:
            return ""
        self.settled_up_to = settled
        return settled

    def _waiting_first(self) -> Sequence[Listed]:
        return [self._waiting[0]] if self._waiting else []
