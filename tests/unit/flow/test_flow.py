"""The whole flow from queue to sink in one thread, through outages, repeats and stops: nothing lost or doubled."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from agent.faults.dead_letters import Reason
from agent.model import ObjectRef, Outcome
from tests.support.clock import FakeClock
from tests.support.events import event, noise
from tests.support.messages import notification
from tests.support.objects import BUCKET, ref, trail_object
from tests.support.one_worker import Replica
from tests.support.queue import FakeQueue
from tests.support.records import ids
from tests.support.store import FakeStore, denied
from tests.support.telemetry import FakeTelemetry

HOUR = 3600.0


@dataclass
class World:
    """A queue, a bucket, and objects that were notified to the queue."""

    clock: FakeClock = field(default_factory=FakeClock)
    store: FakeStore = field(default_factory=FakeStore)
    produced: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.queue = FakeQueue(self.clock, max_receives=20)

    def produce(self, count: int = 1, *, prefix: str = "o") -> list[ObjectRef]:
        """Write so many objects of two events each, and notify each in a message of its own."""
        refs = []
        for number in range(count):
            one = ref(f"{prefix}{number}")
            names = [f"{prefix}{number}-a", f"{prefix}{number}-b"]
            self.store.put(one, trail_object(event(names[0]), noise("n"), event(names[1], minute=1)))
            self.queue.send(notification(one))
            self.produced += names
            refs.append(one)
        return refs

    def replica(self) -> Replica:
        """A replica of the agent."""
        return Replica(self.clock, self.queue, self.store)


def run_for(replica: Replica, seconds: float) -> None:
    """Run a replica's worker for so long, then drain it."""
    replica.clock.at(seconds, replica.drain.set)
    replica.worker.run()
    replica.drain.clear()


def stored(replica: Replica) -> list[str]:
    """The event ids that a replica's sink has, in order of name."""
    return sorted(ids(replica.here.stored))


def balanced(telemetry: FakeTelemetry) -> bool:
    """Whether every event that was read has its fate."""
    return telemetry.events_read == telemetry.fates.total()


def test_everything_that_was_notified_arrives() -> None:
    """Thirty objects go through in receives of ten, and the queue is empty after."""
    world = World()
    world.produce(30)
    replica = world.replica()
    run_for(replica, 60)
    assert stored(replica) == sorted(world.produced)
    assert world.queue.messages == {}
    assert replica.telemetry.outcomes() == {Outcome.DELIVERED: 30}
    assert replica.telemetry.fates == {"exported": 60, "skipped": 30, "malformed": 0}
    assert balanced(replica.telemetry)


def test_a_sink_that_is_down_for_an_hour_costs_nothing() -> None:
    """The work in hand waits under its leases, no receive is burned, nothing is dead-lettered, all arrives after."""
    world = World()
    world.produce(25)
    replica = world.replica()
    replica.here.down = True
    world.clock.at(HOUR, lambda: setattr(replica.here, "down", False))
    taken_by_others: list[int] = []
    world.clock.at(HOUR - 1, lambda: taken_by_others.append(world.queue.requests["ReceiveMessage"]))
    run_for(replica, HOUR + 60)
    assert taken_by_others == [1]
    assert replica.telemetry.named("leases_extended") == [(10,)] * 60
    assert replica.telemetry.count("lease_lost") == 0
    assert stored(replica) == sorted(world.produced)
    assert (world.queue.messages, world.queue.dead_letters) == ({}, [])
    assert {settlement.delivery.receive_count for settlement in replica.telemetry.settled} == {1}
    assert balanced(replica.telemetry)


def test_nobody_else_receives_what_waits_for_a_sink() -> None:
    """While one replica waits out its sink, another that polls all along gets none of its messages."""
    world = World()
    world.produce(10)
    waiting, rival = world.replica(), world.replica()
    waiting.here.down = True
    world.clock.at(HOUR, lambda: setattr(waiting.here, "down", False))
    for minute in range(1, 60):
        world.clock.at(minute * 60.0, rival.worker.run_once)
    waiting.worker.run_once()
    assert stored(waiting) == sorted(world.produced)
    assert (rival.here.stored, rival.telemetry.settled) == ([], [])


def test_repeats_are_absorbed() -> None:
    """Three notifications of each object, and one message handed out twice, give each event once."""
    world = World()
    for one in world.produce(5):
        world.queue.send(notification(one))
        world.queue.send(notification(one, one))
    replica = world.replica()
    replica.here.on_export = lambda: world.queue.repeat("message-1") if "message-1" in world.queue.messages else None
    run_for(replica, 60)
    assert stored(replica) == sorted(world.produced)
    assert world.queue.messages == {}
    assert replica.telemetry.fates["exported"] == 10
    assert replica.telemetry.fates["duplicate"] >= 20
    assert balanced(replica.telemetry)


def test_a_delete_that_fails_costs_no_repeat() -> None:
    """With deletes failing for a while the messages keep their leases, and nothing goes out again."""
    world = World()
    world.produce(3)
    replica = world.replica()
    world.queue.fail("DeleteMessageBatch", times=5)
    run_for(replica, 600)
    assert replica.here.exports == [["o0-a", "o1-a", "o2-a", "o0-b", "o1-b", "o2-b"]]
    assert world.queue.messages == {}
    assert replica.telemetry.fates["duplicate"] == 0
    assert balanced(replica.telemetry)


def test_a_lease_that_is_lost_to_another_replica_loses_nothing() -> None:
    """When two replicas come to hold one message both deliver it, as the same record, and the message is gone."""
    world = World()
    world.produce(1)
    first, second = world.replica(), world.replica()
    first.here.down = True
    world.clock.at(10, lambda: world.queue.repeat("message-1"))
    world.clock.at(20, second.worker.run_once)
    world.clock.at(100, lambda: setattr(first.here, "down", False))
    first.worker.run_once()
    assert first.here.stored == second.here.stored
    assert stored(first) == sorted(world.produced)
    assert first.telemetry.named("lease_lost") == [("message-1",)]
    assert world.queue.messages == {}


def test_a_stop_while_the_sink_is_down_gives_everything_back() -> None:
    """What one replica could not deliver before it had to stop is visible at once, and another delivers it."""
    world = World()
    world.produce(10)
    stopping, other = world.replica(), world.replica()
    stopping.here.down = True
    world.clock.at(30, stopping.drain.set)
    world.clock.at(50, stopping.halt.set)
    stopping.worker.run()
    assert world.clock.elapsed == 50
    assert stopping.telemetry.outcomes() == {Outcome.RETURNED: 10}
    assert stopping.telemetry.fates["retried"] == 20
    other.worker.run_once()
    assert stored(other) == sorted(world.produced)
    assert balanced(stopping.telemetry)
    assert balanced(other.telemetry)


def test_one_bad_object_among_good_ones() -> None:
    """The notification with a bad object becomes a dead letter that says why; all good events arrive."""
    world = World()
    good = world.produce(3)
    bad = ref("bad")
    world.store.put(bad, b"<html>neither gzip nor JSON</html>")
    body = notification(good[0], bad)
    world.queue.send(body)
    replica = world.replica()
    run_for(replica, 60)
    (letter,) = world.queue.dead_letters
    assert letter.body == body
    assert (letter.attributes["reason"], letter.attributes["key"]) == ("object_corrupt", bad.key)
    assert stored(replica) == sorted(world.produced)
    assert world.queue.messages == {}


def test_an_object_that_comes_late_arrives() -> None:
    """S3 may notify before every reader can see the object: it is asked for again after a minute or so."""
    world = World()
    late = ref("late")
    world.queue.send(notification(late))
    world.clock.at(90, lambda: world.store.put(late, trail_object(event("late"))))
    replica = world.replica()
    run_for(replica, HOUR)
    assert stored(replica) == ["late"]
    assert replica.telemetry.outcomes() == {Outcome.RETRY: 2, Outcome.DELIVERED: 1}
    assert world.queue.dead_letters == []


def test_an_object_that_never_comes_is_a_dead_letter() -> None:
    """After three receives the fourth gives it up."""
    world = World()
    world.queue.send(notification(ref("never")))
    replica = world.replica()
    run_for(replica, HOUR)
    assert replica.telemetry.outcomes() == {Outcome.RETRY: 3, Outcome.DEAD_LETTER: 1}
    assert [letter.attributes["reason"] for letter in world.queue.dead_letters] == [Reason.OBJECT_MISSING]


def test_an_unreachable_dead_letter_queue_loses_nothing() -> None:
    """A message that cannot be put aside stays in the queue until it can."""
    world = World()
    world.queue.send("no notification")
    world.queue.fail("SendMessage")
    world.clock.at(HOUR, lambda: world.queue.fail("SendMessage", times=0))
    replica = world.replica()
    run_for(replica, HOUR - 1)
    assert list(world.queue.messages) == ["message-1"]
    run_for(replica, HOUR)
    assert [letter.body for letter in world.queue.dead_letters] == ["no notification"]
    assert world.queue.messages == {}
    assert replica.telemetry.outcomes()[Outcome.DEAD_LETTER] == 1


def test_what_is_delivered_does_not_wait_for_dead_letters() -> None:
    """With the dead-letter queue away, good messages of a receive are deleted at once; bad ones keep their leases."""
    world = World()
    for number in range(5):
        world.queue.send(f"no notification {number}")
    world.produce(3)
    world.queue.fail("SendMessage")
    replica = world.replica()
    replica.worker.run_once()
    operations = [request for request in world.queue.requests if request != "ReceiveMessage"]
    assert operations[0] == "DeleteMessageBatch"
    assert stored(replica) == sorted(world.produced)
    assert len(world.queue.messages) == 5
    assert replica.telemetry.count("lease_lost") == 0


def test_a_queue_that_is_away_for_an_hour_costs_only_time() -> None:
    """With SQS gone altogether the worker waits, and everything arrives when it is back."""
    world = World()
    world.produce(12)
    for operation in ("ReceiveMessage", "DeleteMessageBatch", "ChangeMessageVisibilityBatch"):
        world.queue.fail(operation)
        world.clock.at(HOUR, lambda name=operation: world.queue.fail(name, times=0))  # type: ignore[misc]
    replica = world.replica()
    run_for(replica, HOUR + 120)
    assert stored(replica) == sorted(world.produced)
    assert world.queue.messages == {}
    assert 100 < replica.telemetry.count("queue_down") < 200


def test_events_are_counted_once_however_often_they_are_read() -> None:
    """Under repeats, failing deletes and a sink that refuses one record, no event is told as exported twice."""
    world = World()
    refs = world.produce(8)
    for one in refs:
        world.queue.send(notification(one))
    world.queue.fail("DeleteMessageBatch", times=7)
    replica = world.replica()
    replica.here.refused = {"o3-b"}
    run_for(replica, HOUR)
    assert max(Counter(ids(replica.telemetry.exported)).values()) == 1
    assert sorted(ids(replica.telemetry.exported)) == sorted(set(world.produced) - {"o3-b"})
    assert len(world.queue.dead_letters) >= 2
    assert {letter.attributes["reason"] for letter in world.queue.dead_letters} == {"sink_rejected"}
    assert world.queue.messages == {}
    assert balanced(replica.telemetry)


def test_a_bucket_that_is_denied_for_an_hour_costs_only_time() -> None:
    """While every read is refused nothing else is received and leases are held; six objects made way for others."""
    world = World()
    world.produce(25)
    world.store.bucket_trouble(BUCKET, denied())
    world.clock.at(HOUR, lambda: world.store.bucket_trouble(BUCKET, None))
    replica = world.replica()
    run_for(replica, 2 * HOUR)
    assert stored(replica) == sorted(world.produced)
    assert replica.telemetry.outcomes() == {Outcome.DELIVERED: 25, Outcome.RETRY: 6}
    received = replica.telemetry.named("deliveries_received")
    assert sum(int(str(count)) for (count,) in received) == 31, "each was received once, but for those six"
    assert world.queue.dead_letters == []
