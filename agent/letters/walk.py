"""One look through a dead-letter queue.

SQS shows a message only to whoever receives it, and hides it from everybody else meanwhile. So a look hides what it has
seen, for as long as it takes, and gives all of it back at its end. It cannot be known to be complete: SQS promises no
order, counts roughly, and does not show what others hold. Page: SQS developer guide, "Short and long polling".
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator, Sequence
from enum import Enum, auto
from types import TracebackType
from typing import Final, Self

from agent.aws.lease import Leases, LeaseTelemetry
from agent.aws.letterbox import Letterbox
from agent.aws.sqs import Hiding
from agent.errors import AwsError
from agent.letters.asking_again import MOST_WAITS, may_pass, pause
from agent.model import BATCH, Delivery, Letter
from agent.pulse import Pulse

HIDDEN_SECONDS: Final = 30
"""How long SQS hides what was received; extended while the look goes on. So long it stays hidden after a `kill -9`."""

LONGEST_SECONDS: Final = 300
_SLICE_SECONDS: Final = 0.5
_EMPTY_ANSWERS: Final = 3  # in a row: one may be wrong, though it asks all of SQS's servers


class End(Enum):
    """Why a look came to its end."""

    WHOLE = auto()
    """SQS had nothing more."""
    SHORT = auto()
    """SQS showed nothing more, though by its own count there is more."""
    ENOUGH = auto()
    """As many were seen as were wanted; there may be more."""
    LATE = auto()
    """It took too long; there are more."""
    STOPPED = auto()
    """Somebody asked for it."""


class Walk:
    """What it finds stays hidden until it is given back, at the latest at the end of the block, however that comes.

    Used by one thread. Whoever works on what was found calls `keep_hold` every few seconds. Once the block has ended,
    `seconds` is how long it took, and `stranded` how many messages SQS did not take back; `stranded_by` is why.
    `lost_by` is what SQS said where it did not hide for longer what was held, until others could receive it.
    """

    def __init__(
        self,
        box: Letterbox,
        pulse: Pulse,
        telemetry: LeaseTelemetry,
        is_stopped: Callable[[], bool] = lambda: False,
        waits: Callable[[str, float], object] = lambda _said, _seconds: None,
    ) -> None:
        """`waits` is told what SQS said, and how many seconds later it is asked again, before each wait."""
        self.end = End.WHOLE
        self.stranded = 0
        self.stranded_by: AwsError | None = None
        self.lost_by: AwsError | None = None
        self.seconds = 0.0
        self._box = box
        self._clock = pulse.clock
        self._leases = Leases(box, HIDDEN_SECONDS, telemetry, pulse)
        self._is_stopped = is_stopped
        self._tell_wait = waits
        self._random = random.SystemRandom().random
        self._latest: dict[str, Delivery] = {}

    def __enter__(self) -> Self:
        self._began = self._clock.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._show(self._leases.held())
        self.seconds = self._clock.monotonic() - self._began

    def letters(self, most: int, expected: int) -> Iterator[Letter]:
        """Up to `most` messages, each once, as SQS gives them; `end` says afterwards why it ended.

        `expected` is how many SQS says that there are: one empty answer is enough once so many were seen. What passes
        is waited for. Raises `AwsError` if SQS refuses or does not answer.
        """
        empty = waits = 0
        while len(self._latest) < most:
            if self._is_stopped() or self._clock.monotonic() - self._began > LONGEST_SECONDS:
                self.end = End.STOPPED if self._is_stopped() else End.LATE
                return
            self.keep_hold()
            try:
                found = self._take_new(min(BATCH, most - len(self._latest)))
            except AwsError as error:
                if waits == MOST_WAITS or not may_pass(error):
                    raise
                self.wait(error, waits, self._is_stopped)
                waits += 1
                continue
            yield from found
            waits = 0
            empty = 0 if found else empty + 1
            if empty == (1 if len(self._latest) >= expected else _EMPTY_ANSWERS):
                self.end = End.WHOLE if len(self._latest) >= expected else End.SHORT
                return
        self.end = End.ENOUGH if len(self._latest) < expected else End.WHOLE

    @property
    def count(self) -> int:
        """How many messages were seen."""
        return len(self._latest)

    def keep_hold(self) -> None:
        """Hide what is held for longer, where half of its time is over."""
        self._lapse()
        self._leases.extend_due()

    def wait(self, error: AwsError, times: int, is_stopped: Callable[[], bool]) -> None:
        """For the next try, after so many waits in a row, and keep hold meanwhile; less where `is_stopped` says so.

        `error` is why the last one did nothing.
        """
        seconds = pause(times, self._random())
        self._tell_wait(error.detail, seconds)
        until, never = self._clock.monotonic() + seconds, threading.Event()
        while not is_stopped() and (left := until - self._clock.monotonic()) > 0:
            self.keep_hold()
            self._clock.wait(never, min(left, _SLICE_SECONDS))

    def hold_anew(self, letters: Sequence[Letter]) -> list[Letter]:
        """Hide `letters`, ten at most, for their whole time from now; returns those that are still `held`.

        SQS is asked: the clock of a machine that was asleep may have stood still, too.
        """
        self._lapse()
        self._leases.renew([self.latest(letter) for letter in letters])
        return self.held(letters)

    def held(self, letters: Sequence[Letter]) -> list[Letter]:
        """Those of `letters` that nobody else can have received so far."""
        self._lapse()
        return [letter for letter in letters if self._leases.holds(self.latest(letter))]

    def keep_only(self, letters: Sequence[Letter]) -> None:
        """Show everything else to everybody again, now."""
        kept = {self.latest(letter).receipt_handle for letter in letters}
        self._show([held for held in self._leases.held() if held.receipt_handle not in kept])

    def forget(self, letters: Sequence[Letter]) -> None:
        """These were deleted."""
        self._leases.release([self.latest(letter) for letter in letters])

    def latest(self, letter: Letter) -> Delivery:
        """The message as it was last received: SQS may have given it twice, and only the last receipt counts."""
        return self._latest[letter.delivery.message_id]

    def _lapse(self) -> None:
        held = self._leases.count()
        self._leases.lapse()
        if self._leases.count() < held:
            self.lost_by = self._leases.trouble or self.lost_by

    def _take_new(self, most: int) -> list[Letter]:
        taken = self._box.take(most)
        new = [letter for letter in taken if letter.delivery.message_id not in self._latest]
        for letter in taken:
            if before := self._latest.get(letter.delivery.message_id):
                self._leases.release([before])
            self._latest[letter.delivery.message_id] = letter.delivery
        self._leases.take([letter.delivery for letter in taken])
        return new

    def _show(self, deliveries: Sequence[Delivery]) -> None:
        """Never raises: what SQS does not take back becomes visible by itself, within `HIDDEN_SECONDS`."""
        held = [each for each in deliveries if self._leases.holds(each)]
        self._leases.release(held)
        for start in range(0, len(held), BATCH):
            batch = held[start : start + BATCH]
            try:
                refused = [each for each in self._box.hide([Hiding(one, 0) for one in batch]) if not each.stale]
            except AwsError as error:
                self.stranded += len(batch)
                self.stranded_by = error
            else:
                self.stranded += len(refused)
                self.stranded_by = refused[0].as_error() if refused else self.stranded_by
