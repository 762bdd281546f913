"""A dead-letter queue, as an operator looks into it, with the way back to the queue that it belongs to.

Pages: SQS API reference, `ReceiveMessage` and `SendMessageBatch`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from agent.aws.sqs import RefusedEntry, Sqs, delivery_of, not_done
from agent.model import BATCH, Letter

_MOST_BYTES: Final = 256 << 10  # of all bodies in one request; a queue may allow more, and need not
_MOVED_FROM: Final = "DeadLetterQueueSourceArn"
_SYSTEM: Final = ("ApproximateReceiveCount", "SentTimestamp", _MOVED_FROM)


class Letterbox(Sqs):
    """The dead-letter queue at `url`. What is sent back goes to the queue at `main_url`.

    `client` asks the dead-letter queue. `others` has the client that sends to the main queue, by that queue's URL. It
    must not send again by itself what is not answered: the queue would have it twice, and nobody would know.
    """

    def __init__(self, client: Any, *, url: str, main_url: str, **more: Any) -> None:
        super().__init__(client, url=url, **more)
        self.url = url
        self.main_url = main_url

    def take(self, most: int = BATCH) -> list[Letter]:
        """Up to `most` messages (at most ten), hidden from everybody else for the time of this queue's visibility."""
        answer = self._request(
            self._client,
            "ReceiveMessage",
            QueueUrl=self._url,
            MaxNumberOfMessages=most,
            WaitTimeSeconds=self._wait_seconds,
            VisibilityTimeout=self._visibility,
            MessageSystemAttributeNames=list(_SYSTEM),
            MessageAttributeNames=["All"],
        )
        received_at = self._clock.monotonic()
        with self._making_out("ReceiveMessage"):
            return [_letter(message, received_at) for message in answer.get("Messages", ())]

    def send_back(self, parcel: Sequence[Letter]) -> list[RefusedEntry]:
        """Send the bodies of one of the `parcels` to the main queue, unchanged and without the attributes.

        Returns those of which SQS does not say that the queue has them. Raises `AwsError` if the request
        failed as a whole: none counts as sent then.
        """
        entries = [{"Id": str(number), "MessageBody": letter.delivery.body} for number, letter in enumerate(parcel)]
        client = self._client_of(self.main_url)
        answer = self._request(client, "SendMessageBatch", QueueUrl=self.main_url, Entries=entries)
        with self._making_out("SendMessageBatch"):
            return not_done("SendMessageBatch", [letter.delivery for letter in parcel], answer, "MessageId")


def parcels(letters: Sequence[Letter]) -> Iterator[Sequence[Letter]]:
    """`letters` in their order, in parts that SQS takes as one request each."""
    parcel: list[Letter] = []
    weight = 0
    for letter in letters:
        size = len(letter.delivery.body.encode(errors="surrogatepass"))
        if parcel and (len(parcel) == BATCH or weight + size > _MOST_BYTES):
            yield parcel
            parcel, weight = [], 0
        parcel.append(letter)
        weight += size
    if parcel:
        yield parcel


def _letter(message: Mapping[str, Any], received_at: float) -> Letter:
    told = {
        str(name): str(value["StringValue"])
        for name, value in message.get("MessageAttributes", {}).items()
        if "StringValue" in value  # one that is binary is none of ours
    }
    moved_from = str(message.get("Attributes", {}).get(_MOVED_FROM, ""))
    return Letter(delivery_of(message, received_at), told, moved_from)
