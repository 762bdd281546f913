"""A dead-letter queue that behaves as a queue does, as an operator's commands look into it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from agent.aws.letterbox import Letterbox
from agent.aws.sqs import RefusedEntry
from agent.errors import AwsError
from agent.model import BATCH, Delivery, Letter, QueueAttributes
from agent.pulse import Clock
from tests.support.objects import BUCKET, KEY
from tests.support.queue import DEAD_LETTER_URL, QUEUE_URL, RETENTION_SECONDS, FakeQueue

MAIN_ARN: Final = "arn:aws:sqs:us-west-2:111122223333:trail-agent"
OF_THE_AGENT: Final = {
    "reason": "object_missing",
    "detail": "S3 has no such object (NoSuchKey)",
    "bucket": BUCKET,
    "key": KEY,
    "source_message_id": "0f5c1d2e-3333-4333-8333-333333333333",
    "agent_version": "1.2.3",
}


class FakeLetterbox(FakeQueue, Letterbox):
    """`agent.aws.letterbox.Letterbox` and both queues behind it, with the trouble of `FakeQueue`.

    `main` lists the bodies that the main queue was sent; where `policy_arn` is set, it is what that queue says of where
    SQS moves what it gave too often. `onward_arn` is where SQS moves what was received too often.
    The main queue takes no message of more than `most_bytes`, and nothing of a request that has one.
    `on_sent` is called after each request that sends, before its answer: what it raises, the caller meets.
    """

    def __init__(self, clock: Clock, *, visibility: int = 30, onward_arn: str = "") -> None:
        FakeQueue.__init__(self, clock, visibility=visibility, wait_seconds=1, dead_letter_arn=onward_arn)
        self.url, self.main_url = DEAD_LETTER_URL, QUEUE_URL
        self.main: list[str] = []
        self.policy_arn = ""
        self.most_bytes = 1 << 20
        self.on_sent: Callable[[], object] = lambda: None
        self._told: dict[str, Letter] = {}

    def put(self, body: str = "{}", told: Mapping[str, str] | None = None, moved_from: str = "") -> str:
        """A message that lies in it, by default one of the agent's own; returns its id."""
        message_id = self.send(body)
        given = OF_THE_AGENT if told is None else told
        self._told[message_id] = Letter(Delivery(message_id, "", body, 0, 0.0, 0.0), given, moved_from)
        return message_id

    def hidden_now(self) -> int:
        """How many messages nobody else can receive now."""
        return self.attributes(self.url).in_flight

    def take(self, most: int = BATCH) -> list[Letter]:
        """As `Letterbox` does."""
        return [self._with_attributes(delivery) for delivery in self.receive(most)]

    def send_back(self, parcel: Sequence[Letter]) -> list[RefusedEntry]:
        """As `Letterbox` does."""
        if any(len(letter.delivery.body.encode()) > self.most_bytes for letter in parcel):
            words = f"InvalidParameterValue: Message must be shorter than {self.most_bytes} bytes"
            raise AwsError("stale_handle", f"SendMessageBatch: {words}", "InvalidParameterValue", is_undone=True)
        refusals = self._each("SendMessageBatch", [letter.delivery for letter in parcel], lambda _delivery: None)
        refused = {refusal.delivery.message_id for refusal in refusals}
        self.main += [one.delivery.body for one in parcel if one.delivery.message_id not in refused]
        self.on_sent()
        return refusals

    def attributes(self, url: str) -> QueueAttributes:
        """As `Letterbox` does; of the main queue, it may be denied."""
        if url != self.url and self.policy_arn:
            return QueueAttributes(0, 0, 0, self.policy_arn, RETENTION_SECONDS, 20)
        if url != self.url:
            raise AwsError("denied", "GetQueueAttributes: AccessDenied: not of the main queue")
        return super().attributes(self.main_url)

    def _with_attributes(self, delivery: Delivery) -> Letter:
        known = self._told[delivery.message_id]
        return Letter(delivery, known.told, known.moved_from)
