"""A replay's source over a listing that is made up, with the checkpoint and the clock of a test."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from agent.aws.listing import Listing
from agent.errors import Fault
from agent.faults.dead_letters import Reason
from agent.faults.retries import RetryReason
from agent.model import Delivery, Outcome, Settlement
from agent.pulse import Pulse
from agent.replay.checkpoint import NoCheckpoint
from agent.replay.listed_source import ListedSource
from agent.replay.plan import Plan
from agent.replay.retrying import Retrying
from agent.replay.span import Span
from agent.replay.streams import Stream
from tests.support.clock import FakeClock
from tests.support.listing import stream
from tests.support.one_worker import HereAndNow
from tests.support.telemetry import FakeTelemetry

BEGIN = datetime(2026, 10, 5, tzinfo=UTC)
SPAN = Span(BEGIN, BEGIN + timedelta(days=3))


@dataclass
class ReplayRig:
    """One run of a replay; listings are answered at once, in the thread that asks."""

    listing: Listing
    streams: Sequence[Stream] = field(default_factory=lambda: [stream()])
    span: Span = SPAN
    checkpoint: NoCheckpoint = field(default_factory=NoCheckpoint)
    clock: FakeClock = field(default_factory=FakeClock)
    failures: list[BaseException] = field(default_factory=list)
    fresh_after: datetime = BEGIN + timedelta(days=365)

    def __post_init__(self) -> None:
        self.telemetry, self.drain, pulse = FakeTelemetry(), threading.Event(), Pulse(self.clock)
        self.plan = Plan(sorted(self.streams), self.span, self.fresh_after)
        self.source = ListedSource(
            self.plan,
            self.checkpoint,
            listing=self.listing,
            retrying=Retrying(telemetry=self.telemetry, pulse=pulse, halt=self.drain, random=lambda: 1.0),
            pool=HereAndNow(),
            telemetry=self.telemetry,
            pulse=pulse,
            drain=self.drain,
            random=lambda: 1.0,
            failed=self.failures.append,
        )

    def receive(self, most: int = 10) -> dict[str, Delivery]:
        """What is handed out, by key."""
        return {key_of(each): each for each in self.source.receive(most)}

    def ship(self, deliveries: Iterable[Delivery]) -> None:
        """They were delivered."""
        self.source.settle([Settlement(each, Outcome.DELIVERED) for each in deliveries])

    def retry(self, *deliveries: Delivery, reason: RetryReason = RetryReason.STORE_UNAVAILABLE) -> None:
        """They come again."""
        self.source.settle([Settlement(each, Outcome.RETRY, retry=reason, retry_detail="why") for each in deliveries])

    def bury(self, *deliveries: Delivery) -> None:
        """They cannot be shipped."""
        fault = Fault(Reason.OBJECT_CORRUPT, "it is damaged")
        self.source.bury([Settlement(each, Outcome.DEAD_LETTER, fault=fault) for each in deliveries])

    def ship_all(self) -> list[str]:
        """Ship all that is left; returns the keys, in the order in which they were shipped."""
        shipped: list[str] = []
        while not self.source.has_ended():
            deliveries = self.receive()
            shipped += deliveries
            self.ship(deliveries.values())
            assert not self.failures
        return shipped


def key_of(delivery: Delivery) -> str:
    """The key of the one object that it names."""
    return delivery.message_id.removeprefix("s3://").partition("/")[2]
