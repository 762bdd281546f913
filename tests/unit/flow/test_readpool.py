"""Many deliveries read side by side: what comes out together, and whose memory is kept how long."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field

import pytest

from agent.faults.retries import RetryReason
from agent.flow.budget import Budget, Share
from agent.flow.readpool import ReadPool
from agent.flow.thread_each import ThreadEach
from agent.model import Delivery, Reading
from agent.pulse import Pulse
from agent.waiting.gate import Gate
from tests.support.clock import FakeClock, eventually, soon
from tests.support.messages import delivery
from tests.support.one_worker import HereAndNow
from tests.support.telemetry import FakeTelemetry

BROKEN = "broken"


@dataclass
class Rig:
    """A pool over a budget whose reservations are told; a read keeps 100 bytes, and one that is broken raises."""

    telemetry: FakeTelemetry = field(default_factory=FakeTelemetry)
    reserved: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = FakeClock()
        self.pulse = Pulse(self.clock)
        self.drain, self.halt = threading.Event(), threading.Event()
        self.budget = Budget(1 << 20, self.pulse, self.halt, self.reserved.append)

    def pool(
        self, read: Callable[[Delivery, Share], Reading] | None = None, executor: Executor | None = None
    ) -> ReadPool:
        """One that reads in the caller's thread, unless there is another `executor`."""
        return ReadPool(
            pool=executor or HereAndNow(),
            read=read or self.read,
            budget=self.budget,
            gate=Gate(self.pulse, self.halt),
            telemetry=self.telemetry,
            pulse=self.pulse,
            drain=self.drain,
        )

    def read(self, one: Delivery, memory: Share) -> Reading:
        """Keep memory for a reading."""
        with memory.reserve(100) as reservation:
            if one.body == BROKEN:
                raise ValueError("a bug")
            reservation.kept = 100
        return Reading(one)


def test_what_is_read_comes_out_together_and_keeps_its_memory_until_it_is_used() -> None:
    """The memory of both readings is held inside the block, and free behind it."""
    rig = Rig()
    portions = rig.pool().read_all([delivery("a"), delivery("b")])
    with next(portions) as readings:
        assert [reading.delivery.message_id for reading in readings] == ["a", "b"]
        assert rig.reserved[-1] == 200
    assert rig.reserved[-1] == 0
    assert list(portions) == []


def test_a_bug_costs_its_own_delivery_only() -> None:
    """It is told, and the message comes again; what was read beside it is whole."""
    rig = Rig()
    (portion,) = rig.pool().read_all([delivery("a", BROKEN), delivery("b")])
    with portion as readings:
        assert [reading.retry for reading in readings] == [RetryReason.BUG, None]
    assert rig.telemetry.count("worker_failed") == 1
    assert rig.reserved[-1] == 0


def test_a_worker_that_breaks_off_leaves_no_memory_behind() -> None:
    """What was read and not used gives its memory back when the reading is given up."""
    rig = Rig()
    readings = rig.pool().read_all([delivery("a"), delivery("b")])
    next(readings)
    readings.close()
    assert rig.reserved[-1] == 0


def test_nothing_to_read_is_no_portion() -> None:
    """An empty receive reads nothing."""
    assert list(Rig().pool().read_all([])) == []


@pytest.mark.row(28)
def test_a_stop_gives_up_what_waits_and_finishes_what_works() -> None:
    """What has waited for a second is returned, and its memory is free once its thread has ended; the rest is read."""
    rig, threads = Rig(), ThreadEach("read")
    working, go_on, answered = threading.Event(), threading.Event(), threading.Event()

    def read(one: Delivery, memory: Share) -> Reading:
        with memory.reserve(100) as reservation:
            reservation.kept = 100
            memory.waits()
            if one.body == "silent":
                soon(working)
                rig.clock.advance(60)
                rig.drain.set()
                soon(answered)
                assert memory.is_given_up
            else:
                memory.works()
                working.set()
                soon(go_on)
        return Reading(one)

    portions = rig.pool(read, threads).read_all([delivery("a", "silent"), delivery("b")])
    with next(portions) as readings:
        assert [(each.delivery.message_id, each.returned) for each in readings] == [("a", True)]
    go_on.set()
    with next(portions) as readings:
        assert [(each.delivery.message_id, each.returned) for each in readings] == [("b", False)]
    assert list(portions) == []
    assert not threads.is_idle()
    assert rig.reserved[-1] == 100
    answered.set()
    eventually(threads.is_idle, "the read ends")
    assert rig.reserved[-1] == 0


def test_nothing_is_given_up_while_nobody_stops() -> None:
    """However long it waits."""
    rig = Rig()

    def read(one: Delivery, memory: Share) -> Reading:
        memory.waits()
        rig.clock.advance(3600)
        return Reading(one)

    (portion,) = rig.pool(read).read_all([delivery("a")])
    with portion as (reading,):
        assert not reading.returned
