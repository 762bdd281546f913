"""How many reads go on at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from agent.errors import DrainedError
from agent.flow.slots import ReadSlots
from agent.pulse import Pulse
from tests.support.clock import FakeClock


def _slots(most: int, halt: threading.Event | None = None) -> ReadSlots:
    return ReadSlots(most, Pulse(FakeClock()), halt or threading.Event())


def test_no_more_reads_go_on_than_there_are_slots() -> None:
    """A third read waits until one of two ends."""
    slots, begun = _slots(2), threading.Event()

    def read() -> None:
        with slots.hold():
            begun.set()

    with ThreadPoolExecutor(1) as pool:
        with slots.hold():
            with slots.hold():
                third = pool.submit(read)
                assert not begun.is_set()
            third.result(timeout=30)
        assert begun.is_set()


def test_a_read_that_fails_gives_its_slot_back() -> None:
    """However the block ends, the next one can begin."""
    slots = _slots(1)
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"), slots.hold():
            raise ValueError("broken")
    with slots.hold():
        pass


def test_a_halt_ends_the_wait_for_a_slot() -> None:
    """The daemon does not wait for a read that never ends; the slot that is held stays held."""
    halt = threading.Event()
    slots = _slots(1, halt)
    with slots.hold():
        halt.set()
        with pytest.raises(DrainedError), slots.hold():
            pytest.fail("there was no slot")


def test_whoever_does_not_wait_takes_what_is_free() -> None:
    """All that there are, or none; and they come back together."""
    slots = _slots(3)
    with slots.hold(), slots.take(10) as taken, slots.take(1) as none:
        assert (taken, none) == (2, 0)
    with slots.take(10) as all_of_them:
        assert all_of_them == 3
