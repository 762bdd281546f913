"""How long deliveries stay hidden, and what happens when they no longer do."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from agent.aws.lease import InHand, Leases
from agent.aws.sqs import Hiding, RefusedEntry
from agent.model import Delivery
from agent.pulse import Pulse
from tests.support.clock import FakeClock
from tests.support.messages import delivery
from tests.support.queue import FakeQueue
from tests.support.telemetry import FakeTelemetry

SECONDS = 120
HOUR = 3600.0


class EventfulQueue(FakeQueue):
    """A queue, and what a test has happen while a request is on its way."""

    before_hiding: Callable[[], object] = staticmethod(lambda: None)

    def hide(self, hidings: Sequence[Hiding]) -> list[RefusedEntry]:
        """After that has happened."""
        self.before_hiding()
        return super().hide(hidings)


@dataclass
class Rig:
    """Leases over a fake queue, kept every second as the keeper thread does."""

    clock: FakeClock = field(default_factory=FakeClock)
    telemetry: FakeTelemetry = field(default_factory=FakeTelemetry)

    def __post_init__(self) -> None:
        self.queue = EventfulQueue(self.clock, visibility=SECONDS)
        self.leases = Leases(self.queue, SECONDS, self.telemetry, Pulse(self.clock))
        self.clock.every(1, self.leases.extend_due)

    def received(self, count: int = 1) -> list[Delivery]:
        """So many deliveries in hand."""
        for number in range(count):
            self.queue.send(f"body {number}")
        return self.queue.receive()


def test_a_lease_is_extended_at_half_its_life() -> None:
    """Nothing is asked in the first minute of two; then the lease is made whole again."""
    rig = Rig()
    with rig.leases.hold(rig.received()):
        rig.clock.advance(59)
        assert rig.queue.hidden == []
        rig.clock.advance(2)
        assert rig.queue.hidden == [("message-1", SECONDS)]
        assert rig.telemetry.named("leases_extended") == [(1,)]


def test_a_lease_runs_from_the_receive() -> None:
    """Half of the life is counted from the receive, however late it is held."""
    rig = Rig()
    deliveries = rig.received()
    rig.clock.advance(50)
    with rig.leases.hold(deliveries):
        rig.clock.advance(11)
        assert len(rig.queue.hidden) == 1


def test_a_held_delivery_stays_hidden_for_hours() -> None:
    """As long as the block lasts nobody else receives the message."""
    rig = Rig()
    with rig.leases.hold(rig.received(3)):
        rig.clock.advance(10 * HOUR)
        assert rig.queue.receive() == []
    assert rig.telemetry.count("lease_lost") == 0


def test_leases_that_are_due_together_are_extended_together() -> None:
    """Ten deliveries of one receive cost one request each minute."""
    rig = Rig()
    with rig.leases.hold(rig.received(10)):
        rig.clock.advance(61)
    assert rig.telemetry.named("leases_extended") == [(10,)]
    assert rig.queue.requests["ChangeMessageVisibilityBatch"] == 1


def test_a_lease_ends_with_its_block() -> None:
    """After the block nothing is extended, and the message comes again when its time-out is over."""
    rig = Rig()
    with rig.leases.hold(rig.received()):
        rig.clock.advance(10)
    rig.clock.advance(SECONDS)
    assert rig.queue.hidden == []
    assert rig.leases.held() == []
    assert [one.receive_count for one in rig.queue.receive()] == [2]


def test_a_lease_ends_with_a_block_that_fails() -> None:
    """A bug in the work does not keep its messages from the others for ever."""
    rig = Rig()
    with suppress(ZeroDivisionError), rig.leases.hold(rig.received()):
        raise ZeroDivisionError
    rig.clock.advance(SECONDS)
    assert (rig.leases.held(), rig.telemetry.held) == ([], 0)
    assert len(rig.queue.receive()) == 1


def test_what_is_held_is_counted() -> None:
    """The outside hears how many deliveries all workers hold together."""
    rig = Rig()
    first, second, third = rig.received(3)
    with rig.leases.hold([first, second]):
        assert rig.telemetry.held == 2
        with rig.leases.hold([third]):
            assert rig.telemetry.held == 3
            assert rig.leases.held() == [first, second, third]
        assert rig.telemetry.held == 2
    assert rig.telemetry.held == 0


def test_what_changes_nothing_is_not_told() -> None:
    """A delivery is released when it is settled, and once more when the work has ended: one of them is news."""
    told: list[int] = []

    class Listening(FakeTelemetry):
        """Keeps each number that it is told."""

        def in_flight(self, deliveries: int, oldest_sent_at: float | None) -> None:
            """Remember."""
            told.append(deliveries)

    rig = Rig(telemetry=Listening())
    first, second = received = rig.received(2)
    with rig.leases.hold(received), rig.leases.hold([]):
        rig.leases.release([first])
        assert rig.leases.of(received) == [second]
        rig.leases.release([first])
    assert told == [2, 1, 0]


def test_a_stale_lease_is_given_up() -> None:
    """When SQS says that a handle is invalid, the loss is told once, and the other leases go on."""
    rig = Rig()
    first, second = rig.received(2)
    with rig.leases.hold([first, second]):
        rig.queue.forget(first.message_id)
        rig.clock.advance(200)
        assert rig.telemetry.named("lease_lost") == [(first.message_id,)]
        assert rig.leases.held() == [second]
        assert rig.queue.hidden == [(second.message_id, SECONDS)] * 3
    assert rig.telemetry.held == 0


def test_another_replica_that_took_over_keeps_its_lease() -> None:
    """Once somebody else received the message, our extension is refused and theirs stands."""
    rig = Rig()
    (ours,) = rig.received()
    with rig.leases.hold([ours]):
        rig.queue.repeat(ours.message_id)
        (theirs,) = rig.queue.receive()
        rig.clock.advance(61)
        assert rig.telemetry.named("lease_lost") == [(ours.message_id,)]
        assert rig.queue.hide([Hiding(theirs, SECONDS)]) == []


def test_an_extension_that_is_not_answered_is_tried_again() -> None:
    """With SQS away for half a minute the lease survives: every second there is another try."""
    rig = Rig()
    with rig.leases.hold(rig.received()):
        rig.clock.advance(59)
        rig.queue.fail("ChangeMessageVisibilityBatch", times=30)
        rig.clock.advance(40)
        assert rig.queue.receive() == []
        assert rig.queue.requests["ChangeMessageVisibilityBatch"] == 31
    assert (rig.telemetry.count("lease_lost"), rig.telemetry.count("leases_extended")) == (0, 1)


def test_an_extension_that_is_refused_for_a_moment_is_tried_again() -> None:
    """A refusal that may pass is not a loss, and the rest of the batch is extended."""
    rig = Rig()
    first, second = rig.received(2)
    with rig.leases.hold([first, second]):
        rig.queue.refuse("ChangeMessageVisibilityBatch", first.message_id, times=2)
        rig.clock.advance(63)
        assert sorted(rig.queue.hidden) == [(first.message_id, SECONDS), (second.message_id, SECONDS)]
    assert rig.telemetry.count("lease_lost") == 0


def test_no_lease_outlives_twelve_hours() -> None:
    """SQS hides nothing for longer than twelve hours from the receive, so nothing longer is asked for."""
    rig = Rig()
    with rig.leases.hold(rig.received()):
        rig.clock.advance(12 * HOUR - 240)
        assert rig.telemetry.count("lease_lost") == 0
        rig.clock.advance(240)
        assert rig.telemetry.count("lease_lost") == 1
        assert rig.leases.held() == []
        assert rig.queue.requests["ChangeMessageVisibilityBatch"] == len(rig.queue.hidden)
        assert [one.receive_count for one in rig.queue.receive()] == [2]


def test_a_settled_delivery_was_not_lost() -> None:
    """A delete that overtakes an extension makes its handle invalid, and that is no loss."""
    rig = Rig()
    deliveries = rig.received()
    held = rig.leases.hold(deliveries)
    held.__enter__()

    def settle() -> None:
        held.__exit__(None, None, None)
        rig.queue.delete(deliveries)

    rig.clock.advance(59)
    rig.queue.before_hiding = settle
    rig.clock.advance(2)
    assert rig.queue.requests["ChangeMessageVisibilityBatch"] == 1
    assert (rig.telemetry.count("lease_lost"), rig.telemetry.held) == (0, 0)


def test_the_keeper_keeps_until_it_is_stopped() -> None:
    """The keeper's loop extends in time by itself, and ends when told to."""
    rig = Rig(clock=FakeClock())
    leases = Leases(rig.queue, SECONDS, rig.telemetry, Pulse(rig.clock))
    stop = threading.Event()
    rig.clock.at(10 * SECONDS, stop.set)
    with leases.hold(rig.received()):
        leases.keep(stop)
    assert rig.queue.hidden == [("message-1", SECONDS)] * 19


def test_what_is_in_hand_without_a_lease_is_counted_and_never_extended() -> None:
    """A source of which nobody else can take needs no keeper."""
    telemetry = FakeTelemetry()
    in_hand, one = InHand(telemetry), delivery()
    with in_hand.hold([one]):
        assert (in_hand.count(), in_hand.holds(one), in_hand.held(), telemetry.held) == (1, True, [one], 1)
    assert (in_hand.count(), in_hand.holds(one), telemetry.held) == (0, False, 0)
