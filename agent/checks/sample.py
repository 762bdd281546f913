"""The newest log file of a bucket, read as the agent reads it: S3, inflate, reader, selection. Nothing is shipped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from agent.aws import store_policy
from agent.aws.listing import ListedObject
from agent.aws.s3 import S3
from agent.aws.store_policy import StoreError
from agent.checks.finding import Check, Finding, caution, failed, ok
from agent.choices import make_ours, make_read_limits, make_selector
from agent.errors import PermanentError, number_of
from agent.flow.objects import ReadLimits
from agent.model import ObjectRef
from agent.records.selection import Selector
from agent.settings import Settings
from agent.trail import reader
from agent.trail.inflate import inflate

_ID: Final = "bucket.read"
READ: Final = ok(_ID, "its newest log file can be read: {events}, {selected} of them would be shipped")
DENIED: Final = failed(
    _ID,
    "its newest log file cannot be read: {words}",
    "Allow s3:GetObject on *_CloudTrail_* (deploy/iam/{file}); see the bucket's own policy, too.",
)
NO_KEY: Final = failed(
    _ID,
    "its newest log file cannot be read: {words}",
    "Allow kms:Decrypt on the trail's key to the role (deploy/iam/agent-kms.json), and the role in the key's policy.",
)
KEY_BROKEN: Final = failed(
    _ID,
    "its newest log file cannot be read: {words}",
    "Enable the trail's KMS key, or cancel its deletion: nobody can read what was written with it.",
)
ARCHIVED: Final = caution(
    _ID,
    "whether log files can be read is not known: {words}",
    "Let the bucket's lifecycle rules archive log files only after some weeks. To ship those that are archived, "
    "restore them, and use `trail-agent replay`.",
)
BUSY: Final = caution(
    _ID,
    "S3 does not give its newest log file now: {words}",
    "Check again. If it stays, see what else reads the bucket: S3 slows down who asks for too much.",
)
SILENT: Final = failed(
    _ID,
    "its newest log file does not arrive: {words}",
    "Check aws.endpoint_url if it is set, the network to S3, any proxy, and VPC endpoints.",
)
UNSOUND: Final = failed(
    _ID,
    "its newest log file is not sound: {words}",
    "Look at {key} with `trail-agent inspect`. Raise what is set under limits, if it is one of them.",
)


_BY_POLICY: Final = (
    (store_policy.ARCHIVED, ARCHIVED),
    (store_policy.UNAVAILABLE, SILENT),
    (store_policy.NOT_S3, SILENT),
    (store_policy.BROKEN_OFF, SILENT),
)


def is_busy(error: StoreError) -> bool:
    """Whether it is S3 itself that says that it cannot serve now: it names a code, and not only a status."""
    return error.policy is store_policy.UNAVAILABLE and error.answer.partition(" ")[2].isalpha()


def _finding(error: StoreError) -> Finding:
    """What a failed read of the newest log file is told as."""
    code = error.answer.partition(" ")[2]
    if is_busy(error):
        return BUSY
    if code.startswith("KMS.") and error.policy is store_policy.DENIED and "AccessDenied" not in code:
        return KEY_BROKEN
    if "kms" in error.detail.lower() and error.policy is store_policy.DENIED:
        return NO_KEY
    return next((finding for policy, finding in _BY_POLICY if error.policy is policy), DENIED)


@dataclass(frozen=True, slots=True)
class SampleReader:
    """How a file is read: within which limits, and what of it is selected."""

    limits: ReadLimits
    selector: Selector

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As the daemon does with these settings."""
        return cls(make_read_limits(settings.limits), make_selector(settings.select, make_ours(settings, None)))

    def read(self, store: S3, bucket: str, one: ListedObject, *, is_foreign: bool) -> tuple[Check, bool]:
        """The result, and whether an event of it would be shipped. `is_foreign`: it is read under a role of its own."""
        try:
            with store.open(ObjectRef(bucket, one.key)) as body:
                text = inflate(body.chunks, self.limits.inflate).text
            found = reader.read(text, self.selector, self.limits.events_per_object)
        except StoreError as error:
            file = "bucket-role.json" if is_foreign else "agent.json"
            return _finding(error).told(bucket, words=error.detail, file=file), False
        except PermanentError as error:
            return UNSOUND.told(bucket, words=error.detail, key=one.key), False
        kept = sum(map(self.selector.keeps, found.raws))
        events = number_of(len(found.raws) + found.skipped + found.malformed, "event")
        return READ.told(bucket, events=events, selected=kept), kept > 0
