"""The allow-lists: which of the things that a notification names may be read at all.

Whoever can write to the queue can name any bucket and key, so everything is decided here, before the first S3 call.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import msgspec

from agent.errors import Fault, PermanentError
from agent.faults.dead_letters import Reason
from agent.faults.ignored import IgnoredReason
from agent.model import Ignored, ObjectRef
from agent.trail import key
from agent.trail.key import TrailKey
from agent.trail.notification import Entry


class Admitted(msgspec.Struct, frozen=True, gc=False):
    """An object that may be read, and what its key tells."""

    ref: ObjectRef
    key: TrailKey


@dataclass(frozen=True, slots=True)
class Admission:
    """`buckets` maps each bucket that may be read to its owner's account id, where one is demanded.

    An empty `accounts` or `regions` allows every account or wants every region.
    """

    buckets: Mapping[str, str | None]
    accounts: Collection[str] = ()
    regions: Collection[str] = ()

    def admit(self, entry: Entry) -> Admitted | Ignored | Fault:
        """Decide on one entry of a notification: read it, ignore it, or refuse it (`not_allowed`)."""
        match entry:
            case ObjectRef():
                refused = self._refuse_bucket(entry.bucket, entry.key, entry.owner)
                return refused or self._admit_object(entry)
            case Fault() | Ignored(bucket=""):
                return entry
            case Ignored(reason=IgnoredReason.OTHER_SERVICE):
                return self._admit_named_by_neighbour(entry)
            case Ignored():
                return self._refuse_bucket(entry.bucket, entry.key, None) or entry

    def _admit_object(self, ref: ObjectRef) -> Admitted | Ignored | Fault:
        try:
            parsed = key.parse(ref.key)
        except PermanentError as error:
            return error.at(ref.bucket, ref.key)
        if isinstance(parsed, IgnoredReason):
            return Ignored(parsed, ref.bucket, ref.key)
        if self.accounts and parsed.account not in self.accounts:
            return _refused("the account in the object key is not listed under 'accounts'", ref.bucket, ref.key)
        if self.regions and parsed.region not in self.regions:
            return Ignored(IgnoredReason.OTHER_REGION, ref.bucket, ref.key)
        return Admitted(ref, parsed)

    def _admit_named_by_neighbour(self, entry: Ignored) -> Admitted | Ignored | Fault:
        """An object in another service's message: nothing for us, unless it is a log file in a listed bucket."""
        if entry.bucket not in self.buckets:
            return entry
        found = self._admit_object(ObjectRef(entry.bucket, entry.key))
        return entry if isinstance(found, Ignored) else found

    def _refuse_bucket(self, bucket: str, object_key: str, owner: str | None) -> Fault | None:
        if bucket not in self.buckets:
            return _refused("the bucket is not listed under 'buckets'", bucket, object_key)
        demanded = self.buckets[bucket]
        if owner and demanded and owner != demanded:
            return _refused("the notification names another bucket owner than 'buckets' does", bucket, object_key)
        return None


def _refused(detail: str, bucket: str, object_key: str) -> Fault:
    return Fault(Reason.NOT_ALLOWED, detail, bucket, object_key)
