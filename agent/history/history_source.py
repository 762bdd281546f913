"""Deliveries out of one region's Event history: each names a window that is to be read, shipped and settled."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from agent.aws.lease import InHand
from agent.aws.source import AnySource
from agent.errors import DrainedError, Fault
from agent.faults.environment_faults import EnvironmentFault
from agent.faults.retries import RetryReason
from agent.flow.event_log import EventLog, Window
from agent.history.beginning import Beginning, keep
from agent.history.following import Following
from agent.history.place_file import Places
from agent.model import BATCH, Delivery, LogRecord, Outcome, Reading, Settlement, Verdict, address_of
from agent.pulse import Pulse
from agent.telemetry.events import Telemetry
from agent.telemetry.history_events import PassedOver
from agent.waiting.backoff import full_jitter

_LOOK_SECONDS: Final = 5.0
_FIRST_PAUSE_SECONDS: Final = 5.0
_LONGEST_PAUSE_SECONDS: Final = 300.0
_LONGEST_DOUBT_SECONDS: Final = 60.0  # the sink refuses everything: once it does not, nothing is to be late


class HistorySource(AnySource):
    """Asks for `region` every `poll_seconds`, while nothing of it is in hand. Waits end when `drain` is set.

    `overlap_seconds` is how far each round looks back. `random` gives numbers from 0 to 1.
    `accepted` tells how many records the sink has accepted so far.
    """

    def __init__(
        self,
        region: str,
        *,
        log: EventLog,
        places: Places,
        beginning: Beginning,
        poll_seconds: int,
        overlap_seconds: int,
        telemetry: Telemetry,
        pulse: Pulse,
        drain: threading.Event,
        random: Callable[[], float],
        accepted: Callable[[], int],
    ) -> None:
        self.following = Following(f"{log.name}:{region}", overlap_seconds, places.lock, accepted)
        self._region = region
        self._places = places
        self._beginning = beginning
        self._poll = poll_seconds
        self._telemetry = telemetry
        self._pulse = pulse
        self._drain = drain
        self._random = random
        self._lock = threading.Lock()
        self._handed_out: Delivery | None = None
        self._undelivered = 0
        self._serial = 0
        self._in_vain = self._doubted = 0
        self._round_at = self._again_at = 0.0
        telemetry.history_followed(region, beginning.at)

    def begin(self, stop: threading.Event) -> None:
        """Find out where to begin, also while nothing may be received; the body of a thread, until `stop` is set."""
        with self._pulse.alive(), suppress(DrainedError):
            while not stop.is_set() and not self._begin():
                self._pulse.wait(stop, _LOOK_SECONDS)

    def receive(self, most: int = BATCH) -> Sequence[Delivery]:  # noqa: ARG002 - there is never more than one
        """The window that is due, or nothing after some seconds."""
        try:
            if not self._begin():
                self._pulse.wait(self._drain, _LOOK_SECONDS)
                return ()
        except DrainedError:
            return ()
        due = max(self._again_at, self._round_at if self.following.is_round_over() else 0.0)
        wait = due - self._pulse.clock.monotonic()
        if wait > 0 and (self._pulse.wait(self._drain, min(wait, _LOOK_SECONDS)) or wait > _LOOK_SECONDS):
            return ()
        if self._handed_out:
            return ()
        window = self._next_window()
        return (self._hand_out(window),) if window else ()

    def receive_soon(self, most: int) -> Sequence[Delivery]:
        """As `receive`: it never waits for long."""
        return self.receive(most)

    def shipped(self, reading: Reading, undelivered: Sequence[tuple[LogRecord, Verdict]]) -> None:
        """What of a delivery the sink has not accepted, and what it said of each record; before it is settled."""
        with self._lock:
            if self._is_in_hand(reading.delivery):
                self._undelivered = len(undelivered)
                self.following.shipped(reading, undelivered)

    def settle(self, settlements: Sequence[Settlement]) -> None:
        """What became of the window. It is kept before it counts."""
        with self._lock:
            for settlement in settlements:
                self._conclude(settlement)

    def bury(self, letters: Sequence[Settlement]) -> None:
        """There is no queue for what can never be shipped: it is told, and stays in Event history for 90 days."""
        self.settle(letters)

    def give_back(self, deliveries: Sequence[Delivery]) -> None:
        """Nobody works on these any more: whoever begins next begins before them."""
        self.settle([Settlement(delivery, Outcome.RETURNED) for delivery in deliveries])

    def let_go(self, deliveries: Sequence[Delivery]) -> None:
        """The worker is through with these. What it has not settled, because of a bug, comes again."""
        self.settle([Settlement(each, Outcome.RETRY, retry=RetryReason.BUG) for each in deliveries])

    def _begin(self) -> bool:
        """Find out where to begin; returns whether that is known. Raises `DrainedError`."""
        if self.following.has_begun:
            return True
        place = self._beginning.find(self._region)
        with self._lock:
            if place and not self.following.has_begun:
                self.following.go_on_at(place, self._beginning.reckoned_by(self._region))
                self._telemetry.history_remembered(self._region, place.unshipped)
                self._tell_begun()
                self._tell_reached()
        return place is not None

    def _tell_begun(self) -> None:
        is_new = self._beginning.reckoned_by(self._region) is not None
        self._telemetry.history_begun(self._region, self.following.position, is_new=is_new)

    def _next_window(self) -> Window | None:
        if self.following.is_round_over():
            self._round_at = self._pulse.clock.monotonic() + self._poll
            now = (clock := self._pulse.clock).time()
            self.following.begin(now, now - clock.steady())
        return self.following.hand_out()

    def _hand_out(self, window: Window) -> Delivery:
        body = json.dumps({"s3Bucket": window.bucket, "s3ObjectKey": [window.key]})
        self._serial += 1
        clock, handle = self._pulse.clock, f"{self._region}-{self._serial}"
        name = address_of(window.bucket, window.key)
        delivery = Delivery(name, handle, body, self.following.tries, clock.time(), clock.monotonic())
        with self._lock:
            self._handed_out = delivery
        return delivery

    def _is_in_hand(self, delivery: Delivery) -> bool:
        """With the lock held."""
        return self._handed_out is not None and self._handed_out.receipt_handle == delivery.receipt_handle

    def _conclude(self, settlement: Settlement) -> None:
        """With the lock held."""
        if not self._is_in_hand(settlement.delivery):
            return
        done = self.following.conclude(settlement)
        self._handed_out = None
        if done.has_moved:
            self._tell_begun()
        self._tell_moved()
        self._tell_fates(done.unshipped)
        self._telemetry.window_settled(settlement)
        if done.unshipped:
            self._telemetry.events_unshipped(self._region, done.unshipped)
        if done.has_learnt:
            self._keep()
        self._tell_reached()
        self._in_vain = self._in_vain + 1 if done.is_again and done.was_tried else 0
        self._again_at = self._pulse.clock.monotonic() + self._pause(self._in_vain, _LONGEST_PAUSE_SECONDS)
        self._doubt(done.suspect)

    def _doubt(self, suspect: Fault | None) -> None:
        """Tell what is held back. After a round with such, the next one comes soon, whatever `poll_seconds` are."""
        part = f"events of {self._region}"
        if suspect:
            self._telemetry.gate_closed(part, EnvironmentFault.SINK_REFUSES, suspect.detail)
        if not self.following.has_doubt:
            self._doubted = 0
            self._telemetry.gate_opened(part)
        elif self.following.is_round_over():
            self._doubted += 1
            self._round_at = self._pulse.clock.monotonic() + self._pause(self._doubted, _LONGEST_DOUBT_SECONDS)

    def _tell_moved(self) -> None:
        if moved := self.following.take_moved():
            tell = self._telemetry.history_lost if moved.to > moved.was else self._telemetry.history_set_back
            tell(self._region, moved.was, moved.to)
            self._keep()

    def _tell_reached(self) -> None:
        """A place that is ahead of the clock says nothing."""
        is_ahead = self.following.place.is_ahead(self._now())
        self._telemetry.history_reached(self._region, self._beginning.at if is_ahead else self.following.position)

    def _tell_fates(self, unshipped: Sequence[PassedOver]) -> None:
        """Whatever the sink has not accepted, and is not passed over, comes again."""
        passed = min(sum(each.is_event for each in unshipped), self._undelivered)
        for fate, records in (("passed_over", passed), ("retried", self._undelivered - passed)):
            if records:
                self._telemetry.records_fated(fate, records)
        self._undelivered = 0

    def _keep(self) -> None:
        keep(self._places, self._telemetry)

    def _now(self) -> int:
        return int(self._pulse.clock.time())

    def _pause(self, in_vain: int, longest: float) -> float:
        """None before anything was in vain."""
        return full_jitter(self._random(), _FIRST_PAUSE_SECONDS, in_vain - 1, longest) if in_vain else 0.0


class HistoryInHand(InHand):
    """What is in hand of `source`. It has no leases that lapse: whatever a worker lets go of has to come again."""

    def __init__(self, region: str, telemetry: Telemetry, source: HistorySource) -> None:
        super().__init__(telemetry)
        self._region = region
        self._source = source
        self._tell = telemetry.windows_held

    def release(self, deliveries: Sequence[Delivery]) -> None:
        """Hold `deliveries` no longer."""
        super().release(deliveries)
        self._source.let_go(deliveries)

    def _tell_held(self) -> None:
        """With the lock held. How old a window is says nothing."""
        self._tell(self._region, len(self._held))
