"""What the flow relies on in a queue, asked of the fake that other tests use and of SQS as moto emulates it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pytest

from agent.aws.quick_queue import QuickQueue
from agent.aws.sqs import Hiding, Sqs
from agent.errors import AwsError, Fault
from agent.faults.dead_letters import Reason
from agent.model import QueueAttributes
from agent.pulse import SystemClock
from tests.support.clock import FakeClock
from tests.support.moto import Emulator
from tests.support.queue import DEAD_LETTER_ARN, DEAD_LETTER_URL, QUEUE_URL, RETENTION_SECONDS, DeadLetter, FakeQueue
from tests.support.telemetry import FakeTelemetry

pytestmark = pytest.mark.parametrize("kind", ["fake", "moto by boto3", "moto by quick requests"])

FAULT = Fault(Reason.OBJECT_CORRUPT, "the gzip stream is damaged", "acme-trail", "AWSLogs/a b+ü.json.gz", said="crc")


@dataclass(frozen=True)
class Rig:
    """One empty queue, and what surrounds it."""

    queue: Sqs
    url: str
    dead_letter_url: str
    dead_letter_arn: str
    send: Callable[[str], object]
    dead_letters: Callable[[], Sequence[DeadLetter]]


OpenRig = Callable[..., Rig]


@pytest.fixture
def open_rig(kind: str, request: pytest.FixtureRequest) -> OpenRig:
    """Makes the queue that the test is about, with its long poll, visibility and number of receives."""

    def open_one(*, wait: int = 0, visibility: int = 60, max_receives: int = 20) -> Rig:
        if kind == "fake":
            return _fake(wait, visibility, max_receives)
        emulator = request.getfixturevalue("emulator")
        client = QuickQueue(emulator.sqs) if "quick" in kind else emulator.sqs
        return _moto(emulator, client, wait=wait, visibility=visibility, max_receives=max_receives)

    return open_one


def _fake(wait: int, visibility: int, max_receives: int) -> Rig:
    queue = FakeQueue(FakeClock(), visibility=visibility, wait_seconds=wait, max_receives=max_receives)
    return Rig(queue, QUEUE_URL, DEAD_LETTER_URL, DEAD_LETTER_ARN, queue.send, lambda: queue.dead_letters)


def _moto(emulator: Emulator, client: Any, *, wait: int, visibility: int, max_receives: int) -> Rig:
    dead_letter_url = emulator.queue()
    arn = emulator.arn(dead_letter_url)
    url = emulator.queue(dead_letter_arn=arn, max_receives=max_receives)
    queue = Sqs(
        client,
        url=url,
        wait_seconds=wait,
        visibility_timeout_seconds=visibility,
        version="1.2.3",
        telemetry=FakeTelemetry(),
        clock=SystemClock(),
    )

    def send(body: str) -> None:
        emulator.sqs.send_message(QueueUrl=url, MessageBody=body)

    return Rig(queue, url, dead_letter_url, arn, send, lambda: _letters(emulator, dead_letter_url))


def _letters(emulator: Emulator, url: str) -> list[DeadLetter]:
    answer = emulator.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    return [
        DeadLetter(
            message["Body"],
            {name: value["StringValue"] for name, value in message.get("MessageAttributes", {}).items()},
        )
        for message in answer.get("Messages", ())
    ]


def test_a_receive_returns_up_to_ten(open_rig: OpenRig) -> None:
    """Of twelve messages ten come, then the other two, none twice."""
    rig = open_rig()
    for number in range(12):
        rig.send(f"body {number}")
    first, second = rig.queue.receive(), rig.queue.receive()
    assert (len(first), len(second)) == (10, 2)
    assert {delivery.body for delivery in (*first, *second)} == {f"body {number}" for number in range(12)}
    assert len({delivery.receipt_handle for delivery in (*first, *second)}) == 12


def test_an_empty_queue_gives_nothing_after_the_poll(open_rig: OpenRig) -> None:
    """A long poll that finds nothing ends with no delivery and no error."""
    assert open_rig(wait=1).queue.receive() == []


def test_a_delivery_tells_its_receives_and_when_it_was_sent(open_rig: OpenRig) -> None:
    """The first receive counts one, the next two; the time of sending and the body stay."""
    rig = open_rig()
    rig.send('{"text": "ü & <x>"}')
    (first,) = rig.queue.receive()
    rig.queue.hide([Hiding(first, 0)])
    (second,) = rig.queue.receive()
    assert (first.receive_count, second.receive_count) == (1, 2)
    assert first.body == second.body == '{"text": "ü & <x>"}'
    assert first.sent_at == second.sent_at > 1_600_000_000
    assert first.message_id == second.message_id
    assert first.receipt_handle != second.receipt_handle


def test_what_is_held_is_hidden(open_rig: OpenRig) -> None:
    """A message in somebody's hands is not received again, and counts as in flight."""
    rig = open_rig()
    rig.send("body")
    rig.queue.receive()
    assert rig.queue.receive() == []
    told = rig.queue.attributes(rig.url)
    assert (told.visible, told.in_flight) == (0, 1)


def test_a_lease_that_is_not_extended_ends(open_rig: OpenRig) -> None:
    """After its visibility time-out a message comes again."""
    rig = open_rig(wait=2, visibility=1)
    rig.send("body")
    rig.queue.receive()
    assert [delivery.receive_count for delivery in rig.queue.receive()] == [2]


def test_a_lease_that_is_extended_holds(open_rig: OpenRig) -> None:
    """Hidden for longer, a message does not come when its first time-out is over."""
    rig = open_rig(wait=2, visibility=1)
    rig.send("body")
    (delivery,) = rig.queue.receive()
    assert rig.queue.hide([Hiding(delivery, 60)]) == []
    assert rig.queue.receive() == []


def test_hiding_for_no_time_shows_at_once(open_rig: OpenRig) -> None:
    """What is given back with zero seconds can be received immediately; the others of the batch stay hidden."""
    rig = open_rig()
    rig.send("one")
    rig.send("two")
    one, two = rig.queue.receive()
    assert rig.queue.hide([Hiding(one, 0), Hiding(two, 60)]) == []
    assert [delivery.body for delivery in rig.queue.receive()] == [one.body]


def test_more_than_a_batch_can_be_hidden_and_deleted(open_rig: OpenRig) -> None:
    """Eleven deliveries are hidden and deleted, though a request takes ten."""
    rig = open_rig()
    for number in range(11):
        rig.send(str(number))
    deliveries = [*rig.queue.receive(), *rig.queue.receive()]
    assert rig.queue.hide([Hiding(delivery, 100) for delivery in deliveries]) == []
    assert rig.queue.delete(deliveries) == []
    assert rig.queue.attributes(rig.url) == QueueAttributes(0, 0, 0, rig.dead_letter_arn, RETENTION_SECONDS, 20)


def test_a_deleted_message_is_gone(open_rig: OpenRig) -> None:
    """What was deleted is neither visible nor in flight; to delete it again is no error."""
    rig = open_rig()
    rig.send("body")
    deliveries = rig.queue.receive()
    assert rig.queue.delete(deliveries) == []
    assert rig.queue.delete(deliveries) == []
    told = rig.queue.attributes(rig.url)
    assert (told.visible, told.in_flight) == (0, 0)


def test_an_unknown_handle_cannot_delete(open_rig: OpenRig) -> None:
    """One bad handle is refused as stale, and the rest of the batch is deleted."""
    rig = open_rig()
    rig.send("one")
    rig.send("two")
    one, two = rig.queue.receive()
    bad = msgspec.structs.replace(one, receipt_handle="no such handle")
    (refusal,) = rig.queue.delete([bad, two])
    assert (refusal.delivery, refusal.stale) == (bad, True)
    assert "ReceiptHandleIsInvalid" in refusal.detail
    assert rig.queue.attributes(rig.url).in_flight == 1


def test_a_deleted_message_cannot_be_hidden(open_rig: OpenRig) -> None:
    """An extension that comes after the delete is refused as stale."""
    rig = open_rig()
    rig.send("body")
    (delivery,) = rig.queue.receive()
    rig.queue.delete([delivery])
    (refusal,) = rig.queue.hide([Hiding(delivery, 60)])
    assert (refusal.delivery, refusal.stale) == (delivery, True)


def test_the_handle_of_an_earlier_receive_cannot_hide(open_rig: OpenRig, kind: str) -> None:
    """Once a message was received again, its first receiver cannot extend a lease that it has no longer."""
    if "moto" in kind:
        pytest.skip("moto honours every handle that it ever gave for a message that is still in the queue")
    rig = open_rig()
    rig.send("body")
    (first,) = rig.queue.receive()
    rig.queue.hide([Hiding(first, 0)])
    rig.queue.receive()
    assert [refusal.stale for refusal in rig.queue.hide([Hiding(first, 60)])] == [True]


def test_the_handle_of_an_earlier_receive_does_not_delete(open_rig: OpenRig, kind: str) -> None:
    """SQS says yes to a delete by the first receiver, and may keep the message that a second one holds."""
    if "moto" in kind:
        pytest.skip("moto deletes the message: it honours every handle that it ever gave for it")
    rig = open_rig()
    rig.send("body")
    (first,) = rig.queue.receive()
    rig.queue.hide([Hiding(first, 0)])
    rig.queue.receive()
    assert rig.queue.delete([first]) == []
    assert rig.queue.attributes(rig.url).in_flight == 1


def test_a_visible_message_cannot_be_hidden(open_rig: OpenRig, kind: str) -> None:
    """A lease that has run out cannot be extended."""
    if "moto" in kind:
        pytest.skip("moto hides a visible message; SQS answers MessageNotInflight")
    rig = open_rig()
    rig.send("body")
    (delivery,) = rig.queue.receive()
    rig.queue.hide([Hiding(delivery, 0)])
    assert [refusal.stale for refusal in rig.queue.hide([Hiding(delivery, 60)])] == [True]


def test_a_dead_letter_has_the_body_and_the_reason(open_rig: OpenRig) -> None:
    """The body is unchanged, and attributes tell the reason, the object, its id in the queue, the agent's version."""
    rig = open_rig()
    rig.send('{"Records": ["ü"]}')
    (delivery,) = rig.queue.receive()
    rig.queue.bury(delivery, FAULT, rig.dead_letter_url)
    (letter,) = rig.dead_letters()
    assert letter.body == '{"Records": ["ü"]}'
    assert letter.attributes == {
        "reason": "object_corrupt",
        "detail": "the gzip stream is damaged: crc",
        "bucket": "acme-trail",
        "key": "AWSLogs/a b+ü.json.gz",
        "source_message_id": delivery.message_id,
        "agent_version": "1.2.3",
    }


def test_a_dead_letter_of_no_object_names_none(open_rig: OpenRig) -> None:
    """Where no bucket and key are known their attributes are left out: SQS refuses empty ones."""
    rig = open_rig()
    rig.send("not JSON")
    (delivery,) = rig.queue.receive()
    rig.queue.bury(delivery, Fault(Reason.NOTIFICATION_UNKNOWN, "not JSON"), rig.dead_letter_url)
    assert sorted(rig.dead_letters()[0].attributes) == [
        "agent_version",
        "detail",
        "reason",
        "source_message_id",
    ]


def test_poison_goes_to_the_dead_letter_queue_by_itself(open_rig: OpenRig) -> None:
    """A message that was received as often as the redrive policy allows is not received again."""
    rig = open_rig(max_receives=2)
    rig.send("poison")
    for _ in range(2):
        rig.queue.hide([Hiding(delivery, 0) for delivery in rig.queue.receive()])
    assert rig.queue.receive() == []
    assert [letter.body for letter in rig.dead_letters()] == ["poison"]


def test_the_attributes_lead_to_the_dead_letter_queue(open_rig: OpenRig) -> None:
    """The queue names the ARN of its dead-letter queue, and the ARN gives the URL; that queue itself names none."""
    rig = open_rig()
    rig.send("body")
    told = rig.queue.attributes(rig.url)
    assert told == QueueAttributes(1, 0, 0, rig.dead_letter_arn, RETENTION_SECONDS, max_receives=20)
    assert rig.queue.url_of(told.dead_letter_arn) == rig.dead_letter_url
    assert rig.queue.attributes(rig.dead_letter_url).dead_letter_arn == ""


def test_a_queue_that_does_not_answer_is_an_aws_error(open_rig: OpenRig, kind: str) -> None:
    """Whatever the operation, trouble with the queue itself is told by its kind."""
    rig = open_rig()
    rig.send("body")
    (delivery,) = rig.queue.receive()
    if isinstance(rig.queue, FakeQueue):
        for operation in ("ReceiveMessage", "DeleteMessageBatch", "ChangeMessageVisibilityBatch", "SendMessage"):
            rig.queue.fail(operation)
    else:
        rig = replace(rig, queue=_lost(rig.queue))
    asks: list[Callable[[], object]] = [
        rig.queue.receive,
        lambda: rig.queue.delete([delivery]),
        lambda: rig.queue.hide([Hiding(delivery, 1)]),
    ]
    for ask in asks:
        with pytest.raises(AwsError, match=r"unavailable|missing"):
            ask()


@pytest.mark.row(89)
def test_only_a_word_on_each_message_is_a_yes(open_rig: OpenRig, kind: str) -> None:
    """An answer that names none of the messages, as a proxy may give it, counts as no answer."""
    rig = open_rig()
    rig.send("body")
    (delivery,) = rig.queue.receive()
    if isinstance(rig.queue, FakeQueue):
        for operation in ("DeleteMessageBatch", "ChangeMessageVisibilityBatch", "SendMessage"):
            rig.queue.be_silent(operation)
    else:
        rig.queue._client = Silent(rig.queue._client)
    asks: list[Callable[[], object]] = [
        lambda: rig.queue.bury(delivery, FAULT, rig.dead_letter_url),
        lambda: rig.queue.delete([delivery]),
        lambda: rig.queue.hide([Hiding(delivery, 1)]),
    ]
    for ask in asks:
        with pytest.raises(AwsError, match="unavailable"):
            ask()
    assert rig.queue.attributes(rig.url).in_flight == 1
    assert rig.dead_letters() == []


class Silent:
    """A client whose requests that change anything go nowhere, and are answered with nothing."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        """What only reads is asked of the client."""
        return getattr(self._client, name) if name.startswith("get_") else lambda **_arguments: {}


def _lost(queue: Sqs) -> Sqs:
    queue._url += "-deleted"
    return queue
