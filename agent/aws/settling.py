"""Telling SQS what became of deliveries: deleting them, giving them back, and sending dead letters.

If SQS does not answer these requests, or denies them, no message is to blame. Each worker keeps its leases and waits,
nothing more is received, and one request at a time is tried. The first one that is answered lets everybody go on. A
lease that is lost meanwhile, or SQS's 12 hours, end the wait for that delivery.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Protocol

from agent.aws.lease import Leases
from agent.aws.sqs import Hiding, RefusedEntry, Sqs
from agent.errors import AwsError, DrainedError, Fault
from agent.faults.environment_faults import EnvironmentFault
from agent.faults.retries import RetryReason
from agent.model import Delivery, Outcome, Settlement
from agent.pulse import Pulse
from agent.waiting.backoff import full_jitter, half_jitter
from agent.waiting.gate import AtFaultError, Gate

_PART: Final = str(EnvironmentFault.QUEUE_SETTLING)
_ATTEMPTS: Final = 5  # for what SQS refuses of a batch, and for a dead letter
_LONGEST_PAUSE_SECONDS: Final = 60.0
_LETTERS_REMEMBERED: Final = 10_000
_OF_THE_SINK: Final = frozenset({RetryReason.SINK_TOO_OLD, RetryReason.SINK_TOO_NEW, RetryReason.SINK_UNSETTLED})
"""Tries of these mean little within seconds: a clock is set right, and others are accepted, within minutes."""

_Ask = Callable[[Sequence[Settlement]], Sequence[RefusedEntry]]


class SettlingTelemetry(Protocol):
    """What settling tells the outside; telemetry stands beside aws, and is not imported here."""

    def deliveries_settled(self, settlements: Sequence[Settlement]) -> None:
        """SQS has been told what became of these deliveries."""
        ...

    def settle_failed(self, operation: str, count: int, detail: str) -> None:
        """SQS could not be told; so many deliveries come again when their lease lapses."""
        ...

    def settling_down(self, detail: str) -> None:
        """SQS answers no request that settles, or refuses them all."""
        ...

    def settling_up(self) -> None:
        """SQS answered one."""
        ...


class Settling:
    """Safe to use from many threads at once; waits end when `halt` is set. `random` gives numbers from 0 to 1."""

    def __init__(
        self,
        queue: Sqs,
        dead_letter_url: str,
        *,
        leases: Leases,
        gate: Gate,
        telemetry: SettlingTelemetry,
        pulse: Pulse,
        halt: threading.Event,
        random: Callable[[], float],
    ) -> None:
        self._queue = queue
        self._dead_letter_url = dead_letter_url
        self._leases = leases
        self._gate = gate
        self._telemetry = telemetry
        self._pulse = pulse
        self._halt = halt
        self._random = random
        self._letters_sent: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def is_at_fault(self) -> bool:
        """Whether SQS lets nothing be settled now."""
        return self._gate.is_at_fault(_PART)

    def settle(self, settlements: Sequence[Settlement]) -> None:
        """Tell SQS what became of deliveries that are no dead letters; these are buried, and not settled here.

        Never raises, at worst the lease lapses and the message comes again. A lease ends right before SQS is told, and
        is taken back if SQS did not do it.
        """
        delivered = [each for each in settlements if each.outcome is Outcome.DELIVERED]
        self._delete_all(delivered)
        if len(delivered) < len(settlements):
            self._give_all_back([each for each in settlements if each.outcome in (Outcome.RETRY, Outcome.RETURNED)])

    def bury(self, letters: Sequence[Settlement]) -> None:
        """Send dead letters to the dead-letter queue, and delete each one only once that queue has it.

        It keeps its lease until then. Never raises: what cannot be sent comes again.
        """
        buried = self._bury_all(letters)
        self._delete_all([each for each in buried if each.outcome is Outcome.DEAD_LETTER])
        self._give_all_back([each for each in buried if each.outcome is Outcome.RETRY])

    def _delete_all(self, settlements: Sequence[Settlement]) -> None:
        self._tell("DeleteMessageBatch", settlements, self._delete)

    def _give_all_back(self, settlements: Sequence[Settlement]) -> None:
        self._tell("ChangeMessageVisibilityBatch", settlements, self._give_back)

    def _tell(self, operation: str, settlements: Sequence[Settlement], ask: _Ask) -> None:
        """Ask until SQS has done it for each, has forgotten it, or the wait for it has come to its end."""
        if not settlements:
            return
        telling = _Telling(operation, settlements, ask, self._leases, self._telemetry)
        if not self._halt.is_set():
            with suppress(DrainedError):
                self._gate.through(_PART, lambda: self._attempt(telling), opened=self._telemetry.settling_up)
        if self._halt.is_set():  # once more, and nothing is waited for
            with suppress(AtFaultError):
                self._attempt(telling)
        telling.give_up()

    def _attempt(self, telling: _Telling) -> None:
        """Ask for all that is left, and some times more for what SQS refuses of it while it does the rest."""
        for attempt in range(_ATTEMPTS):
            if not telling.left:
                return
            self._pulse.beat()
            if attempt:
                self._pulse.wait(self._halt, self._jitter(5.0, attempt))
            if telling.ask_whether_denied():
                raise AtFaultError(lambda failures: self._jitter(_LONGEST_PAUSE_SECONDS, failures))
            self._telemetry.settling_up()

    def _bury_all(self, letters: Sequence[Settlement]) -> list[Settlement]:
        """Send dead letters to the dead-letter queue; those that cannot be sent are to come again instead."""
        buried: list[Settlement] = []
        attempts = _ATTEMPTS
        for letter in letters:
            buried.append(self._bury_one(letter, attempts))
            if buried[-1].outcome is Outcome.RETRY:
                attempts = 1  # the next one will hardly fare better
        return buried

    def _bury_one(self, letter: Settlement, attempts: int) -> Settlement:
        if letter.fault and self._send_letter(letter.delivery, letter.fault, attempts):
            return letter
        detail = f"the dead-letter queue {self._dead_letter_url} did not take it"
        return Settlement(
            letter.delivery, Outcome.RETRY, retry=RetryReason.DEAD_LETTER_UNAVAILABLE, retry_detail=detail
        )

    def _send_letter(self, delivery: Delivery, fault: Fault, attempts: int) -> bool:
        """True if the dead-letter queue has `delivery` now; it may have it from before, if the delete failed."""
        if delivery.message_id in self._letters_sent:
            return True
        detail = ""
        for attempt in range(attempts):
            self._pulse.beat()  # one request after another may wait for its time-out
            if attempt:
                self._pulse.wait(self._halt, self._jitter(5.0, attempt))
            try:
                self._queue.bury(delivery, fault, self._dead_letter_url)
            except AwsError as error:
                detail = error.detail
            else:
                self._remember_letter(delivery)
                return True
        self._telemetry.settle_failed("SendMessage", 1, detail)
        return False

    def _remember_letter(self, delivery: Delivery) -> None:
        with self._lock:
            self._letters_sent[delivery.message_id] = None
            while len(self._letters_sent) > _LETTERS_REMEMBERED:
                self._letters_sent.popitem(last=False)

    def _delete(self, settlements: Sequence[Settlement]) -> Sequence[RefusedEntry]:
        return self._queue.delete([settlement.delivery for settlement in settlements])

    def _give_back(self, settlements: Sequence[Settlement]) -> Sequence[RefusedEntry]:
        return self._queue.hide([Hiding(each.delivery, self._seconds_hidden(each)) for each in settlements])

    def _seconds_hidden(self, settlement: Settlement) -> int:
        if settlement.outcome is Outcome.RETURNED:
            return 0
        again = settlement.delivery.receive_count - 1
        if settlement.retry in _OF_THE_SINK:
            return round(half_jitter(self._random(), 300.0, again, 3600.0))
        return round(full_jitter(self._random(), 60.0, again, 900.0))

    def _jitter(self, most: float, attempt: int) -> float:
        """Seconds to wait: anything up to half a second, doubled with each attempt, and never more than `most`."""
        return full_jitter(self._random(), 0.5, attempt, most)


class _Telling:
    """What SQS is to be told by one operation, and what of that is `left`."""

    def __init__(
        self,
        operation: str,
        settlements: Sequence[Settlement],
        ask: _Ask,
        leases: Leases,
        telemetry: SettlingTelemetry,
    ) -> None:
        self.left = list(settlements)
        self._operation = operation
        self._ask = ask
        self._leases = leases
        self._telemetry = telemetry
        self._was_asked = False
        self._detail = ""

    def ask_whether_denied(self) -> bool:
        """Ask for all that is left: True if SQS does not answer, or denies it, and somebody must wait for that.

        What has no lease is asked for once: another replica may have it by now, and there is nothing to wait with.
        """
        held = self._leases.of([each.delivery for each in self.left])
        if self._was_asked:
            self._drop([each for each in self.left if each.delivery not in held])
        self._was_asked = True
        if not self.left:
            return False
        self._leases.release(held)
        try:
            denied = self._sort(self._ask(self.left))
        except AwsError as error:
            self._detail, denied = error.detail, True
        self._leases.take([each.delivery for each in self.left if each.delivery in held])
        if denied:
            self._telemetry.settling_down(self._detail)
        return denied

    def give_up(self) -> None:
        """What is left comes again when its lease ends."""
        if self.left:
            self._leases.release([each.delivery for each in self.left])
            self._drop(list(self.left))

    def _drop(self, lost: Sequence[Settlement]) -> None:
        self.left = [each for each in self.left if each not in lost]
        if lost:
            self._telemetry.settle_failed(self._operation, len(lost), self._detail)

    def _sort(self, refusals: Sequence[RefusedEntry]) -> bool:
        """Tell what was done and what can never be, and keep the rest; True if SQS denied all of it."""
        refused = {refusal.delivery.receipt_handle: refusal for refusal in refusals}
        asked, self.left = self.left, []
        done: list[Settlement] = []
        for settlement in asked:
            refusal = refused.get(settlement.delivery.receipt_handle)
            if refusal is None:
                done.append(settlement)
            elif refusal.stale:
                self._telemetry.settle_failed(self._operation, 1, refusal.detail)
            else:
                self.left.append(settlement)
        self._telemetry.deliveries_settled(done)
        self._detail = "; ".join(sorted({refusal.detail for refusal in refusals}))
        return len(refused) == len(asked) and all(refusal.denied for refusal in refusals)
