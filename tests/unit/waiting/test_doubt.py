"""Is it me? What the agent does when nearly everything that it settles is a dead letter."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

import pytest

from agent.errors import DrainedError, Fault, Reason, RetryReason
from agent.model import Outcome, Settlement
from agent.waiting.doubt import Doubt, NoDoubt, Probed
from tests.support.clock import FakeClock
from tests.support.events import event
from tests.support.messages import delivery, notification
from tests.support.objects import ref, trail_object
from tests.support.one_worker import Replica
from tests.support.queue import FakeQueue
from tests.support.records import ids
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

    def __post_init__(self) -> None:
        self.queue = FakeQueue(self.clock, max_receives=3)
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
    world.clock.at(HOUR - 1, lambda: closed.append(world.replica.core.gate.is_closed()))
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
    assert not world.replica.core.gate.is_closed()


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
    assert world.replica.core.leases.held() == []


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
class Rig:
    """A doubt by itself."""

    clock: FakeClock = field(default_factory=FakeClock)
    telemetry: FakeTelemetry = field(default_factory=FakeTelemetry)

    def __post_init__(self) -> None:
        replica = Replica(self.clock, FakeQueue(self.clock), FakeStore(), telemetry=self.telemetry)
        self.doubt: Doubt = replica.core.doubt
        self.drain = replica.drain
        self.gate = replica.core.gate

    def held(self, reasons: Iterable[Reason]) -> int:
        """How many of dead letters with these reasons are to be held back."""
        return len(self.doubt.sort([letter(reason) for reason in reasons]).held)


def letter(reason: Reason) -> Settlement:
    """A dead letter."""
    return Settlement(replace(delivery(), body=reason), Outcome.DEAD_LETTER, Fault(reason, "a detail"))


def test_records_too_old_for_the_sink_say_nothing_of_us() -> None:
    """A hundred of them raise no doubt, and when there is one they are buried all the same."""
    rig = Rig()
    assert rig.held([Reason.SINK_TOO_OLD] * 100) == 0
    assert rig.held([Reason.NOT_ALLOWED] * 11) == 1
    assert rig.held([Reason.SINK_TOO_OLD, Reason.NOT_ALLOWED]) == 1


@pytest.mark.parametrize("reason", sorted(set(Reason) - {Reason.SINK_TOO_OLD}))
def test_every_other_reason_counts(reason: Reason) -> None:
    """Whatever the ten have in common may be ours."""
    assert Rig().held([reason] * 12) == 2


def test_what_another_worker_delivers_ends_the_wait() -> None:
    """Whoever waits for a turn that is a minute away goes on within seconds, and is heard of as open."""
    rig = Rig()
    rig.held([Reason.NOT_ALLOWED] * 10)
    rig.clock.at(600, rig.doubt.reassure)
    rig.doubt.outlast(lambda: Probed.IN_VAIN)
    assert 600 <= rig.clock.elapsed <= 606
    assert rig.telemetry.told[-1].name == "gate_opened"
    assert not rig.gate.is_closed()


def test_probes_in_vain_go_out_ever_more_seldom() -> None:
    """As long as the queue has others to try the pause is half a second; then it doubles, up to a minute."""
    rig = Rig()
    rig.held([Reason.NOT_ALLOWED] * 10)
    script = [Probed.MORE] * 3 + [Probed.IN_VAIN] * 9 + [Probed.NONE_HELD]
    probed_at: list[float] = []

    def probe() -> Probed:
        probed_at.append(rig.clock.elapsed)
        return script[len(probed_at) - 1]

    rig.doubt.outlast(probe)
    pauses = [later - sooner for sooner, later in zip([0.0, *probed_at], probed_at, strict=False)]
    assert pauses == [0.5, 0.5, 0.5, 0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_drain_ends_the_doubtful_wait() -> None:
    """The daemon does not wait for a doubt to end when it is told to stop: nothing could be finished."""
    rig = Rig()
    rig.held([Reason.NOT_ALLOWED] * 10)
    rig.clock.at(10, rig.drain.set)
    with pytest.raises(DrainedError):
        rig.doubt.outlast(lambda: Probed.IN_VAIN)


def test_without_accusation_there_is_no_wait() -> None:
    """Where nothing was held back for a reason that still stands, nobody waits or probes."""
    rig = Rig()
    rig.doubt.outlast(lambda: pytest.fail("probed"))
    assert rig.clock.elapsed == 0


def test_a_dry_run_never_doubts() -> None:
    """It buries nothing, so that there is nothing to hold back."""
    doubt = NoDoubt()
    assert doubt.sort([letter(Reason.NOT_ALLOWED)] * 30).held == []


def test_what_the_sink_refused_together_counts_once_and_is_not_sent_again() -> None:
    """partial_success condemns ten messages for one record; OTLP forbids to send any of them again."""
    rig = Rig()
    refused = [replace(letter(Reason.SINK_REJECTED), fault=Fault(Reason.SINK_REJECTED, "a detail", is_final=True))] * 10
    assert [len(rig.doubt.sort(refused).held) for _ in range(11)] == [0] * 9 + [9, 10]
    world = World()
    world.send("+" * 12 + "-")
    world.replica.here.refused_for_good = True
    world.run_for(HOUR)
    sent = [name for export in world.replica.here.exports for name in export]
    assert max(sent.count(name) for name in world.good) == 1


def test_with_nothing_held_the_agent_doubts_on_but_receives() -> None:
    """After a burst of bad messages is buried readiness still says so, until a good one is delivered."""
    world = World()
    world.send("-" * 12)
    seen: list[bool] = []
    world.clock.at(100, lambda: seen.append(world.replica.core.gate.is_closed()))
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
