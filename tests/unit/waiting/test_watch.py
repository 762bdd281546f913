"""What is looked at now and then: the depth of both queues, and a sink of which nothing was heard for a while."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from agent.model import QueueAttributes
from agent.pulse import Pulse
from agent.waiting.watch import QueueWatch, SinkWatch
from tests.support.clock import FakeClock
from tests.support.queue import DEAD_LETTER_URL, QUEUE_URL, RETENTION_SECONDS, FakeQueue
from tests.support.telemetry import FakeTelemetry


@dataclass
class Rig:
    """A watch over a fake queue, and one over a sink last heard of at `heard_at`, which notes when it is asked."""

    clock: FakeClock = field(default_factory=FakeClock)
    telemetry: FakeTelemetry = field(default_factory=FakeTelemetry)
    heard_at: float = 0.0
    outage_seconds: float = 0.0
    at_fault: bool = False
    asked_at: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.queue = FakeQueue(self.clock)
        self.pulse = Pulse(self.clock)
        self.queue_watch = QueueWatch(
            queues={"main": QUEUE_URL, "dead_letter": DEAD_LETTER_URL},
            ask=self.queue.attributes,
            tell=self.telemetry.queue_described,
            pulse=self.pulse,
        )
        self.sink_watch = SinkWatch(
            unheard_seconds=lambda: self.clock.elapsed - self.heard_at,
            await_up=self.await_up,
            is_at_fault=lambda: self.at_fault,
            pulse=self.pulse,
        )

    def await_up(self) -> bool:
        """Ask the sink, which answers after its outage."""
        self.asked_at.append(self.clock.elapsed)
        self.pulse.wait(threading.Event(), self.outage_seconds)
        self.heard_at = self.clock.elapsed
        return True

    def run_for(self, seconds: float, watch: QueueWatch | SinkWatch) -> None:
        """Watch for so long."""
        stop = threading.Event()
        self.clock.at(seconds, stop.set)
        watch.run(stop)


def test_the_depth_of_both_queues_is_told() -> None:
    """Each queue is told by its name, with what is visible and what is in flight."""
    rig = Rig()
    for number in range(12):
        rig.queue.send(str(number))
    rig.queue.receive()
    rig.queue_watch.look()
    of_main = rig.queue.attributes(QUEUE_URL)
    assert rig.telemetry.named("queue_described") == [
        ("main", QueueAttributes(2, 10, 0, of_main.dead_letter_arn, RETENTION_SECONDS, of_main.max_receives)),
        ("dead_letter", QueueAttributes(0, 0, 0, "", RETENTION_SECONDS)),
    ]


def test_the_depth_is_asked_for_four_times_a_minute() -> None:
    """Both queues are asked at the start, and every fifteen seconds."""
    rig = Rig()
    rig.run_for(60, rig.queue_watch)
    assert rig.queue.requests["GetQueueAttributes"] == 2 * 4


def test_a_queue_that_does_not_answer_is_passed_over() -> None:
    """The other queue is told, the watch goes on, and the next look finds the queue again."""
    rig = Rig()
    rig.queue.fail("GetQueueAttributes", times=1)
    rig.queue_watch.look()
    assert [told[0] for told in rig.telemetry.named("queue_described")] == ["dead_letter"]
    rig.queue_watch.look()
    assert [told[0] for told in rig.telemetry.named("queue_described")] == ["dead_letter", "main", "dead_letter"]


def test_what_was_said_two_minutes_ago_is_not_known_any_more() -> None:
    """A permission that was taken away must not leave old numbers standing for ever; it is told once."""
    rig = Rig()
    rig.queue_watch.look()
    rig.queue.fail("GetQueueAttributes", times=2 * 20)
    for _ in range(20):
        rig.queue_watch.look()
    told = [(name, found is None) for name, found in rig.telemetry.named("queue_described")]
    assert told == [("main", False), ("dead_letter", False), ("main", True), ("dead_letter", True)]
    rig.queue_watch.look()
    assert [found is None for _, found in rig.telemetry.named("queue_described")][4:] == [False, False]


def test_a_sink_in_a_quiet_account_is_asked_every_half_minute() -> None:
    """Without an event for hours, a sink that went down would otherwise be found out by the first event."""
    rig = Rig()
    rig.run_for(100, rig.sink_watch)
    assert rig.asked_at == [30, 60, 90]


def test_a_sink_that_was_heard_of_is_left_alone() -> None:
    """Exports themselves show that the sink is up; no request is added to them."""
    rig = Rig()
    rig.clock.every(20, lambda: setattr(rig, "heard_at", rig.clock.elapsed))
    rig.run_for(300, rig.sink_watch)
    assert rig.asked_at == []


def test_a_sink_that_is_waited_for_is_left_alone() -> None:
    """Whoever waits with records in hand finds out when the sink is back, and how long it wants to be left alone."""
    rig = Rig(at_fault=True)
    rig.clock.at(100, lambda: setattr(rig, "at_fault", False))
    rig.run_for(104, rig.sink_watch)
    assert rig.asked_at == [100]


def test_the_watches_beat_and_end_well() -> None:
    """Neither is ever still, not even in an outage; and once stopped they are not missed."""
    rig = Rig(outage_seconds=300)
    still: list[list[str]] = []
    rig.clock.every(7, lambda: still.append(rig.pulse.still(16)))
    rig.run_for(600, rig.queue_watch)
    rig.run_for(600, rig.sink_watch)
    assert not any(still)
    rig.clock.advance(3600)
    assert rig.pulse.still(60) == []
