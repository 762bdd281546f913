"""What is looked at now and then: the depth of both queues, and a sink that is not up."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from agent.pulse import Pulse
from agent.watch import Watch
from tests.fakes.clock import FakeClock
from tests.fakes.sqs import DEAD_LETTER_URL, QUEUE_URL, FakeQueue
from tests.fakes.telemetry import FakeTelemetry


@dataclass
class Rig:
    """A watch over a fake queue and a sink that is up or not; it notes when the sink is probed."""

    clock: FakeClock = field(default_factory=FakeClock)
    telemetry: FakeTelemetry = field(default_factory=FakeTelemetry)
    sink_up: bool = True
    probes: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.queue = FakeQueue(self.clock)
        self.pulse = Pulse(self.clock)
        self.watch = Watch(
            queues={"main": QUEUE_URL, "dead_letter": DEAD_LETTER_URL},
            depth=self.queue.attributes,
            sink=self,
            needs_probe=lambda: not self.sink_up,
            telemetry=self.telemetry,
            pulse=self.pulse,
        )

    def probe(self) -> bool:
        """The sink's answer to a probe."""
        self.probes.append(self.clock.elapsed)
        return self.sink_up

    def run_for(self, seconds: float) -> None:
        """Watch for so long."""
        stop = threading.Event()
        self.clock.at(seconds, stop.set)
        self.watch.run(stop)


def test_the_depth_of_both_queues_is_told() -> None:
    """Each queue is told by its name, with what is visible and what is in flight."""
    rig = Rig()
    for number in range(12):
        rig.queue.send(str(number))
    rig.queue.receive()
    rig.watch.look()
    assert rig.telemetry.named("queue_depth") == [("main", 2, 10, 0), ("dead_letter", 0, 0, 0)]


def test_the_depth_is_asked_for_four_times_a_minute() -> None:
    """A look every five seconds asks SQS every fifteen."""
    rig = Rig()
    rig.run_for(60)
    assert rig.queue.requests["GetQueueAttributes"] == 2 * 4


def test_a_queue_that_does_not_answer_is_passed_over() -> None:
    """The other queue is told, the watch goes on, and the next look finds the queue again."""
    rig = Rig()
    rig.queue.fail("GetQueueAttributes", times=1)
    rig.watch.look()
    assert [told[0] for told in rig.telemetry.named("queue_depth")] == ["dead_letter"]
    rig.clock.advance(15)
    rig.watch.look()
    assert [told[0] for told in rig.telemetry.named("queue_depth")] == ["dead_letter", "main", "dead_letter"]


def test_a_sink_that_is_down_is_probed_every_five_seconds() -> None:
    """With no work to try it with, a sink that is down would otherwise never be seen to come back."""
    rig = Rig(sink_up=False)
    rig.run_for(20)
    assert rig.probes == [0, 5, 10, 15]


def test_a_sink_that_is_up_is_left_alone() -> None:
    """Exports themselves show that the sink is up; no probe is added to them."""
    rig = Rig()
    rig.clock.at(12, lambda: setattr(rig, "sink_up", False))
    rig.run_for(20)
    assert rig.probes == [15]


def test_the_watch_beats_and_ends_well() -> None:
    """It is never still while it watches, and once stopped it is not missed."""
    rig = Rig()
    still: list[list[str]] = []
    rig.clock.every(7, lambda: still.append(rig.pulse.still(6)))
    rig.run_for(600)
    assert not any(still)
    rig.clock.advance(3600)
    assert rig.pulse.still(60) == []
