"""A source over a fake queue, with all that stands around it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.aws.lease import Leases
from agent.aws.source import Source
from agent.errors import Fault
from agent.faults.dead_letters import Reason
from agent.faults.retries import RetryReason
from agent.model import Delivery, Outcome, Settlement
from agent.pulse import Pulse
from agent.waiting.gate import Gate
from tests.support.clock import FakeClock
from tests.support.queue import DEAD_LETTER_URL, FakeQueue
from tests.support.telemetry import FakeTelemetry

FAULT = Fault(Reason.OBJECT_CORRUPT, "damaged", "acme-trail", "key")


@dataclass
class SourceRig:
    """A source over a fake queue; `jitter` is the number that stands for chance, 1.0 being the longest wait."""

    jitter: float = 1.0
    clock: FakeClock = field(default_factory=FakeClock)
    telemetry: FakeTelemetry = field(default_factory=FakeTelemetry)
    drain: threading.Event = field(default_factory=threading.Event)
    halt: threading.Event = field(default_factory=threading.Event)
    kind: type[Source] = Source
    kind_of_leases: type[Leases] = Leases

    def __post_init__(self) -> None:
        self.queue = FakeQueue(self.clock)
        pulse = Pulse(self.clock)
        self.gate = Gate(pulse, self.halt)
        self.leases = self.kind_of_leases(self.queue, 120, self.telemetry, pulse)
        self.clock.every(1, self.leases.extend_due)
        self.source = self.kind(
            self.queue,
            DEAD_LETTER_URL,
            leases=self.leases,
            gate=self.gate,
            telemetry=self.telemetry,
            pulse=pulse,
            drain=self.drain,
            halt=self.halt,
            random=lambda: self.jitter,
        )

    def received(self, count: int = 1) -> list[Delivery]:
        """So many deliveries in hand, with their leases."""
        for number in range(count):
            self.queue.send(f"body {number}")
        deliveries = list(self.source.receive())
        self.leases.take(deliveries)
        return deliveries

    def tell(self, settlements: Sequence[Settlement]) -> None:
        """Settle or bury, as the outcome of the first one demands."""
        (self.source.bury if settlements[0].outcome is Outcome.DEAD_LETTER else self.source.settle)(settlements)

    def slept(self) -> float:
        """Seconds that have passed since the test began."""
        return self.clock.elapsed


def settlement(one: Delivery, outcome: Outcome) -> Settlement:
    """What is decided of one delivery."""
    fault = FAULT if outcome is Outcome.DEAD_LETTER else None
    retry = RetryReason.OBJECT_MISSING if outcome is Outcome.RETRY else None
    return Settlement(one, outcome, fault, retry)
