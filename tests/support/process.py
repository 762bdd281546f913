"""One process of the agent that can be killed, frozen or told to stop at every point where it touches the world."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from agent.aws.s3 import S3
from agent.aws.sqs import Hiding, RefusedEntry, Sqs
from agent.errors import Fault
from agent.model import BATCH, Delivery, LogRecord, ObjectRef, OpenObject
from agent.pulse import Pulse
from agent.sink.answer import Answer
from agent.sink.otlp.encode import Encoder
from agent.sink.sink import Sink
from agent.trail.admission import Admission
from agent.waiting.gate import Gate
from tests.support.clock import FakeClock
from tests.support.edges import Edge
from tests.support.far_side import FarSide
from tests.support.one_worker import OneWorker
from tests.support.queue import FakeQueue
from tests.support.store import FakeStore, give_by_opening
from tests.support.telemetry import FakeTelemetry
from tests.support.truth import Truth

_KEEP_SECONDS: Final = 10.0  # the real keeper looks every second; half a lease is long enough for this one too
_REQUEST_RECORDS: Final = 4  # so that one export is often several requests


class Crash(BaseException):
    """The process is no more: nothing of it may catch this, and nothing that it still asks for is done."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all processes share."""

    clock: FakeClock
    queue: FakeQueue
    store: FakeStore
    sink: FarSide
    truth: Truth
    admission: Admission


@dataclass(slots=True)
class Interruption:
    """Something that happens when the process reaches `edge` for the `nth` time (from 1) in one unit of work."""

    edge: Edge
    nth: int
    do: Callable[[], object]


class Process:
    """A worker and all below it, with the real sink, over surroundings that other processes share.

    `busy` while a unit of work is under way, `dead` once it is killed or has ended.
    """

    def __init__(self, name: str, world: Surroundings) -> None:
        self.name = name
        self.world = world
        self.busy = self.frozen = self.dead = False
        self.drain, self.halt = threading.Event(), threading.Event()
        self.telemetry: FakeTelemetry = _Telemetry(self)
        self._plan: list[Interruption] = []
        self._inside = OneWorker(
            pulse=Pulse(_Clock(self)),
            queue=_Queue(self),
            store=_Store(self),
            make_sink=self._make_sink,
            telemetry=self.telemetry,
            drain=self.drain,
            halt=self.halt,
            remembers=100_000,
            admission=world.admission,
            is_new=True,
        )
        self.leases = self._inside.leases
        self._stop_keeping = world.clock.every(_KEEP_SECONDS, self._keep)

    def work(self, plan: Sequence[Interruption] = ()) -> None:
        """One unit of work, with the interruptions of `plan`; nothing if one is under way, or the process is gone."""
        if self.busy or self.frozen or self.dead:
            return
        self._plan = list(plan)
        self.busy = True
        try:
            self._inside.worker.run_once()
        except Crash:
            self.dead = True
        finally:
            self.busy = False
            self._plan.clear()

    def kill(self) -> None:
        """End now, in the middle of whatever it is."""
        self.dead = True

    def freeze(self, seconds: float) -> None:
        """Stand still for so long, keeper and all, while the rest of the world goes on."""
        self.frozen = True
        self.world.clock.advance(seconds)
        self.frozen = False

    def terminate(self, grace: float) -> None:
        """What the daemon does on SIGTERM: drain, then halt, then give back what is left, and be gone."""
        self.drain.set()
        if grace:
            self.world.clock.at(grace * 3 / 4, self.halt.set)
        else:
            self.halt.set()
        self.world.clock.at(grace + 1, self._exit)

    def bury_remains(self) -> None:
        """Forget a process that is gone."""
        self.dead = True
        self._stop_keeping()

    def reach(self, edge: Edge) -> None:
        """Have happen what is planned for this edge; raises `Crash` if the process is gone before or after."""
        self.live()
        for each in [each for each in self._plan if each.edge is edge]:
            each.nth -= 1
            if not each.nth:
                each.do()
        self.live()

    def live(self) -> None:
        """Raise `Crash` if the process is gone."""
        if self.dead:
            raise Crash(self.name)

    def check_leases(self) -> None:
        """Tell the truth of each delivery that is thought to be hidden, and is not."""
        for delivery in self.leases.held():
            message = self.world.queue.messages.get(delivery.message_id)
            is_ours = message is not None and message.handle == delivery.receipt_handle
            if message and is_ours and message.visible_at <= self.world.clock.time():
                self.world.truth.lapsed(self.name, delivery)

    def _keep(self) -> None:
        if self.frozen or self.dead:
            return
        try:
            self.leases.extend_due()
        except Crash:
            self.dead = True

    def _exit(self) -> None:
        if self.frozen:
            self.world.clock.at(1, self._exit)
        elif self.busy and not self.dead:
            try:
                self._inside.source.give_back(self.leases.held())
            except Crash:
                pass
            finally:
                self.dead = True

    def _make_sink(self, gate: Gate, pulse: Pulse, halt: threading.Event) -> Sink:
        return Sink(
            encoder=Encoder({}, "1.2.3"),
            transport=_Transport(self),
            telemetry=self.telemetry,
            gate=gate,
            pulse=pulse,
            halt=halt,
            shrink=lambda _: None,
            max_batch_bytes=1 << 20,
            max_batch_records=_REQUEST_RECORDS,
            random=lambda: 0.5,
        )


class _Clock:
    """The shared clock, as one process sees it."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def monotonic(self) -> float:
        return self._process.world.clock.monotonic()

    def time(self) -> float:
        return self._process.world.clock.time()

    def steady(self) -> float:
        return self._process.world.clock.steady()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self._process.reach(Edge.WAITING)
        is_set = self._process.world.clock.wait(event, seconds)
        self._process.live()
        self._process.check_leases()
        return is_set


class _Queue(Sqs):
    """The shared queue, as one process sees it."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._queue = process.world.queue

    def receive(self, most: int = BATCH, wait_seconds: int | None = None) -> list[Delivery]:
        self._process.live()
        deliveries = self._queue.receive(most, wait_seconds)
        self._process.reach(Edge.RECEIVED)
        return deliveries

    def delete(self, deliveries: Sequence[Delivery]) -> list[RefusedEntry]:
        self._process.reach(Edge.DELETING)
        self._process.world.truth.deleting(self._process.name, deliveries)
        refusals = self._queue.delete(deliveries)
        self._process.reach(Edge.DELETED)
        return refusals

    def hide(self, hidings: Sequence[Hiding]) -> list[RefusedEntry]:
        self._process.reach(Edge.HIDING)
        refusals = self._queue.hide(hidings)
        self._process.reach(Edge.HIDDEN)
        return refusals

    def bury(self, delivery: Delivery, fault: Fault, dead_letter_url: str) -> None:
        self._process.reach(Edge.BURYING)
        self._queue.bury(delivery, fault, dead_letter_url)
        self._process.world.truth.buried(self._process.name, delivery, fault)
        self._process.reach(Edge.BURIED)


class _Store(S3):
    """The shared store, as one process sees it."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def give(
        self, refs: Sequence[ObjectRef], most: int, patience: Callable[[], float]
    ) -> Iterator[tuple[int, OpenObject | None]]:
        return give_by_opening(self, self._process.world.store.gives_whole, refs, most, patience)

    @contextmanager
    def open(self, ref: ObjectRef) -> Iterator[OpenObject]:
        self._process.live()
        with self._process.world.store.open(ref) as body:
            self._process.reach(Edge.OPENED)
            yield body
        self._process.reach(Edge.READ)


class _Transport:
    """The shared sink, as one process sees it."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def send(self, payload: bytes) -> Answer:
        self._process.reach(Edge.EXPORTING)
        answer = self._process.world.sink.take(self._process.name, payload)
        self._process.reach(Edge.STORED)
        self._process.world.sink.answered(self._process.name, payload)
        return answer

    def close(self) -> None:
        """Nothing to close."""


class _Telemetry(FakeTelemetry):
    """The edges at which a process touches nothing but its own memory."""

    def __init__(self, process: Process) -> None:
        super().__init__()
        self._process = process

    def export_answered(self, result: str, seconds: float) -> None:
        super().export_answered(result, seconds)
        self._process.reach(Edge.ANSWERED)

    def records_exported(self, records: Sequence[LogRecord]) -> None:
        super().records_exported(records)
        self._process.reach(Edge.REMEMBERED)
