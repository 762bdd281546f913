"""Is it me? A replay in which nothing can be shipped stops and says so. It must not list a whole bucket as unshippable.

The daemon waits for better times; a replay has somebody who looks at it, and goes on where it ended. What could not be
shipped until then is tried again.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from agent.faults.dead_letters import Reason
from agent.model import Delivery, Reading, Settlement, address_of, is_of_log
from agent.waiting.doubt import IN_A_ROW, OF_THE_LAST, NoDoubt
from agent.waiting.held import AnyWorker

_OF_THE_SINK: Final = frozenset(
    {Reason.SINK_TOO_OLD, Reason.SINK_TOO_NEW, Reason.SINK_REJECTED, Reason.RECORD_TOO_LARGE}
)


class Suspicion(NoDoubt):
    """What the objects of all workers say about the replay. Thread-safe. `stop` is told why it has to end.

    What could not be shipped before, as `is_second_try` knows, says nothing new.

    Objects that cannot be read are counted beside all that hold events; records that the sink refuses are counted
    beside those that it took: a thousand objects without an event for it say nothing about the sink. `taken_unnamed`
    knows how many it has taken so far in requests of which it refused some: all objects of these are listed.
    """

    def __init__(
        self,
        stop: Callable[[str], None],
        is_second_try: Callable[[Delivery], bool],
        taken_unnamed: Callable[[], int] = lambda: 0,
    ) -> None:
        self._stop = stop
        self._is_second_try = is_second_try
        self._taken_unnamed = taken_unnamed
        self._taken = 0
        self._lock = threading.Lock()
        self._unreadable = 0
        self._refused = 0
        self._is_bad: deque[bool] = deque(maxlen=OF_THE_LAST)

    def bury(self, letters: Sequence[Settlement], worker: AnyWorker) -> None:
        """List them, and stop if these are too many."""
        new = [letter for letter in letters if not self._is_second_try(letter.delivery)]
        worker.bury(letters)
        took_some = self._note_taken()
        for letter in new:
            is_of_some = took_some and letter.fault is not None and letter.fault.is_final
            if not is_of_some and (why := self._count(letter)):
                self._stop(why)

    def delivered(self, reading: Reading) -> None:
        """An object that held this was shipped: the reading works, and the sink, too, if there was a record for it."""
        with self._lock:
            if reading.found_events:
                self._unreadable = 0
                self._is_bad.append(False)
            if reading.records:
                self._refused = 0

    def _note_taken(self) -> bool:
        """True if the sink has taken a part of a request since this was called last: then it does not refuse all."""
        with self._lock:
            before, self._taken = self._taken, self._taken_unnamed()
            if self._taken > before:
                self._refused = 0
            return self._taken > before

    def _count(self, letter: Settlement) -> str:
        """Why the replay has to stop; empty if it may go on."""
        fault = letter.fault
        if fault is None:
            return ""
        things = "windows" if is_of_log(fault.bucket) else "objects"
        latest = f"the last of them {address_of(fault.bucket, fault.key)}: {fault.reason}: {fault.detail}"
        with self._lock:
            if fault.reason in _OF_THE_SINK:
                self._refused += 1
                if self._refused >= IN_A_ROW:
                    return f"the sink refused the records of {IN_A_ROW} {things}, and took none; {latest}"
                return ""
            self._unreadable += 1
            self._is_bad.append(True)
            if self._unreadable >= IN_A_ROW:
                return f"{IN_A_ROW} {things} in a row could not be shipped; {latest}"
            if sum(self._is_bad) > OF_THE_LAST // 2:
                return f"more than half of the last {OF_THE_LAST} {things} could not be shipped; {latest}"
        return ""
