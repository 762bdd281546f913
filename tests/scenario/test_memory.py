"""More memory wanted than there is, with real threads and the real clock: what would lock up would lock up here."""

from __future__ import annotations

import gc
import threading
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest

from agent.pulse import Pulse
from agent.sink.answer import Accepted, Answer
from tests.support.clock import eventually, finish
from tests.support.events import event, noise
from tests.support.messages import notification
from tests.support.objects import ref, trail_object
from tests.support.one_worker import LIMITS, OneWorker
from tests.support.queue import FakeQueue
from tests.support.records import ids
from tests.support.sink import FakeSink, open_sink
from tests.support.store import FakeStore
from tests.support.telemetry import ObservedTelemetry, observed

WORKERS = 3
KEPT_BYTES = 4000  # at most, of the one record in each object; a delivery that is not read to its end may keep it
EVENT_BYTES = 20_000
BESIDE_BYTES = 2 << 20  # one request: its records as they are written, and as one text


@dataclass
class Scales:
    """A sink that takes everything and keeps nothing. At each request it weighs what Python holds since the start."""

    telemetry: ObservedTelemetry
    uncounted: list[float] = field(default_factory=list)

    def send(self, payload: bytes) -> Answer:
        """Weigh, and accept."""
        if payload:
            held, _ = tracemalloc.get_traced_memory()
            self.uncounted.append(held - self.telemetry.value("trail_agent_in_flight_bytes"))
        return Accepted()

    def close(self) -> None:
        """Nothing to close."""


@pytest.fixture
def traced() -> Iterator[None]:
    """What Python holds is counted, and cycles stay: nothing may need the collector to be given back."""
    gc.disable()
    tracemalloc.start()
    yield
    tracemalloc.stop()
    gc.enable()


def _produce(queue: FakeQueue, store: FakeStore, number: int) -> int:
    """Write an object of one event, and notify it; returns its size."""
    body = trail_object(event(f"event-{number:03}"), noise("noise"))
    store.put(ref(f"o{number}"), body)
    queue.send(notification(ref(f"o{number}")))
    return len(body)


@pytest.mark.row(29)
@pytest.mark.parametrize(("room_for", "objects"), [(2, 40), (0.5, 6)])
def test_reads_wait_for_memory_after_the_head_of_the_response(
    room_for: float, objects: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each reserves once, before the first byte of its body, the most that it can need; none starves, nothing stays.

    With room for less than one read, reads go one by one.
    """
    telemetry, pulse, store = observed(), Pulse(), FakeStore()
    queue = FakeQueue(pulse.clock, wait_seconds=0)
    needs = [LIMITS.inflate.most(_produce(queue, store, number)) for number in range(objects)]
    room = int(max(needs) * room_for)
    reserved: list[float] = []

    def look() -> None:
        if not reserved:
            eventually(lambda: store.open_now > 2, "more responses have begun than there is room for")
        reserved.append(telemetry.value("trail_agent_in_flight_bytes"))

    store.on_chunk = look
    monkeypatch.setattr(store, "gives_whole", lambda _: False)  # what comes at once never waits
    drain, halt = threading.Event(), threading.Event()
    sink = FakeSink(pulse, halt)
    with ExitStack() as stack:
        inside = OneWorker(
            pulse=pulse,
            queue=queue,
            store=store,
            make_sink=lambda *_: sink,
            telemetry=telemetry.telemetry,
            drain=drain,
            halt=halt,
            memory_bytes=room,
            pool=stack.enter_context(ThreadPoolExecutor(16)),
        )
        workers = [threading.Thread(target=inside.worker.run, name=f"worker-{number}") for number in range(WORKERS)]
        for worker in workers:
            worker.start()
        eventually(lambda: not queue.messages, "every object gets its turn")
        drain.set()
        finish(*workers)
    assert min(reserved) >= min(needs), "all is reserved before the first byte"
    assert max(reserved) <= max(room, *needs) + objects * KEPT_BYTES
    assert sorted(ids(sink.stored)) == [f"event-{number:03}" for number in range(objects)]
    assert telemetry.value("trail_agent_in_flight_bytes") == 0


@pytest.mark.row(29)
@pytest.mark.usefixtures("traced")
def test_what_is_held_is_counted() -> None:
    """A flood of events of which memory has room for few: nothing is held that is not reserved, but for one request.

    What was shipped of one receive is not kept until its last object is shipped.
    """
    telemetry, pulse, store = observed(), Pulse(), FakeStore()
    queue = FakeQueue(pulse.clock, wait_seconds=0)
    for number in range(20):
        events = [event(f"{number}-{each}") | {"requestParameters": {"text": "x" * EVENT_BYTES}} for each in range(20)]
        store.put(ref(f"o{number}"), trail_object(*events))
        queue.send(notification(ref(f"o{number}")))
    scales, drain, halt = Scales(telemetry), threading.Event(), threading.Event()
    with ExitStack() as stack:
        inside = OneWorker(
            pulse=pulse,
            queue=queue,
            store=store,
            make_sink=lambda _, pulse, halt: open_sink(scales, pulse=pulse, halt=halt),
            telemetry=telemetry.telemetry,
            drain=drain,
            halt=halt,
            memory_bytes=4 << 20,
            pool=stack.enter_context(ThreadPoolExecutor(10)),
        )
        while queue.messages:
            inside.worker.run_once()
    assert scales.uncounted
    assert max(scales.uncounted) <= BESIDE_BYTES
