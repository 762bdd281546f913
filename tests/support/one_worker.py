"""The parts of the flow put together over fakes, with real reading and mapping in between."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from agent.aws.lease import Leases
from agent.aws.s3 import S3
from agent.aws.source import Source
from agent.aws.sqs import Sqs
from agent.flow.at_once import AtOnce
from agent.flow.budget import Budget
from agent.flow.hands import Hands
from agent.flow.intake import Intake
from agent.flow.objects import ObjectReader, ReadLimits
from agent.flow.pipeline import Pipeline
from agent.flow.readpool import ReadPool
from agent.flow.remembered import Remembered
from agent.flow.shipping import AnySink, Shipping
from agent.flow.slots import ReadSlots
from agent.flow.worker import Worker
from agent.model import Outcome, Settlement
from agent.pulse import Clock, Pulse
from agent.records.selection import Selector
from agent.telemetry.events import Telemetry
from agent.trail.admission import Admission
from agent.trail.inflate import InflateLimits
from agent.waiting.doubt import Doubt
from agent.waiting.gate import Gate
from tests.support.clock import FakeClock
from tests.support.messages import delivery
from tests.support.objects import BUCKET
from tests.support.queue import DEAD_LETTER_URL, FakeQueue
from tests.support.records import open_mapper
from tests.support.sink import FakeSink
from tests.support.store import FakeStore
from tests.support.telemetry import FakeTelemetry

LIMITS = ReadLimits(InflateLimits(1 << 20, 1 << 21, 200), events_per_object=1000)
LEASE_SECONDS = 120
RECORD_BYTES = 200_000

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


def make_objects(
    store: S3,
    telemetry: FakeTelemetry | Telemetry,
    *,
    pulse: Pulse,
    halt: threading.Event,
    gate: Gate,
    slots: ReadSlots,
    limits: ReadLimits = LIMITS,
    include_read_only: bool = True,
) -> ObjectReader:
    """A reader of the objects in `store`; every wait is as long as chance allows."""
    return ObjectReader(
        store=store,
        selection=Selector(include_read_only=include_read_only),
        mapper=open_mapper(record_bytes=RECORD_BYTES),
        limits=limits,
        gate=gate,
        slots=slots,
        telemetry=telemetry,
        pulse=pulse,
        halt=halt,
        random=lambda: 1.0,
    )


def make_pipeline(
    store: S3,
    telemetry: FakeTelemetry | Telemetry,
    *,
    clock: Clock | None = None,
    halt: threading.Event | None = None,
    admission: Admission | None = None,
    limits: ReadLimits = LIMITS,
    gate: Gate | None = None,
    include_read_only: bool = True,
    reads: int = 32,
) -> Pipeline:
    """A pipeline over `store`."""
    pulse = Pulse(clock or FakeClock())
    stop = halt or threading.Event()
    objects = make_objects(
        store,
        telemetry,
        pulse=pulse,
        halt=stop,
        gate=gate or Gate(pulse, stop),
        slots=ReadSlots(reads, pulse, stop),
        limits=limits,
        include_read_only=include_read_only,
    )
    return Pipeline(admission=admission or Admission({BUCKET: None}), objects=objects, telemetry=telemetry)


@dataclass(kw_only=True)
class OneWorker:
    """One worker and all below it, put together as the daemon does, over whatever stands for the world outside.

    `make_sink` gets the gate, the heart and the halt that the sink is to share. Unless it `is_new` the process has
    settled a message before, and so receives ten at a time.
    """

    pulse: Pulse
    queue: Sqs
    store: S3
    make_sink: Callable[[Gate, Pulse, threading.Event], AnySink]
    telemetry: FakeTelemetry | Telemetry
    drain: threading.Event
    halt: threading.Event
    remembers: int = 1000
    memory_bytes: int = 1 << 30
    request_bytes: int = 0
    admission: Admission | None = None
    limits: ReadLimits = LIMITS
    pool: Executor = field(default_factory=HereAndNow)
    is_new: bool = False

    def __post_init__(self) -> None:
        self.gate = Gate(self.pulse, self.halt)
        self.budget = Budget(
            self.memory_bytes,
            self.pulse,
            self.halt,
            self.telemetry.bytes_reserved,
            request_bytes=self.request_bytes,
        )
        self.leases = Leases(self.queue, LEASE_SECONDS, self.telemetry, self.pulse)
        self.doubt = Doubt(gate=self.gate, telemetry=self.telemetry, pulse=self.pulse, drain=self.drain)
        self.source = self._open_source()
        self.worker = Worker(
            hands=Hands(1, self.budget.is_short, self.pulse),
            intake=self._open_intake(),
            source=self.source,
            leases=self.leases,
            reads=self._open_reads(),
            ship=self._make_shipping().ship,
            doubt=self.doubt,
            telemetry=self.telemetry,
            pulse=self.pulse,
            drain=self.drain,
        )

    def _open_reads(self) -> AtOnce:
        admission, slots = self.admission or Admission({BUCKET: None}), ReadSlots(32, self.pulse, self.halt)
        objects = make_objects(
            self.store,
            self.telemetry,
            pulse=self.pulse,
            halt=self.halt,
            gate=self.gate,
            slots=slots,
            limits=self.limits,
        )
        pipeline = Pipeline(admission=admission, objects=objects, telemetry=self.telemetry)
        others = ReadPool(
            pool=self.pool,
            read=pipeline.read,
            budget=self.budget,
            gate=self.gate,
            telemetry=self.telemetry,
            pulse=self.pulse,
            drain=self.drain,
        )
        return AtOnce(
            store=self.store,
            admission=admission,
            objects=objects,
            slots=slots,
            budget=self.budget,
            gate=self.gate,
            others=others,
            pulse=self.pulse,
            drain=self.drain,
            halt=self.halt,
        )

    def _open_intake(self) -> Intake:
        intake = Intake(
            source=self.source,
            leases=self.leases,
            gate=self.gate,
            pulse=self.pulse,
            drain=self.drain,
            idle_seconds=self.budget.idle_seconds,
        )
        if not self.is_new:
            intake.finished([Settlement(delivery(), Outcome.DELIVERED)])
        return intake

    def _open_source(self) -> Source:
        return Source(
            self.queue,
            DEAD_LETTER_URL,
            leases=self.leases,
            gate=self.gate,
            telemetry=self.telemetry,
            pulse=self.pulse,
            drain=self.drain,
            halt=self.halt,
            random=lambda: 1.0,
        )

    def _make_shipping(self) -> Shipping:
        return Shipping(
            sink=self.make_sink(self.gate, self.pulse, self.halt),
            remembered=Remembered(self.remembers),
            telemetry=self.telemetry,
            pulse=self.pulse,
            halt=self.halt,
        )


@dataclass
class Replica:
    """One worker over a queue, a store and a sink that may be shared with other replicas.

    The leases are kept every second of the clock's time, as the keeper thread does.
    """

    clock: FakeClock
    queue: FakeQueue
    store: FakeStore
    sink: FakeSink | None = None
    telemetry: FakeTelemetry = field(default_factory=FakeTelemetry)
    drain: threading.Event = field(default_factory=threading.Event)
    halt: threading.Event = field(default_factory=threading.Event)
    remembers: int = 1000

    def __post_init__(self) -> None:
        inside = OneWorker(
            pulse=Pulse(self.clock),
            queue=self.queue,
            store=self.store,
            make_sink=self._make_sink,
            telemetry=self.telemetry,
            drain=self.drain,
            halt=self.halt,
            remembers=self.remembers,
        )
        self.inside, self.worker = inside, inside.worker
        self.clock.every(5, inside.leases.extend_due)  # often enough for leases of two minutes

    def _make_sink(self, _gate: Gate, pulse: Pulse, halt: threading.Event) -> FakeSink:
        self.here = self.sink or FakeSink(pulse, halt)
        return self.here
