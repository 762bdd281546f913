"""Faults of SQS: it fails, refuses, forgets, repeats. Nothing is lost, and the outside sees what is the matter."""

from __future__ import annotations

from itertools import pairwise

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from agent.faults.dead_letters import Reason
from tests.support.boto import refusal
from tests.support.events import event
from tests.support.far_side import Reply
from tests.support.objects import ref
from tests.support.queue import DEAD_LETTER_URL
from tests.support.world import HOUR, MINUTE, World

EVERY_OPERATION = ("ReceiveMessage", "DeleteMessageBatch", "ChangeMessageVisibilityBatch", "SendMessage")
TIME_OUT = ReadTimeoutError(endpoint_url="https://sqs.us-west-2.amazonaws.com/")
NO_ADDRESS = EndpointConnectionError(endpoint_url="https://sqs.us-west-2.amazonaws.com/")


@pytest.mark.row(1)
@pytest.mark.parametrize(
    ("error", "result"),
    [
        (refusal("InternalFailure", 500), "unavailable"),
        (refusal("ServiceUnavailable", 503), "unavailable"),
        (refusal("ThrottlingException"), "throttled"),
        (TIME_OUT, "unavailable"),
        (NO_ADDRESS, "unavailable"),
    ],
    ids=["500", "503", "throttling", "time-out", "no address"],
)
def test_sqs_that_does_not_answer_is_asked_again_with_growing_pauses(error: Exception, result: str) -> None:
    """1 to 30 s apart; the agent stays alive, is unready after two minutes, and delivers all once SQS is back."""
    world = World()
    agent = world.agent()
    agent.work()
    world.produce(3)
    agent.sqs.trouble(error, "ReceiveMessage")
    seen = agent.observe(1, 119, 121, 5 * MINUTE)
    world.clock.at(10 * MINUTE, lambda: agent.sqs.trouble(None, "ReceiveMessage"))
    agent.run(15 * MINUTE)
    times = agent.sqs.times("ReceiveMessage")[1:]
    assert [after - before for before, after in pairwise(times[:7])] == [1, 2, 4, 8, 16, 30]
    assert [glance.metrics.value("trail_agent_ready") for glance in seen.values()] == [1, 1, 0, 0]
    assert all(glance.live == [] for glance in seen.values())
    failed = agent.metric("trail_agent_sqs_requests_total", operation="ReceiveMessage", result=result)
    assert failed == sum(10 <= time < 10 * MINUTE + 10 for time in times)
    assert agent.metric("trail_agent_ready") == 1
    world.check_all_delivered()


@pytest.mark.row(1)
def test_a_queue_that_is_away_while_messages_are_in_hand_gets_them_settled_later() -> None:
    """With SQS away for an hour no lease can be extended either: what comes again then is absorbed as a repeat."""
    world = World()
    world.produce(12)
    agent = world.agent()
    world.sink.script.append(Reply(503, retry_after=20))
    world.clock.at(10, lambda: agent.sqs.trouble(refusal("ServiceUnavailable", 503), *EVERY_OPERATION))
    world.clock.at(HOUR, lambda: agent.sqs.trouble(None, *EVERY_OPERATION))
    agent.run(2 * HOUR)
    assert agent.metric("trail_agent_events_total", fate="duplicate") == 20
    assert agent.metric("trail_agent_sqs_requests_total", operation="DeleteMessageBatch", result="unavailable") < 80
    assert agent.metric("trail_agent_sqs_requests_total", operation="ReceiveMessage", result="unavailable") == 0
    assert agent.said("settling_down")
    assert agent.said("settling_works_again")
    world.check_all_delivered()


@pytest.mark.row(50)
@pytest.mark.parametrize("code", ["AccessDenied", "ServiceUnavailable"])
def test_a_delete_that_is_denied_waits_with_its_lease(code: str) -> None:
    """For half a day the work is held and nothing more is received: no receive is burned, and no event sent twice."""
    world = World()
    world.produce(12)
    agent = world.agent()
    agent.sqs.trouble(refusal(code, 403), "DeleteMessageBatch")
    world.clock.at(11 * HOUR, lambda: agent.sqs.trouble(None, "DeleteMessageBatch"))
    seen = agent.observe(MINUTE, 10 * HOUR)
    agent.run(12 * HOUR)
    for glance in seen.values():
        assert (glance.metrics.value("trail_agent_ready"), glance.receives, glance.live) == (0, 1, [])
        assert any("queue settling" in reason and code in reason for reason in glance.ready)
        assert glance.metrics.value("trail_agent_in_flight_deliveries") == 10
    assert agent.metric("trail_agent_deliveries_received_total") == 12
    assert agent.metric("trail_agent_events_total", fate="duplicate") == 0
    assert agent.metric("trail_agent_leases_lost_total") == 0
    assert agent.settled() == {"delivered": 12}
    assert agent.metric("trail_agent_ready") == 1
    world.check_all_delivered()


@pytest.mark.row(50)
def test_a_dead_letter_whose_delete_is_denied_is_sent_once() -> None:
    """The letter is in the dead-letter queue, and is not sent again however long the delete is denied."""
    world = World()
    world.notify(world.put(ref("bad"), body=b"damaged", flaw=Reason.OBJECT_CORRUPT))
    agent = world.agent()
    agent.sqs.trouble(refusal("AccessDenied", 403), "DeleteMessageBatch")
    world.clock.at(20 * HOUR, lambda: agent.sqs.trouble(None, "DeleteMessageBatch"))
    agent.run(24 * HOUR)
    assert [letter[0] for letter in world.letters()] == ["object_corrupt"]
    assert agent.metric("trail_agent_deliveries_received_total") == 2, "after SQS's twelve hours"
    world.check_end()


@pytest.mark.row(3)
def test_a_delete_that_fails_in_part_is_asked_again_for_the_rest() -> None:
    """Only the ids that failed are asked for again, and no message comes a second time."""
    world = World()
    world.produce(10)
    world.queue.refuse("DeleteMessageBatch", "message-3", times=2)
    world.queue.refuse("DeleteMessageBatch", "message-7", times=1)
    agent = world.agent()
    agent.run(MINUTE)
    asked = [call.messages for call in agent.sqs.calls if call.operation == "DeleteMessageBatch"]
    assert [len(messages) for messages in asked] == [10, 2, 1]
    assert asked[1:] == [("message-3", "message-7"), ("message-3",)]
    assert agent.settled() == {"delivered": 10}
    assert agent.metric("trail_agent_events_total", fate="duplicate") == 0
    world.check_all_delivered()


@pytest.mark.row(3)
def test_a_delete_that_fails_for_good_costs_a_repeat_that_is_absorbed() -> None:
    """After five tries the lease is left to lapse; the message comes again, and its events do not go out again."""
    world = World()
    world.produce(10)
    world.queue.refuse("DeleteMessageBatch", "message-3", times=5)
    agent = world.agent()
    agent.run(10 * MINUTE)
    assert len(agent.line.sent) == 1
    assert agent.metric("trail_agent_events_total", fate="duplicate") == 2
    assert agent.metric("trail_agent_deliveries_received_total") == 11
    (line,) = agent.said("settle_failed")
    assert (line["operation"], line["count"]) == ("DeleteMessageBatch", 1)
    world.check_all_delivered()


@pytest.mark.row(4)
def test_a_lease_that_sqs_has_forgotten_is_given_up_and_its_delivery_finished() -> None:
    """It is no longer extended and counts as lost; its events go out, and its deletion is tried all the same."""
    world = World()
    world.produce(2)
    agent = world.agent()
    world.sink.down = True
    world.clock.at(10, lambda: world.queue.forget("message-1"))
    world.clock.at(4 * MINUTE, world.sink.mend)
    agent.run(10 * MINUTE)
    assert agent.metric("trail_agent_leases_lost_total") == 1
    asked = [call.messages for call in agent.sqs.calls if call.operation == "ChangeMessageVisibilityBatch"]
    assert asked[0] == ("message-1", "message-2")
    assert {*asked[1:]} == {("message-2",)}
    first_delete = next(call for call in agent.sqs.calls if call.operation == "DeleteMessageBatch")
    assert first_delete.messages == ("message-1", "message-2")
    assert agent.said("lease_lost")[0]["message_id"] == "message-1"
    assert agent.metric("trail_agent_events_total", fate="duplicate") == 2
    world.check_all_delivered()


@pytest.mark.row(5)
def test_a_message_that_a_second_replica_got_is_delivered_by_both_and_kept_once() -> None:
    """When a lease ran out unseen, both replicas send the same bytes: a store that drops repeats keeps one."""
    world = World()
    world.produce(1)
    first, second = world.agent("first"), world.agent("second")
    world.sink.script.extend([Reply(503, retry_after=30)])
    world.clock.at(10, lambda: world.queue.repeat("message-1"))
    world.clock.at(15, second.work)
    first.work()
    assert first.line.sent[-1] == second.line.sent[-1]
    for agent in (first, second):
        assert agent.metric("trail_agent_events_total", fate="exported") == 2
    assert len({(record.body, record.time_unix_nano) for record in first.line.records()}) == 2
    world.check_all_delivered()


@pytest.mark.row(6)
@pytest.mark.parametrize("together", [True, False], ids=["in one receive", "one after the other"])
def test_an_object_that_is_notified_again_and_again_goes_out_once(together: bool) -> None:
    """A duplicate message, and the object named twice in one, yield each event once; the rest count as duplicates."""
    world = World()
    agent = world.agent()
    (one,) = world.produce(1)
    for again in ([one], [one, one], [one]):
        if not together:
            agent.run(MINUTE)
        world.notify(*again)
    agent.run(MINUTE)
    assert len(agent.line.records()) == 2
    assert agent.metric("trail_agent_events_total", fate="exported") == 2
    assert agent.metric("trail_agent_events_total", fate="duplicate") == 6
    assert agent.metric("codecatalyst_events_total", event_name="CreateProject") == 2
    world.check_all_delivered()


@pytest.mark.row(6)
def test_a_record_that_stands_in_two_objects_goes_out_once() -> None:
    """CloudTrail delivers some events twice, in two files: the second is recognised by its bytes."""
    world = World()
    agent = world.agent()
    twice = event("twice")
    world.notify(world.put(ref("one"), twice), world.put(ref("two"), twice, event("new")))
    agent.run(MINUTE)
    assert len(agent.line.records()) == 2
    assert agent.metric("trail_agent_events_total", fate="duplicate") == 1
    world.check_all_delivered()


@pytest.mark.row(35)
def test_a_dead_letter_queue_that_cannot_be_reached_costs_nothing() -> None:
    """A message that cannot be put aside keeps its lease while that is tried, comes again, and is never deleted."""
    world = World()
    world.send("no notification", Reason.NOTIFICATION_UNKNOWN)
    world.produce(3)
    agent = world.agent()
    agent.sqs.trouble(refusal("AccessDenied"), "SendMessage")
    world.clock.at(HOUR, lambda: agent.sqs.trouble(None, "SendMessage"))
    held: list[int] = []
    for second in range(1, 6):
        world.clock.at(second, lambda: held.append(len(agent.inside.leases.held())))
    still_there: list[bool] = []
    world.clock.at(HOUR - 1, lambda: still_there.append("message-1" in world.queue.messages))
    agent.run(2 * HOUR)
    assert held == [1] * 5, "the good ones are settled at once, the bad one keeps its lease"
    assert still_there == [True]
    assert agent.by("trail_agent_retries_total", "reason")["dead_letter_unavailable"] > 1
    assert agent.metric("trail_agent_sqs_requests_total", operation="SendMessage", result="denied") > 5
    assert DEAD_LETTER_URL in str(agent.said("retried")[0]["detail"])
    assert world.letters() == [("notification_unknown", "")]
    assert agent.metric("trail_agent_dead_letters_total", reason="notification_unknown") == 1
    assert agent.metric("trail_agent_leases_lost_total") == 0
    world.check_end()
    assert world.sink.stored == world.truth.produced


@pytest.mark.row(22)
def test_a_sink_down_for_ten_minutes_with_three_receives_allowed_dead_letters_nothing() -> None:
    """With maxReceiveCount 3 and a sink that is down for ten minutes, no receive is spent, and all arrives after."""
    world = World(max_receives=3)
    world.produce(25)
    agent = world.agent()
    world.sink.down = True
    agent.work_beside(5 * MINUTE)
    seen = agent.observe(10 * MINUTE - 1)
    world.clock.at(10 * MINUTE, world.sink.mend)
    agent.run(15 * MINUTE)
    (glance,) = seen.values()
    assert glance.receives == 1
    assert glance.metrics.value("trail_agent_sink_up") == 0
    assert glance.metrics.value("trail_agent_ready") == 0
    assert agent.metric("trail_agent_deliveries_received_total") == 25
    assert agent.settled() == {"delivered": 25}
    world.check_all_delivered()


@pytest.mark.row(2)
def test_a_role_that_may_not_delete_is_told_as_unready() -> None:
    """What is delivered comes again and is recognised; readiness and an error say what is missing, until it is not."""
    world = World()
    world.produce(1)
    agent = world.agent()
    world.queue.fail("DeleteMessageBatch")
    world.clock.at(5 * MINUTE, world.queue.mend)
    seen = agent.observe(MINUTE)
    agent.run(20 * MINUTE)
    assert any("queue settling" in reason for reason in seen[MINUTE].ready)
    assert "sqs:DeleteMessage" in str(agent.said("settling_down")[0]["hint"])
    assert agent.metric("trail_agent_ready") == 1
    assert agent.metric("trail_agent_events_total", fate="exported") == 2
    world.check_all_delivered()
