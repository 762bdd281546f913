"""How many workers work: as many as help, by what the processor does and what there is to do."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agent.flow import hands
from agent.flow.hands import LOOK_SECONDS, QUIET_SECONDS, Hands
from agent.pulse import Pulse
from tests.support.clock import FakeClock


@dataclass
class Rig:
    """Workers whose processor time a test tells."""

    most: int = 8
    core: float = 1.0
    clock: FakeClock = field(default_factory=FakeClock)
    is_short: bool = False
    cpu: float = 0.0

    def __post_init__(self) -> None:
        self.hands = Hands(self.most, lambda: self.is_short, Pulse(self.clock), cpu=lambda: self.cpu, core=self.core)

    def look(self, share: float, deliveries: int = 10) -> int:
        """How many work, after a while in which they used this share of a core, with receives of so many messages."""
        self.clock.advance(LOOK_SECONDS)
        self.cpu += share * LOOK_SECONDS
        self.receive(1, deliveries)
        return self.hands.limit

    def receive(self, number: int, deliveries: int) -> None:
        """One worker gets so many messages."""
        self.hands.asks(number)
        self.hands.received(number, deliveries)


def test_one_begins() -> None:
    """The first worker always works; the others wait until they are needed."""
    rig = Rig()
    assert [rig.hands.may_work(number) for number in (1, 2, 8)] == [True, False, False]


def test_while_the_processor_has_time_their_number_doubles_up_to_the_most() -> None:
    """S3 is far away, and there is work: others use the time."""
    rig = Rig(most=6)
    assert [rig.look(0.3) for _ in range(4)] == [2, 4, 6, 6]
    assert [rig.hands.may_work(number) for number in (1, 6)] == [True, True]


def test_while_the_processor_is_the_limit_their_number_falls_to_one() -> None:
    """Each more would only take turns with the others."""
    rig = Rig()
    for _ in range(3):
        rig.look(0.2)
    assert [rig.look(0.95) for _ in range(8)] == [7, 6, 5, 4, 3, 2, 1, 1]


def test_between_the_two_it_stays() -> None:
    """It does not swing to and fro."""
    rig = Rig()
    rig.look(0.2)
    assert [rig.look(0.8) for _ in range(3)] == [2, 2, 2]


def test_little_to_do_needs_few() -> None:
    """Receives that bring little leave one worker in the end, whatever the processor does."""
    rig = Rig()
    for _ in range(3):
        rig.look(0.2)
    assert [rig.look(0.01, deliveries=1) for _ in range(8)][-1] == 1


def test_short_memory_halves_their_number() -> None:
    """Fewer messages in hand need less of it."""
    rig = Rig()
    for _ in range(3):
        rig.look(0.2)
    rig.is_short = True
    assert [rig.look(0.2) for _ in range(4)] == [4, 2, 1, 1]


def test_a_part_of_a_core_counts_as_whole() -> None:
    """A container that may use a quarter of a core is busy with a quarter."""
    rig = Rig(core=0.25)
    rig.look(0.1)
    assert rig.hands.limit == 2
    assert rig.look(0.24) == 1


def test_whoever_waits_looks_more_seldom_in_quiet_times() -> None:
    """An idle agent costs next to nothing; while messages come, others are there within a quarter of a second."""
    rig = Rig()
    pauses = []
    for deliveries in (0, 10, 0):
        rig.look(0.1, deliveries)
        pauses.append(rig.hands.pause)
    assert pauses == [QUIET_SECONDS, LOOK_SECONDS, QUIET_SECONDS]


def test_nothing_changes_within_a_quarter_of_a_second() -> None:
    """A glance that is too short says nothing."""
    rig = Rig()
    rig.clock.advance(LOOK_SECONDS / 2)
    for _ in range(10):
        rig.receive(1, 10)
        assert rig.hands.limit == 1


def test_a_worker_that_waits_finds_out_that_it_is_needed() -> None:
    """Also while the one that works is held up, and receives nothing more."""
    rig = Rig()
    rig.receive(1, 10)
    rig.clock.advance(LOOK_SECONDS)
    assert rig.hands.may_work(2)


def test_another_one_asks_the_queue_while_all_that_work_are_held_up() -> None:
    """Few messages came, and nobody asks for more: there may be any number of them by now."""
    rig = Rig()
    for held_up in (1, 2, 3):
        rig.receive(held_up, 1)
        rig.clock.advance(QUIET_SECONDS)
        assert rig.hands.may_work(held_up + 1)


def test_a_worker_that_polls_a_quiet_queue_is_enough() -> None:
    """A long poll is no hold-up: whatever comes, it gets."""
    rig = Rig()
    rig.receive(1, 1)
    rig.hands.asks(1)
    for _ in range(9):
        rig.clock.advance(QUIET_SECONDS)
        assert not rig.hands.may_work(2)
    rig.hands.received(1, 1)
    assert not rig.hands.may_work(2)


@pytest.mark.parametrize(
    ("text", "core"),
    [("25000 100000", 0.25), ("200000 100000", 1.0), ("max 100000", 1.0), ("", 1.0), (None, 1.0)],
)
def test_the_limit_of_a_container_is_read(
    text: str | None, core: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Linux says of the group, or a whole core where it says nothing."""
    if text is not None:
        (tmp_path / "cpu.max").write_text(text)
    monkeypatch.setattr(hands, "_QUOTA", tmp_path / "cpu.max")
    assert hands.cores() == core
