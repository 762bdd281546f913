"""Faults of the environment: one probe at a time, backoff as asked, and everybody goes on at the first success."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from agent.errors import DrainedError
from agent.pulse import Pulse
from agent.waiting.gate import AtFaultError, Gate
from tests.support.clock import FakeClock


@dataclass
class Rig:
    """A gate, and something that is at fault for a while."""

    clock: FakeClock = field(default_factory=FakeClock)
    halt: threading.Event = field(default_factory=threading.Event)
    works: bool = False
    tried_at: list[float] = field(default_factory=list)
    opened: int = 0

    def __post_init__(self) -> None:
        self.gate = Gate(Pulse(self.clock), self.halt)

    def attempt(self) -> str:
        """Try; the next probe is due after 10, 20, 40 … seconds."""
        self.tried_at.append(self.clock.elapsed)
        if not self.works:
            raise AtFaultError(lambda attempt: 10.0 * 2**attempt)
        return "done"

    def mend(self) -> None:
        """It works from now on."""
        self.works = True

    def count_opening(self) -> None:
        """It was told that the part works again."""
        self.opened += 1

    def go(self, name: str = "sink") -> str:
        """Go through."""
        return self.gate.through(name, self.attempt, opened=self.count_opening)


def test_what_works_is_not_waited_for() -> None:
    """Without a fault an attempt is made at once, and nobody is told of anything."""
    rig = Rig(works=True)
    assert rig.go() == "done"
    assert (rig.clock.elapsed, rig.opened, rig.gate.is_closed()) == (0, 0, False)


def test_a_fault_is_probed_with_growing_patience_until_it_is_mended() -> None:
    """Each probe comes as late as the fault asked for, and the first success is told once."""
    rig = Rig()
    rig.clock.at(65, rig.mend)
    assert rig.go() == "done"
    assert rig.tried_at == [0, 10, 30, 70]
    assert (rig.opened, rig.gate.is_closed()) == (1, False)


def test_a_receiver_waits_while_anything_is_at_fault() -> None:
    """The gate is closed from the first fault to its end, and whoever waits for it to open goes on then."""
    rig = Rig()
    closed: list[bool] = []
    rig.clock.at(5, lambda: closed.append(rig.gate.is_closed()))
    rig.clock.at(15, rig.mend)
    rig.go()
    rig.gate.await_open(unless=threading.Event())
    assert closed == [True]


def test_a_drain_ends_the_wait_of_a_receiver() -> None:
    """With the part still at fault, a receiver that is drained stops waiting."""
    rig = Rig()
    drain = threading.Event()

    def receive() -> None:
        rig.clock.at(20, drain.set)
        rig.gate.await_open(unless=drain)
        rig.mend()

    rig.clock.at(5, receive)
    rig.go()
    assert drain.is_set()


def test_a_halt_ends_the_wait_for_a_turn() -> None:
    """The daemon does not wait for the environment when it has to stop."""
    rig = Rig()
    rig.clock.at(15, rig.halt.set)
    with pytest.raises(DrainedError):
        rig.go()
    assert not rig.gate.is_closed()


def test_another_error_of_the_last_one_waiting_opens_the_gate() -> None:
    """Nobody would be left to find out that the part works again, so that nobody may be kept out by it."""
    rig = Rig()
    attempts = iter([AtFaultError(lambda _attempt: 1.0), ValueError("its own fault")])

    def attempt() -> None:
        raise next(attempts)

    with pytest.raises(ValueError, match="its own fault"):
        rig.gate.through("sink", attempt, opened=rig.count_opening)
    assert (rig.opened, rig.gate.is_closed()) == (1, False)


def test_parts_are_at_fault_by_themselves() -> None:
    """A bucket that is denied keeps nobody from the sink."""
    rig = Rig()
    others: list[str] = []
    rig.clock.at(5, lambda: others.append(rig.gate.through("other", lambda: "done", opened=rig.count_opening)))
    rig.clock.at(7, rig.mend)
    rig.go()
    assert others == ["done"]


def test_nobody_tries_what_another_probes() -> None:
    """While one thread probes, a second one waits for its answer instead of trying too; then it goes on."""
    gate = Gate(Pulse(), threading.Event())
    tried: list[str] = []
    probing, mended = threading.Event(), threading.Event()

    def first() -> None:
        tried.append("first")
        if len(tried) == 1:
            raise AtFaultError(lambda _attempt: 0.0)
        probing.set()
        assert mended.wait(20)

    def second() -> None:
        tried.append("second")

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(gate.through, "sink", first, lambda: None)
        assert probing.wait(20)
        other = pool.submit(gate.through, "sink", second, lambda: None)
        assert not other.done()
        assert tried == ["first", "first"]
        mended.set()
        one.result(20)
        other.result(20)
    assert tried == ["first", "first", "second"]
    assert not gate.is_closed()
