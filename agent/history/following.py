"""One region's Event history, followed: which window comes next, and what follows from what became of one.

A round goes from `overlap` seconds before the place up to now, in windows, oldest first. The place moves when a window
is dealt with, and never before. The next round looks at the overlap again, and finds in it what has come late.
If AWS answers a clock that was set since a round was begun, the round is begun anew.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from agent.aws.event_history import KEPT
from agent.errors import Fault
from agent.faults.dead_letters import Reason
from agent.faults.retries import RetryReason
from agent.flow.event_log import LoggedEvent, Window
from agent.history.concluded import Concluded, Moved
from agent.history.place import STEP, RegionPlace, known_as
from agent.history.round import Round, span
from agent.history.suspects import Suspects
from agent.history.voucher import Voucher
from agent.model import LogRecord, Outcome, Reading, Settlement, Verdict
from agent.telemetry.history_events import PassedOver

MOST_TRIES: Final = 20
"""After so many, which take half an hour or more, what has not been shipped is passed over and told."""

_TRIES_OF_A_BUG: Final = 3  # then smaller windows have to show which event it is
_SECOND: Final = 10**9
_KEPT: Final = int(KEPT.total_seconds()) - 60  # what is older is gone before it has been asked for
_TOO_MUCH: Final = frozenset({Reason.OBJECT_TOO_LARGE, Reason.OBJECT_UNREADABLE})
"""What smaller windows may mend: a page is asked for by the token of the one before, and AWS forgets it."""


@dataclass(slots=True)
class _Held:
    """What is known of the window in hand since it was handed out. Digests of events, with their times.

    It was read from `since` on. `seen` is all that is in that, `accepted` what the sink has, `open` what it has neither
    taken nor refused, `refused` what it refuses. `is_part_bad`: some of it cannot be decoded; `malformed` is how many
    events that is, if known.
    """

    since: int = 0
    seen: dict[bytes, int] = field(default_factory=dict)
    accepted: dict[bytes, int] = field(default_factory=dict)
    open: set[bytes] = field(default_factory=set)
    refused: Sequence[tuple[LogRecord, Verdict]] = ()
    unsettled: Sequence[PassedOver] = ()
    is_part_bad: bool = False
    malformed: int = 0


class Following:
    """What is in hand of one region is one window. Safe to use from several threads; they share `lock`.

    `bucket` is its name as a log's, such as event-history:us-west-2. Times are Unix seconds.
    """

    def __init__(self, bucket: str, overlap: int, lock: threading.RLock, accepted: Callable[[], int]) -> None:
        """`accepted` tells how many records the sink has accepted so far."""
        self.place = RegionPlace.begun(0)
        self.has_begun = False
        self.tries = 0
        """How often the window in hand was handed out."""
        self._overlap = overlap
        self._lock = lock
        self._round = Round(bucket)
        self._window: Window | None = None
        self._held = _Held()
        self._suspects = Suspects(accepted)
        self._voucher = Voucher()
        self._reckoned_by: float | None = None
        self._has_moved = False
        self._moving: Moved | None = None  # once it is vouched for
        self._moved: Moved | None = None
        self._held_back: int | None = None  # when the first window of the round began of which something is held back

    @property
    def position(self) -> int:
        """Everything that happened before is shipped, as far as it was shown."""
        return self.place.position

    def go_on_at(self, place: RegionPlace, reckoned_by: float | None = None) -> None:
        """This is where it is. What is known of the overlap tells how much happens, and so how much to read at once.

        If nobody has read it, its time is `reckoned_by` a clock with this setting, which may be wrong.
        """
        self.place, self.has_begun, self._reckoned_by = place, True, reckoned_by
        if known := place.known:
            latest = max(place.position, *known.values())  # a first round moves the place only at its end
            self._round.expect(len(known), max(latest - place.known_since, 1))

    @property
    def has_doubt(self) -> bool:
        """Whether the sink has refused something, and accepted nothing since."""
        return len(self._suspects) > 0

    def is_round_over(self) -> bool:
        """Whether everything up to the end of the round is dealt with."""
        return self._window is None and self._round.is_over

    def begin(self, now: float, setting: float) -> None:
        """Begin a round up to `now`, as a clock says that has this `setting`: see `setting_of`."""
        with self._lock:
            if self._held_back is None and not self._voucher.is_void:
                self._suspects.clear()
            self._voucher = Voucher(setting)
            self._start(int(now))

    def _start(self, now: int) -> None:
        place, self._held_back = self.place, None
        to = now - self._overlap if place.is_ahead(now) else now - _KEPT if place.position < now - _KEPT else None
        self._moving = None if to is None else Moved(place.position, to)
        begin = max(min(place.position, now) - self._overlap, place.known_since) if to is None else to
        self._round.start(max(begin, now - _KEPT), now, place.known.values())

    def take_moved(self) -> Moved | None:
        """Where the place was moved by the clock since this was asked last."""
        with self._lock:
            moved, self._moved = self._moved, None
            return moved

    def answered(self, *settings: float) -> None:
        """AWS has answered a request. The `settings` are those of the clock just before and just after it."""
        with self._lock:
            self._voucher.hear(*settings)
            self._reckon(settings)
            if (moving := self._moving) and not self._voucher.is_void:
                self._moving, self._moved = None, moving
                self.place.go_on_from(moving.to)

    def _reckon(self, settings: Sequence[float]) -> None:
        """Set the beginning right by a clock that AWS has answered: how long ago it was is known for sure."""
        if self._reckoned_by is None or max(settings) - min(settings) > STEP:
            return
        off, self._reckoned_by = round(settings[0] - self._reckoned_by), None
        if abs(off) > STEP:
            self.place.go_on_from(self.place.position + off)
            self._has_moved = self._voucher.is_void = True

    def hand_out(self) -> Window | None:
        """The next window of the round, or the one that comes again; None if the round is over."""
        with self._lock:
            if self._window is None and not self._round.is_over:
                self._window = self._round.window()
                self.tries = 0
            self._held = _Held()
            if self._window:
                self._held.since = span(self._window)[0]
                self.tries += 1
            return self._window

    def fresh(self, events: Sequence[LoggedEvent], since: int) -> list[LoggedEvent]:
        """Of the `events` of the window in hand those that are not known, each once. They are all from `since` on.

        None of them if the window is of a round that does not count.
        """
        with self._lock:
            if self._voucher.is_void:
                return []
            self._suspects.begin()
            self._held.since = since
            _, end = span(self._window) if self._window else (0, 0)
            found = {known_as(event): event for event in events}
            self._held.seen = {digest: event.time_ns // _SECOND or end for digest, event in found.items()}
            return [event for digest, event in found.items() if digest not in self.place.known]

    def shipped(self, reading: Reading, undelivered: Sequence[tuple[LogRecord, Verdict]]) -> None:
        """What the sink has not accepted of the window in hand, and what it said of each."""
        with self._lock:
            if reading.returned or reading.retry:
                return
            held = self._held
            held.is_part_bad, held.malformed = bool(reading.faults), reading.malformed
            held.refused = [each for each in undelivered if each[1].fault]
            held.unsettled = [_told(*each) for each in undelivered if not each[1].fault]
            held.open = {record.digest for record, verdict in undelivered if not verdict.fault}
            left = {record.digest for record, _ in undelivered}
            if left <= held.seen.keys():
                records = {record.digest for record in reading.records}
                dealt_with = records & held.seen.keys() if reading.faults else set(held.seen)
                held.accepted = {digest: held.seen[digest] for digest in dealt_with - left}

    def conclude(self, settlement: Settlement) -> Concluded:
        """What became of the window in hand."""
        with self._lock:
            if self._voucher.is_void:
                return self._begin_anew()
            match settlement.outcome:
                case Outcome.DELIVERED:
                    return self._move_on(())
                case Outcome.RETURNED:
                    return self._again(was_tried=False)
                case Outcome.RETRY if self.tries < MOST_TRIES:
                    if settlement.retry is RetryReason.BUG and self.tries >= _TRIES_OF_A_BUG:
                        self._shrink()
                    return self._again()
            return self._refused(settlement, settlement.fault)

    def _refused(self, settlement: Settlement, fault: Fault | None) -> Concluded:
        if suspects := self._suspects.hold(self._held.refused):
            return self._hold_back(suspects)
        if fault and fault.reason is Reason.OBJECT_MISSING:  # it has grown too old in hand
            return self._begin_anew()
        if fault and fault.reason in _TOO_MUCH and self._shrink():
            return Concluded(is_again=True, was_tried=False)
        return self._pass_over(settlement)

    def _begin_anew(self) -> Concluded:
        """The next window is that of another round."""
        has_moved, self._has_moved = self._has_moved, False
        self._window = self._moving = None
        self._round.end()
        return Concluded(is_again=True, was_tried=False, has_learnt=has_moved, has_moved=has_moved)

    def _again(self, *, was_tried: bool = True) -> Concluded:
        self._deal_with(self._held.accepted)
        if not was_tried:
            self.tries -= 1
        return Concluded(is_again=True, was_tried=was_tried, has_learnt=bool(self._held.accepted))

    def _deal_with(self, events: Mapping[bytes, int]) -> None:
        self.place.remember(events)
        self._suspects.forget(events)

    def _hold_back(self, suspects: Sequence[tuple[LogRecord, Verdict]]) -> Concluded:
        """Find out with later windows whether it is the sink. The place stays before this one, which comes again."""
        held, later = self._held, {record.digest for record, _ in suspects}
        judged = [each for each in held.refused if each[0].digest not in later]
        dealt_with = {record.digest: record.time_unix_nano // _SECOND for record, _ in judged} | held.accepted
        self._deal_with(dealt_with)
        unshipped = [_told(*each) for each in judged]
        self.place.note(unshipped)
        self._held_back = held.since if self._held_back is None else min(held.since, self._held_back)
        self._leave()
        return Concluded(has_learnt=bool(dealt_with), unshipped=unshipped, suspect=suspects[0][1].fault)

    def _pass_over(self, settlement: Settlement) -> Concluded:
        """Go on behind what was refused for good, or was tried too often. What may pass later comes again."""
        held = self._held
        refused = [_told(*each) for each in held.refused]
        if held.open and self.tries < MOST_TRIES:
            if not held.open <= held.seen.keys():
                return self._again()
            held.accepted = {digest: at for digest, at in held.seen.items() if digest not in held.open}
            self.place.note(refused)
            return replace(self._again(), unshipped=refused, has_learnt=True)
        unshipped = [*refused, *held.unsettled]
        if held.is_part_bad or not unshipped:
            whole = self._of_window(settlement)
            # What cannot be read is found again in each round of the overlap; a malformed event is known then.
            if held.malformed or whole not in self.place.unshipped:
                unshipped.append(whole)
        return self._move_on(unshipped)

    def _of_window(self, settlement: Settlement) -> PassedOver:
        fault, end = settlement.fault, span(self._window)[1] if self._window else self._held.since
        reason, detail = (fault.reason, fault.detail) if fault else (settlement.retry or "", settlement.retry_detail)
        return PassedOver("", "", self._held.since, end, str(reason), detail, self._held.malformed)

    def _move_on(self, unshipped: Sequence[PassedOver]) -> Concluded:
        if not self._voucher.is_given:
            return self._begin_anew()
        self._deal_with(self._held.seen)
        self.place.note(unshipped)
        until = self._leave()
        self.place.move_to(until if self._held_back is None else min(until, self._held_back), self._overlap)
        return Concluded(has_learnt=True, unshipped=unshipped)

    def _leave(self) -> int:
        """The window in hand is dealt with, as far as it was read. Returns up to when all is, or is held back."""
        window, self._window = self._window, None
        return self._round.pass_by(window, self._held.since, len(self._held.seen)) if window else 0

    def _shrink(self) -> bool:
        """Take less at once from here on; False if that is not possible."""
        if not self._round.shrink(self._window):
            return False
        self._window = None
        return True


def _told(record: LogRecord, verdict: Verdict) -> PassedOver:
    fault, begin = verdict.fault, record.time_unix_nano // _SECOND
    reason, detail = (fault.reason, fault.detail) if fault else (verdict.retry or "", verdict.retry_detail)
    return PassedOver(record.event_id, record.event_name, begin, begin + 1, str(reason), detail)
