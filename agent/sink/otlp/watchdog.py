"""Ends what takes too long, with one thread for all: one `threading.Timer` each would cost more than the request."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from heapq import heapify, heappop, heappush
from itertools import count
from math import inf
from typing import Final

_SPARE: Final = 64


class Watchdog:
    """Calls what it is given if a block has not ended in time. Thread-safe; its thread begins with the first block.

    What it calls must not wait: it would keep others from being called.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._watched: dict[int, Callable[[], object]] = {}
        self._due: list[tuple[float, int]] = []  # of blocks that have ended, too: they are passed over
        self._numbers = count()
        self._looks_at = inf  # while the thread waits: no later than the first block that is watched is due
        self._thread: threading.Thread | None = None

    @contextmanager
    def watched(self, seconds: float, bite: Callable[[], object]) -> Iterator[None]:
        """Call `bite`, once, if the block has not ended in `seconds`."""
        number = self._begin(time.monotonic() + seconds, bite)
        try:
            yield
        finally:
            with self._changed:
                self._watched.pop(number, None)

    def _begin(self, due: float, bite: Callable[[], object]) -> int:
        with self._changed:
            number = next(self._numbers)
            self._watched[number] = bite
            if len(self._due) > 2 * len(self._watched) + _SPARE:
                self._due = [one for one in self._due if one[1] in self._watched]
                heapify(self._due)
            heappush(self._due, (due, number))
            if due < self._looks_at:
                self._looks_at = due
                self._changed.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)
                self._thread.start()
        return number

    def _run(self) -> None:
        while True:
            self._next()()

    def _next(self) -> Callable[[], object]:
        """Wait until a block is overdue; returns what is to be called for it.

        What the thread has set out to wait for, it waits for, also if that block has ended: most end in time, and to
        be woken for each of them would cost as much as a tenth of a request.
        """
        with self._changed:
            while True:
                while (left := self._looks_at - time.monotonic()) > 0:
                    self._changed.wait(min(left, threading.TIMEOUT_MAX))
                while self._due and self._due[0][1] not in self._watched:
                    heappop(self._due)
                if self._due and self._due[0][0] <= self._looks_at:
                    return self._watched.pop(heappop(self._due)[1])
                self._looks_at = self._due[0][0] if self._due else inf
