"""When to receive, and how much: no more than this process has proved that it can finish.

Every receive counts against a message's maxReceiveCount, even if the process is killed before it has shipped anything.
So one worker at a time polls the queue, and none does while something is at fault. A process that has not finished one
message holds one message, not forty. But what waits for S3 ends no process: if all that is in hand has waited for some
seconds, one more message is taken. If a process dies during a poll, at most ten messages stay hidden for one lease,
not forty.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from agent.aws.lease import InHand
from agent.aws.source import AnySource
from agent.model import BATCH, Delivery, Outcome, Settlement
from agent.pulse import Pulse
from agent.waiting.gate import Gate

_LOOK_AGAIN_SECONDS: Final = 1.0
_ROOM_SECONDS: Final = 0.1
_STANDSTILL_SECONDS: Final = 3.0


class Intake:
    """Shared by all workers; waits end when `drain` is set.

    `idle_seconds` tells for how long all that is in hand has waited for S3, and nothing was read of it.
    """

    def __init__(
        self,
        *,
        source: AnySource,
        leases: InHand,
        gate: Gate,
        pulse: Pulse,
        drain: threading.Event,
        idle_seconds: Callable[[], float],
        needs: str = "",
    ) -> None:
        """`needs` is the one part whose faults keep it from receiving; empty: those of any part do."""
        self._source = source
        self._leases = leases
        self._gate = gate
        self._pulse = pulse
        self._drain = drain
        self._idle_seconds = idle_seconds
        self._needs = needs
        self._turn = threading.Lock()
        self._finished = 0

    @contextmanager
    def receive(self) -> Iterator[Sequence[Delivery]]:
        """Up to ten deliveries, when it is the calling worker's turn; their leases are held for the whole block.

        The list is empty if the queue has none, or after a drain.
        """
        deliveries: Sequence[Delivery] = ()
        self._await_turn()
        try:
            if most := self._await_room():
                deliveries = self._source.receive(most)
                self._leases.take(deliveries)
        finally:
            self._turn.release()
        try:
            yield deliveries
        finally:
            self._leases.release(deliveries)

    @contextmanager
    def receive_more(self, most: int) -> Iterator[Sequence[Delivery]]:
        """Up to `most` deliveries, after a short poll, whatever is at fault; their leases are held for the block."""
        deliveries = self._source.receive_soon(most)
        with self._leases.hold(deliveries):
            yield deliveries

    def finished(self, settlements: Sequence[Settlement]) -> None:
        """These are finished. For each, ten more may be in hand from now on."""
        self._finished += sum(each.outcome is not Outcome.RETURNED for each in settlements)

    def _await_turn(self) -> None:
        while not self._turn.acquire(timeout=_LOOK_AGAIN_SECONDS):
            self._pulse.beat()

    def _await_room(self) -> int:
        """How many may be received now; 0 after a drain."""
        while not self._drain.is_set():
            self._gate.await_open(unless=self._drain, part=self._needs)
            room = max(1, BATCH * self._finished) - self._leases.count()
            if room <= 0 and self._idle_seconds() >= _STANDSTILL_SECONDS:
                room = 1
            if room > 0 and not self._drain.is_set():
                return min(room, BATCH)
            self._pulse.wait(self._drain, _ROOM_SECONDS)
        return 0
