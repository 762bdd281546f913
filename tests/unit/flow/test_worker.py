"""One receive and all that follows from it, and what a bug or a drain does to it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from agent.aws.lease import Leases
from agent.aws.source import Source
from agent.faults.retries import RetryReason
from agent.flow.budget import Budget, Share
from agent.flow.hands import Hands
from agent.flow.intake import Intake
from agent.flow.readpool import ReadPool
from agent.flow.worker import Worker
from agent.model import Delivery, Outcome, Reading, Settlement
from agent.pulse import Pulse
from agent.waiting.doubt import Doubt
from agent.waiting.gate import AtFaultError, Gate
from tests.support.clock import FakeClock
from tests.support.messages import delivery
from tests.support.one_worker import HereAndNow
from tests.support.queue import DEAD_LETTER_URL, FakeQueue
from tests.support.telemetry import FakeTelemetry


@dataclass
class Rig:
    """A worker over a fake queue, whose reading and shipping have bugs on demand."""

    clock: FakeClock = field(default_factory=FakeClock)
    telemetry: FakeTelemetry = field(default_factory=FakeTelemetry)
    drain: threading.Event = field(default_factory=threading.Event)
    halt: threading.Event = field(default_factory=threading.Event)
    bugs_in_read: set[str] = field(default_factory=set)
    bugs_in_ship: int = 0

    def __post_init__(self) -> None:
        pulse = Pulse(self.clock)
        self.queue = FakeQueue(self.clock)
        self.gate = Gate(pulse, self.halt)
        self.doubt = Doubt(gate=self.gate, telemetry=self.telemetry, pulse=pulse, drain=self.drain)
        self.budget = Budget(1 << 20, pulse, self.halt, lambda _: None)
        self.leases = Leases(self.queue, 120, self.telemetry, pulse)
        self.shipped: list[list[str]] = []
        self.held_while_shipping: list[int] = []
        source = Source(
            self.queue,
            DEAD_LETTER_URL,
            leases=self.leases,
            gate=self.gate,
            telemetry=self.telemetry,
            pulse=pulse,
            drain=self.drain,
            halt=self.halt,
            random=lambda: 1.0,
        )
        self.source = source
        self.worker = self.make_worker(HereAndNow(), self.read, self.budget, pulse)

    def make_worker(
        self,
        pool: Executor,
        read: Callable[[Delivery, Share], Reading],
        budget: Budget | None = None,
        pulse: Pulse | None = None,
    ) -> Worker:
        """A worker of a process that has settled a message before, and so may receive ten."""
        beating = pulse or Pulse(self.clock)
        intake = Intake(
            source=self.source,
            leases=self.leases,
            gate=self.gate,
            pulse=beating,
            drain=self.drain,
            idle_seconds=self.budget.idle_seconds,
        )
        intake.finished([Settlement(delivery(), Outcome.DELIVERED)])
        reads = ReadPool(
            pool=pool,
            read=read,
            budget=budget or self.budget,
            gate=self.gate,
            telemetry=self.telemetry,
            pulse=beating,
            drain=self.drain,
        )
        return Worker(
            hands=Hands(1, self.budget.is_short, beating),
            intake=intake,
            source=self.source,
            leases=self.leases,
            reads=reads,
            ship=self.ship,
            doubt=self.doubt,
            telemetry=self.telemetry,
            pulse=beating,
            drain=self.drain,
        )

    def read(self, delivery: Delivery, _memory: Share) -> Reading:
        """Nothing is found, unless there is a bug."""
        if delivery.body in self.bugs_in_read:
            raise ZeroDivisionError
        return Reading(delivery)

    def ship(self, readings: Sequence[Reading]) -> list[Settlement]:
        """Everything is delivered, unless there is a bug."""
        self.shipped.append([reading.delivery.body for reading in readings])
        self.held_while_shipping.append(len(self.leases.held()))
        if self.bugs_in_ship:
            self.bugs_in_ship -= 1
            raise ZeroDivisionError
        return [
            Settlement(reading.delivery, Outcome.RETRY if reading.retry else Outcome.DELIVERED, retry=reading.retry)
            for reading in readings
        ]

    def run_for(self, seconds: float) -> None:
        """Run the worker's loop for so long."""
        self.clock.at(seconds, self.drain.set)
        self.worker.run()


def test_one_unit_of_work_settles_one_receive() -> None:
    """Ten of twelve messages are received, held while they are worked on, shipped together and settled."""
    rig = Rig()
    for number in range(12):
        rig.queue.send(str(number))
    rig.worker.run_once()
    assert rig.shipped == [[str(number) for number in range(10)]]
    assert (rig.held_while_shipping, rig.leases.held()) == ([10], [])
    assert rig.telemetry.outcomes() == {Outcome.DELIVERED: 10}
    assert len(rig.queue.messages) == 2


def test_the_worker_works_until_it_is_drained() -> None:
    """What is sent while it runs is worked on, and the loop ends after a drain."""
    rig = Rig()
    rig.clock.at(15, lambda: rig.queue.send("early"))
    rig.clock.at(75, lambda: rig.queue.send("late"))
    rig.run_for(100)
    assert [bodies for bodies in rig.shipped if bodies] == [["early"], ["late"]]
    assert rig.queue.messages == {}


def test_a_drained_worker_does_not_receive() -> None:
    """Told to stop before it began, it asks the queue for nothing."""
    rig = Rig()
    rig.drain.set()
    rig.worker.run()
    assert rig.queue.requests == {}


def test_what_a_poll_returns_after_the_drain_goes_back() -> None:
    """A long poll cannot be cancelled: what it still returns is given back at once, unread."""
    rig = Rig()

    def drain_as_it_comes() -> None:
        rig.drain.set()
        rig.queue.send("late")

    rig.clock.at(5, drain_as_it_comes)
    rig.worker.run()
    assert rig.shipped == []
    assert rig.telemetry.outcomes() == {Outcome.RETURNED: 1}
    assert [one.receive_count for one in rig.queue.receive()] == [2]


def test_a_bug_in_one_read_costs_one_delivery() -> None:
    """The delivery whose reading breaks comes again for that reason, and the others are delivered."""
    rig = Rig(bugs_in_read={"bad"})
    for body in ("good", "bad", "better"):
        rig.queue.send(body)
    rig.worker.run_once()
    assert rig.telemetry.outcomes() == {Outcome.DELIVERED: 2, Outcome.RETRY: 1}
    assert [told.retry for told in rig.telemetry.settled if told.retry] == [RetryReason.BUG]
    assert [message.body for message in rig.queue.messages.values()] == ["bad"]
    assert rig.telemetry.named("worker_failed") == [("ZeroDivisionError",)]


@pytest.mark.row(57)
@pytest.mark.parametrize("bug", ["read", "ship"])
def test_a_bug_leaves_no_memory_behind(bug: str) -> None:
    """Whatever breaks, and while another read waits for memory: all that was reserved is given back, and only once."""
    rig, levels = Rig(bugs_in_ship=int(bug == "ship")), [0]
    budget = Budget(100, Pulse(), threading.Event(), levels.append)
    is_read = {"good": threading.Event(), "broken": threading.Event()}

    def read(delivery: Delivery, memory: Share) -> Reading:
        with memory.reserve(30) as reservation:
            reservation.kept = 20
        if delivery.body in is_read:
            is_read[delivery.body].set()
        else:
            assert all(other.wait(20) for other in is_read.values())
            with memory.reserve(90) as reservation:
                reservation.kept = 10
        if (delivery.body, bug) == ("broken", "read"):
            raise ZeroDivisionError
        return Reading(delivery)

    with ThreadPoolExecutor(3) as pool:
        worker = rig.make_worker(pool, read, budget)
        for body in (*is_read, "late"):
            rig.queue.send(body)
        with suppress(ZeroDivisionError):
            worker.work_on(rig.queue.receive())
    assert (min(levels), levels[-1]) == (0, 0)


@pytest.mark.row(57)
def test_a_bug_in_shipping_does_not_end_the_loop() -> None:
    """The unit of work is lost, its leases are given up, and after a pause the worker goes on."""
    rig = Rig(bugs_in_ship=1)
    rig.queue.send("body")
    rig.run_for(300)
    assert rig.telemetry.named("worker_failed") == [("ZeroDivisionError",)]
    assert rig.leases.held() == []
    assert [bodies for bodies in rig.shipped if bodies] == [["body"], ["body"]]
    assert rig.telemetry.outcomes() == {Outcome.DELIVERED: 1}
    assert 5.0 in rig.clock.waits


def test_a_drain_ends_the_pause_after_a_bug() -> None:
    """A worker that pauses stops as promptly as one that works."""
    rig = Rig(bugs_in_ship=1)
    rig.queue.send("body")
    rig.run_for(2)
    assert rig.clock.elapsed == 2


def test_reads_of_one_receive_run_side_by_side() -> None:
    """Two reads that wait for each other both come through: the pool has them at the same time."""
    rig = Rig()
    meeting = threading.Barrier(2)

    def read(delivery: Delivery, _memory: Share) -> Reading:
        meeting.wait(10)
        return Reading(delivery)

    with ThreadPoolExecutor(2) as pool:
        worker = rig.make_worker(pool, read)
        rig.queue.send("one")
        rig.queue.send("two")
        worker.run_once()
    assert rig.shipped == [["one", "two"]]
    assert rig.telemetry.outcomes() == {Outcome.DELIVERED: 2}


def test_a_read_that_hangs_fails_liveness() -> None:
    """While the worker waits for its reads it beats, but not in their place: a read that stands still is missed."""
    rig = Rig()
    pulse = Pulse(rig.clock)
    missed: list[list[str]] = []

    def read(delivery: Delivery, _memory: Share) -> Reading:
        rig.clock.advance(61)
        missed.append(pulse.still(60))
        return Reading(delivery)

    with ThreadPoolExecutor(1, thread_name_prefix="read") as pool:
        worker = rig.make_worker(pool, read, pulse=pulse)
        rig.queue.send("one")
        worker.run_once()
    assert (missed, pulse.still(60)) == ([["read_0"]], [])


def test_what_is_read_is_shipped_early_when_memory_is_short() -> None:
    """A read that waits for memory gets what the others of its receive hold, once they are shipped."""
    rig = Rig()
    budget = Budget(100, Pulse(), threading.Event(), lambda _: None)
    first_is_read = threading.Event()

    def read(delivery: Delivery, memory: Share) -> Reading:
        if delivery.body == "second":
            assert first_is_read.wait(20)
        with memory.reserve(90) as reservation:
            reservation.kept = 90
        first_is_read.set()
        return Reading(delivery)

    with ThreadPoolExecutor(2) as pool:
        worker = rig.make_worker(pool, read, budget)
        rig.queue.send("first")
        rig.queue.send("second")
        worker.run_once()
    assert rig.shipped == [["first"], ["second"]]
    assert rig.telemetry.outcomes() == {Outcome.DELIVERED: 2}


@pytest.mark.row(26)
def test_what_is_read_is_shipped_while_another_read_waits_at_the_gate() -> None:
    """A message whose bucket is denied does not hold back those that were received with it."""
    rig = Rig()
    pulse, others_shipped = Pulse(), threading.Event()

    def attempt() -> None:
        if not others_shipped.is_set():
            raise AtFaultError(lambda _attempt: 0.05)

    def read(delivery: Delivery, _memory: Share) -> Reading:
        if delivery.body == "denied":
            gate.through("bucket", attempt, opened=lambda: None)
        return Reading(delivery)

    gate = Gate(pulse, threading.Event())
    with ThreadPoolExecutor(3) as pool:
        reads = ReadPool(
            pool=pool,
            read=read,
            budget=rig.budget,
            gate=gate,
            telemetry=rig.telemetry,
            pulse=pulse,
            drain=threading.Event(),
        )
        for portion in reads.read_all([delivery(body, body) for body in ("one", "denied", "two")]):
            with portion as readings:
                rig.ship(readings)
            if sum(map(len, rig.shipped)) == 2:
                others_shipped.set()
    shipped = [body for bodies in rig.shipped for body in bodies]
    assert sorted(shipped) == ["denied", "one", "two"]
    assert shipped[-1] == "denied"
