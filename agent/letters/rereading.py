"""What would become of a dead letter now: its objects are read by what the daemon reads with; nothing is exported."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from agent.aws.s3 import S3
from agent.aws.store_policy import StoreError
from agent.choices import make_admission, make_mask, make_objects, make_ours
from agent.errors import DrainedError, PermanentError, number_of
from agent.faults.environment_faults import EnvironmentFault
from agent.faults.letter_reasons import what_to_do
from agent.flow.budget import Budget
from agent.flow.pipeline import Pipeline
from agent.flow.slots import ReadSlots
from agent.letters.told import ToldLetter
from agent.model import Delivery, Ignored, Reading
from agent.pulse import Pulse
from agent.settings import Settings
from agent.telemetry.events import Telemetry
from agent.trail import notification
from agent.waiting.gate import AtFaultError, Gate

_Result = TypeVar("_Result")
_LATE_RECEIVE = 1_000_000  # from the fourth receive on, what is missing is a dead letter again
_MORE_RECEIVES = 3  # a first refusal may be the whole bucket's; the same again is the object's


@dataclass(frozen=True, slots=True)
class Prospect:
    """What the agent would do with a message now, in one sentence, and what the operator can do, if anything."""

    is_good: bool
    says: str
    to_do: str = ""


class _ImpatientGate(Gate):
    """A gate at which nobody waits: it remembers what is at fault, and lets the read end."""

    def __init__(self, pulse: Pulse, halt: threading.Event) -> None:
        super().__init__(pulse, halt)
        self.met: StoreError | None = None

    def through(
        self,
        name: str,
        attempt: Callable[[], _Result],
        opened: Callable[[], None],
        stop: threading.Event | None = None,
    ) -> _Result:
        """What `attempt` returns or raises; `DrainedError` if `name` is at fault."""
        return super().through(name, lambda: self._once(attempt), opened, stop)

    def _once(self, attempt: Callable[[], _Result]) -> _Result:
        try:
            return attempt()
        except AtFaultError as error:
            self.met = error.__cause__ if isinstance(error.__cause__, StoreError) else None
            raise DrainedError("nobody waits here") from error


class Rereading:
    """Reads with these settings. Each reading may ask S3 for every object of the message."""

    def __init__(self, settings: Settings, store: S3, dead_letter_url: str, telemetry: Telemetry, pulse: Pulse) -> None:
        halt = threading.Event()
        self._gate = _ImpatientGate(pulse, halt)
        self._budget = Budget(settings.limits.in_flight_bytes, pulse, halt, telemetry.bytes_reserved)
        self._admission = make_admission(settings)
        objects = make_objects(
            settings,
            store,
            make_ours(settings, dead_letter_url),
            mask=make_mask(settings.record),
            gate=self._gate,
            slots=ReadSlots(settings.reads, pulse, halt),
            telemetry=telemetry,
            pulse=pulse,
            halt=halt,
            random=random.SystemRandom().random,
        )
        self._pipeline = Pipeline(admission=self._admission, objects=objects, telemetry=telemetry)

    def prospects(self, told: ToldLetter) -> list[Prospect]:
        """What would become of the message if it was redriven now; never empty."""
        delivery = msgspec.structs.replace(told.letter.delivery, receive_count=_LATE_RECEIVE)
        reading = self._read(delivery)
        for _ in range(_MORE_RECEIVES):
            if reading.retry is None:
                break
            reading = self._read(delivery)
        found = [*self._waits(reading), *_faults(reading), *_retries(reading)]
        if reading.records:
            found.insert(0, _delivered(reading, told))
        return found or [Prospect(is_good=True, says=self._nothing(reading, delivery))]

    def _read(self, delivery: Delivery) -> Reading:
        share = self._budget.open_share()
        try:
            return self._pipeline.read(delivery, share)
        finally:
            share.release()

    def _waits(self, reading: Reading) -> Sequence[Prospect]:
        whole = self._gate.met.policy.bucket if self._gate.met else None
        if not reading.returned or self._gate.met is None or whole is None:
            return ()
        says = f"the agent would wait ({whole.fault}): {self._gate.met.detail}"
        to_do = f"{what_to_do(EnvironmentFault(whole.fault))}; this was read with your credentials, not the agent's"
        return [Prospect(is_good=False, says=says, to_do=to_do)]

    def _nothing(self, reading: Reading, delivery: Delivery) -> str:
        if reading.skipped:
            return f"it would be deleted: none of its {number_of(reading.skipped, 'event')} is selected by the settings"
        return f"it would be deleted: it holds nothing for the agent ({', '.join(self._ignored(delivery))})"

    def _ignored(self, delivery: Delivery) -> list[str]:
        try:
            entries = [self._admission.admit(entry) for entry in notification.decode(delivery.body)]
        except PermanentError:  # then it has a fault, and this is not asked
            return []
        reasons = dict.fromkeys(str(entry.reason) for entry in entries if isinstance(entry, Ignored))
        return [*reasons] or ["its objects have no events"]


def _delivered(reading: Reading, told: ToldLetter) -> Prospect:
    others = f"; {number_of(reading.skipped, 'other')} not selected" if reading.skipped else ""
    events = number_of(len(reading.records), "event")
    if told.is_of_the_sink:
        says = f"reading it finds {events}{others}; whether the sink takes them now shows only when it is redriven"
    else:
        says = f"it would be delivered: {events}{others}"
    return Prospect(is_good=True, says=says)


def _faults(reading: Reading) -> list[Prospect]:
    return [
        Prospect(
            is_good=False,
            says=f"it would be a dead letter again: {fault.reason}: {fault.whole_detail}",
            to_do=what_to_do(fault.reason),
        )
        for fault in reading.faults
    ]


def _retries(reading: Reading) -> list[Prospect]:
    if reading.retry is None:
        return []
    says = f"it would come again and again, until SQS moves it here: {reading.retry}: {reading.retry_detail}"
    return [Prospect(is_good=False, says=says)]
