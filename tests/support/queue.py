"""A queue that behaves: visibility runs on the clock, receives are counted, poison goes to the dead-letter queue."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final

from agent.aws.sqs import Hiding, RefusedEntry, Sqs
from agent.errors import AwsError, Fault
from agent.model import BATCH, Delivery, QueueAttributes
from agent.pulse import Clock

QUEUE_URL: Final = "https://sqs.us-west-2.amazonaws.com/111122223333/trail-agent"
DEAD_LETTER_URL: Final = f"{QUEUE_URL}-dead"
DEAD_LETTER_ARN: Final = "arn:aws:sqs:us-west-2:111122223333:trail-agent-dead"
RETENTION_SECONDS: Final = 345_600
"""What a queue of SQS has unless somebody sets it."""

_LONGEST_SECONDS: Final = 12 * 3600

_Action = Callable[[Delivery], RefusedEntry | None]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """What the dead-letter queue holds. `attributes` is empty where SQS moved the message by itself."""

    body: str
    attributes: dict[str, str]


@dataclass(slots=True)
class Message:
    """One message as the queue knows it; `handle` is the receipt of the latest receive."""

    message_id: str
    body: str
    sent_at: float
    visible_at: float
    receives: int = 0
    first_hidden_at: float = 0.0
    handle: str = ""


class FakeQueue(Sqs):
    """`agent.aws.sqs.Sqs` and the queue behind it, with trouble on demand.

    Trouble: `fail` (an operation does not answer), `refuse` (a batch action fails for some messages), `deny` (for all),
    `throttle` (an operation is refused as asked too often, or a batch action for one message),
    `be_silent` (an operation does nothing, and is answered without a word on any message, or on one),
    `forget` (the receipt handle becomes unknown), `repeat` (a hidden message is handed out once more), `conceal`
    (receives find nothing, whatever is counted); `mend` ends it.
    Operations go by SQS's names: ReceiveMessage, DeleteMessageBatch, ChangeMessageVisibilityBatch, SendMessage, …
    """

    def __init__(
        self,
        clock: Clock,
        *,
        visibility: int = 120,
        wait_seconds: int = 10,
        max_receives: int | None = None,
        dead_letter_arn: str = DEAD_LETTER_ARN,
    ) -> None:
        self.messages: dict[str, Message] = {}
        self.dead_letters: list[DeadLetter] = []
        self.requests: Counter[str] = Counter()
        self.hidden: list[tuple[str, int]] = []
        self._clock = clock
        self._visibility = visibility
        self._wait_seconds = wait_seconds
        self._max_receives = max_receives
        self._dead_letter_arn = dead_letter_arn
        self._serial = 0
        self._failures: Counter[str] = Counter()
        self._refusals: Counter[tuple[str, str]] = Counter()
        self._denied: set[str] = set()
        self._silence: set[tuple[str, str]] = set()
        self._throttled: Counter[tuple[str, str]] = Counter()
        self._fruitful = inf
        self._lock = threading.RLock()
        self._changed = threading.Event()  # wakes who polls

    def send(self, body: str) -> str:
        """Put a message into the queue; returns its id."""
        with self._lock:
            self._serial += 1
            message_id = f"message-{self._serial}"
            now = self._clock.time()
            self.messages[message_id] = Message(message_id, body, now, now)
            self._changed.set()
            return message_id

    def fail(self, operation: str, times: int = 1_000_000) -> None:
        """Let an operation go unanswered so many times; 0 mends it."""
        self._failures[operation] = times

    def refuse(self, operation: str, message_id: str, times: int = 1) -> None:
        """Let a batch action fail for one message so many times."""
        self._refusals[operation, message_id] = times

    def throttle(self, operation: str, times: int = 1_000_000, message_id: str = "") -> None:
        """Refuse an operation so many times because it is asked too often; or a batch action for one message of it."""
        self._throttled[operation, message_id] = times

    def be_silent(self, operation: str, message_id: str = "") -> None:
        """Answer an operation without a word on any message, or on this one of a batch, and do nothing for it."""
        self._silence.add((operation, message_id))

    def conceal(self, after: int = 0) -> None:
        """Let receives find nothing once so many were asked for; what is there is counted all the same."""
        self._fruitful = self.requests["ReceiveMessage"] + after

    def deny(self, operation: str) -> None:
        """Deny a batch action to every message of it, one by one."""
        self._denied.add(operation)

    def forget(self, message_id: str) -> None:
        """Make the receipt handle of a message unknown; the message stays."""
        self.messages[message_id].handle = ""

    def repeat(self, message_id: str) -> None:
        """Hand a message out once more, though somebody has it."""
        self.messages[message_id].visible_at = 0.0
        self._changed.set()

    def mend(self) -> None:
        """End all trouble."""
        self._failures.clear()
        self._refusals.clear()
        self._denied.clear()
        self._silence.clear()
        self._throttled.clear()
        self._fruitful = inf

    def receive(self, most: int = BATCH, wait_seconds: int | None = None) -> list[Delivery]:
        """As `Sqs` does: what is visible, or what becomes so within the long poll."""
        self._answer("ReceiveMessage")
        deadline = self._clock.time() + (self._wait_seconds if wait_seconds is None else wait_seconds)
        while not (deliveries := self._take(most)) and (left := deadline - self._clock.time()) > 0:
            self._changed.clear()
            self._clock.wait(self._changed, min(left, self._hidden_seconds()))
        return deliveries

    def delete(self, deliveries: Sequence[Delivery]) -> list[RefusedEntry]:
        """As `Sqs` does; with the handle of an earlier receive, SQS says yes and keeps the message."""
        return self._each("DeleteMessageBatch", deliveries, self._delete_one)

    def hide(self, hidings: Sequence[Hiding]) -> list[RefusedEntry]:
        """As `Sqs` does; only the handle of the latest receive will do."""
        seconds = {hiding.delivery.receipt_handle: hiding.seconds for hiding in hidings}
        return self._each(
            "ChangeMessageVisibilityBatch",
            [hiding.delivery for hiding in hidings],
            lambda delivery: self._hide_one(delivery, seconds[delivery.receipt_handle]),
        )

    def bury(self, delivery: Delivery, fault: Fault, dead_letter_url: str) -> None:
        """As `Sqs` does."""
        self._answer("SendMessage")
        assert dead_letter_url == DEAD_LETTER_URL
        named = {"reason": str(fault.reason), "detail": fault.whole_detail, "bucket": fault.bucket, "key": fault.key}
        named |= {"source_message_id": delivery.message_id, "agent_version": "1.2.3"}
        told = {name: value for name, value in named.items() if value}
        self.dead_letters.append(DeadLetter(delivery.body, told))

    def attributes(self, url: str) -> QueueAttributes:
        """As `Sqs` does."""
        self._answer("GetQueueAttributes")
        if url == DEAD_LETTER_URL:
            return QueueAttributes(len(self.dead_letters), 0, 0, "", RETENTION_SECONDS)
        now = self._clock.time()
        visible = sum(message.visible_at <= now for message in self.messages.values())
        hidden, arn = len(self.messages) - visible, self._dead_letter_arn
        return QueueAttributes(visible, hidden, 0, arn, RETENTION_SECONDS, self._max_receives or 20 if arn else 0)

    def url_of(self, arn: str) -> str:
        """As `Sqs` does."""
        self._answer("GetQueueUrl")
        assert arn == self._dead_letter_arn
        return DEAD_LETTER_URL

    def _answer(self, operation: str) -> None:
        with self._lock:
            self.requests[operation] += 1
            if self._throttled[operation, ""] > 0:
                self._throttled[operation, ""] -= 1
                words = f"{operation}: RequestThrottled: on demand"
                raise AwsError("throttled", words, "RequestThrottled", is_undone=True)
            if self._failures[operation] > 0:
                self._failures[operation] -= 1
                raise AwsError("unavailable", f"{operation}: ServiceUnavailable: on demand")
            if (operation, "") in self._silence:
                raise AwsError("unavailable", f"{operation}: the answer says of nothing that it was done")

    def _take(self, most: int) -> list[Delivery]:
        with self._lock:
            self._redrive()
            if self.requests["ReceiveMessage"] > self._fruitful:
                return []
            now = self._clock.time()
            visible = [message for message in self.messages.values() if message.visible_at <= now]
            return [self._hand_out(message, now) for message in visible[:most]]

    def _hidden_seconds(self) -> float:
        """How long until a message may become visible by itself."""
        now = self._clock.time()
        return max(min((message.visible_at for message in self.messages.values()), default=inf) - now, 0.001)

    def _redrive(self) -> None:
        now = self._clock.time()
        for message in list(self.messages.values()):
            worn = self._max_receives is not None and message.receives >= self._max_receives
            if worn and message.visible_at <= now:
                del self.messages[message.message_id]
                self.dead_letters.append(DeadLetter(message.body, {}))

    def _hand_out(self, message: Message, now: float) -> Delivery:
        self._serial += 1
        message.handle = f"receipt-{self._serial}"
        message.receives += 1
        message.first_hidden_at = now
        message.visible_at = now + self._visibility
        return Delivery(
            message.message_id,
            message.handle,
            message.body,
            message.receives,
            message.sent_at,
            self._clock.monotonic(),
        )

    def _each(self, operation: str, deliveries: Sequence[Delivery], do: _Action) -> list[RefusedEntry]:
        self._answer(operation)
        with self._lock:
            return [refusal for delivery in deliveries if (refusal := self._do_or_refuse(operation, delivery, do))]

    def _do_or_refuse(self, operation: str, delivery: Delivery, do: _Action) -> RefusedEntry | None:
        asked = (operation, delivery.message_id)
        if asked in self._silence:
            return RefusedEntry(delivery, stale=False, detail="SQS did not say that it did this", is_silence=True)
        if operation in self._denied:
            return RefusedEntry(delivery, stale=False, detail="AccessDenied: on demand", denied=True)
        if self._throttled[asked] > 0:
            self._throttled[asked] -= 1
            return RefusedEntry(delivery, stale=False, detail="RequestThrottled: on demand", throttled=True)
        if self._refusals[asked] > 0:
            self._refusals[asked] -= 1
            return RefusedEntry(delivery, stale=False, detail="InternalError: on demand")
        return do(delivery)

    def _delete_one(self, delivery: Delivery) -> RefusedEntry | None:
        message = self.messages.get(delivery.message_id)
        if message and message.handle == delivery.receipt_handle:
            del self.messages[delivery.message_id]
        elif not delivery.receipt_handle.startswith("receipt-") or (message and not message.handle):
            return RefusedEntry(delivery, stale=True, detail="ReceiptHandleIsInvalid: no such receipt handle")
        return None

    def _hide_one(self, delivery: Delivery, seconds: int) -> RefusedEntry | None:
        message = self.messages.get(delivery.message_id)
        now = self._clock.time()
        if message is None or message.handle != delivery.receipt_handle:
            return RefusedEntry(delivery, stale=True, detail="ReceiptHandleIsInvalid: no such receipt handle")
        if message.visible_at <= now:
            return RefusedEntry(delivery, stale=True, detail="MessageNotInflight: the message is visible")
        if now + seconds > message.first_hidden_at + _LONGEST_SECONDS:
            return RefusedEntry(delivery, stale=True, detail="InvalidParameterValue: beyond 12 hours")
        if now + seconds < message.visible_at:
            self._changed.set()
        message.visible_at = now + seconds
        self.hidden.append((delivery.message_id, seconds))
        return None
