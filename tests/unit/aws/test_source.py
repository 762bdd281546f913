"""Receiving over a queue that gives trouble."""

from __future__ import annotations

from agent.aws.lease import DryRunLeases
from agent.aws.source import DryRunSource
from agent.model import Outcome
from tests.support.messages import delivery
from tests.support.source import SourceRig, settlement


def test_a_receive_tells_what_came() -> None:
    """The deliveries are handed on as they are, and the outside hears that the queue answers."""
    rig = SourceRig()
    assert [one.body for one in rig.received(3)] == ["body 0", "body 1", "body 2"]
    assert rig.telemetry.named("deliveries_received") == [(3,)]
    assert rig.telemetry.count("queue_up") == 1


def test_a_failing_receive_backs_off_to_half_a_minute() -> None:
    """Each failure doubles the longest wait, from one second to thirty; an answer starts anew."""
    rig = SourceRig()
    rig.queue.fail("ReceiveMessage", times=7)
    waits = []
    for _ in range(7):
        before = rig.slept()
        assert rig.source.receive() == ()
        waits.append(rig.slept() - before)
    assert waits == [1, 2, 4, 8, 16, 30, 30]
    rig.received()
    rig.queue.fail("ReceiveMessage", times=1)
    before = rig.slept()
    rig.source.receive()
    assert rig.slept() - before == 1


def test_the_wait_after_a_failed_receive_is_jittered() -> None:
    """Chance decides how much of the longest wait is waited, so that replicas do not come back together."""
    rig = SourceRig(jitter=0.25)
    rig.queue.fail("ReceiveMessage", times=2)
    rig.source.receive()
    rig.source.receive()
    assert rig.slept() == 0.25 * (1 + 2)


def test_a_failed_receive_says_that_the_queue_is_down() -> None:
    """The outside hears the kind of the trouble and AWS's own words, every time."""
    rig = SourceRig()
    rig.queue.fail("ReceiveMessage", times=2)
    rig.source.receive()
    rig.source.receive()
    kinds = rig.telemetry.named("queue_down")
    assert kinds == [("unavailable", "ReceiveMessage: ServiceUnavailable: on demand")] * 2


def test_a_drain_ends_the_wait_for_the_queue() -> None:
    """A daemon that is told to stop does not sit out its backoff."""
    rig = SourceRig()
    rig.queue.fail("ReceiveMessage")
    for _ in range(5):
        rig.source.receive()
    before = rig.slept()
    rig.clock.at(3, rig.drain.set)
    rig.source.receive()
    assert rig.slept() - before == 3


def test_a_dry_run_settles_nothing_and_keeps_its_leases() -> None:
    """What a dry run has read stays in the queue, hidden for as long as it runs, and is given back at its end."""
    rig = SourceRig(kind=DryRunSource, kind_of_leases=DryRunLeases)
    deliveries = rig.received(2)
    with rig.leases.hold(deliveries):
        rig.source.bury([settlement(deliveries[0], Outcome.DEAD_LETTER)])
        rig.source.settle([settlement(deliveries[1], Outcome.DELIVERED)])
    rig.clock.advance(3600)
    assert list(rig.source.receive()) == []
    assert rig.leases.held() == deliveries
    assert set(rig.queue.requests) == {"ReceiveMessage", "ChangeMessageVisibilityBatch"}
    rig.source.give_back(rig.leases.held())
    assert len(rig.source.receive()) == 2


def test_a_sample_delivery_is_unknown_to_the_queue() -> None:
    """A receipt from elsewhere is refused like a stale one, and settling still ends."""
    rig = SourceRig()
    rig.source.settle([settlement(delivery(), Outcome.RETURNED)])
    assert rig.telemetry.count("settle_failed") == 1
