"""The memory for reading, and for what was read. It is reserved before it is used."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from traceback import clear_frames
from types import TracebackType
from typing import Self

from agent.errors import DrainedError, number_of
from agent.flow.heap import Heap
from agent.pulse import Pulse

_LOOK_AGAIN_SECONDS = 1.0
_COPIES_OF_REQUEST = 3  # its records as they are written, all of it as one, and compressed


class ShortError(Exception):
    """There is no memory free now, and whoever asked does not wait for it."""


class OutgrownError(Exception):
    """A read needs more than it has reserved, and others hold the rest. It has to give up, and reserve `wanted`."""

    def __init__(self, wanted: int) -> None:
        super().__init__(f"it needs {number_of(wanted, 'byte')}")
        self.wanted = wanted


class Reservation:
    """What one read holds inside the block: `size` bytes. `kept` of them stay reserved after it, for what it found."""

    __slots__ = ("_budget", "_share", "kept", "size")

    def __init__(self, budget: Budget, share: Share, size: int) -> None:
        self._budget = budget
        self._share = share
        self.size = size
        self.kept = 0

    def __enter__(self) -> Self:
        self._budget.begin_read(self.size, patient=self._share.is_patient)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, OutgrownError):
            clear_frames(traceback)  # what was read hangs on it, and others are about to get its memory
        self._share.kept += self.kept
        self._budget.end_read(self.size - self.kept)

    def require(self, size: int) -> None:
        """The read turns out to need `size` bytes. Never waits: raises `OutgrownError` if others hold too much."""
        if size > self.size:
            if not self._budget.add(size - self.size):
                raise OutgrownError(size)
            self.size = size


class Share:
    """The memory of one delivery, from the first read for it until its records are shipped.

    One thread reads for it, object by object, and closes it. `release` gives everything back, once. One that is not
    `patient` never waits: that is for whoever holds what others wait for. The thread tells it when it `waits`, for
    memory or for anything else, and when it `works`, so that others see for how long it has stood still.
    """

    __slots__ = ("_budget", "_now", "_waits_since", "is_closed", "is_given_up", "is_patient", "kept")

    def __init__(self, budget: Budget, now: Callable[[], float], *, patient: bool) -> None:
        self._budget = budget
        self._now = now
        self.is_patient = patient
        self.kept = 0
        """What its records hold so far, in bytes."""
        self.is_given_up = False
        """Whether nobody wants what is read any more."""
        self.is_closed = False
        """Whether its reads are over."""
        self._waits_since: float | None = None

    def waits(self) -> None:
        """What was waited for has come, if anything was, and the next thing is waited for from now on."""
        self._waits_since = self._now()

    def works(self) -> None:
        """Nothing is waited for now."""
        self._waits_since = None

    def idle_seconds(self) -> float:
        """For how long one and the same thing has been waited for."""
        since = self._waits_since
        return 0.0 if since is None else self._now() - since

    def reserve(self, wanted: int) -> Reservation:
        """Hold `wanted` bytes for the length of the block; waits for them, raises `DrainedError` when told to halt.

        If it is not to wait, `ShortError` is raised instead.
        """
        return Reservation(self._budget, self, wanted)

    def close(self) -> None:
        """Nothing more is read for it: whoever ships its records will release it. It may be called again."""
        if not self.is_closed:
            self.is_closed = True
            self.works()
            self._budget.expect(self.kept)

    def release(self) -> None:
        """Its records are shipped, or given up."""
        self._budget.release([self])


class Budget:
    """`total` bytes, shared by the threads of the read pool. A `Share` of it is opened for each delivery.

    A reservation is made once per object, for the most that its text can need, so that no read that has begun ever
    waits for another. It waits while somebody else can make room: a read that will end, or a closed share that will be
    released. If nobody can, it is granted, however large it is.

    What a text turns out to hold may need more. That is added if there is room, or if nobody else can make any.
    Otherwise the read gives up, which makes room for others, and begins anew with all that it needs.

    Whoever ships what was read makes room, and never waits for any: the requests that it writes are counted, and may be
    more than the total. `request_bytes` is the size of the largest one. `heap` hears of what is freed.
    """

    def __init__(
        self,
        total: int,
        pulse: Pulse,
        halt: threading.Event,
        reserved: Callable[[int], None],
        *,
        request_bytes: int = 0,
        heap: Heap | None = None,
    ) -> None:
        self._total = total
        self._pulse = pulse
        self._halt = halt
        self._report = reserved
        self._request_bytes = request_bytes
        self._heap = heap
        self._reserved = 0
        self._reading = 0
        self._waiting = 0
        self._to_free = 0
        self._shares: set[Share] = set()
        self._lock = threading.Lock()
        self._freed = threading.Event()

    def open_share(self, *, patient: bool = True) -> Share:
        """The share of one delivery."""
        share = Share(self, self._pulse.clock.monotonic, patient=patient)
        with self._lock:
            self._shares.add(share)
        return share

    def release(self, shares: Iterable[Share], sent: int = 0) -> None:
        """What these hold is shipped, or given up; and the sending that had reserved `sent` is over."""
        with self._lock:
            freed = sent
            for share in shares:
                freed += share.kept
                self._to_free -= share.kept if share.is_closed else 0
                share.kept = 0
                self._shares.discard(share)
            self._change(-freed)
            held = self._reserved
        if self._heap and freed:
            self._heap.freed(freed, held)

    def idle_seconds(self) -> float:
        """For how long each delivery that is read has waited for something; 0 if there is none."""
        with self._lock:
            return min((share.idle_seconds() for share in self._shares), default=0.0)

    def is_short(self) -> bool:
        """Whether a read waits for memory."""
        with self._lock:
            return self._waiting > 0

    def begin_read(self, wanted: int, *, patient: bool) -> None:
        """Take `wanted` bytes; wait for them if necessary, or raise `ShortError`."""
        if self._take(wanted):
            return
        if not patient:
            raise ShortError
        with self._lock:
            self._waiting += 1
        try:
            while not self._take(wanted):
                if self._halt.is_set():
                    raise DrainedError("no memory came free before the daemon had to stop")
                self._pulse.wait(self._freed, _LOOK_AGAIN_SECONDS)
        finally:
            with self._lock:
                self._waiting -= 1

    def add(self, more: int) -> bool:
        """A read needs `more` bytes than it has taken; False, and nothing taken, if it has to make way for others."""
        with self._lock:
            somebody_makes_room = self._reading > 1 or self._to_free
            if somebody_makes_room and self._reserved + more > self._total:
                return False
            self._change(more)
            return True

    def end_read(self, freed: int) -> None:
        """A read has ended and gives `freed` bytes back."""
        with self._lock:
            self._reading -= 1
            self._change(-freed)

    def expect(self, kept: int) -> None:
        """A share was closed: `kept` bytes will be freed."""
        with self._lock:
            self._to_free += kept

    def begin_sending(self, kept: int) -> int:
        """Records that hold `kept` bytes are sent from now on; returns what is reserved for that, to be released."""
        sending = _COPIES_OF_REQUEST * min(kept, self._request_bytes)
        with self._lock:
            self._change(sending)
        return sending

    def _take(self, wanted: int) -> bool:
        with self._lock:
            somebody_makes_room = self._reading or self._to_free
            if somebody_makes_room and self._reserved + wanted > self._total:
                self._freed.clear()
                return False
            self._reading += 1
            self._change(wanted)
            return True

    def _change(self, by: int) -> None:
        """With the lock held: the sum of all reservations changes."""
        if by:
            self._reserved += by
            self._report(self._reserved)
        if by < 0 and self._waiting:
            self._freed.set()
