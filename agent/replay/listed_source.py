"""Deliveries out of a listing: the same to the flow as those of a queue, in an order that no queue has."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from agent.aws.lease import InHand
from agent.aws.listing import Listing
from agent.aws.source import AnySource
from agent.faults.retries import RetryReason
from agent.model import BATCH, Delivery, Outcome, Settlement, address_of
from agent.pulse import Pulse
from agent.replay.checkpoint import NoCheckpoint
from agent.replay.lane import Listed
from agent.replay.look_ahead import LookAhead
from agent.replay.notes import AlsoSettled, DayDone, Note, SettledUpTo, ShippedAfterAll, Unshipped
from agent.replay.order import Turn, next_turns
from agent.replay.plan import BEFORE_ALL, Plan
from agent.replay.retrying import Retrying
from agent.telemetry.events import Telemetry
from agent.telemetry.safetext import clean
from agent.waiting.backoff import full_jitter

MOST_TRIES: Final = 10
"""After so many an object is listed as one that cannot be shipped, and the replay goes on."""

_WAIT_SECONDS: Final = 1.0
_LOOK_AGAIN_SECONDS: Final = 0.1  # at most this long goes a stop unnoticed
_FIRST_PAUSE_SECONDS: Final = 5.0
_LONGEST_PAUSE_SECONDS: Final = 60.0
_OF_ALL: Final = frozenset({RetryReason.BUCKET_DENIED, RetryReason.BUCKET_REFUSED, RetryReason.BUCKET_MISSING})
"""What is nothing about the object that comes again."""


_OF_A_BUG: Final = "a bug ended the work on it; the log line worker_failed says more"


class ListedInHand(InHand):
    """What is in hand of `source`. It has no leases that lapse: whatever a worker lets go of has to come again."""

    def __init__(self, telemetry: Telemetry, source: ListedSource) -> None:
        super().__init__(telemetry)
        self._source = source

    def release(self, deliveries: Sequence[Delivery]) -> None:
        """Hold `deliveries` no longer."""
        super().release(deliveries)
        self._source.let_go(deliveries)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a replay is. `share` goes from 0 to 1, by days of streams; `settled` counts objects.

    The days before the first object are no part of the way. `again` counts what waits to be tried again.
    """

    share: float
    settled: int
    day: date | None
    in_hand: int
    again: int


class ListedSource(AnySource):
    """Hands out what `plan` lists. Safe to use from many threads at once; waits end when `drain` is set.

    `random` gives numbers from 0 to 1. `failed` is told of what ends the replay: a sentence, or a bug.
    """

    def __init__(
        self,
        plan: Plan,
        checkpoint: NoCheckpoint,
        *,
        listing: Listing,
        retrying: Retrying,
        pool: Executor,
        telemetry: Telemetry,
        pulse: Pulse,
        drain: threading.Event,
        random: Callable[[], float],
        failed: Callable[[BaseException], None],
    ) -> None:
        self.unshipped: dict[tuple[str, str], Unshipped] = dict(checkpoint.place.unshipped)
        self._plan = plan
        self._checkpoint = checkpoint
        self._telemetry = telemetry
        self._pulse = pulse
        self._drain = drain
        self._random = random
        self._failed = failed
        self._lock = threading.RLock()
        self._news = threading.Event()
        self._in_hand: dict[str, Turn] = {}
        self._serial = 0
        self._settled = 0
        self._has_lost_note = False
        self._ahead = LookAhead(
            plan,
            checkpoint,
            listing=listing,
            retrying=retrying,
            pool=pool,
            lock=self._lock,
            news=self._news,
            days_done=self._days_done,
            failed=failed,
        )
        self._note([plan.found()])

    def receive(self, most: int = BATCH) -> Sequence[Delivery]:
        """Up to `most` objects, oldest first; none after a second in which none could be handed out."""
        until = self._pulse.clock.monotonic() + _WAIT_SECONDS
        deliveries: list[Delivery] = []
        while not (deliveries or self._drain.is_set()):
            now = self._pulse.clock.monotonic()
            if now >= until:
                break
            with self._lock:
                self._news.clear()
                self._ahead.refill()
                deliveries = [self._hand_out(turn, now) for turn in next_turns(self._ahead.lanes, most, now)]
            if not deliveries:
                self._pulse.wait(self._news, _LOOK_AGAIN_SECONDS)
        self._telemetry.deliveries_received(deliveries)
        return deliveries

    def receive_soon(self, most: int) -> Sequence[Delivery]:
        """As `receive`: it never waits for long."""
        return self.receive(most)

    def settle(self, settlements: Sequence[Settlement]) -> None:
        """What became of objects. What comes again holds back what follows it in its stream."""
        self._take(settlements)

    def bury(self, letters: Sequence[Settlement]) -> None:
        """These cannot be shipped: they are listed, and the replay goes on behind them."""
        self._take(letters)

    def give_back(self, deliveries: Sequence[Delivery]) -> None:
        """Nobody works on these any more: another run will have them."""
        self._take([Settlement(delivery, Outcome.RETURNED) for delivery in deliveries])

    def let_go(self, deliveries: Sequence[Delivery]) -> None:
        """A worker is through with these. What it has not settled, because of a bug, comes again."""
        bug = RetryReason.BUG
        self._take([Settlement(each, Outcome.RETRY, retry=bug, retry_detail=_OF_A_BUG) for each in deliveries])

    def is_second_try(self, delivery: Delivery) -> bool:
        """Whether this, which is in hand, could not be shipped in an earlier run."""
        with self._lock:
            turn = self._in_hand.get(delivery.receipt_handle)
            return turn is not None and turn.lane.is_second_try

    def unsettled_before(self) -> frozenset[tuple[str, str]]:
        """What of `unshipped` an earlier run noted, and this one has not settled yet: why is not known for now."""
        before = self._checkpoint.place.unshipped
        with self._lock:
            return frozenset(where for where, each in self.unshipped.items() if before.get(where) is each)

    def has_ended(self) -> bool:
        """Whether everything is settled."""
        with self._lock:
            return self._ahead.is_done()

    def standing(self) -> Standing:
        """How far it is now."""
        with self._lock:
            lanes = self._ahead.lanes
            day = next((lane.day for lane in lanes if lane.day != BEFORE_ALL), None)
            again = sum(lane.coming_again() for lane in lanes)
            return Standing(self._ahead.share(), self._settled, day, len(self._in_hand), again)

    def _hand_out(self, turn: Turn, now: float) -> Delivery:
        self._serial += 1
        self._ahead.note_first(turn.lane)
        handle, listed = f"listed-{self._serial}", turn.listed
        self._in_hand[handle] = turn
        body = json.dumps({"s3Bucket": listed.bucket, "s3ObjectKey": [listed.key]})
        sent = self._pulse.clock.time()
        return Delivery(address_of(listed.bucket, listed.key), handle, body, listed.tries, sent, now)

    def _take(self, settlements: Sequence[Settlement]) -> None:
        """What is noted is on the disk before it counts."""
        told: list[Settlement] = []
        with self._lock:
            notes: list[Note] = []
            for settlement in settlements:
                turn = self._in_hand.pop(settlement.delivery.receipt_handle, None)
                if turn:
                    notes += self._notes_of(turn, settlement)
                    told.append(settlement)
            if told:
                self._note(notes)
                self._ahead.refill()
                self._news.set()
        for settlement in told:
            self._telemetry.object_settled(settlement)

    def _notes_of(self, turn: Turn, settlement: Settlement) -> list[Note]:
        lane, listed = turn.lane, turn.listed
        if settlement.outcome is Outcome.RETURNED:
            lane.return_(listed.key, counts=False)
            return []
        if settlement.outcome is Outcome.RETRY and (listed.tries < MOST_TRIES or settlement.retry in _OF_ALL):
            lane.return_(listed.key, at=self._pulse.clock.monotonic() + self._pause(listed), counts=True)
            return []
        self._settled += 1
        notes = self._outcome_notes(listed, settlement)
        settled = lane.settle(listed.key)
        if lane.is_second_try:
            return notes
        if lane.is_capped(listed.key):
            notes.append(AlsoSettled(*lane.stream.where, lane.day, listed.key))
        if settled:
            notes.append(SettledUpTo(*lane.stream.where, lane.day, settled))
        return notes

    def _outcome_notes(self, listed: Listed, settlement: Settlement) -> list[Note]:
        where = (listed.bucket, listed.key)
        if settlement.outcome is Outcome.DELIVERED:
            return [ShippedAfterAll(*where)] if self.unshipped.pop(where, None) else []
        reason, detail = str(settlement.retry or ""), settlement.retry_detail
        if settlement.fault:
            reason, detail = str(settlement.fault.reason), settlement.fault.whole_detail
        self.unshipped[where] = Unshipped(*where, reason, clean(detail))
        return [self.unshipped[where]]

    def _pause(self, listed: Listed) -> float:
        return full_jitter(self._random(), _FIRST_PAUSE_SECONDS, listed.tries - 1, _LONGEST_PAUSE_SECONDS)

    def _days_done(self, first: date | None) -> None:
        """With the lock held: `first` is the first day that is not settled; None: all are."""
        days = list(self._plan.span.days())
        done = first - timedelta(days=1) if first else days[-1]
        while done >= days[0] and not self._plan.is_over(done):
            done -= timedelta(days=1)
        if done >= days[0]:
            self._note([DayDone(done)])

    def _note(self, notes: Sequence[Note]) -> None:
        """After a note that could not be kept, none is: a later place would leave out what it said."""
        if self._has_lost_note:
            return
        try:
            self._checkpoint.note(notes)
        except OSError as error:
            self._has_lost_note = True
            self._failed(error)
