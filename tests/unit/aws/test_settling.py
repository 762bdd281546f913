"""Settling and burying over a queue that gives trouble."""

from __future__ import annotations

import msgspec
import pytest

from agent.faults.retries import RetryReason
from agent.model import Delivery, Outcome, Settlement
from tests.support.messages import again
from tests.support.source import SourceRig, settlement

ALL_OUTCOMES = list(Outcome)


def test_what_was_delivered_is_deleted() -> None:
    """A delivered message leaves the queue in one request, and the outside hears of each."""
    rig = SourceRig()
    rig.source.settle([settlement(one, Outcome.DELIVERED) for one in rig.received(10)])
    assert rig.queue.messages == {}
    assert rig.queue.requests["DeleteMessageBatch"] == 1
    assert rig.telemetry.outcomes() == {Outcome.DELIVERED: 10}


def test_what_is_returned_is_visible_at_once() -> None:
    """A message that was not finished can be received by another replica immediately."""
    rig = SourceRig()
    rig.source.settle([settlement(one, Outcome.RETURNED) for one in rig.received()])
    assert [one.receive_count for one in rig.source.receive()] == [2]
    assert rig.slept() == 0


def _received_often(rig: SourceRig, receives: int) -> Delivery:
    """A delivery in hand that was received so often."""
    (one,) = rig.received()
    for number in range(receives - 1):
        one = again(one, f"handle {number}")
    rig.queue.messages[one.message_id].handle = one.receipt_handle
    return one


@pytest.mark.parametrize(("receives", "most"), [(1, 60), (2, 120), (3, 240), (4, 480), (5, 900), (20, 900)])
def test_a_retry_waits_longer_each_time(receives: int, most: int) -> None:
    """The longest wait doubles with each receive, from one minute to a quarter of an hour; chance takes its part."""
    for jitter in (1.0, 0.5, 0.0):
        rig = SourceRig(jitter)
        one = _received_often(rig, receives)
        rig.source.settle([settlement(one, Outcome.RETRY)])
        assert rig.queue.hidden == [(one.message_id, round(most * jitter))]


@pytest.mark.row(82)
@pytest.mark.row(85)
@pytest.mark.parametrize("reason", [RetryReason.SINK_TOO_OLD, RetryReason.SINK_TOO_NEW, RetryReason.SINK_UNSETTLED])
@pytest.mark.parametrize(("receives", "most"), [(1, 300), (2, 600), (3, 1200), (4, 2400), (5, 3600), (20, 3600)])
def test_what_the_sink_may_take_later_does_not_come_within_seconds(
    reason: RetryReason, receives: int, most: int
) -> None:
    """Chance takes half of the wait at most: four receives are spread over more than a quarter of an hour."""
    for jitter in (1.0, 0.5, 0.0):
        rig = SourceRig(jitter)
        one = _received_often(rig, receives)
        rig.source.settle([msgspec.structs.replace(settlement(one, Outcome.RETRY), retry=reason)])
        assert rig.queue.hidden == [(one.message_id, round(most * (1 + jitter) / 2))]


def test_a_dead_letter_is_sent_before_it_is_deleted() -> None:
    """The dead-letter queue has body and reason, and only then is the message gone."""
    rig = SourceRig()
    (one,) = rig.received()
    rig.source.bury([settlement(one, Outcome.DEAD_LETTER)])
    (letter,) = rig.queue.dead_letters
    assert (letter.body, letter.attributes["reason"]) == (one.body, "object_corrupt")
    assert rig.queue.messages == {}
    assert rig.telemetry.outcomes() == {Outcome.DEAD_LETTER: 1}


def test_a_dead_letter_that_cannot_be_sent_is_kept() -> None:
    """With its queue away, a dead letter is never deleted: it comes again, for that reason."""
    rig = SourceRig()
    (one,) = rig.received()
    rig.queue.fail("SendMessage")
    rig.source.bury([settlement(one, Outcome.DEAD_LETTER)])
    assert list(rig.queue.messages) == [one.message_id]
    assert rig.queue.requests["DeleteMessageBatch"] == 0
    (told,) = rig.telemetry.settled
    assert (told.outcome, told.retry) == (Outcome.RETRY, RetryReason.DEAD_LETTER_UNAVAILABLE)
    assert rig.telemetry.named("settle_failed")[0][:2] == ("SendMessage", 1)


@pytest.mark.row(89)
def test_a_dead_letter_of_which_nothing_was_said_is_kept() -> None:
    """Nobody has said that its queue has it: it is not deleted, and comes again."""
    rig = SourceRig()
    (one,) = rig.received()
    rig.queue.be_silent("SendMessage")
    rig.source.bury([settlement(one, Outcome.DEAD_LETTER)])
    assert list(rig.queue.messages) == [one.message_id]
    assert rig.queue.requests["DeleteMessageBatch"] == 0
    assert rig.telemetry.outcomes() == {Outcome.RETRY: 1}


@pytest.mark.row(89)
def test_a_message_of_which_nothing_was_said_is_not_counted_as_deleted() -> None:
    """The others of the batch are; it is asked for again, and told as one that comes again."""
    rig = SourceRig()
    first, second = rig.received(2)
    rig.queue.be_silent("DeleteMessageBatch", first.message_id)
    rig.source.settle([settlement(one, Outcome.DELIVERED) for one in (first, second)])
    assert list(rig.queue.messages) == [first.message_id]
    assert rig.telemetry.outcomes() == {Outcome.DELIVERED: 1}
    assert rig.queue.requests["DeleteMessageBatch"] > 1
    assert rig.telemetry.named("settle_failed")[0][:2] == ("DeleteMessageBatch", 1)


def test_sending_a_dead_letter_is_tried_again() -> None:
    """A dead-letter queue that is away for a moment gets the letter, once."""
    rig = SourceRig()
    (one,) = rig.received()
    rig.queue.fail("SendMessage", times=3)
    rig.source.bury([settlement(one, Outcome.DEAD_LETTER)])
    assert len(rig.queue.dead_letters) == 1
    assert rig.queue.messages == {}
    assert rig.telemetry.count("settle_failed") == 0


def test_one_dead_letter_that_cannot_be_sent_does_not_stop_the_others() -> None:
    """Of two dead letters the second is sent and deleted, though the first could not be."""
    rig = SourceRig()
    first, second = rig.received(2)
    rig.queue.fail("SendMessage", times=5)
    rig.source.bury([settlement(one, Outcome.DEAD_LETTER) for one in (first, second)])
    assert list(rig.queue.messages) == [first.message_id]
    assert [letter.body for letter in rig.queue.dead_letters] == [second.body]


def test_a_dead_letter_without_a_reason_is_not_deleted() -> None:
    """Whatever went wrong in deciding, a message is not deleted unless its dead letter was sent."""
    rig = SourceRig()
    (one,) = rig.received()
    rig.source.bury([Settlement(one, Outcome.DEAD_LETTER)])
    assert list(rig.queue.messages) == [one.message_id]


@pytest.mark.parametrize("operation", ["DeleteMessageBatch", "ChangeMessageVisibilityBatch"])
def test_only_what_failed_of_a_batch_is_asked_for_again(operation: str) -> None:
    """A batch that fails for one message is repeated for that one, until it succeeds."""
    rig = SourceRig()
    outcome = Outcome.DELIVERED if operation.startswith("Delete") else Outcome.RETURNED
    deliveries = rig.received(3)
    rig.queue.refuse(operation, deliveries[1].message_id, times=3)
    rig.source.settle([settlement(one, outcome) for one in deliveries])
    assert rig.queue.requests[operation] == 4
    assert rig.telemetry.outcomes() == {outcome: 3}
    assert rig.telemetry.count("settle_failed") == 0


@pytest.mark.row(50)
@pytest.mark.parametrize(
    ("outcome", "operation", "seconds"),
    [
        (Outcome.DELIVERED, "DeleteMessageBatch", 3600),
        (Outcome.DEAD_LETTER, "DeleteMessageBatch", 3600),
        (Outcome.RETRY, "ChangeMessageVisibilityBatch", 50),
        (Outcome.RETURNED, "ChangeMessageVisibilityBatch", 50),
    ],
)
@pytest.mark.parametrize("is_answered", [True, False])
def test_settling_waits_with_its_leases(outcome: Outcome, operation: str, seconds: float, is_answered: bool) -> None:
    """SQS that does nothing costs no receive: all is held, the gate is closed, then all is settled."""
    rig = SourceRig()
    deliveries = rig.received(2)
    seen: list[object] = []
    look = lambda: seen.append((rig.gate.is_closed(), rig.leases.count(), list(rig.source.receive_soon(1))))  # noqa: E731
    rig.clock.at(seconds / 2, look)
    rig.clock.at(seconds, rig.queue.mend)
    (rig.queue.deny if is_answered else rig.queue.fail)(operation)
    rig.tell([settlement(one, outcome) for one in deliveries])
    assert seen == [(True, 2, [])]
    assert rig.telemetry.outcomes() == {outcome: 2}
    assert seconds <= rig.clock.elapsed <= seconds + 60
    assert rig.queue.requests[operation] < seconds / 60 + 10, "one probe at a time"
    assert (rig.gate.is_closed(), rig.leases.count()) == (False, 0)
    assert rig.telemetry.count("lease_lost") == rig.telemetry.count("settle_failed") == 0
    assert len(rig.queue.dead_letters) == (outcome is Outcome.DEAD_LETTER) * 2


@pytest.mark.row(50)
def test_a_lost_lease_ends_the_wait() -> None:
    """Another replica may have what is no longer ours: it is not asked for again, and the rest is waited for."""
    rig = SourceRig()
    first, second = rig.received(2)
    rig.queue.fail("DeleteMessageBatch")
    rig.clock.at(300, lambda: rig.queue.forget(first.message_id))
    rig.clock.at(3600, rig.queue.mend)
    rig.source.settle([settlement(one, Outcome.DELIVERED) for one in (first, second)])
    assert [told.delivery for told in rig.telemetry.settled] == [second]
    assert [told[:2] for told in rig.telemetry.named("settle_failed")] == [("DeleteMessageBatch", 1)]


@pytest.mark.row(50)
def test_twelve_hours_end_the_wait() -> None:
    """SQS hides nothing for longer: then the message comes again, and settling returns."""
    rig = SourceRig()
    rig.received(1)
    (one,) = rig.leases.held()
    rig.queue.fail("DeleteMessageBatch")
    rig.source.settle([settlement(one, Outcome.DELIVERED)])
    assert 11.9 * 3600 <= rig.clock.elapsed <= 12.1 * 3600
    assert rig.telemetry.count("settle_failed") == 1
    assert not rig.gate.is_closed()


@pytest.mark.row(50)
def test_a_halt_ends_the_wait_for_a_delete() -> None:
    """A daemon that stops asks once more, and leaves the rest to its lease."""
    rig = SourceRig()
    deliveries = rig.received(2)
    rig.queue.fail("DeleteMessageBatch")
    rig.clock.at(20, rig.halt.set)
    rig.source.settle([settlement(one, Outcome.DELIVERED) for one in deliveries])
    assert rig.clock.elapsed == 20
    assert [told[:2] for told in rig.telemetry.named("settle_failed")] == [("DeleteMessageBatch", 2)]
    assert rig.leases.held() == []


@pytest.mark.row(50)
def test_a_letter_that_was_sent_is_not_sent_again() -> None:
    """A dead letter whose delete is denied, and which comes again, is only deleted then."""
    rig = SourceRig()
    (one,) = rig.received()
    rig.queue.fail("DeleteMessageBatch")
    rig.clock.at(20, rig.halt.set)
    rig.source.bury([settlement(one, Outcome.DEAD_LETTER)])
    rig.queue.mend()
    rig.halt.clear()
    rig.clock.advance(150)
    (again_one,) = rig.source.receive()
    assert again_one.message_id == one.message_id
    rig.source.bury([settlement(again_one, Outcome.DEAD_LETTER)])
    assert (len(rig.queue.dead_letters), rig.queue.messages) == (1, {})


def test_a_failure_of_a_moment_costs_a_moment() -> None:
    """Three failures in a row are waited out, each wait twice as long, and nothing is lost."""
    rig = SourceRig()
    rig.queue.fail("DeleteMessageBatch", times=3)
    rig.source.settle([settlement(one, Outcome.DELIVERED) for one in rig.received(2)])
    assert rig.telemetry.outcomes() == {Outcome.DELIVERED: 2}
    assert rig.slept() == 0.5 + 1 + 2


def test_a_message_that_is_refused_to_the_end_is_told() -> None:
    """One message that SQS will not delete is told with SQS's words, and the rest is settled."""
    rig = SourceRig()
    deliveries = rig.received(2)
    rig.queue.refuse("DeleteMessageBatch", deliveries[0].message_id, times=99)
    rig.source.settle([settlement(one, Outcome.DELIVERED) for one in deliveries])
    assert [told.delivery for told in rig.telemetry.settled] == [deliveries[1]]
    assert rig.telemetry.named("settle_failed") == [("DeleteMessageBatch", 1, "InternalError: on demand")]


def test_a_stale_handle_is_not_asked_for_again() -> None:
    """A receipt that SQS has forgotten is told once; the others of the batch are settled."""
    rig = SourceRig()
    deliveries = rig.received(2)
    rig.queue.forget(deliveries[0].message_id)
    rig.source.settle([settlement(one, Outcome.DELIVERED) for one in deliveries])
    assert rig.queue.requests["DeleteMessageBatch"] == 1
    assert [told.delivery for told in rig.telemetry.settled] == [deliveries[1]]
    assert rig.telemetry.named("settle_failed")[0][:2] == ("DeleteMessageBatch", 1)


def test_one_batch_may_hold_every_outcome() -> None:
    """Deliveries with several outcomes are each settled their way; a dead letter is buried, and not settled."""
    rig = SourceRig()
    deliveries = rig.received(4)
    rig.source.settle([settlement(one, outcome) for one, outcome in zip(deliveries, ALL_OUTCOMES, strict=True)])
    assert rig.telemetry.outcomes() == dict.fromkeys(set(ALL_OUTCOMES) - {Outcome.DEAD_LETTER}, 1)
    left = {ALL_OUTCOMES[deliveries.index(one)] for one in deliveries if one.message_id in rig.queue.messages}
    assert left == {Outcome.RETRY, Outcome.RETURNED, Outcome.DEAD_LETTER}


def test_settling_nothing_asks_nothing() -> None:
    """An empty receive costs no further request."""
    rig = SourceRig()
    rig.source.settle([])
    assert rig.queue.requests == {}


def test_a_halt_ends_the_waits_of_settling() -> None:
    """When time is up each request is still tried, but none is waited for."""
    rig = SourceRig()
    deliveries = rig.received(2)
    rig.halt.set()
    rig.queue.fail("SendMessage")
    rig.queue.fail("DeleteMessageBatch")
    rig.queue.fail("ChangeMessageVisibilityBatch")
    rig.source.bury([settlement(deliveries[0], Outcome.DEAD_LETTER)])
    rig.source.settle([settlement(deliveries[1], Outcome.DELIVERED)])
    assert rig.slept() == 0
    assert rig.telemetry.settled == []


@pytest.mark.parametrize("operation", ["DeleteMessageBatch", "ChangeMessageVisibilityBatch", "SendMessage"])
@pytest.mark.parametrize("outcome", ALL_OUTCOMES)
def test_settling_never_raises(operation: str, outcome: Outcome) -> None:
    """Whatever cannot be done for whichever outcome, the message is still there or was delivered."""
    rig = SourceRig()
    (one,) = rig.received()
    rig.queue.fail(operation)
    rig.clock.at(60, rig.halt.set)
    rig.tell([settlement(one, outcome)])
    gone = one.message_id not in rig.queue.messages
    assert not gone or outcome is Outcome.DELIVERED or rig.queue.dead_letters
