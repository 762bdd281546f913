"""What the commands for dead letters rely on, asked of the fake that other tests use and of SQS as moto emulates it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from agent.aws.letterbox import Letterbox
from agent.aws.sqs import Hiding
from agent.errors import AwsError
from agent.letters.sending import Failed
from agent.pulse import SystemClock
from tests.support.clock import FakeClock
from tests.support.letterbox import OF_THE_AGENT, FakeLetterbox
from tests.support.moto import Emulator
from tests.support.telemetry import FakeTelemetry

pytestmark = pytest.mark.parametrize("kind", ["fake", "moto"])


@dataclass(frozen=True)
class Rig:
    """An empty dead-letter queue, and what surrounds it. `sent` has the messages that the main queue got."""

    box: Letterbox
    put: Callable[[str, Mapping[str, str]], object]
    sent: Callable[[], list[Mapping[str, Any]]]


@pytest.fixture
def rig(kind: str, request: pytest.FixtureRequest) -> Rig:
    """The queue that the test is about."""
    if kind == "moto":
        return _moto(request.getfixturevalue("emulator"))
    box = FakeLetterbox(FakeClock())
    return Rig(box, box.put, lambda: [{"Body": body} for body in box.main])


def _moto(emulator: Emulator) -> Rig:
    url = emulator.queue()
    main_url = emulator.queue(dead_letter_arn=emulator.arn(url))
    box = Letterbox(
        emulator.sqs,
        url=url,
        main_url=main_url,
        wait_seconds=0,
        visibility_timeout_seconds=30,
        version="1.2.3",
        telemetry=FakeTelemetry(),
        clock=SystemClock(),
    )

    def put(body: str, told: Mapping[str, str]) -> None:
        attributes = {name: {"DataType": "String", "StringValue": value} for name, value in told.items()}
        emulator.sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes=attributes)

    def sent() -> list[Mapping[str, Any]]:
        answer = emulator.sqs.receive_message(
            QueueUrl=main_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], VisibilityTimeout=0
        )
        return [*answer.get("Messages", ())]

    return Rig(box, put, sent)


def test_a_letter_has_its_body_and_what_the_agent_told(rig: Rig) -> None:
    """All attributes come with the message; one that has none comes without."""
    rig.put('{"ü": 1}', OF_THE_AGENT)
    rig.put("{broken", {})
    letters = {letter.delivery.body: letter for letter in rig.box.take()}
    assert {body: dict(letter.told) for body, letter in letters.items()} == {'{"ü": 1}': OF_THE_AGENT, "{broken": {}}
    assert [letter.delivery.receive_count for letter in letters.values()] == [1, 1]
    assert all(letter.delivery.sent_at > 1_600_000_000 for letter in letters.values())
    assert [letter.moved_from for letter in letters.values()] == ["", ""]


def test_what_was_taken_is_hidden_until_it_is_given_back(rig: Rig) -> None:
    """Nobody else receives it meanwhile; at once afterwards, under the same id, and one receive more is counted."""
    rig.put("body", OF_THE_AGENT)
    (letter,) = rig.box.take()
    assert rig.box.take() == []
    assert rig.box.attributes(rig.box.url).in_flight == 1
    assert rig.box.hide([Hiding(letter.delivery, 0)]) == []
    (again,) = rig.box.take()
    assert again.delivery.message_id == letter.delivery.message_id
    assert again.delivery.receive_count == 2


def test_what_is_sent_back_has_its_body_and_nothing_else(rig: Rig) -> None:
    """The attributes told of a delivery that is over; the original stays until it is deleted."""
    for number in range(3):
        rig.put(f'{{"ü": {number}}}', OF_THE_AGENT)
    letters = rig.box.take()
    assert rig.box.send_back(letters) == []
    assert sorted(message["Body"] for message in rig.sent()) == ['{"ü": 0}', '{"ü": 1}', '{"ü": 2}']
    assert [message for message in rig.sent() if message.get("MessageAttributes")] == []
    assert rig.box.attributes(rig.box.url).in_flight == 3
    assert rig.box.delete([letter.delivery for letter in letters]) == []
    assert rig.box.attributes(rig.box.url).in_flight == 0


def test_what_is_too_large_is_refused_with_all_of_its_request(rig: Rig, request: pytest.FixtureRequest) -> None:
    """SQS answers, says of what size it takes messages, and takes none; alone, the other one passes."""
    for body in ("x" * 3000, "small"):
        rig.put(body, OF_THE_AGENT)
    letters = rig.box.take()
    if isinstance(rig.box, FakeLetterbox):
        rig.box.most_bytes = 1024
    else:
        sqs = request.getfixturevalue("emulator").sqs
        sqs.set_queue_attributes(QueueUrl=rig.box.main_url, Attributes={"MaximumMessageSize": "1024"})
    for parcel in (letters, [letter for letter in letters if letter.delivery.body != "small"]):
        with pytest.raises(AwsError, match="1024") as told:
            rig.box.send_back(parcel)
        assert told.value.is_undone
        assert told.value.code
        assert Failed(parcel[0], told.value.detail).is_of_size
    assert rig.sent() == []
    assert rig.box.send_back([letter for letter in letters if letter.delivery.body == "small"]) == []
    assert [message["Body"] for message in rig.sent()] == ["small"]


def test_a_queue_that_is_not_there_is_an_error(rig: Rig, request: pytest.FixtureRequest) -> None:
    """Asked of a queue that was deleted, SQS's refusal comes out as an error of AWS."""
    rig.put("body", OF_THE_AGENT)
    letters = rig.box.take()
    if isinstance(rig.box, FakeLetterbox):
        rig.box.fail("ReceiveMessage")
        rig.box.fail("SendMessageBatch")
    else:
        sqs = request.getfixturevalue("emulator").sqs
        sqs.delete_queue(QueueUrl=rig.box.main_url)
        sqs.delete_queue(QueueUrl=rig.box.url)
    with pytest.raises(AwsError):
        rig.box.take()
    with pytest.raises(AwsError):
        rig.box.send_back(letters)
