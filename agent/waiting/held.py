"""The dead letters that one worker holds back while the agent doubts itself, and how many they may be."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Final, Protocol

from agent.faults.dead_letters import Reason
from agent.faults.retries import RetryReason
from agent.model import BATCH, Delivery, Outcome, Settlement

MOST_HELD: Final = 500
MOST_HELD_BYTES: Final = 1 << 25  # of messages' bodies; one body can have 1 MiB

OF_THE_CLOCKS: Final = frozenset({Reason.SINK_TOO_OLD, Reason.SINK_TOO_NEW})
_SAID_BY_THE_SINK: Final = OF_THE_CLOCKS | {Reason.SINK_REJECTED, Reason.RECORD_TOO_LARGE}


class AnyWorker(Protocol):
    """What a worker can do with deliveries, as `agent.flow.worker.Worker` does."""

    def receive_more(self, most: int) -> AbstractContextManager[Sequence[Delivery]]:
        """Up to `most` deliveries, or none, after a short poll; their leases are held for the length of the block."""
        ...

    def holds(self, delivery: Delivery) -> bool:
        """Whether the lease of `delivery` is held: not once it was settled, or lost."""
        ...

    def work_on(self, deliveries: Sequence[Delivery]) -> list[Settlement]:
        """Read, ship and settle `deliveries`; returns the dead letters among them, which are not settled yet."""
        ...

    def settle(self, settlements: Sequence[Settlement]) -> None:
        """Tell the queue what became of deliveries that are no dead letters."""
        ...

    def bury(self, letters: Sequence[Settlement]) -> None:
        """Send dead letters to the dead-letter queue."""
        ...


class Held:
    """The letters that `worker` holds back, the one that has waited the longest first.

    The leases of what it receives meanwhile are held until `leases` ends.
    """

    def __init__(self, worker: AnyWorker, leases: ExitStack) -> None:
        self.worker = worker
        self._leases = leases
        self._letters: deque[Settlement] = deque()

    def __len__(self) -> int:
        return len(self._letters)

    def add(self, letters: Iterable[Settlement]) -> None:
        """Hold these back, too."""
        self._letters.extend(letters)

    def has_room(self) -> bool:
        """Whether more letters may be held."""
        return self._room() > 0

    def receive(self) -> Sequence[Delivery]:
        """Other deliveries from the queue: as many as there is room for, and always one."""
        return self._leases.enter_context(self.worker.receive_more(max(1, min(BATCH, self._room()))))

    def take_one_to_try(self) -> list[Delivery]:
        """The delivery that has waited the longest, of those that the sink has not judged for good."""
        return [
            letter.delivery for letter in self._take_first(letter for letter in self._letters if not is_final(letter))
        ]

    def take_one_to_bury(self, *, is_sink_in_doubt: bool) -> list[Settlement]:
        """The letter that has waited the longest, of those that no sink in doubt has refused."""
        return self._take_first(
            each for each in self._letters if not (is_suspect(each) or (is_sink_in_doubt and _is_of_sink(each)))
        )

    def take_some(self) -> list[Settlement]:
        """Some letters, to be judged anew."""
        return [self._letters.popleft() for _ in range(min(BATCH, len(self._letters)))]

    def drop_lost(self) -> None:
        """Let go of the letters whose lease is lost, after 12 hours or sooner: they come again."""
        lost = [letter for letter in self._letters if not self.worker.holds(letter.delivery)]
        self._letters = deque(letter for letter in self._letters if letter not in lost)
        self._give_back(lost)

    def make_room(self) -> None:
        """If too many are held, give back the letter that has waited the longest: memory has a limit.

        With one try a minute, it will take hours until it is received again.
        """
        if not self.has_room() and len(self._letters) > 1:
            oldest = self._letters.popleft()
            self.worker.settle([Settlement(oldest.delivery, Outcome.RETRY, retry=RetryReason.HELD_BACK)])

    def give_all_back(self) -> None:
        """The daemon is stopping: everything that is held comes again."""
        self._give_back(self._letters)
        self._letters.clear()

    def _room(self) -> int:
        size = sum(len(letter.delivery.body) for letter in self._letters)
        return MOST_HELD - len(self._letters) if size < MOST_HELD_BYTES else 0

    def _take_first(self, letters: Iterable[Settlement]) -> list[Settlement]:
        letter = next(iter(letters), None)
        if letter is None:
            return []
        self._letters.remove(letter)
        return [letter]

    def _give_back(self, letters: Iterable[Settlement]) -> None:
        self.worker.settle([Settlement(letter.delivery, Outcome.RETURNED) for letter in letters])


def is_suspect(letter: Settlement) -> bool:
    """Whether the sink refused it like everything else that it was sent."""
    return letter.fault is not None and letter.fault.is_suspect


def is_final(letter: Settlement) -> bool:
    """Whether the sink has judged it for good: its records must not be sent again."""
    return letter.fault is not None and letter.fault.is_final and not letter.fault.is_suspect


def _is_of_sink(letter: Settlement) -> bool:
    return letter.fault is not None and letter.fault.reason in _SAID_BY_THE_SINK
