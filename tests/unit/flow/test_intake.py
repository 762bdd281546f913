"""When to receive, and how much: turns, a closed gate, and what a new process may hold."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from agent.aws.lease import DryRunLeases, Leases
from agent.aws.source import Source
from agent.flow.intake import Intake
from agent.model import BATCH, Delivery, Outcome, Settlement
from agent.pulse import Pulse
from agent.waiting.gate import AtFaultError, Gate
from tests.support.clock import FakeClock, PatientClock, finish, soon
from tests.support.messages import delivery
from tests.support.queue import DEAD_LETTER_URL, FakeQueue
from tests.support.telemetry import FakeTelemetry


@dataclass
class Rig:
    """An intake over a queue of a hundred messages."""

    clock: FakeClock = field(default_factory=FakeClock)
    drain: threading.Event = field(default_factory=threading.Event)
    idle_seconds: float = 0.0

    def __post_init__(self) -> None:
        self.queue = FakeQueue(self.clock)
        for number in range(100):
            self.queue.send(str(number))
        self.pulse = Pulse(self.clock)
        self.gate = Gate(self.pulse, self.drain)
        telemetry = FakeTelemetry()
        self.leases = Leases(self.queue, 120, telemetry, self.pulse)
        self.source = Source(
            self.queue,
            DEAD_LETTER_URL,
            leases=self.leases,
            gate=self.gate,
            telemetry=telemetry,
            pulse=self.pulse,
            drain=self.drain,
            halt=self.drain,
            random=lambda: 1.0,
        )
        self.intake = self.make(self.leases)

    def make(self, leases: Leases) -> Intake:
        """An intake that counts these leases."""
        return Intake(
            source=self.source,
            leases=leases,
            gate=self.gate,
            pulse=self.pulse,
            drain=self.drain,
            idle_seconds=lambda: self.idle_seconds,
        )

    def settle(self, *outcomes: Outcome) -> None:
        """So many messages are settled, in this way."""
        self.intake.finished([Settlement(delivery(), outcome) for outcome in outcomes])

    def sizes(self, receives: int) -> list[int]:
        """How much each of so many receives brings, while all before it is still in hand."""
        self.clock.at(60, self.drain.set)
        with ExitStack() as held:
            return [len(held.enter_context(self.intake.receive())) for _ in range(receives)]


def test_a_new_process_holds_one_message() -> None:
    """Nothing more is received until that one is settled: a process that always dies early costs one receive."""
    rig = Rig()
    assert rig.sizes(3) == [1, 0, 0]
    assert rig.queue.requests["ReceiveMessage"] == 1


def test_a_new_process_whose_message_waits_for_s3_takes_another() -> None:
    """A wait ends no process. Each costs one receive at most, and the next one comes only when that one waits, too."""
    rig = Rig()
    with ExitStack() as held:

        def receive() -> int:
            return len(held.enter_context(rig.intake.receive()))

        sizes = [receive()]
        rig.clock.at(5, lambda: setattr(rig, "idle_seconds", 2.9))
        rig.clock.at(8, lambda: setattr(rig, "idle_seconds", 3.0))
        sizes.append(receive())
        assert 8 <= rig.clock.elapsed < 9
        rig.idle_seconds = 0.0
        rig.clock.at(20, rig.drain.set)
        assert [*sizes, receive()] == [1, 1, 0]


@pytest.mark.parametrize("outcome", [Outcome.DELIVERED, Outcome.RETRY, Outcome.DEAD_LETTER])
def test_a_process_that_has_settled_one_holds_ten(outcome: Outcome) -> None:
    """Whatever became of the message, the process has brought it to an end."""
    rig = Rig()
    rig.settle(outcome)
    assert rig.sizes(3) == [10, 0, 0]


def test_a_process_that_has_settled_several_lets_every_worker_receive() -> None:
    """Ten more for each that was settled: with four, four workers hold ten each."""
    rig = Rig()
    rig.settle(*[Outcome.DELIVERED] * 4)
    assert rig.sizes(5) == [10, 10, 10, 10, 0]


def test_what_was_given_back_proves_nothing() -> None:
    """A message that the process returned was not brought to an end."""
    rig = Rig()
    rig.settle(*[Outcome.RETURNED] * 9)
    assert rig.sizes(2) == [1, 0]


def test_the_leases_are_held_for_the_length_of_the_block() -> None:
    """From the receive on the deliveries are in hand, and no longer than the work on them."""
    rig = Rig()
    rig.settle(Outcome.DELIVERED)
    with rig.intake.receive() as deliveries:
        assert rig.leases.held() == list(deliveries)
    assert rig.leases.count() == 0
    with rig.intake.receive() as more:
        assert len(more) == 10


def test_a_dry_run_receives_though_it_settles_nothing() -> None:
    """What it holds to the end does not keep it from reading on."""
    rig = Rig()
    rig.intake = rig.make(DryRunLeases(rig.queue, 120, FakeTelemetry(), rig.pulse))
    assert rig.sizes(3) == [1, 1, 1]


def test_nothing_is_received_while_the_gate_is_closed() -> None:
    """A worker whose turn it is waits until the fault is mended."""
    rig = Rig()
    received: list[float] = []

    def attempt() -> None:
        if not received:
            raise AtFaultError(lambda _attempt: 5.0)

    def receive() -> None:
        rig.clock.at(50, lambda: rig.gate.mend("sink"))
        with rig.intake.receive():
            received.append(rig.clock.elapsed)

    rig.clock.at(2, receive)
    rig.gate.through("sink", attempt, opened=lambda: None)
    assert received == [52]


def test_a_drain_ends_the_wait_for_room() -> None:
    """A worker that may not receive yet stops when it is told to."""
    rig = Rig()
    rig.sizes(2)
    assert rig.clock.elapsed == 60


def test_one_worker_at_a_time_polls() -> None:
    """A second worker begins to poll when the first one's poll was answered, not sooner, and beats meanwhile."""
    polls: list[str] = []
    polling, answered = threading.Event(), threading.Event()

    class SlowQueue(FakeQueue):
        """Answers the first poll when told to, and the others at once."""

        def receive(self, most: int = BATCH, wait_seconds: int | None = None) -> list[Delivery]:
            """Note who polls."""
            polls.append(threading.current_thread().name)
            if len(polls) == 1:
                polling.set()
                soon(answered)
            return []

    pulse, drain, queue, telemetry = Pulse(PatientClock()), threading.Event(), SlowQueue(FakeClock()), FakeTelemetry()
    leases = Leases(queue, 120, telemetry, pulse)
    gate = Gate(pulse, drain)
    source = Source(
        queue,
        DEAD_LETTER_URL,
        leases=leases,
        gate=gate,
        telemetry=telemetry,
        pulse=pulse,
        drain=drain,
        halt=drain,
        random=lambda: 1.0,
    )
    intake = Intake(source=source, leases=leases, gate=gate, pulse=pulse, drain=drain, idle_seconds=lambda: 0.0)

    def work() -> None:
        with intake.receive():
            pass

    first, second = (threading.Thread(target=work, name=name) for name in ("first", "second"))
    first.start()
    soon(polling)
    second.start()
    second.join(0.2)
    assert polls == ["first"]
    answered.set()
    finish(first, second)
    assert polls == ["first", "second"]
