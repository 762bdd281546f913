"""What is read at once, what is left to the read pool, and that nothing is lost, read too often or held on the way."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.aws.store_policy import StoreError
from agent.faults.dead_letters import Reason
from agent.faults.retries import RetryReason
from agent.flow.at_once import AtOnce
from agent.flow.budget import Budget, Share
from agent.flow.pipeline import Pipeline
from agent.flow.readpool import ReadPool
from agent.flow.slots import ReadSlots
from agent.model import Delivery, ObjectRef, OpenObject, Reading
from agent.pulse import Pulse
from agent.trail.admission import Admission
from agent.waiting.gate import AtFaultError, Gate
from tests.support.clock import FakeClock
from tests.support.events import event, noise
from tests.support.messages import delivery, notification
from tests.support.objects import BUCKET, plain_object, ref, trail_object
from tests.support.one_worker import LIMITS, HereAndNow, make_objects
from tests.support.records import ids
from tests.support.store import FakeStore, missing, unavailable
from tests.support.telemetry import FakeTelemetry

ROOM = 4 * LIMITS.inflate.inflated_bytes


class SlowStore(FakeStore):
    """A store whose objects come, each after so many seconds of the clock's time; those that are `silent` never do."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self.seconds = 0.0
        self.silent: set[ObjectRef] = set()
        self._clock = clock

    def give(
        self, refs: Sequence[ObjectRef], most: int, patience: Callable[[], float]
    ) -> Iterator[tuple[int, OpenObject | None]]:
        """What meets no trouble, one after the other."""
        for came in super().give(refs, most, patience):
            yield came
            self._clock.wait(threading.Event(), self.seconds)
        for number, one in enumerate(refs):
            if one in self.silent and patience() < inf:
                yield number, None

    def gives_whole(self, ref: ObjectRef) -> bool:
        """Not what is silent."""
        return ref not in self.silent and super().gives_whole(ref)


@dataclass
class Rig:
    """Reads at once over a fake store; `left` lists the ids of the messages that came to the read pool."""

    room: int = ROOM
    reads: int = 32
    clock: FakeClock = field(default_factory=FakeClock)
    telemetry: FakeTelemetry = field(default_factory=FakeTelemetry)
    drain: threading.Event = field(default_factory=threading.Event)
    halt: threading.Event = field(default_factory=threading.Event)
    left: list[str] = field(default_factory=list)
    reserved: list[int] = field(default_factory=lambda: [0])

    def __post_init__(self) -> None:
        self.store = SlowStore(self.clock)
        pulse, admission = Pulse(self.clock), Admission({BUCKET: None})
        self.gate, self.slots = Gate(pulse, self.halt), ReadSlots(self.reads, pulse, self.halt)
        self.budget = Budget(self.room, pulse, self.halt, self.reserved.append)
        objects = make_objects(
            self.store, self.telemetry, pulse=pulse, halt=self.halt, gate=self.gate, slots=self.slots
        )
        pipeline = Pipeline(admission=admission, objects=objects, telemetry=self.telemetry)

        def read(one: Delivery, memory: Share) -> Reading:
            self.left.append(one.message_id)
            return pipeline.read(one, memory)

        self.at_once = AtOnce(
            store=self.store,
            admission=admission,
            objects=objects,
            slots=self.slots,
            budget=self.budget,
            gate=self.gate,
            others=ReadPool(
                pool=HereAndNow(),
                read=read,
                budget=self.budget,
                gate=self.gate,
                telemetry=self.telemetry,
                pulse=pulse,
                drain=self.drain,
            ),
            pulse=pulse,
            drain=self.drain,
            halt=self.halt,
        )

    def put(self, name: str, body: bytes | None = None) -> ObjectRef:
        """Write an object with one event of its name, or with another body."""
        self.store.put(ref(name), trail_object(event(name), noise("n")) if body is None else body)
        return ref(name)

    def message(self, *names: str) -> Delivery:
        """A message about these objects, which are written."""
        return delivery(names[0], notification(*(self.put(name) for name in names)))

    def read(self, *deliveries: Delivery) -> list[Reading]:
        """Everything that comes of them, in its order."""
        readings: list[Reading] = []
        for portion in self.at_once.read_all(deliveries):
            with portion as some:
                readings += some
        assert self.reserved[-1] == 0, "no memory is held"
        with self.slots.take(self.reads) as free:
            assert free == self.reads, "no slot is held"
        return readings


def test_what_is_plain_comes_together_and_wakes_no_thread() -> None:
    """Each message has its own records, counts and memory; the outside hears of each object."""
    rig = Rig()
    messages = [rig.message("a"), rig.message("b1", "b2")]
    (portion,) = rig.at_once.read_all(messages)
    with portion as readings:
        assert [reading.delivery for reading in readings] == messages
        assert [ids(reading.records) for reading in readings] == [["a"], ["b1", "b2"]]
        assert [reading.skipped for reading in readings] == [1, 2]
        assert rig.reserved[-1] > 0
    assert rig.reserved[-1] == 0
    assert rig.telemetry.count("object_read") == 3
    assert rig.left == []


def test_an_object_that_two_messages_name_is_read_for_both() -> None:
    """A notification may come twice."""
    rig = Rig()
    one = rig.message("a")
    again = delivery("again", one.body)
    assert [ids(reading.records) for reading in rig.read(one, again)] == [["a"], ["a"]]
    assert rig.left == []


def test_an_object_that_one_message_names_twice_is_read_once() -> None:
    """As the read pool does."""
    rig = Rig()
    rig.put("a")
    (reading,) = rig.read(delivery("m", notification(ref("a"), ref("a"))))
    assert (ids(reading.records), len(rig.store.requests)) == (["a"], 1)


UNKNOWN = notification(ref("a")).replace("aws:s3", "aws:else")


@pytest.mark.parametrize(
    "body",
    [
        "no notification",
        UNKNOWN,
        notification(ref("a", bucket="of-a-stranger")),
        notification(ref("a"), ref("b", bucket="of-a-stranger")),
        notification(ref("a"), ObjectRef(BUCKET, "no trail")),
    ],
)
def test_a_message_that_names_anything_else_is_left_to_the_read_pool(body: str) -> None:
    """It is judged there, and what is plain beside it is read at once all the same."""
    rig = Rig()
    plain = rig.message("a")
    readings = rig.read(delivery("odd", body), plain)
    assert rig.left == ["odd"]
    assert [reading.delivery.message_id for reading in readings] == ["a", "odd"]
    assert ids(readings[0].records) == ["a"]


@pytest.mark.parametrize("trouble", [missing(), unavailable()])
def test_what_s3_does_not_give_is_left_to_the_read_pool(trouble: StoreError) -> None:
    """Another answer may come when it is read there; the others do not wait for it."""
    rig = Rig()
    odd, plain = rig.message("odd"), rig.message("plain")
    rig.store.trouble(ref("odd"), trouble)
    readings = rig.read(odd, plain)
    assert rig.left == ["odd"]
    assert ids(readings[0].records) == ["plain"]


@pytest.mark.row(29)
def test_a_message_of_which_an_object_is_missing_is_read_anew_as_a_whole() -> None:
    """What was found of its other objects is forgotten, and its memory is free before that."""
    rig = Rig(room=LIMITS.inflate.most(200))
    message = rig.message("a", "b")
    rig.store.trouble(ref("b"), unavailable())
    (reading,) = rig.read(message)
    assert rig.left == ["a"]
    assert ids(reading.records) == ["a", "b"]


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_an_object_that_is_read_anew_is_told_once(names: Sequence[str]) -> None:
    """The outside hears of what is used, whichever object of a message S3 does not give at first."""
    rig = Rig()
    message = rig.message(*names)
    rig.store.trouble(ref("b"), unavailable())
    (reading,) = rig.read(message)
    assert ids(reading.records) == list(names)
    assert rig.telemetry.count("object_read") == 2


def test_a_sound_object_beside_one_that_never_passes_is_told() -> None:
    """Its records are used."""
    rig = Rig()
    rig.put("a")
    rig.put("bomb", gzip.compress(b" " * (LIMITS.inflate.inflated_bytes + 1), mtime=0))
    (reading,) = rig.read(delivery("m", notification(ref("a"), ref("bomb"))))
    assert (ids(reading.records), rig.left) == (["a"], [])
    assert rig.telemetry.count("object_read") == 1


def test_a_damaged_object_is_read_once_more_before_it_is_called_so() -> None:
    """The first look counts: two in all, as many as if it had been opened."""
    rig = Rig()
    rig.put("bad", trail_object(event("bad"))[:-8] + b"a crc, or")
    (reading,) = rig.read(delivery("bad", notification(ref("bad"))))
    assert [fault.reason for fault in reading.faults] == [Reason.OBJECT_CORRUPT]
    assert (rig.left, len(rig.store.requests)) == (["bad"], 2)


def test_a_body_that_broke_off_is_sound_when_it_comes_again() -> None:
    """What was damaged on its way is no fault of the object."""
    rig = Rig()
    message = rig.message("a")
    whole = trail_object(event("a"))
    rig.store.put(ref("a"), whole[:-3])
    rig.store.on_chunk = lambda: rig.store.put(ref("a"), whole)
    (reading,) = rig.read(message)
    assert (ids(reading.records), reading.faults, rig.left) == (["a"], (), ["a"])


def test_a_bomb_is_inflated_once() -> None:
    """What is beyond a limit is so at each reading: it is a dead letter, and nobody tries again."""
    rig = Rig()
    rig.put("bomb", gzip.compress(b" " * (LIMITS.inflate.inflated_bytes + 1), mtime=0))
    (reading,) = rig.read(delivery("bomb", notification(ref("bomb"))))
    assert [(fault.reason, fault.key) for fault in reading.faults] == [(Reason.OBJECT_TOO_LARGE, ref("bomb").key)]
    assert (rig.left, len(rig.store.requests)) == ([], 1)


def test_an_entry_that_is_no_event_is_a_fault_beside_the_records() -> None:
    """As when it is read in the pool."""
    rig = Rig()
    rig.put("half", plain_object(event("good"), 7))
    (reading,) = rig.read(delivery("half", notification(ref("half"))))
    assert (ids(reading.records), reading.malformed) == (["good"], 1)
    assert [fault.reason for fault in reading.faults] == [Reason.EVENT_MALFORMED]


def test_while_anything_is_at_fault_nothing_is_read_at_once() -> None:
    """The read pool knows how to wait."""
    rig = Rig()
    message = rig.message("a")

    def attempt() -> list[Reading]:
        if not rig.left:
            if rig.gate.is_closed():
                return rig.read(message)
            raise AtFaultError(lambda _: 0.0)
        return []

    readings = rig.gate.through("sink", attempt, opened=lambda: None)
    assert (rig.left, [ids(reading.records) for reading in readings]) == (["a"], [["a"]])


def test_memory_that_is_short_is_not_waited_for() -> None:
    """Whoever holds what others wait for must not wait: what was read is used first, then the rest is read."""
    body = trail_object(*(event(f"e{number}") for number in range(50)))
    need = LIMITS.inflate.most(len(body))
    rig = Rig(room=need + need // 2)
    names = ["a", "b", "c"]
    for name in names:
        rig.put(name, body)
    portions = rig.at_once.read_all([delivery(name, notification(ref(name))) for name in names])
    sizes = []
    for portion in portions:
        with portion as readings:
            assert rig.reserved[-1] <= need + need // 2
            sizes.append(len(readings))
    assert sum(sizes) == 3
    assert max(rig.reserved) <= need + need // 2
    assert rig.reserved[-1] == 0


def test_no_more_is_asked_for_than_there_are_slots() -> None:
    """Where all are taken, everything is left to the pool, which waits for one."""
    rig = Rig(reads=2)
    asked: list[int] = []
    give = rig.store.give

    def noting(
        refs: Sequence[ObjectRef], most: int, patience: Callable[[], float]
    ) -> Iterator[tuple[int, OpenObject | None]]:
        asked.append(most)
        return give(refs, most, patience)

    rig.store.give = noting  # type: ignore[method-assign]
    messages = [rig.message(name) for name in "abc"]
    rig.read(*messages)
    with rig.slots.take(1):
        list(rig.at_once.read_all(messages))
    with rig.slots.take(2):
        portions = rig.at_once.read_all([])
        list(portions)
    assert asked == [2, 1, 0]


def test_one_that_is_late_does_not_hold_back_the_others() -> None:
    """After five seconds what came is used, and the rest is read by the pool."""
    rig = Rig()
    rig.store.seconds = 3.0
    readings = rig.read(*(rig.message(name) for name in "abcd"))
    assert rig.left == ["c", "d"]
    assert [ids(reading.records) for reading in readings] == [["a"], ["b"], ["c"], ["d"]]


def test_a_halt_ends_it() -> None:
    """What is not read yet is returned by the pool."""
    rig = Rig()
    messages = [rig.message("a"), rig.message("b")]
    rig.store.on_chunk = rig.halt.set
    readings = rig.read(*messages)
    assert [reading.returned for reading in readings] == [True, True]


def test_a_bug_is_told_by_the_read_pool(monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs its own message only, which comes again."""
    rig = Rig()
    messages = [rig.message("a"), rig.message("b")]

    def broken(*_: object) -> Reading:
        raise ZeroDivisionError

    monkeypatch.setattr("agent.flow.objects.map_events", broken)
    readings = rig.read(*messages)
    assert [reading.retry for reading in readings] == [RetryReason.BUG] * 2
    assert rig.telemetry.count("worker_failed") == 2


def test_who_breaks_off_leaves_no_memory_behind() -> None:
    """A portion that is used ends its memory, also where the rest is never asked for."""
    rig = Rig()
    odd = delivery("odd", "no notification")
    portions = rig.at_once.read_all([rig.message("a"), odd])
    with next(portions):
        pass
    portions.close()
    assert (rig.reserved[-1], rig.left) == (0, [])


def test_a_bug_of_the_store_leaves_no_memory_behind() -> None:
    """What was read before it is used by nobody, and comes again with its message."""
    rig = Rig()
    give = rig.store.give

    def broken(
        refs: Sequence[ObjectRef], most: int, patience: Callable[[], float]
    ) -> Iterator[tuple[int, OpenObject | None]]:
        yield next(iter(give(refs, most, patience)))
        raise ZeroDivisionError

    rig.store.give = broken  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        list(rig.at_once.read_all([rig.message("a"), rig.message("b")]))
    assert (rig.reserved[-1], rig.telemetry.count("object_read")) == (0, 0)


ENTRIES = st.lists(st.sampled_from([event("a"), noise("n"), 7, "text"]), max_size=4)
BODIES = ENTRIES.map(lambda entries: plain_object(*entries))
ODD_BODIES = (b"", b"no log", b"{", b" " * (LIMITS.inflate.inflated_bytes + 1))
OBJECTS = (
    BODIES.map(lambda body: gzip.compress(body, mtime=0))
    | BODIES
    | st.sampled_from([*ODD_BODIES[:3], *(gzip.compress(body, mtime=0) for body in ODD_BODIES)])
)


@given(st.lists(st.lists(OBJECTS, min_size=1, max_size=3), min_size=1, max_size=4))
def test_what_is_read_at_once_is_what_the_pool_would_have_read(messages: list[list[bytes]]) -> None:
    """The same records, counts and faults of each message, and each sound object is told once."""
    quick, exact = Rig(), Rig()
    exact.store.gives_whole = lambda ref: False  # type: ignore[method-assign]
    found = []
    for rig in (quick, exact):
        deliveries = []
        for number, bodies in enumerate(messages):
            refs = [rig.put(f"{number}-{each}", body) for each, body in enumerate(bodies)]
            deliveries.append(delivery(str(number), notification(*refs)))
        readings = sorted(rig.read(*deliveries), key=lambda reading: reading.delivery.message_id)
        told = sorted(str(what[0]) for what in rig.telemetry.named("object_read"))
        found.append(([(each.records, each.skipped, each.malformed, each.faults) for each in readings], told))
    assert exact.left == [str(number) for number in range(len(messages))]
    assert found[0] == found[1]


def test_nothing_is_no_portion() -> None:
    """An empty receive reads nothing."""
    assert list(Rig().at_once.read_all([])) == []


@pytest.mark.row(28)
def test_what_stands_still_at_a_stop_is_returned_before_the_rest_is_shipped() -> None:
    """Also another message of which an object is missing: nothing new is begun while S3 says nothing."""
    rig = Rig()
    rig.drain.set()
    messages = [rig.message("good"), rig.message("late", "other"), delivery("unknown", notification(ref("unknown")))]
    rig.store.silent.add(ref("late"))
    portions = [[(each.delivery.message_id, each.returned) for each in portion] for portion in _portions(rig, messages)]
    assert portions == [[("late", True), ("unknown", True)], [("good", False)]]
    assert rig.left == []
    assert rig.reserved[-1] == 0


def test_what_is_silent_while_nobody_stops_is_left_to_the_pool() -> None:
    """And so is what is odd at a stop, if nothing stands still."""
    rig = Rig()
    late = rig.message("late")
    rig.store.silent.add(ref("late"))
    assert [ids(reading.records) for reading in rig.read(late)] == [["late"]]
    rig.drain.set()
    (odd,) = rig.read(delivery("odd", notification(ref("unknown"))))
    assert (odd.retry, odd.returned, rig.left) == (RetryReason.OBJECT_MISSING, False, ["late", "odd"])


def _portions(rig: Rig, messages: Sequence[Delivery]) -> Iterator[list[Reading]]:
    for portion in rig.at_once.read_all(messages):
        with portion as readings:
            yield list(readings)
