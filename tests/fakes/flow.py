"""The parts of the flow put together over fakes, with real reading and mapping in between."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from agent.aws.lease import Leases
from agent.aws.source import Source
from agent.budget import Budget
from agent.codecatalyst.selector import Selector
from agent.doubt import Doubt
from agent.gate import Gate
from agent.intake import Intake
from agent.model import Outcome, Settlement
from agent.objects import ObjectReader, ObjectStore, ReadLimits
from agent.otlp.mapping import Mapper
from agent.pipeline import Pipeline
from agent.pulse import Clock, Pulse
from agent.remembered import Remembered
from agent.shipping import Shipping
from agent.trail.admission import Admission
from agent.trail.inflate import InflateLimits
from agent.worker import Worker
from tests.fakes.clock import FakeClock
from tests.fakes.samples import BUCKET, delivery
from tests.fakes.sink import FakeSink
from tests.fakes.sqs import DEAD_LETTER_URL, FakeQueue
from tests.fakes.store import FakeStore
from tests.fakes.telemetry import FakeTelemetry

LIMITS = ReadLimits(InflateLimits(1 << 20, 1 << 21, 200), events_per_object=1000)

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class HereAndNow(Executor):
    """Runs what is submitted at once, in the caller's thread."""

    def submit(
        self, fn: Callable[_Arguments, _Result], /, *args: _Arguments.args, **kwargs: _Arguments.kwargs
    ) -> Future[_Result]:
        """Run it."""
        future: Future[_Result] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - as an executor does
            future.set_exception(error)
        return future


def make_pipeline(
    store: ObjectStore,
    telemetry: FakeTelemetry,
    *,
    clock: Clock | None = None,
    halt: threading.Event | None = None,
    admission: Admission | None = None,
    limits: ReadLimits = LIMITS,
    budget: Budget | None = None,
    gate: Gate | None = None,
    include_read_only: bool = True,
) -> Pipeline:
    """A pipeline over `store`; every wait is as long as chance allows."""
    pulse = Pulse(clock or FakeClock())
    stop = halt or threading.Event()
    memory = budget or Budget(1 << 30, pulse, stop, lambda _: None)
    objects = ObjectReader(
        store=store,
        selection=Selector(["codecatalyst.amazonaws.com"]),
        mapper=Mapper(parameters=True, record_bytes=200_000),
        limits=limits,
        budget=memory,
        gate=gate or Gate(pulse, stop),
        include_read_only=include_read_only,
        telemetry=telemetry,
        pulse=pulse,
        halt=stop,
        random=lambda: 1.0,
    )
    return Pipeline(
        admission=admission or Admission({BUCKET: None}), objects=objects, budget=memory, telemetry=telemetry
    )


@dataclass
class Replica:
    """One worker and all below it, over a queue, a store and a sink that may be shared with other replicas.

    The leases are kept every second of the clock's time, as the keeper thread does. Unless it `is_new` it has settled
    a message before, and so receives ten at a time.
    """

    clock: FakeClock
    queue: FakeQueue
    store: FakeStore
    sink: FakeSink | None = None
    telemetry: FakeTelemetry = field(default_factory=FakeTelemetry)
    drain: threading.Event = field(default_factory=threading.Event)
    halt: threading.Event = field(default_factory=threading.Event)
    remembers: int = 1000
    is_new: bool = False

    def __post_init__(self) -> None:
        pulse = Pulse(self.clock)
        self.gate = Gate(pulse, self.halt)
        self.doubt = Doubt(gate=self.gate, telemetry=self.telemetry, pulse=pulse)
        self.budget = Budget(1 << 30, pulse, self.halt, lambda _: None)
        self.leases = Leases(self.queue, 120, self.telemetry, pulse)
        self.clock.every(1, self.leases.extend_due)
        self.here = self.sink or FakeSink(pulse, self.halt)
        shipping = Shipping(
            sink=self.here,
            remembered=Remembered(self.remembers),
            telemetry=self.telemetry,
            pulse=pulse,
            halt=self.halt,
        )
        source = Source(
            self.queue,
            DEAD_LETTER_URL,
            telemetry=self.telemetry,
            pulse=pulse,
            drain=self.drain,
            halt=self.halt,
            random=lambda: 1.0,
        )
        intake = Intake(source=source, leases=self.leases, gate=self.gate, pulse=pulse, drain=self.drain)
        if not self.is_new:
            intake.settled([Settlement(delivery(), Outcome.DELIVERED)])
        self.worker = Worker(
            intake=intake,
            source=source,
            leases=self.leases,
            pool=HereAndNow(),
            read=make_pipeline(
                self.store, self.telemetry, clock=self.clock, halt=self.halt, gate=self.gate, budget=self.budget
            ).read,
            ship=shipping.ship,
            doubt=self.doubt,
            memory=self.budget,
            telemetry=self.telemetry,
            pulse=pulse,
            drain=self.drain,
        )
