"""More memory wanted than there is, with real threads and the real clock: what would lock up would lock up here."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from agent.pulse import Pulse
from tests.support.clock import eventually, finish
from tests.support.events import event, noise
from tests.support.messages import notification
from tests.support.objects import ref, trail_object
from tests.support.one_worker import LIMITS, OneWorker
from tests.support.queue import FakeQueue
from tests.support.records import ids
from tests.support.sink import FakeSink
from tests.support.store import FakeStore
from tests.support.telemetry import observed

WORKERS = 3
KEPT_BYTES = 4000  # at most, of the one record in each object; a delivery that is not read to its end may keep it


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
