"""The promise against a model: whatever happens to queue, store, sink and processes, in any order, nothing is lost.

`MODEL_EXAMPLES=5000 pytest tests/property/test_delivery_model.py` runs that many examples, other ones each time.
"""

from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from agent.aws.store_policy import StoreError
from agent.faults.dead_letters import Reason
from agent.model import ObjectRef, Outcome
from agent.trail.admission import Admission
from tests.support.clock import FakeClock
from tests.support.edges import Edge
from tests.support.events import event, noise
from tests.support.far_side import FarSide, Reply
from tests.support.messages import notification
from tests.support.objects import BUCKET, plain_object, ref, trail_object
from tests.support.process import Interruption, Process, Surroundings
from tests.support.queue import FakeQueue
from tests.support.store import FakeStore, denied, missing, unavailable
from tests.support.truth import Sent, Truth, Written

EXAMPLES: Final = int(os.environ.get("MODEL_EXAMPLES", "0"))
OTHER_BUCKET: Final = "acme-trail-other"
NOON_OF_EVENTS_NS: Final = int(datetime.fromisoformat("2026-11-20T12:00:00Z").timestamp()) * 10**9
_LATE_SECONDS: Final = 100.0
_UNITS_TO_THE_END: Final = 300
_ANOTHER_SECONDS: Final = 300.0
_SELDOM_SECONDS: Final = 2 * 3600.0
_OPERATIONS: Final = ("ReceiveMessage", "DeleteMessageBatch", "ChangeMessageVisibilityBatch", "SendMessage")


_OFTEN: Final = (Edge.RECEIVED, Edge.OPENED)
_MIDST: Final = (*_OFTEN, *_OFTEN, Edge.READ, Edge.EXPORTING, Edge.STORED, Edge.ANSWERED, Edge.WAITING)


class Kind(StrEnum):
    """What an object holds."""

    SOUND = "sound"
    LATE = "sound, but not to be seen at first"
    NOISE = "nothing of ours"
    CUT = "cut short"
    NOT_JSON = "no JSON"
    NEVER = "announced, and never written"
    ODD_ENTRY = "an entry among good ones that is no object"


class Stray(StrEnum):
    """A message that names no object of ours."""

    GARBAGE = "no notification"
    FORGED = "a bucket that is not listed"
    REMOVED = "an object that was removed"
    TEST = "S3's test event"


class Happening(StrEnum):
    """What befalls a process at an edge."""

    CRASH = "killed"
    FREEZE = "stands still"
    LAPSE = "stands still, and then the other one works"
    MEET = "the other one works after a while"
    TERMINATE = "SIGTERM"
    REPEAT = "what it holds is handed out once more"
    FORGET = "its receipt handles become unknown"


_COSTS_LEASES: Final = (Happening.FREEZE, Happening.LAPSE, Happening.REPEAT, Happening.FORGET)


@dataclass(frozen=True, slots=True)
class Blow:
    """A `Happening` at the `nth` time that an edge is reached; `seconds` long, or of grace."""

    edge: Edge
    nth: int
    what: Happening
    seconds: float


_FLAWS: Final = {
    Kind.CUT: Reason.OBJECT_CORRUPT,
    Kind.NOT_JSON: Reason.OBJECT_MALFORMED,
    Kind.NEVER: Reason.OBJECT_MISSING,
    Kind.ODD_ENTRY: Reason.EVENT_MALFORMED,
}
_FORGED: Final = ref(bucket="somebody-elses")
_STRAYS: Final = {
    Stray.GARBAGE: Sent("no notification", flaw=Reason.NOTIFICATION_UNKNOWN),
    Stray.FORGED: Sent(notification(_FORGED), flaw=Reason.NOT_ALLOWED),
    Stray.REMOVED: Sent(notification(ref("gone"), event_name="ObjectRemoved:Delete")),
    Stray.TEST: Sent('{"Service": "Amazon S3", "Event": "s3:TestEvent"}'),
}
_TROUBLES: Final[dict[Reason | None, Callable[[], StoreError | bytes]]] = {
    Reason.OBJECT_MISSING: missing,
    Reason.OBJECT_UNREADABLE: denied,
    Reason.OBJECT_CORRUPT: lambda: b"\x1f\x8b\x08 damaged".ljust(1 << 14),
    None: unavailable,
}
_REPLIES: Final = (
    Reply(503),
    Reply(503, retry_after=7),
    Reply(503, retry_after=4000),
    Reply(429, retry_after=30),
    Reply(500, keeps=True),
    Reply(504, keeps=True),
    Reply(408),
    Reply(401),
    Reply(302),
    Reply(400),
    Reply(400, keeps=True),
    Reply(413),
    Reply(200, rejects=1),
    Reply(200, rejects=3),
    Reply(200),
)

_counts: Final = st.sampled_from([1, 1, 1, 2, 3])
_hours: Final = st.just(10_000.0)
_never: Final = st.just(0.0)
_slots: Final = st.integers(0, 1)
_seconds: Final = st.sampled_from([1.0, 20.0, 70.0, 130.0, 400.0, 1000.0])
_blow: Final = st.builds(Blow, st.sampled_from(Edge), _counts, st.sampled_from(Happening), _seconds)


class World:
    """Two replicas over one queue, one store and one sink; and what is true of them.

    Every two hours CloudTrail writes another object, so that no replica is alone for weeks with what a sink refuses.
    """

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.queue = FakeQueue(self.clock)
        self.store = FakeStore()
        self.truth = Truth(self.queue)
        self.sink = FarSide(self.truth, self.clock)
        admission = Admission({BUCKET: None, OTHER_BUCKET: None})
        self._surroundings = Surroundings(self.clock, self.queue, self.store, self.sink, self.truth, admission)
        self._serial = 0
        self._once_corrupt: set[ObjectRef] = set()
        self.replicas = [self._start(), self._start()]
        self.clock.every(_SELDOM_SECONDS, self._write_another)

    def _next(self, prefix: str) -> str:
        self._serial += 1
        return f"{prefix}{self._serial}"

    def _start(self) -> Process:
        return Process(self._next("process-"), self._surroundings)

    def write(self, kind: Kind, minutes: Sequence[int], shared: Written | None, *, other_bucket: bool) -> Written:
        """Write an object with an event at each of `minutes`, and with those of `shared` once more."""
        name = self._next("object")
        one = ref(name, bucket=OTHER_BUCKET if other_bucket else BUCKET)
        fresh = [event(self._next("event-"), minute=minute) for minute in minutes]
        repeated = [self.truth.written[event_id] for event_id in shared.events] if shared else []
        ours = [] if kind is Kind.NOISE else [*fresh, *repeated]
        entries: list[object] = [noise(name), *ours]
        self._put(kind, one, _body(kind, entries))
        if kind not in (Kind.SOUND, Kind.LATE, Kind.ODD_ENTRY):
            return Written(one, (), _FLAWS.get(kind))
        self.truth.written.update({str(each["eventID"]): each for each in ours})
        return Written(one, tuple(str(each["eventID"]) for each in ours), _FLAWS.get(kind))

    def _put(self, kind: Kind, one: ObjectRef, body: bytes) -> None:
        match kind:
            case Kind.NEVER:
                pass
            case Kind.LATE:
                self.truth.may_be(Reason.OBJECT_MISSING, one)
                self.clock.at(_LATE_SECONDS, partial(self.store.put, one, body))
            case _:
                self.store.put(one, body)

    def trouble(self, one: ObjectRef, reasons: Sequence[Reason | None]) -> None:
        """Let the next reads of an object fail, each in a way that looks like one of `reasons`, or in none."""
        if one not in self.store:
            return
        self.store.trouble(one, *(_TROUBLES[reason]() for reason in reasons))
        for reason in reasons:
            if reason is Reason.OBJECT_CORRUPT and one not in self._once_corrupt:
                self._once_corrupt.add(one)  # it is read again
            elif reason:
                self.truth.may_be(reason, one)

    def send(self, sent: Sent) -> None:
        """Put a message into the queue."""
        self.truth.sends(self.queue.send(sent.body), sent)

    def work(self, slot: int, blows: Sequence[Blow] = ()) -> None:
        """Let a replica do one unit of work, in spite of `blows`."""
        process = self.replicas[slot]
        process.work([Interruption(blow.edge, blow.nth, partial(self._strike, slot, blow)) for blow in blows])
        self._replace(slot)

    def work_on(self, slot: int, units: int) -> None:
        """Let a replica do so many units of work, however long it takes until there is something to do."""
        for _ in range(units):
            self._await_message()
            self.work(slot)

    def _await_message(self) -> None:
        if self.queue.messages:
            next_visible = min(message.visible_at for message in self.queue.messages.values())
            self.clock.advance(max(0.0, next_visible - self.clock.time()))

    def _strike(self, slot: int, blow: Blow) -> None:
        process = self.replicas[slot]
        other = partial(self.work, 1 - slot)
        happenings: dict[Happening, Callable[[], object]] = {
            Happening.CRASH: process.kill,
            Happening.FREEZE: partial(process.freeze, blow.seconds),
            Happening.LAPSE: partial(self._lapse, process, blow.seconds, other),
            Happening.MEET: partial(self.clock.at, blow.seconds, other),
            Happening.TERMINATE: partial(process.terminate, blow.seconds),
            Happening.REPEAT: partial(self._to_all_held, process, self.queue.repeat),
            Happening.FORGET: partial(self._to_all_held, process, self.queue.forget),
        }
        self.truth.is_hampered |= blow.what in _COSTS_LEASES
        happenings[blow.what]()

    def _lapse(self, process: Process, seconds: float, other: Callable[[], object]) -> None:
        self.clock.at(seconds, other)
        process.freeze(seconds + 1)

    def _to_all_held(self, process: Process, do: Callable[[str], object]) -> None:
        for delivery in process.leases.held():
            if delivery.message_id in self.queue.messages:
                do(delivery.message_id)

    def stop(self, slot: int) -> None:
        """SIGTERM to a replica that is idle."""
        self.replicas[slot].terminate(5)
        self.work(slot)

    def _replace(self, slot: int) -> None:
        """Start a process anew where one has ended; as a rule it has given back what it did not finish."""
        process = self.replicas[slot]
        if process.busy or not (process.dead or process.drain.is_set()):
            return
        if not process.dead:
            self.check_idle(process)
            self.check_returned(process)
        process.bury_remains()
        self.replicas[slot] = self._start()

    def check(self) -> None:
        """What holds after every step."""
        self.truth.check()
        buckets = {one.bucket for one in self.store.requests}
        self.truth.demand(buckets <= {BUCKET, OTHER_BUCKET}, f"read from {buckets}")
        for process in self.replicas:
            self.check_idle(process)

    def check_idle(self, process: Process) -> None:
        """With nothing in hand a process holds nothing, and has accounted for everything."""
        told, demand, name = process.telemetry, self.truth.demand, process.name
        demand(told.events_read == told.fates.total(), f"{name}'s ledger: {told.events_read} read, {told.fates}")
        demand(told.reserved == 0, f"{name} keeps {told.reserved} bytes reserved")
        demand(not process.leases.held(), f"{name} keeps leases")
        demand(not told.named("worker_failed"), f"{name} has a bug: {told.named('worker_failed')}")
        received = sum(int(str(count)) for (count,) in told.named("deliveries_received"))
        unsettled = sum(int(str(count)) for what, count, _ in told.named("settle_failed") if what != "SendMessage")
        demand(received == len(told.settled) + unsettled, f"{name} received {received}, settled {len(told.settled)}")

    def check_returned(self, process: Process) -> None:
        """What was given back can be received at once."""
        for settlement in process.telemetry.settled:
            message = self.queue.messages.get(settlement.delivery.message_id)
            if settlement.outcome is Outcome.RETURNED and message:
                is_latest = message.handle == settlement.delivery.receipt_handle
                hidden = is_latest and message.visible_at > self.clock.time()
                self.truth.demand(not hidden, f"{process.name} hides what it gave back")

    def finish(self) -> None:
        """Mend everything, and work until the queue is empty, while CloudTrail goes on writing."""
        self.queue.mend()
        self.store.mend()
        self.sink.mend()
        self.clock.every(_ANOTHER_SECONDS, self._write_another)
        for unit in range(_UNITS_TO_THE_END):
            if not self.queue.messages:
                break
            self._await_message()
            self.work(unit % 2)
            self.check()
        self.truth.check_end()

    def _write_another(self) -> None:
        written = self.write(Kind.SOUND, [59], None, other_bucket=False)
        self.send(Sent(notification(written.ref), (written,)))


def _body(kind: Kind, entries: Sequence[object]) -> bytes:
    match kind:
        case Kind.CUT:
            return trail_object(*entries)[:-9]
        case Kind.NOT_JSON:
            return gzip.compress(plain_object(*entries)[:-1], mtime=0)
        case Kind.ODD_ENTRY:
            return trail_object(*entries, 17)
        case _:
            return trail_object(*entries)


class DeliveryModel(RuleBasedStateMachine):
    """What can happen, in any order."""

    objects = Bundle("objects")

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @initialize(
        target=objects,
        sizes=st.lists(st.integers(0, 5), min_size=1, max_size=4),
        apart=st.integers(0, 12),
        replies=st.lists(st.sampled_from(_REPLIES), max_size=3),
    )
    def begin(self, sizes: list[int], apart: int, replies: list[Reply]) -> MultipleResults[Written]:
        """Some sound objects are there and notified, with events so many minutes apart; the sink has its moods."""
        self.world.sink.script.extend(replies)
        return multiple(*(self.produce(Kind.SOUND, [n * apart for n in range(size)], False, 1) for size in sizes))

    @rule(
        target=objects,
        kind=st.sampled_from(Kind) | st.just(Kind.SOUND),
        minutes=st.lists(st.integers(0, 59), max_size=6),
        other_bucket=st.booleans(),
        messages=st.integers(0, 2),
    )
    def produce_one(self, kind: Kind, minutes: list[int], other_bucket: bool, messages: int) -> Written:
        """CloudTrail writes an object; S3 notifies it, more than once or not yet."""
        return self.produce(kind, minutes, other_bucket, messages)

    def produce(self, kind: Kind, minutes: list[int], other_bucket: bool, messages: int) -> Written:
        """Write an object, and notify it in so many messages."""
        written = self.world.write(kind, minutes, None, other_bucket=other_bucket)
        for _ in range(messages):
            self.world.send(Sent(notification(written.ref), (written,)))
        return written

    @rule(target=objects, first=objects, minutes=st.lists(st.integers(0, 59), max_size=2))
    def produce_again(self, first: Written, minutes: list[int]) -> Written:
        """The same records stand in another object as well."""
        written = self.world.write(Kind.SOUND, minutes, first, other_bucket=False)
        self.world.send(Sent(notification(written.ref), (written,)))
        return written

    @rule(named=st.lists(objects, min_size=1, max_size=4), forged=st.sampled_from([False, False, False, True]))
    def notify(self, named: list[Written], forged: bool) -> None:
        """One message names several objects, or one of them twice, or one that others name too, or none of ours."""
        refs = [*(one.ref for one in named), *([_FORGED] if forged else [])]
        self.world.send(Sent(notification(*refs), tuple(named), Reason.NOT_ALLOWED if forged else None))

    @rule(stray=st.sampled_from(Stray), times=st.sampled_from([1, 1, 1, 11, 14]))
    def stray(self, stray: Stray, times: int) -> None:
        """Messages come that name nothing of ours, perhaps so many that the agent doubts itself."""
        for _ in range(times):
            self.world.send(_STRAYS[stray])

    @rule(slot=_slots, blows=st.lists(_blow, min_size=1, max_size=4))
    def work(self, slot: int, blows: list[Blow]) -> None:
        """A replica does one unit of work, and things happen to it."""
        self.world.work(slot, blows)

    @rule(slot=_slots, edge=st.sampled_from(Edge), nth=_counts)
    def crash(self, slot: int, edge: Edge, nth: int) -> None:
        """A replica is killed in the middle of its work."""
        self.world.work(slot, [Blow(edge, nth, Happening.CRASH, 0)])

    @rule(
        slot=_slots,
        edge=st.sampled_from(_MIDST),
        nth=_counts,
        grace=st.sampled_from([0, 0, 25]),
        down=_seconds | _never,
    )
    def terminate(self, slot: int, edge: Edge, nth: int, grace: float, down: float) -> None:
        """A replica is told to stop in the middle of its work, perhaps while it waits for a sink that is down."""
        if down:
            self.sink_is_down(down)
        self.world.work(slot, [Blow(edge, nth, Happening.TERMINATE, grace)])

    @rule(slot=_slots, edge=st.sampled_from(Edge), nth=_counts, then=st.lists(_blow, max_size=1))
    def overlap(self, slot: int, edge: Edge, nth: int, then: list[Blow]) -> None:
        """A replica stands still until its leases lapse, the other takes what it held, and both go on."""
        self.world.work(slot, [Blow(edge, nth, Happening.LAPSE, 150), *then])

    @rule(slot=_slots)
    def work_in_peace(self, slot: int) -> None:
        """A replica does one unit of work."""
        self.world.work(slot)

    @rule(slot=_slots, units=st.integers(2, 8))
    def work_on(self, slot: int, units: int) -> None:
        """A replica does unit after unit."""
        self.world.work_on(slot, units)

    @rule(slot=_slots)
    def stop(self, slot: int) -> None:
        """A replica is told to stop while it is idle."""
        self.world.stop(slot)

    @rule(seconds=_seconds)
    def wait(self, seconds: float) -> None:
        """Time passes: leases lapse, what was given back is seen again."""
        self.world.clock.advance(seconds)

    @rule(operation=st.sampled_from(_OPERATIONS), times=st.sampled_from([1, 3, 6, 30]))
    def queue_fails(self, operation: str, times: int) -> None:
        """The queue throttles, or does not answer."""
        self.world.truth.is_hampered = True
        self.world.queue.fail(operation, times)

    @rule(seconds=_seconds)
    def queue_is_away(self, seconds: float) -> None:
        """Nothing of SQS answers for a while."""
        self.world.truth.is_hampered = True
        for operation in _OPERATIONS:
            self.world.queue.fail(operation)
        self.world.clock.at(seconds, self.world.queue.mend)

    @rule(
        data=st.data(),
        operation=st.sampled_from(["DeleteMessageBatch", "ChangeMessageVisibilityBatch"]),
        times=st.sampled_from([1, 3, 6]),
    )
    def queue_refuses(self, data: st.DataObject, operation: str, times: int) -> None:
        """A batch action fails for some messages."""
        self.world.truth.is_hampered = True
        if self.world.queue.messages:
            some = st.lists(st.sampled_from(sorted(self.world.queue.messages)), min_size=1, max_size=3, unique=True)
            for message_id in data.draw(some):
                self.world.queue.refuse(operation, message_id, times)

    @rule(
        one=objects,
        troubles=st.lists(st.sampled_from([*_TROUBLES]), min_size=1, max_size=3),
        times=st.sampled_from([1, 4, 12]),
    )
    def store_fails(self, one: Written, troubles: list[Reason | None], times: int) -> None:
        """Reads of one object meet 404, 403, 5xx or a body that is damaged, one after the other."""
        self.world.trouble(one.ref, troubles * times)

    @rule(bucket=st.sampled_from([BUCKET, OTHER_BUCKET]), denies=st.booleans(), seconds=_seconds | _hours)
    def bucket_fails(self, bucket: str, denies: bool, seconds: float) -> None:
        """Every read of a bucket is denied, or not answered, for a while."""
        store = self.world.store
        store.bucket_trouble(bucket, denied() if denies else unavailable())
        self.world.clock.at(seconds, partial(store.bucket_trouble, bucket, None))

    @rule(replies=st.lists(st.sampled_from(_REPLIES), min_size=1, max_size=3))
    def sink_answers(self, replies: list[Reply]) -> None:
        """The next requests are answered in some way."""
        self.world.sink.script.extend(replies)

    @rule(seconds=_seconds)
    def sink_goes_down(self, seconds: float) -> None:
        """The sink takes nothing for a while."""
        self.sink_is_down(seconds)

    def sink_is_down(self, seconds: float) -> None:
        """Let the sink take nothing for so long."""
        sink = self.world.sink
        sink.down = True
        self.world.clock.at(seconds, partial(setattr, sink, "down", False))

    @rule(data=st.data(), one=objects)
    def sink_refuses(self, data: st.DataObject, one: Written) -> None:
        """The sink will not have one event, ever."""
        if one.events:
            self.world.sink.refused.add(data.draw(st.sampled_from(one.events)))

    @rule(minute=st.integers(0, 10))
    def sink_moves_on(self, minute: int) -> None:
        """The sink takes nothing any more that is older than this."""
        self.world.sink.horizon = NOON_OF_EVENTS_NS + minute * 60 * 10**9

    @rule(most=st.integers(1, 3))
    def sink_shrinks(self, most: int) -> None:
        """The sink takes small requests only."""
        self.world.sink.most_records = most

    @invariant()
    def nothing_is_lost(self) -> None:
        """Delivered, queued and dead-lettered cover what was produced; the ledgers balance; nothing is kept."""
        self.world.check()

    def teardown(self) -> None:
        """With everything mended, everything comes to its end."""
        if sys.exc_info()[0] is None:
            self.world.finish()


@pytest.mark.timeout(0 if EXAMPLES else 1800)  # half a minute; but to shrink a failure takes many
def test_nothing_is_lost_whatever_happens() -> None:
    """Under any order of events, faults, crashes and stops the promise holds after each step, and all ends well."""
    run_state_machine_as_test(
        DeliveryModel,
        settings=settings(max_examples=EXAMPLES or 350, stateful_step_count=30, derandomize=not EXAMPLES),
    )
