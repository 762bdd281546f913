"""Dead letters that one worker holds back while the agent doubts itself, and what it tries meanwhile."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Final, Protocol

from agent.errors import DrainedError, RetryReason
from agent.model import BATCH, Delivery, Outcome, Settlement
from agent.waiting.doubt import Probed, Sorted

MOST_HELD: Final = 500
MOST_HELD_BYTES: Final = 1 << 25  # of messages' bodies, of which one can have a MiB


class Source(Protocol):
    """Where other deliveries come from."""

    def receive_soon(self, most: int) -> Sequence[Delivery]:
        """Up to `most` deliveries, or none, after a short poll."""
        ...


class Leases(Protocol):
    """Keeps deliveries hidden from other replicas."""

    def hold(self, deliveries: Sequence[Delivery]) -> AbstractContextManager[None]:
        """Extend the leases of `deliveries` for the length of the block, or until they are released."""
        ...

    def holds(self, delivery: Delivery) -> bool:
        """Whether the lease of `delivery` is held: not once it was released, or lost."""
        ...


class Doubt(Protocol):
    """Whether dead letters accuse their messages or us, as `agent.waiting.doubt.Doubt` knows."""

    def sort(self, letters: Sequence[Settlement]) -> Sorted:
        """Which of `letters` may be buried, and which are to be held back."""
        ...

    def outlast(self, probe: Callable[[], Probed]) -> None:
        """Return when there is no doubt, or when `probe` says that nothing is held; raises `DrainedError`."""
        ...

    def gives_one_up(self) -> bool:
        """Whether one of those that are held back may be buried now."""
        ...


class HeldBack:
    """`letters` are its first ones. `work_on` reads, ships and settles deliveries, and returns the dead letters among
    them; `settle` tells the queue. The leases of what it receives are held until `leases_held` ends.
    """

    def __init__(
        self,
        letters: Sequence[Settlement],
        *,
        source: Source,
        leases: Leases,
        leases_held: ExitStack,
        doubt: Doubt,
        work_on: Callable[[Sequence[Delivery]], list[Settlement]],
        settle: Callable[[Sequence[Settlement]], None],
        drain: threading.Event,
    ) -> None:
        self._letters = deque(letters)
        self._source = source
        self._leases = leases
        self._leases_held = leases_held
        self._doubt = doubt
        self._work_on = work_on
        self._settle = settle
        self._drain = drain

    def outlast_doubt(self) -> list[Settlement]:
        """Return when the doubt has ended: what is a dead letter still, judged anew; none if the daemon has to stop.

        What else was delivered meanwhile says that these are to blame: they need not be doubted once more.
        """
        try:
            self._doubt.outlast(self._probe)
        except DrainedError:
            self._settle([Settlement(letter.delivery, Outcome.RETURNED) for letter in self._letters])
            return []
        return self._judge_anew()

    def _probe(self) -> Probed:
        """Try other messages: some from the queue, else one that is held. What is a dead letter (again) is held."""
        if self._drain.is_set():
            raise DrainedError("the daemon is stopping, and receives nothing more")
        self._let_go()
        fresh = self._receive()
        found = self._doubt.sort(self._work_on(fresh or self._one_of_mine()))
        self._settle(found.buried)
        self._letters.extend(found.held)
        if fresh and self._room() > 0:
            return Probed.MORE
        self._make_room()
        if self._letters and self._doubt.gives_one_up():
            self._settle([self._letters.popleft()])
        return Probed.IN_VAIN if self._letters else Probed.NONE_HELD

    def _receive(self) -> Sequence[Delivery]:
        fresh = self._source.receive_soon(max(1, min(BATCH, self._room())))
        if fresh:
            self._leases_held.enter_context(self._leases.hold(fresh))
        return fresh

    def _one_of_mine(self) -> list[Delivery]:
        """The one that has waited the longest, of those that may be tried again."""
        letter = next((letter for letter in self._letters if not _is_final(letter)), None)
        if letter is None:
            return []
        self._letters.remove(letter)
        return [letter.delivery]

    def _let_go(self) -> None:
        """Those whose lease is lost, after 12 hours or sooner, are not ours any more, and come again."""
        lost = [letter for letter in self._letters if not self._leases.holds(letter.delivery)]
        self._settle([Settlement(letter.delivery, Outcome.RETURNED) for letter in lost])
        self._letters = deque(letter for letter in self._letters if letter not in lost)

    def _room(self) -> int:
        """How many more letters may be held."""
        size = sum(len(letter.delivery.body) for letter in self._letters)
        return MOST_HELD - len(self._letters) if size < MOST_HELD_BYTES else 0

    def _make_room(self) -> None:
        """Beyond so many, the one that has waited the longest comes again: memory has a limit.

        At one trial a minute, hours pass until it is received again.
        """
        if self._room() <= 0 and len(self._letters) > 1:
            oldest = self._letters.popleft()
            self._settle([Settlement(oldest.delivery, Outcome.RETRY, retry=RetryReason.HELD_BACK)])

    def _judge_anew(self) -> list[Settlement]:
        """Work on all that is held once more, but for what the sink has judged for good."""
        letters = [letter for letter in self._letters if _is_final(letter)]
        again = [letter.delivery for letter in self._letters if not _is_final(letter)]
        for begin in range(0, len(again), BATCH):
            letters += self._work_on(again[begin : begin + BATCH])
        return letters


def _is_final(letter: Settlement) -> bool:
    return letter.fault is not None and letter.fault.is_final
