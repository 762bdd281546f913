"""SQS, one method per thing that is asked of it. Pages: SQS API reference, `ReceiveMessage` and the batch actions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from botocore import xform_name

from agent.aws.failure import AWS_ERRORS, FailureKind, asking, explain, kind_of
from agent.errors import AwsError, Fault
from agent.model import BATCH, Delivery, QueueAttributes
from agent.pulse import Clock

SOURCE_ID: Final = "source_message_id"
"""The message attribute of a dead letter that has the id of the message in the queue, as the agent's log names it."""

_UNSAID: Final = "SQS did not say that it did this"
_NO_ANSWER: Final = (AttributeError, IndexError, KeyError, TypeError, ValueError, RecursionError)
_ATTRIBUTE_CHARACTERS: Final = 1024
_RESULTS: Final = {
    FailureKind.THROTTLED: "throttled",
    FailureKind.DENIED: "denied",
    FailureKind.UNAVAILABLE: "unavailable",
}


class SqsTelemetry(Protocol):
    """What the requests tell the outside; telemetry stands beside aws, and is not imported here."""

    def sqs_request(self, operation: str, result: str) -> None:
        """A request was answered or failed: ok, throttled, denied, unavailable or error."""
        ...


@dataclass(frozen=True, slots=True)
class Hiding:
    """A delivery and for how many seconds from now it is to stay hidden; 0 shows it at once."""

    delivery: Delivery
    seconds: int


@dataclass(frozen=True, slots=True)
class RefusedEntry:
    """A delivery for which SQS refused what was asked. `stale`: it no longer knows the receipt handle, and never will.
    `denied`: the agent may not. `throttled`: it was asked too often, and does it later. `is_silence`: it says neither
    that it did it nor that it did not.
    """

    delivery: Delivery
    stale: bool
    detail: str
    denied: bool = False
    throttled: bool = False
    is_silence: bool = False

    def as_error(self) -> AwsError:
        """The same, as if SQS had said it of the whole request."""
        kind = "denied" if self.denied else "throttled" if self.throttled else "unavailable"
        return AwsError(kind, self.detail)


class Sqs:
    """One queue. `client` is a boto3 SQS client; safe to use from many threads at once. `others` has the clients of
    other queues, by URL, that are not asked where this one is.

    Every method raises `AwsError` if SQS refuses the request or does not answer.
    """

    def __init__(
        self,
        client: Any,
        *,
        url: str,
        wait_seconds: int,
        visibility_timeout_seconds: int,
        version: str,
        telemetry: SqsTelemetry,
        clock: Clock,
        others: Mapping[str, Any] | None = None,
    ) -> None:
        self._client = client
        self._others = others or {}
        self._url = url
        self._wait_seconds = wait_seconds
        self._visibility = visibility_timeout_seconds
        self._version = version
        self._telemetry = telemetry
        self._clock = clock

    def receive(self, most: int = BATCH, wait_seconds: int | None = None) -> list[Delivery]:
        """Up to `most` deliveries (at most ten), after a long poll; none if there are none.

        `wait_seconds` is the length of the poll, where it is not the queue's usual one.
        """
        answer = self._request(
            self._client,
            "ReceiveMessage",
            QueueUrl=self._url,
            MaxNumberOfMessages=most,
            WaitTimeSeconds=self._wait_seconds if wait_seconds is None else wait_seconds,
            VisibilityTimeout=self._visibility,
            MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
        )
        received_at = self._clock.monotonic()
        with self._making_out("ReceiveMessage"):
            return [delivery_of(message, received_at) for message in answer.get("Messages", ())]

    def delete(self, deliveries: Sequence[Delivery]) -> list[RefusedEntry]:
        """Delete `deliveries`; returns those that SQS refused to delete."""
        return [refusal for batch in _batches(deliveries) for refusal in self._ask("DeleteMessageBatch", batch, {})]

    def hide(self, hidings: Sequence[Hiding]) -> list[RefusedEntry]:
        """Hide each delivery for its time from now; returns those that SQS refused to hide."""
        seconds = {hiding.delivery.receipt_handle: hiding.seconds for hiding in hidings}
        return [
            refusal
            for batch in _batches([hiding.delivery for hiding in hidings])
            for refusal in self._ask("ChangeMessageVisibilityBatch", batch, seconds)
        ]

    def bury(self, delivery: Delivery, fault: Fault, dead_letter_url: str) -> None:
        """Send `delivery` to the dead-letter queue: its body unchanged, `fault` in message attributes, and its id.

        SQS gives what is sent an id of its own; the agent's log knows the delivery by the id that it had here.
        """
        named = {
            "reason": str(fault.reason),
            "detail": fault.whole_detail,
            "bucket": fault.bucket,
            "key": fault.key,
            SOURCE_ID: delivery.message_id,
            "agent_version": self._version,
        }
        answer = self._request(
            self._client_of(dead_letter_url),
            "SendMessage",
            QueueUrl=dead_letter_url,
            MessageBody=delivery.body,
            MessageAttributes={name: _attribute(value) for name, value in named.items() if value},
        )
        with self._making_out("SendMessage"):
            if not answer.get("MessageId"):
                raise AwsError("unavailable", "SendMessage: the answer does not say that the queue has the message")

    def attributes(self, url: str) -> QueueAttributes:
        """What SQS says of the queue at `url`."""
        answer = self._request(self._client_of(url), "GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])
        with self._making_out("GetQueueAttributes"):
            values = answer.get("Attributes", {})
            if "QueueArn" not in values:
                raise AwsError("unavailable", f"GetQueueAttributes: what answers at {url} is not SQS")
            policy = json.loads(values.get("RedrivePolicy") or "{}")
            return QueueAttributes(
                visible=int(values.get("ApproximateNumberOfMessages", 0)),
                in_flight=int(values.get("ApproximateNumberOfMessagesNotVisible", 0)),
                delayed=int(values.get("ApproximateNumberOfMessagesDelayed", 0)),
                dead_letter_arn=str(policy.get("deadLetterTargetArn", "")),
                retention_seconds=int(values.get("MessageRetentionPeriod", 0)),
                max_receives=int(policy.get("maxReceiveCount", 0)),
            )

    def url_of(self, arn: str) -> str:
        """The URL of the queue whose ARN is `arn` (`arn:aws:sqs:region:account:name`)."""
        _, _, _, _, account, name = arn.split(":", 5)
        answer = self._request(self._client, "GetQueueUrl", QueueName=name, QueueOwnerAWSAccountId=account)
        with self._making_out("GetQueueUrl"):
            return str(answer["QueueUrl"])

    def _client_of(self, url: str) -> Any:
        return self._others.get(url, self._client)

    def _ask(self, operation: str, batch: Sequence[Delivery], seconds: Mapping[str, int]) -> list[RefusedEntry]:
        entries = [_entry(number, delivery, seconds) for number, delivery in enumerate(batch)]
        answer = self._request(self._client, operation, QueueUrl=self._url, Entries=entries)
        with self._making_out(operation):
            return not_done(operation, batch, answer)

    def _request(self, client: Any, operation: str, **arguments: Any) -> Any:
        """What was answered. What failed is counted; an answer counts once it is made out."""
        try:
            with asking():
                answer = getattr(client, xform_name(operation))(**arguments)
        except AWS_ERRORS as error:
            failure = explain(error)
            self._telemetry.sqs_request(operation, _RESULTS.get(failure.kind, "error"))
            asked = urlsplit(client.meta.endpoint_url).netloc.rpartition("@")[2]
            words = f"{operation} at {asked}: {failure.detail}"
            if failure.kind is FailureKind.MISSING:
                words = f"{words.rstrip('.')} ({_queue_in(arguments)})"
            raise AwsError(str(failure.kind), words, failure.code, is_undone=failure.is_undone) from error
        if _is_page(answer):  # botocore takes it for an answer with nothing in it
            self._telemetry.sqs_request(operation, "unavailable")
            raise AwsError("unavailable", f"{operation}: what answered is not SQS (a web page)")
        return answer

    def _making_out(self, operation: str) -> _MakingOut:
        """For making out what SQS answered: by that it counts. Raises `AwsError` if it is no answer of SQS's."""
        return _MakingOut(operation, self._telemetry)


class _MakingOut:
    """A context manager; one that is made of a generator would cost more than what it stands around."""

    def __init__(self, operation: str, telemetry: SqsTelemetry) -> None:
        self._operation = operation
        self._telemetry = telemetry

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None:
            self._telemetry.sqs_request(self._operation, "ok")
        elif isinstance(error, (AwsError, *_NO_ANSWER)):
            self._telemetry.sqs_request(self._operation, "unavailable")
            if not isinstance(error, AwsError):
                words = f"{self._operation}: what answered is not SQS ({type(error).__name__})"
                raise AwsError("unavailable", words) from error


def _queue_in(arguments: Mapping[str, Any]) -> str:
    """Account and name of the queue that a request is about, as they stand at the end of its URL."""
    if url := arguments.get("QueueUrl"):
        return urlsplit(str(url)).path.strip("/")
    return f"{arguments.get('QueueOwnerAWSAccountId', '')}/{arguments.get('QueueName', '')}"


def delivery_of(message: Mapping[str, Any], received_at: float) -> Delivery:
    """One entry of `Messages`, as boto3 has it, received at this time (monotonic seconds).

    Raises what Python raises if it is none: `KeyError`, `TypeError`, `ValueError`.
    """
    attributes = message.get("Attributes", {})
    message_id, receipt_handle, body = message["MessageId"], message["ReceiptHandle"], message["Body"]
    if not (isinstance(message_id, str) and isinstance(receipt_handle, str) and isinstance(body, str)):
        raise TypeError(message_id, receipt_handle, body)
    return Delivery(
        message_id=message_id,
        receipt_handle=receipt_handle,
        body=body,
        receive_count=int(attributes.get("ApproximateReceiveCount", 1)),
        sent_at=int(attributes.get("SentTimestamp", 0)) / 1000,
        received_at=received_at,
    )


def not_done(
    operation: str, batch: Sequence[Delivery], answer: Mapping[str, Any], proof: str = "Id"
) -> list[RefusedEntry]:
    """Those of `batch` of which SQS does not say that it did it: it names each one that it did, and each that it did
    not. The entries had their numbers for ids. `proof` is what SQS tells only of what is done.

    Raises `AwsError` if nothing of the batch is in it, and what Python raises if it is no answer of SQS's.
    """
    entries = {str(number): delivery for number, delivery in enumerate(batch)}
    refusals = [_refused(entries.pop(failed["Id"]), failed) for failed in answer.get("Failed", ())]
    for done in answer.get("Successful", ()):
        if done.get(proof):
            entries.pop(done["Id"], None)
    if entries and len(entries) == len(batch):
        raise AwsError("unavailable", f"{operation}: the answer says of nothing that it was done")
    return [*refusals, *(RefusedEntry(one, stale=False, detail=_UNSAID, is_silence=True) for one in entries.values())]


def _refused(delivery: Delivery, failed: Mapping[str, Any]) -> RefusedEntry:
    """What SQS says of `delivery` in an entry of `Failed`, as boto3 has it."""
    code = str(failed.get("Code", ""))
    detail, kind = f"{code}: {failed.get('Message', '')}".strip(": "), kind_of(code)
    stale, denied, throttled = (
        kind is each for each in (FailureKind.STALE_HANDLE, FailureKind.DENIED, FailureKind.THROTTLED)
    )
    return RefusedEntry(delivery, stale=stale, detail=detail, denied=denied, throttled=throttled)


def _is_page(answer: Mapping[str, Any]) -> bool:
    headers: Mapping[str, Any] = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return "html" in str(headers.get("content-type", ""))


def _batches(deliveries: Sequence[Delivery]) -> Iterator[Sequence[Delivery]]:
    for start in range(0, len(deliveries), BATCH):
        yield deliveries[start : start + BATCH]


def _entry(number: int, delivery: Delivery, seconds: Mapping[str, int]) -> Mapping[str, Any]:
    entry: dict[str, Any] = {"Id": str(number), "ReceiptHandle": delivery.receipt_handle}
    if delivery.receipt_handle in seconds:
        entry["VisibilityTimeout"] = seconds[delivery.receipt_handle]
    return entry


def _attribute(value: str) -> Mapping[str, str]:
    # SQS takes the characters of XML 1.0, and refuses the whole message for a single other one.
    text = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in value)
    return {"DataType": "String", "StringValue": text[:_ATTRIBUTE_CHARACTERS]}
