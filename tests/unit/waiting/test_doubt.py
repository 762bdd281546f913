"""Is it me? What the agent does when nearly everything that it settles is a dead letter."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import msgspec
import pytest

from agent.errors import Fault
from agent.faults.dead_letters import Reason
from agent.faults.retries import RetryReason
from agent.model import Delivery, Outcome, Reading, Settlement
from agent.pulse import Pulse, SystemClock
from agent.waiting.doubt import Doubt, NoDoubt
from agent.waiting.gate import Gate
from tests.support.clock import FakeClock, finish
from tests.support.events import event
from tests.support.messages import delivery, notification
from tests.support.objects import ref, trail_object
from tests.support.one_worker import Replica
from tests.support.queue import FakeQueue
from tests.support.records import ids, log_record
from tests.support.store import FakeStore
from tests.support.telemetry import FakeTelemetry

HOUR: Final = 3600.0
TEST_EVENT: Final = '{"Service": "Amazon S3", "Event": "s3:TestEvent"}'


@dataclass
class World:
    """A replica over a queue in which good and bad messages stand in the order in which they were sent."""

    clock: FakeClock = field(default_factory=FakeClock)
    store: FakeStore = field(default_factory=FakeStore)
    good: list[str] = field(default_factory=list)
    max_receives: int = 3

    def __post_init__(self) -> None:
        self.queue = FakeQueue(self.clock, max_receives=self.max_receives)
        self.replica = Replica(self.clock, self.queue, self.store)
        self.telemetry = self.replica.telemetry

    def send(self, pattern: str) -> None:
        """Send a good message (an object with one event) for each `+`, and a bad one for each `-` of `pattern`."""
        for sign in pattern:
            self.queue.send(self._produce() if sign == "+" else "no notification")

    def _produce(self) -> str:
        name = f"event{len(self.good)}"
        self.good.append(name)
        self.store.put(ref(name), trail_object(event(name)))
        return notification(ref(name))

    def run_for(self, seconds: float) -> None:
        """Work for so long, and stop at once then."""
        self.clock.at(seconds, self.replica.drain.set)
        self.clock.at(seconds, self.replica.halt.set)
        self.replica.worker.run()

    @property
    def buried(self) -> int:
        """How many messages are in the dead-letter queue; each has its reason, so that the agent put it there."""
        assert all(letter.attributes for letter in self.queue.dead_letters)
        return len(self.queue.dead_letters)

    @property
    def arrived(self) -> list[str]:
        """The ids of the events that the sink has."""
        return sorted(ids(self.replica.here.stored))


def test_ten_dead_letters_in_a_row_end_the_burying() -> None:
    """An hour later hardly another message is buried, none has been received twice, and readiness says why."""
    world = World()
    world.send("-" * 500)
    closed: list[bool] = []
    world.clock.at(HOUR - 1, lambda: closed.append(world.replica.inside.gate.is_closed()))
    world.run_for(HOUR)
    assert 10 < world.buried < 25
    assert closed == [True]
    assert {message.receives for message in world.queue.messages.values()} <= {0, 1}
    assert {told[0] for told in world.telemetry.named("gate_closed")} == {"dead letters"}


def test_nine_in_a_row_accuse_nobody() -> None:
    """One good message among ten is enough to go on as always."""
    world = World()
    world.send(("-" * 9 + "+") * 5)
    world.run_for(60)
    assert (world.buried, world.arrived) == (45, sorted(world.good))
    assert world.telemetry.named("gate_closed") == []


def test_more_than_half_of_the_last_hundred_end_the_burying_too() -> None:
    """Two bad messages after each good one are never ten in a row, and accuse us all the same."""
    world = World()
    world.send("--+" * 26)
    world.run_for(0.1)
    assert world.buried == 51
    assert world.telemetry.named("gate_closed")[0] == ("dead letters",)


def test_the_first_good_message_ends_the_doubt() -> None:
    """Behind ninety bad messages the good ones are delivered within seconds, and then the bad ones are buried."""
    world = World()
    world.send("-" * 90 + "+" * 5)
    world.run_for(30)
    assert (world.arrived, world.buried, world.queue.messages) == (sorted(world.good), 90, {})
    assert world.telemetry.count("gate_opened") >= 1
    assert not world.replica.inside.gate.is_closed()


def test_a_burst_of_bad_messages_does_not_hold_an_idle_agent_up() -> None:
    """Sixteen forged messages, and nothing else, are buried within a minute."""
    world = World()
    world.send("-" * 16)
    world.run_for(60)
    assert (world.buried, world.queue.messages) == (16, {})


def test_a_queue_is_not_drained_little_by_little() -> None:
    """In a quiet account, with a bad message every five minutes for a day, a few dozen are buried, not all 288."""
    world = World()
    world.clock.every(300, lambda: world.send("-"))
    world.run_for(24 * HOUR)
    assert 10 < world.buried < 50
    assert world.buried + len(world.queue.messages) == 288


def test_messages_held_back_are_judged_anew_when_the_doubt_ends() -> None:
    """A sink that refused everything for an hour, because of its own settings, gets all that was held back."""
    world = World()
    world.send("+" * 60)
    world.replica.here.refused = set(world.good)
    world.clock.at(HOUR, world.replica.here.refused.clear)
    world.run_for(2 * HOUR)
    assert world.buried < 25
    assert (len(world.arrived), world.queue.messages) == (60 - world.buried, {})
    assert world.telemetry.events_read == world.telemetry.fates.total()


def test_what_is_held_back_keeps_its_lease_and_goes_back_at_a_stop() -> None:
    """Through half an hour of doubt no lease lapses; told to stop, the agent gives all back, to be received at once."""
    world = World()
    world.send("-" * 40)
    world.run_for(HOUR / 2)
    assert world.telemetry.count("lease_lost") == 0
    assert world.telemetry.outcomes()[Outcome.RETURNED] > 10
    assert all(message.visible_at <= world.clock.time() for message in world.queue.messages.values())
    assert world.replica.inside.leases.held() == []


def test_ignored_notifications_prove_nothing() -> None:
    """What holds nothing for us is deleted as always, and neither accuses nor reassures."""
    world = World()
    for _ in range(30):
        world.send("-")
        world.queue.send(TEST_EVENT)
    world.run_for(0.1)
    assert world.buried == 10


def test_after_the_doubt_the_count_begins_anew() -> None:
    """Nine more bad messages after a good one that ended a doubt do not raise the next."""
    world = World()
    world.send("-" * 12)
    world.clock.at(30, lambda: world.send("+" + "-" * 9))
    world.run_for(60)
    assert (world.buried, world.arrived, world.queue.messages) == (21, world.good, {})


@dataclass
class Hands:
    """A worker to which everything becomes a dead letter again. The queue has so many others, in each receive."""

    clock: FakeClock
    others: list[int] = field(default_factory=list)
    tried_at: list[float] = field(default_factory=list)
    buried: list[Settlement] = field(default_factory=list)
    settled: list[Settlement] = field(default_factory=list)

    @contextmanager
    def receive_more(self, most: int) -> Iterator[Sequence[Delivery]]:
        """As many as the script says, or as it may."""
        self.tried_at.append(self.clock.elapsed)
        yield [delivery()] * min(most, self.others.pop(0) if self.others else 0)

    def holds(self, delivery: Delivery) -> bool:
        """No lease is ever lost."""
        return bool(delivery)

    def work_on(self, deliveries: Sequence[Delivery]) -> list[Settlement]:
        """Nothing is delivered."""
        return [letter(Reason.NOT_ALLOWED) for _ in deliveries]

    def settle(self, settlements: Sequence[Settlement]) -> None:
        """Remember."""
        self.settled += settlements

    def bury(self, letters: Sequence[Settlement]) -> None:
        """Remember."""
        self.buried += letters


@dataclass
class Rig:
    """A doubt by itself, and a worker that does as it says."""

    clock: FakeClock = field(default_factory=FakeClock)
    telemetry: FakeTelemetry = field(default_factory=FakeTelemetry)
    drain: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        pulse = Pulse(self.clock)
        self.gate = Gate(pulse, threading.Event())
        self.doubt = Doubt(gate=self.gate, telemetry=self.telemetry, pulse=pulse, drain=self.drain)
        self.hands = Hands(self.clock)

    def bury(self, letters: Sequence[Settlement], seconds: float = 0.1) -> None:
        """Have letters buried, and drain after so long."""
        self.clock.at(seconds, self.drain.set)
        self.doubt.bury(letters, self.hands)
        self.drain.clear()

    def held(self, letters: Sequence[Settlement]) -> int:
        """How many of these are held back, and go back to the queue at a drain."""
        before = len(self.hands.settled)
        self.bury(letters)
        returned = self.hands.settled[before:]
        assert {each.outcome for each in returned} <= {Outcome.RETURNED}
        return len(returned)


def letter(reason: Reason, *, is_final: bool = False, is_suspect: bool = False) -> Settlement:
    """A dead letter."""
    fault = Fault(reason, "a detail", is_final=is_final, is_suspect=is_suspect)
    return Settlement(msgspec.structs.replace(delivery(), body=reason), Outcome.DEAD_LETTER, fault)


BAD: Final = letter(Reason.NOT_ALLOWED)
SUSPECT: Final = letter(Reason.SINK_REJECTED, is_suspect=True)
GOOD: Final = Reading(delivery(), skipped=1)


def test_records_too_old_for_the_sink_say_nothing_of_us() -> None:
    """A hundred of them raise no doubt, and when there is one they are buried all the same."""
    rig = Rig()
    assert rig.held([letter(Reason.SINK_TOO_OLD), letter(Reason.SINK_TOO_NEW)] * 50) == 0
    assert rig.held([BAD] * 11) == 1
    assert rig.held([letter(Reason.SINK_TOO_OLD), BAD]) == 1


@pytest.mark.parametrize("reason", sorted(set(Reason) - {Reason.SINK_TOO_OLD, Reason.SINK_TOO_NEW}))
def test_every_other_reason_counts(reason: Reason) -> None:
    """Whatever the ten have in common may be ours."""
    assert Rig().held([letter(reason)] * 12) == 2


def test_what_another_worker_delivers_ends_the_wait() -> None:
    """Whoever waits for a turn that is a minute away goes on within seconds, and is heard of as open."""
    rig = Rig()
    rig.clock.at(600, lambda: rig.doubt.delivered(GOOD))
    rig.bury([BAD] * 100, HOUR)
    assert 600 <= rig.hands.clock.elapsed <= 606
    assert rig.telemetry.told[-1].name == "gate_opened"
    assert not rig.gate.is_closed()
    assert (len(rig.hands.buried), rig.hands.settled) == (100, [])


def test_trials_in_vain_are_made_ever_more_seldom() -> None:
    """As long as the queue has others to try the pause is half a second; then it doubles, up to a minute."""
    rig = Rig()
    rig.hands.others = [10] * 3
    rig.bury([BAD] * 100, 280)
    tried_at = rig.hands.tried_at
    pauses = [later - sooner for sooner, later in zip([0.0, *tried_at], tried_at, strict=False)]
    assert pauses == [0.5, 0.5, 0.5, 0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60]


class SwiftClock(SystemClock):
    """Time that runs a thousand times as fast."""

    def monotonic(self) -> float:
        """Seconds that only go forward."""
        return 1000 * super().monotonic()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait a thousandth of that."""
        return super().wait(event, seconds / 1000)


def test_every_worker_may_hold_letters_while_one_at_a_time_tries_others() -> None:
    """Four workers hold fifteen each; no two try other messages at once, and one good delivery sets them all free."""
    pulse, trying, tried = Pulse(SwiftClock()), threading.Lock(), threading.Semaphore(0)

    class Hand(Hands):
        """One that notices when it is not alone."""

        @contextmanager
        def receive_more(self, most: int) -> Iterator[Sequence[Delivery]]:
            """None, after a moment."""
            assert trying.acquire(blocking=False)
            SystemClock().wait(threading.Event(), 0.001)
            trying.release()
            tried.release()
            yield [delivery()] * min(most, 0)

    gate = Gate(pulse, threading.Event())
    doubt = Doubt(gate=gate, telemetry=FakeTelemetry(), pulse=pulse, drain=threading.Event())
    hands = [Hand(FakeClock()) for _ in range(4)]
    workers = [threading.Thread(target=doubt.bury, args=([BAD] * 15, hand), daemon=True) for hand in hands]
    for worker in workers:
        worker.start()
    assert all(tried.acquire(timeout=20) for _ in range(5))
    doubt.delivered(GOOD)
    finish(*workers)
    assert sum(len(hand.buried) for hand in hands) == 60
    assert not gate.is_closed()


def test_a_drain_ends_the_doubtful_wait() -> None:
    """The daemon does not wait for a doubt to end when it is told to stop: all goes back, to be received at once."""
    rig = Rig()
    rig.bury([BAD] * 110, 10)
    assert rig.clock.elapsed == 10
    assert {each.outcome for each in rig.hands.settled} == {Outcome.RETURNED}
    assert len(rig.hands.settled) + len(rig.hands.buried) == 110


def test_without_accusation_there_is_no_wait() -> None:
    """Nine dead letters are buried, nobody waits, and no other message is tried."""
    rig = Rig()
    rig.doubt.bury([BAD] * 9, rig.hands)
    assert (len(rig.hands.buried), rig.hands.tried_at, rig.clock.elapsed) == (9, [], 0)


def test_a_dry_run_never_doubts() -> None:
    """It buries nothing, so that there is nothing to hold back."""
    hands = Hands(FakeClock())
    NoDoubt().bury([BAD] * 30, hands)
    assert len(hands.buried) == 30


def test_what_the_sink_refused_together_counts_once_and_is_not_sent_again() -> None:
    """partial_success condemns ten messages for one record; OTLP forbids to send any of them again."""
    rig = Rig()
    refused = [letter(Reason.SINK_REJECTED, is_final=True)] * 10
    assert [rig.held(refused) for _ in range(11)] == [0] * 9 + [9, 10]
    world = World()
    world.send("+" * 12 + "-")
    world.replica.here.refused_for_good = True
    world.run_for(HOUR)
    sent = [name for export in world.replica.here.exports for name in export]
    assert max(sent.count(name) for name in world.good) == 1


def test_one_suspect_is_enough_to_doubt_the_sink() -> None:
    """It is held back at once, like all that comes with it or later, and readiness is told that the sink refuses."""
    rig = Rig()
    assert rig.held([BAD, SUSPECT, BAD]) == 3
    assert rig.telemetry.named("gate_closed")[0] == ("sink refuses",)
    assert rig.hands.buried == []


def test_suspects_are_never_given_up_but_others_are() -> None:
    """For two days nothing that the sink refused is buried, whatever the reason it is given; other letters are."""
    rig = Rig()
    of_sink = [SUSPECT, letter(Reason.SINK_REJECTED), letter(Reason.RECORD_TOO_LARGE)] * 10
    rig.hands.work_on = lambda deliveries: [SUSPECT for _ in deliveries]  # type: ignore[method-assign]
    rig.bury([*of_sink, *[BAD] * 10], 48 * HOUR)
    assert rig.hands.buried == [BAD] * 10
    assert len(rig.hands.settled) == 30


def test_only_records_that_the_sink_takes_end_a_doubt_about_it() -> None:
    """A message with events that are not for the sink says nothing of it; one with records does."""
    rig = Rig()
    rig.clock.at(100, lambda: rig.doubt.delivered(GOOD))
    rig.clock.at(200, lambda: rig.doubt.delivered(msgspec.structs.replace(GOOD, records=(log_record("a"),))))
    rig.bury([SUSPECT] * 20, 400)
    assert 200 <= rig.clock.elapsed <= 206
    assert rig.telemetry.named("gate_opened") == [("sink refuses",)]


def test_what_is_suspect_again_is_held_again() -> None:
    """What was delivered between says nothing of the rest, if the sink refuses that like everything else once more."""
    rig = Rig()
    tried: list[int] = []

    def work_on(deliveries: Sequence[Delivery]) -> list[Settlement]:
        tried.append(len(deliveries))
        return [SUSPECT for _ in deliveries]

    rig.hands.work_on = work_on  # type: ignore[method-assign]
    rig.clock.at(100, lambda: rig.doubt.delivered(msgspec.structs.replace(GOOD, records=(log_record("a"),))))
    rig.bury([SUSPECT] * 50, 200)
    assert rig.hands.buried == []
    assert {each.outcome for each in rig.hands.settled} == {Outcome.RETURNED}
    assert len(rig.hands.settled) == 50
    assert tried.count(10) == 1, "one batch was judged anew, and the others wait for the next end"


def test_a_doubt_about_ourselves_becomes_one_about_the_sink() -> None:
    """Readiness tells one of them at a time, and both ends are told."""
    rig = Rig()
    rig.clock.at(60, lambda: rig.doubt.delivered(msgspec.structs.replace(GOOD, records=(log_record("a"),))))
    rig.bury([BAD] * 11)
    rig.bury([SUSPECT] * 20, 120)
    told = [(each.name, *each.what) for each in rig.telemetry.told]
    assert list(dict.fromkeys(told)) == [
        (name, part) for part in ("dead letters", "sink refuses") for name in ("gate_closed", "gate_opened")
    ]


@pytest.mark.row(55)
def test_a_sink_with_a_wrong_setting_gets_everything_once_that_is_mended() -> None:
    """For six hours it refuses all; nothing is buried, hardly anything is received twice, and then all is delivered."""
    world = World()
    world.send("+" * 60)
    world.replica.here.is_set_wrongly = True
    receives: list[int] = []
    world.clock.at(6 * HOUR - 1, lambda: receives.append(max(m.receives for m in world.queue.messages.values())))
    world.clock.at(6 * HOUR, lambda: setattr(world.replica.here, "is_set_wrongly", False))
    world.run_for(7 * HOUR)
    assert (world.buried, len(world.arrived), world.queue.messages) == (0, 60, {})
    assert receives == [1]
    assert {told[0] for told in world.telemetry.named("gate_closed")} == {"sink refuses"}
    assert not world.replica.inside.gate.is_closed()
    assert world.telemetry.events_read == world.telemetry.fates.total()


@pytest.mark.row(55)
def test_a_long_run_of_suspects_burns_few_receives() -> None:
    """More than a worker may hold, for longer than a lease: each is received a few times, far from SQS's redrive."""
    world = World(max_receives=20)
    world.send("+" * 540)
    world.replica.here.is_set_wrongly = True
    world.clock.at(13 * HOUR, lambda: setattr(world.replica.here, "is_set_wrongly", False))
    world.run_for(15 * HOUR)
    assert max(told.delivery.receive_count for told in world.telemetry.settled) <= 5
    assert (world.buried, len(world.arrived), world.queue.messages) == (0, 540, {})


@pytest.mark.row(56)
def test_one_refused_record_that_is_all_the_sink_was_sent_waits_for_another() -> None:
    """It looks like the sink's setting until the next good message is delivered; then it is a dead letter."""
    world = World()
    world.send("+")
    bad = world.good[0]
    world.replica.here.is_set_wrongly = True
    world.replica.here.refused = {bad}
    world.clock.at(HOUR, lambda: setattr(world.replica.here, "is_set_wrongly", False))
    buried: list[int] = []
    world.clock.at(2 * HOUR, lambda: buried.append(world.buried))
    world.clock.at(2 * HOUR + 1, lambda: world.send("+"))
    world.run_for(3 * HOUR)
    assert buried == [0]
    assert (world.arrived, world.buried, world.queue.messages) == (world.good[1:], 1, {})


def test_with_nothing_held_the_agent_doubts_on_but_receives() -> None:
    """After a burst of bad messages is buried readiness still says so, until a good one is delivered."""
    world = World()
    world.send("-" * 12)
    seen: list[bool] = []
    world.clock.at(100, lambda: seen.append(world.replica.inside.gate.is_closed()))
    world.clock.at(100, lambda: seen.append(world.telemetry.count("gate_opened") > 0))
    world.clock.at(101, lambda: world.send("+"))
    world.run_for(200)
    assert (seen, world.buried, world.arrived) == ([False, False], 12, world.good)
    assert world.telemetry.count("gate_opened") == 1


def test_what_is_held_is_bounded() -> None:
    """Behind five hundred bad messages one a minute is tried, and for each that is held another one comes again."""
    world = World()
    world.send("-" * 600)
    world.run_for(20 * 60)
    held = {message.message_id for message in world.queue.messages.values() if message.receives}
    given_back = [told for told in world.telemetry.settled if told.retry is RetryReason.HELD_BACK]
    assert len(held) - len(given_back) <= 500 + 10
    assert 5 < len(given_back) < 30
