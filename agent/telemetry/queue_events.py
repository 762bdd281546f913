"""Named events between the daemon and SQS: what is received, held and settled, and whether the queue answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from agent.errors import Fault
from agent.faults.dead_letters import Reason
from agent.faults.environment_faults import EnvironmentFault
from agent.faults.retries import RetryReason
from agent.model import Delivery, Outcome, QueueAttributes, Settlement
from agent.telemetry.activity import DeadLetter
from agent.telemetry.life_events import LifeEvents
from agent.telemetry.safetext import clean, without_user
from agent.telemetry.voice import ERROR, WARNING

_BURYING: Final = "SendMessage"
_NOT_BURIED: Final = RetryReason.DEAD_LETTER_UNAVAILABLE.advice.hint
_NOT_SETTLED: Final = "the messages come again when their lease ends, and repeats are recognised"
_NO_FAULT: Final = Fault(Reason.NOTIFICATION_UNKNOWN, "no fault was named")


class QueueEvents(LifeEvents):
    """What passes between the daemon and its queue."""

    _oldest_received: float | None = None
    _oldest_held: float | None = None

    def oldest_delivery_age(self) -> float:
        """Seconds since the oldest message was sent, of those that are held and those of the last receive."""
        return self._oldest_age() or 0.0

    def deliveries_received(self, deliveries: Sequence[Delivery]) -> None:
        """One receive was answered, perhaps with nothing."""
        self.metrics.received.inc(len(deliveries))
        self.metrics.last_receive.set(self._clock.time())
        self._oldest_received = min((delivery.sent_at for delivery in deliveries), default=None)
        self.activity.mark("received", len(deliveries))
        self.activity.oldest(self._oldest_age)

    def sqs_request(self, operation: str, result: str) -> None:
        """SQS answered `operation` (the API's name) with `result`: ok, throttled, denied, unavailable or error."""
        self.metrics.sqs_requests_of(operation, result).inc()

    def queue_up(self) -> None:
        """The queue answered a receive."""
        self._relief("queue", "queue_answers_again", self.health.queue_up())
        self._tell_ready()

    def queue_unused(self) -> None:
        """The settings name no queue: no answer of one is awaited."""
        self.health.work_without_queue()
        self._tell_ready()

    def queue_down(self, kind: str, detail: str) -> None:
        """The queue did not answer, or refused; `kind` is a retry reason, a result of `sqs_request`, or `missing`.

        It is a warning while the daemon stays ready, and an error once it is not; at most one line a minute.
        """
        detail = without_user(detail)
        fault = EnvironmentFault.of_part("queue", kind)
        level = WARNING if self.health.queue_down(detail, fault) else ERROR
        hint = fault.advice.hint
        self._trouble(level, "queue", "queue_down", fault=fault.value, detail=detail, hint=hint)

    def queue_described(self, queue: str, found: QueueAttributes | None) -> None:
        """SQS said how many messages it estimates in `queue` (`main` or `dead_letter`), and how long it keeps them.

        None: it did not say. Then nothing is shown, and not what it said before: an old number looks like knowledge.
        """
        messages = self.metrics.queue_messages
        if found is None:
            messages.remove_by_labels({"queue": queue})
            self.metrics.queue_counted.remove_by_labels({"queue": queue})
            return
        self.metrics.queue_counted.labels(queue).set(self._clock.time())
        messages.labels(queue, "visible").set(found.visible)
        messages.labels(queue, "in_flight").set(found.in_flight)
        messages.labels(queue, "delayed").set(found.delayed)
        if found.retention_seconds:
            self.metrics.queue_retention.labels(queue).set(found.retention_seconds)

    def in_flight(self, deliveries: int, oldest_sent_at: float | None) -> None:
        """All workers hold so many messages now; the oldest was sent at `oldest_sent_at` (Unix seconds)."""
        self._oldest_held = oldest_sent_at
        self._tell_held("queue", deliveries)
        self.activity.oldest(self._oldest_age)

    def leases_extended(self, count: int) -> None:
        """The leases of `count` messages were extended."""
        self.metrics.lease_extensions.inc(count)

    def lease_lost(self, delivery: Delivery) -> None:
        """SQS says that the lease of `delivery` is over: another replica may have it, too."""
        self.metrics.leases_lost.inc()
        self._tell_seldom(
            WARNING,
            "lease",
            "lease_lost",
            message_id=delivery.message_id,
            receive_count=delivery.receive_count,
            hint="the agent finishes it all the same; if this happens often, raise queue.visibility_timeout_seconds",
        )

    def deliveries_settled(self, settlements: Sequence[Settlement]) -> None:
        """SQS has been told what became of these deliveries."""
        now = self._clock.time()
        sent = [each.delivery.sent_at for each in settlements if each.outcome is Outcome.DELIVERED]
        if sent:
            self.metrics.settled_as[Outcome.DELIVERED].inc(len(sent))
            self.metrics.delivery_age.observe_all(sorted([max(now - at, 0.0) for at in sent]))
        if len(sent) < len(settlements):
            for settlement in settlements:
                if settlement.outcome is not Outcome.DELIVERED:
                    self._not_delivered(settlement)
        self.activity.mark("settled", len(settlements))

    def settle_failed(self, operation: str, count: int, detail: str) -> None:
        """`operation` failed for `count` messages after all tries: they will come again.

        `SendMessage` sends a dead letter. The other operations settle what is none.
        """
        self._tell_seldom(
            WARNING,
            f"settle {operation}",
            "settle_failed",
            operation=operation,
            count=count,
            detail=without_user(detail),
            hint=_NOT_BURIED if operation == _BURYING else _NOT_SETTLED,
        )

    def settling_down(self, detail: str) -> None:
        """SQS gives messages, but none can be deleted or given back: what was delivered comes again."""
        detail = without_user(detail)
        fault = EnvironmentFault.QUEUE_SETTLING
        self.health.hold("queue settling", detail, fault)
        hint = fault.advice.hint
        self._trouble(ERROR, "settling", "settling_down", fault=fault.value, detail=detail, hint=hint)

    def settling_up(self) -> None:
        """Messages can be settled again."""
        self._relief("settling", "settling_works_again", self.health.release("queue settling"))

    def _oldest_age(self) -> float | None:
        """The same; None if there is no such message."""
        sent_at = [each for each in (self._oldest_received, self._oldest_held) if each is not None]
        return max(self._clock.time() - min(sent_at), 0.0) if sent_at else None

    def _not_delivered(self, settlement: Settlement) -> None:
        outcome = settlement.outcome
        self.metrics.settled_as[outcome].inc()
        if outcome is Outcome.DEAD_LETTER:
            self._dead_lettered(settlement.delivery, settlement.fault or _NO_FAULT)
        elif outcome is Outcome.RETRY and settlement.retry:
            self._retried(settlement.delivery, settlement.retry, settlement.retry_detail)

    def _dead_lettered(self, delivery: Delivery, fault: Fault) -> None:
        self.metrics.dead_letters.labels(fault.reason.value).inc()
        letter = DeadLetter(
            at=self._clock.time(),
            reason=fault.reason.value,
            detail=clean(fault.detail),
            bucket=clean(fault.bucket),
            key=clean(fault.key),
            message_id=clean(delivery.message_id),
        )
        self.activity.remember(letter)
        self._log.warning(
            "dead_lettered",
            reason=letter.reason,
            detail=letter.detail,
            bucket=letter.bucket,
            key=letter.key,
            message_id=letter.message_id,
            hint=fault.reason.advice.hint,
        )

    def _retried(self, delivery: Delivery, reason: RetryReason, detail: str) -> None:
        self.metrics.retries.labels(reason.value).inc()
        self._tell_seldom(
            WARNING,
            f"retry {reason}",
            "retried",
            reason=reason.value,
            detail=without_user(detail),
            message_id=delivery.message_id,
            receive_count=delivery.receive_count,
            hint=reason.advice.hint,
        )
