"""A daemon at work, told by its named events on a clock that is told: the same seed makes the same page each time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from math import pi, sin
from random import Random
from typing import Final

from msgspec.structs import replace
from prometheus_client import Gauge, ProcessCollector

from agent.errors import Fault
from agent.faults.ignored import IgnoredReason
from agent.faults.retries import RetryReason
from agent.model import Delivery, Ignored, LogRecord, Outcome, QueueAttributes, Reading, Settlement
from agent.telemetry.flow_events import HowRead
from agent.trail.inflate import TextFacts
from tests.support.messages import delivery
from tests.support.objects import BUCKET, trail_key
from tests.support.records import log_record
from tests.support.telemetry import ObservedTelemetry, observed

STEP_SECONDS: Final = 15
_SECOND: Final = 10**9
_MEMORY: Final = 94 * 2**20
_RETENTION: Final = 14 * 86400


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of event, and how often it happens among all that are shipped."""

    weight: int
    name: str
    source: str = ""
    identity_type: str = "IdentityCenterUser"
    failing: float = 0.0
    target: str = ""


_KINDS: Final = (
    Kind(40, "StartDevEnvironmentSession"),
    Kind(14, "GetSourceRepositoryCloneUrls"),
    Kind(12, "ListSourceRepositories", failing=0.05),
    Kind(9, "CreateDevEnvironment"),
    Kind(7, "StartWorkflowRun"),
    Kind(5, "StopDevEnvironment"),
    Kind(4, "CreateAccessToken"),
    Kind(1, "AssociateIamRoleToConnection", identity_type="AssumedRole"),
    Kind(10, "UserAuthentication", "signin.amazonaws.com", "Unknown", failing=0.08),
    Kind(8, "Federate", "sso.amazonaws.com"),
    Kind(3, "ConsoleLogin", "signin.amazonaws.com", "IAMUser"),
    Kind(1, "CreateAccountAssignment", "sso.amazonaws.com", "AssumedRole"),
    Kind(16, "StartBuild", "codebuild.amazonaws.com", "AssumedRole"),
    Kind(6, "StartPipelineExecution", "codepipeline.amazonaws.com", "AssumedRole"),
    Kind(2, "CreateDeployment", "codedeploy.amazonaws.com", "AssumedRole"),
)
GUARD: Final = Kind(0, "PutBucketPolicy", "s3.amazonaws.com", "AssumedRole", target=BUCKET)


class Shift:
    """One process, from its start on. Each method is something that happens to it."""

    def __init__(self, seed: int = 7) -> None:
        self.seen: ObservedTelemetry = observed(event_name_labels=200)
        self._random = Random(seed)
        self._numbers = count(1)
        self._fix_memory()

    def start(self, *, dead: int = 0) -> None:
        """Queue and sink answer for the first time; `dead` messages are in the dead-letter queue."""
        self._dead = dead
        self.seen.telemetry.queue_up()
        self.seen.telemetry.sink_up()
        self.describe(0)

    def describe(self, visible: int) -> None:
        """SQS says how many messages it has."""
        told = self.seen.telemetry.queue_described
        told("main", QueueAttributes(visible, 0, 0, "", _RETENTION))
        told("dead_letter", QueueAttributes(self._dead, 0, 0, "", _RETENTION))

    def idle(self, minutes: float) -> None:
        """Each poll comes back empty."""
        for _ in range(int(minutes * 60 / STEP_SECONDS)):
            self.seen.clock.elapsed += STEP_SECONDS
            self.seen.telemetry.deliveries_received([])
            self.describe(0)

    def work(self, minutes: float, load: float = 1.0) -> None:
        """Messages come and go, more of them and fewer."""
        for _ in range(int(minutes * 60 / STEP_SECONDS)):
            self.seen.clock.elapsed += STEP_SECONDS
            swing = 1 + 0.55 * sin(self.seen.clock.elapsed / 3600 * 2 * pi / 0.8)
            self.deliver(self.receive(int(load * swing * self._random.uniform(3, 7))))
            self.seen.telemetry.in_flight(0, None)
            self.seen.telemetry.deliveries_received([])
            self.describe(self._random.randrange(9))

    def receive(self, number: int) -> list[Delivery]:
        """So many messages are received, sent in the last half minute."""
        now = self.seen.clock.time()
        held = [delivery(f"m-{next(self._numbers)}", sent_at=now - self._random.uniform(1, 25)) for _ in range(number)]
        self.seen.telemetry.deliveries_received(held)
        self.seen.telemetry.in_flight(len(held), min((each.sent_at for each in held), default=None))
        return held

    def read(self, message: Delivery) -> tuple[LogRecord, ...]:
        """The object of a message is read whole."""
        now = self.seen.clock.time()
        records = tuple(self._record() for _ in range(self._random.randrange(2, 9)))
        facts = TextFacts(self._random.randrange(9_000, 70_000), is_plain=False)
        self.seen.telemetry.objects_read(
            [HowRead(facts, self._random.uniform(0.02, 0.09), now - self._random.uniform(2, 20))]
        )
        self.seen.telemetry.readings_finished([Reading(message, records, skipped=self._random.randrange(30, 90))])
        return records

    def deliver(self, messages: Sequence[Delivery]) -> None:
        """The objects of these messages are read, the sink accepts their records, and SQS takes the messages back."""
        telemetry = self.seen.telemetry
        records = [record for message in messages for record in self.read(message)]
        if records:
            telemetry.export_answered("ok", self._random.uniform(0.008, 0.04))
            telemetry.sink_up()
            telemetry.records_exported(records)
        for message in messages:
            telemetry.deliveries_settled([Settlement(message, Outcome.DELIVERED)])

    def export(self, *kinds: Kind) -> None:
        """The sink accepts single events of these kinds."""
        records = [self._record(kind) for kind in kinds]
        self.seen.telemetry.readings_finished([Reading(delivery(), tuple(records))])
        self.seen.telemetry.records_exported(records)

    def bury(self, fault: Fault) -> None:
        """A message becomes a dead letter."""
        self._dead += 1
        self.seen.telemetry.deliveries_settled(
            [Settlement(delivery(f"m-{next(self._numbers)}"), Outcome.DEAD_LETTER, fault=fault)]
        )

    def give_back(self, reason: RetryReason) -> None:
        """A message comes again later."""
        message = delivery(f"m-{next(self._numbers)}")
        self.seen.telemetry.deliveries_settled(
            [Settlement(message, Outcome.RETRY, retry=reason, retry_detail="S3 says: NoSuchKey")]
        )

    def pass_over(self, reason: IgnoredReason, number: int) -> None:
        """So many parts of notifications hold nothing for the agent."""
        for _ in range(number):
            self.seen.telemetry.notification_ignored(Ignored(reason))

    def key(self) -> str:
        """The key of some object of the trail."""
        return trail_key(f"{self._random.getrandbits(64):016x}")

    def _record(self, kind: Kind | None = None) -> LogRecord:
        chosen = kind or self._random.choices(_KINDS, [each.weight for each in _KINDS])[0]
        now = self.seen.clock.time()
        happened, written = now - self._random.uniform(110, 420), now - self._random.uniform(2, 30)
        its = {"rpc.service": chosen.source, "rpc.method": chosen.name, "aws.trail_guard.target": chosen.target}
        record = log_record(
            f"e-{next(self._numbers)}",
            at=int(happened * _SECOND),
            written=int(written * _SECOND),
            name=chosen.name,
            identity_type=chosen.identity_type,
            attributes={name: value for name, value in its.items() if value},
        )
        outcome = "failure" if self._random.random() < chosen.failing else "success"
        return replace(record, labels=replace(record.labels, event_source=chosen.source, outcome=outcome))

    def _fix_memory(self) -> None:
        """This process is not the daemon, and takes another amount of memory each time."""
        registry = self.seen.telemetry.metrics.registry
        for collector in list(registry._collector_to_names):
            if isinstance(collector, ProcessCollector):
                registry.unregister(collector)
        Gauge("process_resident_memory_bytes", "Resident memory size in bytes.", registry=registry).set(_MEMORY)
