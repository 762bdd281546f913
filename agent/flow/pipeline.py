"""A Delivery → ObjectRefs → what its objects hold."""

from __future__ import annotations

import dataclasses

from msgspec.structs import replace

from agent.aws import store_policy
from agent.aws.store_policy import StoreError
from agent.errors import DrainedError, Fault, PermanentError, TransientError, number_of
from agent.faults.dead_letters import Reason
from agent.faults.retries import RetryReason
from agent.flow.budget import Share
from agent.flow.objects import Found, ObjectReader
from agent.model import Delivery, Ignored, ObjectRef, Reading
from agent.telemetry.events import Telemetry
from agent.trail import notification
from agent.trail.admission import Admission, Admitted


class Pipeline:
    """Reads what a delivery names. Safe to call from many threads at once."""

    def __init__(self, *, admission: Admission, objects: ObjectReader, telemetry: Telemetry) -> None:
        self._admission = admission
        self._objects = objects
        self._telemetry = telemetry

    def read(self, delivery: Delivery, memory: Share) -> Reading:
        """Everything that `delivery` names, read whole or not at all, object by object. Raises nothing on purpose.

        The memory for what is read stays reserved in `memory`.
        """
        try:
            entries = notification.decode(delivery.body)
        except PermanentError as error:
            return Reading(delivery, faults=(error.at("", ""),))
        reading = Reading(delivery)
        for entry in dict.fromkeys(entries):
            reading = self._take(reading, self._admission.admit(entry), memory)
        return reading

    def _take(self, reading: Reading, entry: Admitted | Ignored | Fault, memory: Share) -> Reading:
        match entry:
            case Ignored():
                self._telemetry.notification_ignored(entry)
                return reading
            case Fault():
                return replace(reading, faults=(*reading.faults, entry))
            case Admitted():
                return self._take_object(reading, entry, memory)

    def _take_object(self, reading: Reading, admitted: Admitted, memory: Share) -> Reading:
        """What the object holds. Where its name can be read in two ways, what there is of both: it may mean either.

        If S3 has neither, the first name is the one that is told.
        """
        names, unread = self._names_of(admitted), []
        for name in names:
            try:
                reading = self._take_readable(reading, name, memory)
            except (StoreError, TransientError) as error:
                if not _may_be_missing(error):
                    return _with_failure(reading, error, name.ref)
                unread.append((error, name.ref))
            if reading.returned:
                break
        return _with_failure(reading, *unread[0]) if len(unread) == len(names) else reading

    def _names_of(self, admitted: Admitted) -> list[Admitted]:
        key = admitted.ref.other_key
        other = self._admission.admit(dataclasses.replace(admitted.ref, key=key, other_key="")) if key else None
        return [admitted, other] if isinstance(other, Admitted) else [admitted]

    def _take_readable(self, reading: Reading, admitted: Admitted, memory: Share) -> Reading:
        """The same of one name; raises `StoreError` or `TransientError` if S3 or the way to it is at fault."""
        ref = admitted.ref
        try:
            found = self._objects.read(admitted, memory)
        except DrainedError:
            return replace(reading, returned=True)
        except PermanentError as error:
            return replace(reading, faults=(*reading.faults, error.at(ref.bucket, ref.key)))
        return joined(reading, found, ref)


def _may_be_missing(error: StoreError | TransientError) -> bool:
    """Whether S3 may have no such object: it answers 403, too, to whoever may not list the bucket."""
    if isinstance(error, StoreError):
        return error.policy in (store_policy.MISSING, store_policy.DENIED)
    return error.reason is RetryReason.BUCKET_DENIED


def _with_failure(reading: Reading, error: StoreError | TransientError, ref: ObjectRef) -> Reading:
    receives = reading.delivery.receive_count
    decided = error.after(receives, ref) if isinstance(error, StoreError) else error.reason
    if isinstance(decided, Fault):
        return replace(reading, faults=(*reading.faults, decided))
    return replace(reading, retry=decided, retry_detail=f"s3://{ref.bucket}/{ref.key}: {error.detail}")


def joined(reading: Reading, found: Found, ref: ObjectRef) -> Reading:
    """`reading`, and what was found in the object `ref` that its delivery names."""
    faults = reading.faults
    if found.malformed:
        entries = number_of(found.malformed, "entry", "entries")
        detail = f"the file has {entries} that cannot be decoded as a JSON object"
        faults = (*faults, Fault(Reason.EVENT_MALFORMED, detail, ref.bucket, ref.key))
    return replace(
        reading,
        records=reading.records + found.records,
        faults=faults,
        skipped=reading.skipped + found.skipped,
        malformed=reading.malformed + found.malformed,
    )
