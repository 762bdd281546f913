"""boto3's clients as far as the agent asks them, over the fake queue and store, with AWS's own answers on demand.

The agent's `Sqs` and `S3` in front of them are the real ones: what is raised here is what botocore raises.
"""

# ruff: noqa: N803 - the arguments are called as boto3's are
from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError
from botocore.response import StreamingBody

from agent.aws.s3 import S3
from agent.aws.sqs import Hiding, RefusedEntry
from agent.aws.store_policy import StoreError
from agent.errors import Fault
from agent.faults.dead_letters import Reason
from agent.model import Delivery, ObjectRef, OpenObject
from tests.support.clock import FakeClock
from tests.support.queue import DEAD_LETTER_URL, QUEUE_URL, DeadLetter, FakeQueue
from tests.support.store import FakeStore, give_by_opening

_ATTRIBUTES: Final = ("reason", "detail", "bucket", "key", "source_message_id", "agent_version")


def refusal(code: str, status: int = 400, message: str = "on demand") -> ClientError:
    """What boto3 raises when AWS answers with `code`."""
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Operation")


class Witness(Protocol):
    """Sees what is asked of the queue, and objects."""

    def deleting(self, process: str, deliveries: Sequence[Delivery]) -> None:
        """Deliveries are about to be deleted."""
        ...

    def buried(self, process: str, delivery: Delivery, fault: Fault) -> None:
        """The dead-letter queue has this delivery."""
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """One request to SQS: its name there, when it was made, and which messages it was about."""

    operation: str
    at: float
    messages: tuple[str, ...] = ()


class SqsClient:
    """A boto3 SQS client that one process of the agent has. `calls` lists what was asked."""

    def __init__(self, name: str, queue: FakeQueue, clock: FakeClock, witness: Witness) -> None:
        self.calls: list[Call] = []
        self.meta = SimpleNamespace(endpoint_url="https://sqs.us-west-2.amazonaws.com")
        self._name = name
        self._queue = queue
        self._clock = clock
        self._witness = witness
        self._known: dict[str, Delivery] = {}
        self._troubles: dict[str, Exception] = {}

    def trouble(self, error: Exception | None, *operations: str) -> None:
        """Let operations (by SQS's names) end with `error` from now on; None mends them."""
        for operation in operations:
            if error:
                self._troubles[operation] = error
            else:
                self._troubles.pop(operation, None)

    def times(self, operation: str) -> list[float]:
        """When an operation was asked for."""
        return [call.at for call in self.calls if call.operation == operation]

    def receive_message(self, **_arguments: object) -> Mapping[str, object]:
        """As boto3's."""
        self._answer("ReceiveMessage")
        deliveries = self._queue.receive()
        self._known |= {delivery.receipt_handle: delivery for delivery in deliveries}
        return {"Messages": [_message(delivery) for delivery in deliveries]} if deliveries else {}

    def delete_message_batch(self, *, QueueUrl: str, Entries: Sequence[Mapping[str, Any]]) -> Mapping[str, object]:
        """As boto3's."""
        deliveries = self._asked(QueueUrl, Entries)
        self._answer("DeleteMessageBatch", deliveries)
        self._witness.deleting(self._name, deliveries)
        return _told(deliveries, self._queue.delete(deliveries))

    def change_message_visibility_batch(
        self,
        *,
        QueueUrl: str,
        Entries: Sequence[Mapping[str, Any]],
    ) -> Mapping[str, object]:
        """As boto3's."""
        deliveries = self._asked(QueueUrl, Entries)
        self._answer("ChangeMessageVisibilityBatch", deliveries)
        seconds = [int(entry["VisibilityTimeout"]) for entry in Entries]
        hidings = [Hiding(delivery, time) for delivery, time in zip(deliveries, seconds, strict=True)]
        return _told(deliveries, self._queue.hide(hidings))

    def send_message(
        self,
        *,
        QueueUrl: str,
        MessageBody: str,
        MessageAttributes: Mapping[str, Mapping[str, str]],
    ) -> Mapping[str, object]:
        """As boto3's, to the dead-letter queue."""
        self._answer("SendMessage")
        assert QueueUrl == DEAD_LETTER_URL
        told = {name: value["StringValue"] for name, value in MessageAttributes.items()}
        assert set(told) <= set(_ATTRIBUTES)
        self._queue.dead_letters.append(DeadLetter(MessageBody, told))
        sent = next(each for each in reversed(self._known.values()) if each.body == MessageBody)
        self._witness.buried(self._name, sent, Fault(Reason(told["reason"]), told["detail"]))
        return {"MessageId": f"letter-{len(self._queue.dead_letters)}"}

    def _asked(self, url: str, entries: Sequence[Mapping[str, Any]]) -> list[Delivery]:
        assert url == QUEUE_URL
        return [self._known[entry["ReceiptHandle"]] for entry in entries]

    def _answer(self, operation: str, about: Sequence[Delivery] = ()) -> None:
        messages = tuple(delivery.message_id for delivery in about)
        self.calls.append(Call(operation, self._clock.elapsed, messages))
        if error := self._troubles.get(operation):
            raise error


class S3Client:
    """A boto3 S3 client over a fake store; `trouble` is met by the next reads, `bucket_trouble` by all of a bucket."""

    def __init__(self, store: FakeStore) -> None:
        self._store = store
        self._troubles: dict[tuple[str, str], deque[Exception | bytes | io.RawIOBase]] = {}
        self._buckets: dict[str, Exception] = {}

    def trouble(self, ref: ObjectRef, *troubles: Exception | bytes | io.RawIOBase) -> None:
        """What the next reads of an object meet: an error, a body shorter than its length, or one that breaks."""
        self._troubles[ref.bucket, ref.key] = deque(troubles)

    def bucket_trouble(self, bucket: str, error: Exception | None) -> None:
        """What every read of a bucket meets from now on; None mends it."""
        if error:
            self._buckets[bucket] = error
        else:
            self._buckets.pop(bucket, None)

    def gives_whole(self, ref: ObjectRef) -> bool:
        """Whether the next read of an object meets no trouble."""
        is_troubled = ref.bucket in self._buckets or self._troubles.get((ref.bucket, ref.key))
        return not is_troubled and self._store.gives_whole(ref)

    def get_object(self, *, Bucket: str, Key: str, **_demands: str) -> Mapping[str, object]:
        """As boto3's."""
        if error := self._buckets.get(Bucket):
            self._store.requests.append(ObjectRef(Bucket, Key))
            raise error
        whole, written = self._read(ObjectRef(Bucket, Key))
        pending = self._troubles.get((Bucket, Key))
        body = pending.popleft() if pending else whole
        if isinstance(body, Exception):
            raise body
        raw = io.BytesIO(body) if isinstance(body, bytes) else body
        return {"Body": StreamingBody(raw, len(whole)), "ContentLength": len(whole), "LastModified": written}

    def _read(self, ref: ObjectRef) -> tuple[bytes, datetime]:
        try:
            with self._store.open(ref) as found:
                written = (found.last_modified_ns or 0) / 1e9
                return b"".join(found.chunks), datetime.fromtimestamp(written, UTC)
        except StoreError as error:
            raise refusal("NoSuchKey", 404) from error


class ClientStore(S3):
    """The agent's store in front of such a client, which gives at once what meets no trouble."""

    def __init__(self, client: S3Client, owners: Mapping[str, str | None]) -> None:
        super().__init__(dict.fromkeys(owners, client), owners)
        self._client = client

    def give(
        self, refs: Sequence[ObjectRef], most: int, patience: Callable[[], float]
    ) -> Iterator[tuple[int, OpenObject | None]]:
        """Those objects, one after the other."""
        return give_by_opening(self, self._client.gives_whole, refs, most, patience)


class Breaking(io.RawIOBase):
    """A body that ends with an error after its first bytes."""

    def __init__(self, first: bytes, error: Exception) -> None:
        self._first = first
        self._error = error

    def read(self, _amount: int = -1) -> bytes:
        """The first bytes once, then the error."""
        first, self._first = self._first, b""
        if not first:
            raise self._error
        return first


def _message(delivery: Delivery) -> Mapping[str, object]:
    return {
        "MessageId": delivery.message_id,
        "ReceiptHandle": delivery.receipt_handle,
        "Body": delivery.body,
        "Attributes": {
            "ApproximateReceiveCount": str(delivery.receive_count),
            "SentTimestamp": str(round(delivery.sent_at * 1000)),
        },
    }


def _told(deliveries: Sequence[Delivery], refusals: Sequence[RefusedEntry]) -> Mapping[str, object]:
    """SQS names each entry of a batch: those that it did, and those that it did not. A list without any is left out."""
    failed, refused = [], {refusal.delivery.receipt_handle: refusal for refusal in refusals}
    done = [{"Id": str(n)} for n, delivery in enumerate(deliveries) if delivery.receipt_handle not in refused]
    for number, delivery in enumerate(deliveries):
        if refusal := refused.get(delivery.receipt_handle):
            code, _, message = refusal.detail.partition(": ")
            failed.append({"Id": str(number), "Code": code, "Message": message})
    return {name: entries for name, entries in (("Successful", done), ("Failed", failed)) if entries}
