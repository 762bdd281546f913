"""Which of the letters that a worker holds back is tried, buried or given back next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import pytest

from agent.errors import Fault
from agent.faults.dead_letters import Reason
from agent.faults.retries import RetryReason
from agent.model import BATCH, Delivery, Outcome, Settlement
from agent.waiting.held import MOST_HELD, MOST_HELD_BYTES, Held
from tests.support.messages import delivery


class IdleWorker:
    """A worker whose queue never runs dry; `lost` are the ids of messages whose lease is gone."""

    def __init__(self) -> None:
        self.settled: list[Settlement] = []
        self.lost: set[str] = set()

    @contextmanager
    def receive_more(self, most: int) -> Iterator[Sequence[Delivery]]:
        """As many as are asked for."""
        yield [delivery(f"new {number}") for number in range(most)]

    def holds(self, one: Delivery) -> bool:
        """Whether its lease is not lost."""
        return one.message_id not in self.lost

    def work_on(self, deliveries: Sequence[Delivery]) -> list[Settlement]:
        """Nothing is a dead letter."""
        return []

    def settle(self, settlements: Sequence[Settlement]) -> None:
        """Note them."""
        self.settled += settlements

    def bury(self, letters: Sequence[Settlement]) -> None:
        """Note them, too."""
        self.settled += letters

    def told(self) -> list[tuple[str, Outcome, RetryReason | None]]:
        """What was settled, and how."""
        return [(each.delivery.message_id, each.outcome, each.retry) for each in self.settled]


def letter(
    name: str,
    reason: Reason = Reason.OBJECT_CORRUPT,
    *,
    body: str = "",
    is_final: bool = False,
    is_suspect: bool = False,
) -> Settlement:
    """A dead letter."""
    fault = Fault(reason, "bad", is_final=is_final, is_suspect=is_suspect)
    return Settlement(delivery(name, body), Outcome.DEAD_LETTER, fault)


def holding(*letters: Settlement) -> tuple[Held, IdleWorker]:
    """These are held."""
    worker = IdleWorker()
    held = Held(worker, ExitStack())
    held.add(letters)
    return held, worker


def test_the_first_to_be_tried_is_the_oldest_that_is_not_judged_for_good() -> None:
    """OTLP forbids to send again what partial_success refused, unless the sink refuses everything."""
    held, _ = holding(letter("final", is_final=True), letter("suspect", is_final=True, is_suspect=True), letter("c"))
    assert [one.message_id for one in held.take_one_to_try()] == ["suspect"]
    assert [one.message_id for one in held.take_one_to_try()] == ["c"]
    assert held.take_one_to_try() == []
    assert len(held) == 1


@pytest.mark.parametrize(("is_sink_in_doubt", "buried"), [(True, ["own"]), (False, ["sink", "own"])])
def test_what_a_sink_in_doubt_refused_is_not_buried(is_sink_in_doubt: bool, buried: list[str]) -> None:
    """Suspects never are, whoever is in doubt."""
    held, _ = holding(
        letter("suspect", Reason.SINK_REJECTED, is_suspect=True), letter("sink", Reason.SINK_REJECTED), letter("own")
    )
    taken = []
    while one := held.take_one_to_bury(is_sink_in_doubt=is_sink_in_doubt):
        taken += [each.delivery.message_id for each in one]
    assert taken == buried


def test_letters_are_judged_anew_in_batches() -> None:
    """The oldest first, ten at a time."""
    held, _ = holding(*(letter(str(number)) for number in range(BATCH + 2)))
    assert [each.delivery.message_id for each in held.take_some()] == [str(number) for number in range(BATCH)]
    assert len(held.take_some()) == 2
    assert held.take_some() == []


def test_a_letter_whose_lease_is_lost_is_let_go() -> None:
    """It comes again; the others are held on."""
    held, worker = holding(letter("a"), letter("b"))
    worker.lost.add("a")
    held.drop_lost()
    assert worker.told() == [("a", Outcome.RETURNED, None)]
    assert len(held) == 1


@pytest.mark.parametrize(("count", "size"), [(MOST_HELD, 0), (2, MOST_HELD_BYTES // 2)])
def test_letters_are_held_up_to_a_number_and_a_size(count: int, size: int) -> None:
    """Beyond it the oldest comes again later, and one other message at a time is received."""
    held, worker = holding(*(letter(str(number), body="x" * size) for number in range(count)))
    assert not held.has_room()
    assert len(held.receive()) == 1
    held.make_room()
    assert worker.told() == [("0", Outcome.RETRY, RetryReason.HELD_BACK)]
    assert held.has_room()
    assert len(held.receive()) == (1 if not size else BATCH)


def test_everything_comes_again_after_a_stop() -> None:
    """Nothing is kept, and nothing is buried."""
    held, worker = holding(letter("a"), letter("b"))
    held.give_all_back()
    assert worker.told() == [("a", Outcome.RETURNED, None), ("b", Outcome.RETURNED, None)]
    assert len(held) == 0
