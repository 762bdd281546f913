"""Which client is asked for which queue, and what a failed request tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, Final

import pytest

from agent.aws.letterbox import Letterbox
from agent.aws.sqs import Hiding, Sqs
from agent.errors import AwsError, Fault
from agent.faults.dead_letters import Reason
from agent.model import Letter
from tests.support.boto import refusal
from tests.support.clock import FakeClock
from tests.support.messages import delivery
from tests.support.telemetry import FakeTelemetry

URL = "https://vpce-1.sqs.us-west-2.vpce.amazonaws.com/111122223333/q"
LETTERS = "https://sqs.eu-central-1.amazonaws.com/111122223333/dead"


class Client:
    """A boto3 client that notes what it is asked."""

    def __init__(self, endpoint_url: str) -> None:
        self.meta = SimpleNamespace(endpoint_url=endpoint_url)
        self.asked: list[tuple[str, str]] = []
        self.error: Exception | None = None
        self.answer: Any = {"Attributes": {"QueueArn": "arn"}, "MessageId": "letter"}

    def __getattr__(self, operation: str) -> Any:
        """Any operation."""

        def answer(**arguments: Any) -> Any:
            if self.error:
                raise self.error
            self.asked.append((operation, arguments["QueueUrl"]))
            return self.answer

        return answer


def _sqs(client: Client, others: dict[str, Any], telemetry: FakeTelemetry | None = None) -> Sqs:
    return Sqs(
        client,
        url=URL,
        others=others,
        wait_seconds=1,
        visibility_timeout_seconds=30,
        version="1",
        telemetry=telemetry or FakeTelemetry(),
        clock=FakeClock(),
    )


def _letterbox(client: Client) -> Letterbox:
    return Letterbox(
        client,
        url=LETTERS,
        main_url=URL,
        wait_seconds=1,
        visibility_timeout_seconds=30,
        version="1",
        telemetry=FakeTelemetry(),
        clock=FakeClock(),
    )


@pytest.mark.row(49)
def test_a_dead_letter_queue_of_the_settings_is_asked_at_its_own_host() -> None:
    """Letters and depth go to that queue's client, all else to the queue's."""
    here, there = Client("https://vpce-1"), Client("https://sqs.eu-central-1.amazonaws.com")
    queue = _sqs(here, {LETTERS: there})
    queue.bury(delivery(), Fault(Reason.NOT_ALLOWED, "no"), LETTERS)
    queue.attributes(LETTERS)
    queue.attributes(URL)
    assert there.asked == [("send_message", LETTERS), ("get_queue_attributes", LETTERS)]
    assert here.asked == [("get_queue_attributes", URL)]


def test_a_dead_letter_queue_of_the_redrive_policy_is_asked_where_the_queue_is() -> None:
    """SQS names it by its usual host, which a private network may not reach."""
    here = Client("https://vpce-1")
    _sqs(here, {}).bury(delivery(), Fault(Reason.NOT_ALLOWED, "no"), LETTERS)
    assert here.asked == [("send_message", LETTERS)]


@pytest.mark.row(49)
def test_a_failed_request_names_the_host_that_was_asked() -> None:
    """Whatever the queue's URL says, the operator sees where the agent went, without user and password."""
    client = Client("https://eve:s3cret@vpce-1.example:8443/")
    client.error = refusal("AccessDenied", 403)
    with pytest.raises(AwsError, match=r"^denied: GetQueueAttributes at vpce-1\.example:8443: AccessDenied") as told:
        _sqs(client, {}).attributes(URL)
    assert "s3cret" not in str(told.value)


MESSAGE: Final = {"MessageId": "m", "ReceiptHandle": "h", "Body": "b"}
NO_MESSAGES: Final[Mapping[str, Any]] = {
    "a number": 1,
    "numbers": [1],
    "no id": [{"ReceiptHandle": "h", "Body": "b"}],
    "no text": [{**MESSAGE, "Body": 1}],
    "attributes": [{**MESSAGE, "Attributes": 1}],
    "a count": [{**MESSAGE, "Attributes": {"ApproximateReceiveCount": "x"}}],
    "a time": [{**MESSAGE, "Attributes": {"SentTimestamp": "x"}}],
}


@pytest.mark.row(88)
@pytest.mark.parametrize("told", NO_MESSAGES.values(), ids=NO_MESSAGES)
def test_messages_that_are_none_are_waited_for(told: object) -> None:
    """A queue that answers like this is one that does not answer, and no bug."""
    client = Client("https://vpce-1")
    client.answer = {"Messages": told}
    with pytest.raises(AwsError, match=r"^unavailable: ReceiveMessage: what answered is not SQS \("):
        _sqs(client, {}).receive()


@pytest.mark.row(88)
@pytest.mark.parametrize("told", [1, [1], [{}], [{"Id": "7"}], [{"Id": "x"}]])
def test_refusals_that_are_none_are_waited_for(told: object) -> None:
    """The same of what SQS says of a batch."""
    client = Client("https://vpce-1")
    client.answer = {"Failed": told}
    with pytest.raises(AwsError, match=r"^unavailable: DeleteMessageBatch: what answered is not SQS \("):
        _sqs(client, {}).delete([delivery()])


SILENT: Final[Mapping[str, Any]] = {
    "nothing": {},
    "empty lists": {"Successful": [], "Failed": []},
    "another one": {"Successful": [{"Id": "7", "MessageId": "m"}]},
    "no id": {"Successful": [{"MessageId": "m"}]},
}


@pytest.mark.row(89)
@pytest.mark.parametrize("told", SILENT.values(), ids=SILENT)
def test_an_answer_that_names_nothing_of_a_batch_is_no_yes(told: Mapping[str, Any]) -> None:
    """What is to be deleted or hidden is not, then; nothing is sent back."""
    client = Client("https://vpce-1")
    client.answer = told
    asks: list[Callable[[], object]] = [
        lambda: _sqs(client, {}).delete([delivery()]),
        lambda: _sqs(client, {}).hide([Hiding(delivery(), 1)]),
        lambda: _letterbox(client).send_back([Letter(delivery(), {})]),
    ]
    for ask in asks:
        with pytest.raises(AwsError, match=r"^unavailable: \w+: "):
            ask()


@pytest.mark.parametrize(
    ("ask", "silence", "answer"),
    [
        (lambda queue: queue.receive(), {"Messages": 1}, {}),
        (lambda queue: queue.delete([delivery()]), {}, {"Failed": [{"Id": "0", "Code": "InternalError"}]}),
        (lambda queue: queue.hide([Hiding(delivery(), 1)]), {"Successful": []}, {"Successful": [{"Id": "0"}]}),
        (lambda queue: queue.bury(delivery(), Fault(Reason.NOT_ALLOWED, "no"), URL), {}, {"MessageId": "m"}),
        (lambda queue: queue.attributes(URL), {}, {"Attributes": {"QueueArn": "arn"}}),
    ],
)
def test_a_request_counts_as_what_its_answer_is(
    ask: Callable[[Sqs], object], silence: Mapping[str, Any], answer: Mapping[str, Any]
) -> None:
    """What says nothing, or is none of SQS's, is no success; each request counts once."""
    client, telemetry = Client("https://vpce-1"), FakeTelemetry()
    queue = _sqs(client, {}, telemetry)
    client.answer = silence
    with pytest.raises(AwsError):
        ask(queue)
    client.answer = answer
    ask(queue)
    assert [result for _, result in telemetry.named("sqs_request")] == ["unavailable", "ok"]


@pytest.mark.row(89)
def test_what_is_in_neither_list_was_not_done() -> None:
    """Of three, one was done, one was not, and of one SQS says nothing; to nothing, it need not say anything."""
    client = Client("https://vpce-1")
    batch = [delivery(str(number)) for number in range(3)]
    client.answer = {
        "Successful": [{"Id": "1", "MessageId": "m"}],
        "Failed": [{"Id": "0", "Code": "InternalError", "Message": "x"}],
    }
    for refusals in (
        _sqs(client, {}).delete(batch),
        _sqs(client, {}).hide([Hiding(one, 1) for one in batch]),
        _letterbox(client).send_back([Letter(one, {}) for one in batch]),
    ):
        assert [(one.delivery, one.is_silence, one.stale) for one in refusals] == [
            (batch[0], False, False),
            (batch[2], True, False),
        ]
    assert _sqs(client, {}).delete([]) == []


@pytest.mark.row(89)
def test_what_is_done_and_not_done_is_not_done() -> None:
    """An answer that says both has not said yes."""
    client = Client("https://vpce-1")
    client.answer = {"Successful": [{"Id": "0"}], "Failed": [{"Id": "0", "Code": "InternalError"}]}
    assert [one.detail for one in _sqs(client, {}).delete([delivery()])] == ["InternalError"]


@pytest.mark.row(89)
def test_a_letter_that_was_sent_back_has_an_id_in_the_queue() -> None:
    """SQS names the message that it made."""
    client = Client("https://vpce-1")
    client.answer = {"Successful": [{"Id": "0"}]}
    with pytest.raises(AwsError, match="SendMessageBatch"):
        _letterbox(client).send_back([Letter(delivery(), {})])


@pytest.mark.row(89)
@pytest.mark.parametrize("told", [{}, {"MessageId": ""}, {"MD5OfMessageBody": "0"}])
def test_a_dead_letter_has_an_id_in_its_queue(told: Mapping[str, str]) -> None:
    """Without one, nobody has said that the queue has it, and its message must not be deleted."""
    client = Client("https://vpce-1")
    client.answer = told
    with pytest.raises(AwsError, match="SendMessage: the answer does not say that the queue has the message"):
        _sqs(client, {}).bury(delivery(), Fault(Reason.NOT_ALLOWED, "no"), LETTERS)


@pytest.mark.row(88)
@pytest.mark.parametrize("told", [{"RedrivePolicy": "{"}, {"RedrivePolicy": "1"}, {"MessageRetentionPeriod": "x"}])
def test_attributes_that_are_none_are_waited_for(told: Mapping[str, str]) -> None:
    """The same of what it says of a queue."""
    client = Client("https://vpce-1")
    client.answer = {"Attributes": {"QueueArn": "arn", **told}}
    with pytest.raises(AwsError, match=r"^unavailable: GetQueueAttributes: what answered is not SQS \("):
        _sqs(client, {}).attributes(URL)


@pytest.mark.row(88)
def test_a_web_page_is_no_empty_queue() -> None:
    """botocore reads it as an answer without messages, for which nobody would be warned."""
    client = Client("https://vpce-1")
    client.answer = {"ResponseMetadata": {"HTTPHeaders": {"content-type": "text/html; charset=utf-8"}}}
    with pytest.raises(AwsError, match="what answered is not SQS"):
        _sqs(client, {}).receive()


@pytest.mark.row(88)
def test_whatever_botocore_raises_is_told_as_an_answer_that_cannot_be_read() -> None:
    """It raises what Python does where it does not expect an answer."""
    client = Client("https://vpce-1")
    client.error = TypeError("argument of type 'int' is not iterable")
    words = "ReceiveMessage at vpce-1: the answer cannot be read: TypeError: argument of type 'int' is not iterable"
    with pytest.raises(AwsError, match=words):
        _sqs(client, {}).receive()
