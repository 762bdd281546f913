"""More memory wanted than there is, with real threads and the real clock: what would lock up would lock up here."""

from __future__ import annotations

import gc
import gzip
import json
import threading
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count

import pytest

from agent.flow.objects import ReadLimits
from agent.pulse import Pulse
from agent.sink.answer import Accepted, Answer
from agent.trail.inflate import InflateLimits
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
EVENT_CHARACTERS = 20_000
ROOM_BYTES = 6 << 20
REQUEST_BYTES = 1 << 20
BESIDE_BYTES = 2 << 20  # a text that is being inflated: one slice of it, and its buffer twice while that grows


@dataclass
class Scales:
    """A sink that takes everything and keeps nothing. At each request it weighs what Python holds since the start."""

    telemetry: ObservedTelemetry
    uncounted: list[float] = field(default_factory=list)
    counted: list[float] = field(default_factory=list)

    def send(self, payload: bytes) -> Answer:
        """Weigh, and accept."""
        if payload:
            held, _ = tracemalloc.get_traced_memory()
            self.counted.append(self.telemetry.value("trail_agent_in_flight_bytes"))
            self.uncounted.append(held - self.counted[-1])
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


def _flood(queue: FakeQueue, store: FakeStore, word: str, *, objects: int, events: int) -> None:
    """Objects of large events with this text in them, written as it is, not as escapes."""
    for number in range(objects):
        text = {"requestParameters": {"text": word * (EVENT_CHARACTERS // len(word))}}
        entries = [event(f"{number}-{each}") | text for each in range(events)]
        store.put(
            ref(f"o{number}"), gzip.compress(json.dumps({"Records": entries}, ensure_ascii=False).encode(), mtime=0)
        )
        queue.send(notification(ref(f"o{number}")))


@contextmanager
def _weighed(store: FakeStore, queue: FakeQueue, scales: Scales, room: int) -> Iterator[OneWorker]:
    """A worker with threads to read in, room for so many bytes, and a sink that weighs."""
    with ThreadPoolExecutor(10) as pool:
        yield OneWorker(
            pulse=Pulse(),
            queue=queue,
            store=store,
            make_sink=lambda _, pulse, halt: open_sink(scales, pulse=pulse, halt=halt, max_batch_bytes=REQUEST_BYTES),
            telemetry=scales.telemetry.telemetry,
            drain=threading.Event(),
            halt=threading.Event(),
            memory_bytes=room,
            request_bytes=REQUEST_BYTES,
            limits=ReadLimits(InflateLimits(1 << 20, 1 << 23, 200), events_per_object=1000),
            pool=pool,
        )


@pytest.mark.row(29)
@pytest.mark.usefixtures("traced")
@pytest.mark.parametrize("word", ["x", "é", "日", "x" * 99 + "😀"])
def test_what_is_held_is_counted(word: str) -> None:
    """A flood of events of which memory has room for few: whatever they are written in, nothing uncounted is held.

    What was shipped of one receive is not kept until its last object is shipped; what is counted stays within the
    limit, but for the request that is being sent.
    """
    scales, store = Scales(observed()), FakeStore()
    queue = FakeQueue(Pulse().clock, wait_seconds=0)
    _flood(queue, store, word, objects=20, events=20)
    with _weighed(store, queue, scales, ROOM_BYTES) as inside:
        while queue.messages:
            inside.worker.run_once()
    assert len(scales.uncounted) >= 20 * 20 * EVENT_CHARACTERS // REQUEST_BYTES
    assert max(scales.uncounted) <= BESIDE_BYTES
    assert max(scales.counted) <= ROOM_BYTES + 3 * REQUEST_BYTES
    assert scales.telemetry.value("trail_agent_in_flight_bytes") == 0


@pytest.mark.row(29)
@pytest.mark.parametrize("word", ["x", "x" * 99 + "😀"])
def test_an_object_that_turns_out_larger_is_read_anew(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """While others hold memory it makes way for them, and comes back alone: all of them get through, and each once."""
    telemetry, store, halt = observed(), FakeStore(), threading.Event()
    queue = FakeQueue(Pulse().clock, wait_seconds=0)
    _flood(queue, store, word, objects=8, events=40)
    monkeypatch.setattr(store, "gives_whole", lambda _: False)  # they are read side by side

    both, turns = threading.Barrier(2, timeout=30), count()

    def meet() -> None:
        if next(turns) < both.parties:
            both.wait()

    store.on_chunk = meet
    sink = FakeSink(Pulse(), halt)
    with ThreadPoolExecutor(10) as pool:
        inside = OneWorker(
            pulse=Pulse(),
            queue=queue,
            store=store,
            make_sink=lambda *_: sink,
            telemetry=telemetry.telemetry,
            drain=threading.Event(),
            halt=halt,
            memory_bytes=5 << 19,
            limits=ReadLimits(InflateLimits(1 << 20, 1 << 20, 200), events_per_object=1000),
            pool=pool,
        )
        while queue.messages:
            inside.worker.run_once()
    assert len(store.requests) > 8, "one was begun, and begun anew"
    assert sorted(ids(sink.stored)) == sorted(f"{number}-{each}" for number in range(8) for each in range(40))
    assert telemetry.value("trail_agent_in_flight_bytes") == 0
