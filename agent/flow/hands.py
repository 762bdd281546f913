"""How many workers work at a time: no more than help.

Python runs one thread at a time. While one worker keeps the processor busy, a second one adds nothing but the cost of
taking turns; while the workers wait for S3, for SQS or for the sink, another one uses the time. So the number follows
what is waited for: it doubles while there is work and the processor has time, and falls by one while the processor is
the limit, or while there is little to do. Where memory is short, it is halved. If all of them are held up, by an object
that does not come, say, there may be work that nobody sees: then another one asks the queue.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from agent.model import BATCH
from agent.pulse import Pulse

LOOK_SECONDS: Final = 0.25
QUIET_SECONDS: Final = 1.0  # while little comes, whoever does not work looks more seldom
_IDLE_SHARE: Final = 0.75  # of a core: below this there is time for another worker
_BUSY_SHARE: Final = 0.9  # above this there is none
_MANY: Final = BATCH // 2  # messages in one receive: there are more
_QUOTA: Final = Path("/sys/fs/cgroup/cpu.max")


def cores() -> float:
    """How much of one core this process may use: 1, or less in a container with less.

    Page: Linux, "Control Group v2", cpu.max.
    """
    try:
        quota, period = _QUOTA.read_text().split()
        return min(1.0, int(quota) / int(period))
    except (OSError, ValueError):  # no such file, or no limit: "max"
        return 1.0


class Hands:
    """Between one and `most` workers, by their numbers from 1; the first always works. Shared by all workers.

    `is_short` tells whether memory is. `cpu` is the processor time of the process so far, in seconds.
    """

    def __init__(
        self,
        most: int,
        is_short: Callable[[], bool],
        pulse: Pulse,
        *,
        cpu: Callable[[], float] = time.process_time,
        core: float | None = None,
    ) -> None:
        self._most = most
        self._is_short = is_short
        self._pulse = pulse
        self._cpu = cpu
        self._core = cores() if core is None else core
        self._lock = threading.Lock()
        self._looked = pulse.clock.monotonic(), cpu()
        self._much_came = False
        self._at_queue: set[int] = set()
        self._received = pulse.clock.monotonic()
        self.limit = 1
        self.pause = QUIET_SECONDS
        """For how long a worker that is not to work waits until it asks again."""

    def asks(self, number: int) -> None:
        """The worker with this number is about to receive, and may wait for that."""
        self._at_queue.add(number)

    def received(self, number: int, deliveries: int) -> None:
        """It has: so many deliveries came."""
        self._received = self._pulse.clock.monotonic()
        self._at_queue.discard(number)
        self._much_came |= deliveries >= _MANY
        self.look()

    def may_work(self, number: int) -> bool:
        """Whether the worker with this number is to work now."""
        if number > self.limit:
            self.look()
        return number <= self.limit

    def look(self) -> None:
        """Change the number, if it is time to."""
        now = self._pulse.clock.monotonic()
        with self._lock:
            then, used = self._looked
            if now - then < LOOK_SECONDS:
                return
            cpu = self._cpu()
            are_held_up = not self._at_queue and now - self._received >= LOOK_SECONDS
            self.limit = self._better(
                (cpu - used) / (now - then) / self._core, is_needed=self._much_came or are_held_up
            )
            self.pause = LOOK_SECONDS if self._much_came else QUIET_SECONDS
            self._looked, self._much_came = (now, cpu), False

    def _better(self, share: float, *, is_needed: bool) -> int:
        """How many work from now on, since they used this share of the processor, if another one would find work."""
        if self._is_short():
            return max(1, self.limit // 2)
        if is_needed and share < _IDLE_SHARE:
            return min(self._most, 2 * self.limit)
        if share > _BUSY_SHARE or not is_needed:
            return max(1, self.limit - 1)
        return self.limit
