"""The forms of a notification once it is out of its envelopes: one JSON object, and what it names.

Pages: S3 user guide, "Event message structure" and "Using EventBridge"; CloudTrail user guide, "Configuring Amazon SNS
notifications".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import unquote_plus

from agent.errors import Fault
from agent.faults.dead_letters import Reason
from agent.faults.ignored import IgnoredReason
from agent.model import Ignored, ObjectRef
from agent.trail import neighbours, pointers

Entry = ObjectRef | Ignored | Fault
"""One thing that a notification names: an object to read, something that holds nothing for us, or something bad."""

Entries = Sequence[Entry]
Members = dict[str, Any]

_CREATED: Final = "ObjectCreated:"
_REMOVALS: Final = ("ObjectRemoved:", "LifecycleExpiration:")
_WRITES: Final = frozenset({"PutObject", "CopyObject", "PostObject", "CompleteMultipartUpload"})
_TRAIL_EVENT: Final = (
    "the message holds a CloudTrail event itself; trail-agent reads a trail's log files, which have the same event: "
    "send this queue notifications of new log files only"
)


class UnknownFormError(Exception):
    """A text, or a part of it, has no known form. Never leaves `trail.notification`."""


def entries_of(message: Members) -> Entries:
    """What a message of a known form names; nothing if it has none, and may be an envelope.

    Raises `UnknownFormError` if it has the looks of a known form, but not its parts.
    """
    return next((entries for form in _FORMS if (entries := form(message))), ())


def _from_s3(message: Members) -> Entries:
    """An entry of S3's `Records`, also without its list, or cut down to its member `s3`."""
    if "s3" not in message or not (isinstance(message["s3"], dict) or "eventSource" in message):
        return ()
    source, version = message.get("eventSource", "aws:s3"), message.get("eventVersion", "2.x")
    if source != "aws:s3" or not isinstance(version, str) or not version.startswith("2."):
        return [
            Fault(Reason.NOTIFICATION_UNKNOWN, "an entry of Records is not an S3 event notification of version 2.x")
        ]
    name, ref = message.get("eventName", _CREATED), _of_s3_member(message["s3"])
    if ref is None or not isinstance(name, str):
        return [Fault(Reason.NOTIFICATION_UNKNOWN, "an entry of Records is not an S3 event notification")]
    name = name.removeprefix("s3:")
    return [ref if name.startswith(_CREATED) else _told(ref, is_removed=name.startswith(_REMOVALS))]


def _of_s3_member(s3: object) -> ObjectRef | None:
    if not isinstance(s3, dict):
        return None
    if ref := _described(s3):
        try:
            return replace(ref, key=unquote_plus(ref.key, errors="strict"))  # S3 form-encodes the key, once
        except UnicodeError:
            return None
    refs = pointers.of(s3)
    return refs[0] if len(refs) == 1 else None


def _from_test(message: Members) -> Entries:
    return [Ignored(IgnoredReason.TEST_EVENT)] if message.get("Event") == "s3:TestEvent" else ()


def _from_trail_event(message: Members) -> Entries:
    """A CloudTrail event, also inside EventBridge's "AWS API Call via CloudTrail".

    S3's own events are an old way to tell a queue of new objects. Any other may be one that we look for, and is not how
    the agent is fed.
    """
    detail = message.get("detail")
    event = detail if "detail-type" in message and isinstance(detail, dict) else message
    source = event.get("eventSource")
    if not isinstance(source, str) or not source.endswith(".amazonaws.com") or "eventName" not in event:
        return ()
    match event:
        case {
            "eventSource": "s3.amazonaws.com",
            "eventName": str() as name,
            "requestParameters": {"bucketName": str() as bucket, "key": str() as key},
        }:
            ref = ObjectRef(bucket, key)
            is_write = name in _WRITES and not event.get("errorCode")
            return [ref if is_write else _told(ref, is_removed=name == "DeleteObject")]
    raise UnknownFormError(_TRAIL_EVENT)


def _from_bridge(message: Members) -> Entries:
    kind, account = message.get("detail-type"), message.get("account")
    if message.get("source") != "aws.s3" or kind is None:
        return ()
    ref = _described(message.get("detail"))
    if ref is None:
        raise UnknownFormError("the message looks like EventBridge's, but its detail names no bucket and object")
    if kind == "Object Created":  # EventBridge does not encode keys
        return [replace(ref, owner=account if isinstance(account, str) else None)]
    return [_told(ref, is_removed=kind == "Object Deleted")]


def _from_neighbour(message: Members) -> Entries:
    """Another service's message, and each object that it names: one of them may be a log file all the same."""
    sender = neighbours.sender_of(message)
    if not sender:
        return ()
    found = pointers.within(message)
    if not found.is_whole:
        raise UnknownFormError(f"a message of {sender} names a CloudTrail log file, but not where it is")
    named = [Ignored(IgnoredReason.OTHER_SERVICE, ref.bucket, ref.key, sender) for ref in found.refs]
    return named or [Ignored(IgnoredReason.OTHER_SERVICE, sender=sender)]


def _from_cloudtrail(message: Members) -> Entries:
    match message:
        case {"s3Bucket": str() as bucket, "s3ObjectKey": list() as keys}:
            return [_named_by_cloudtrail(bucket, key) for key in keys]
    return ()


def _named_by_cloudtrail(bucket: str, key: object) -> Entry:
    if isinstance(key, str):  # CloudTrail does not encode keys
        return ObjectRef(bucket, key)
    return Fault(Reason.NOTIFICATION_UNKNOWN, "an entry of s3ObjectKey is not a string", bucket)


def _from_people(message: Members) -> Entries:
    """Bucket and key side by side, as rules, pipes and functions of people pass them on."""
    refs = pointers.of(message)
    if "deletion-type" in message:  # the detail alone of EventBridge's `Object Deleted`
        return [_told(ref, is_removed=True) for ref in refs]
    return refs


def _described(members: object) -> ObjectRef | None:
    """The object in S3's and EventBridge's `{"bucket": {"name": …}, "object": {"key": …}}`, its key as it stands."""
    match members:
        case {"bucket": {"name": str() as bucket}, "object": {"key": str() as key, **rest}}:
            return ObjectRef(bucket, key, pointers.size(rest.get("size")))
    return None


def _told(ref: ObjectRef, *, is_removed: bool) -> Ignored:
    """An object of which something else is told than that it is new."""
    return Ignored(IgnoredReason.REMOVED if is_removed else IgnoredReason.OTHER_EVENT, ref.bucket, ref.key)


_FORMS: Final[Sequence[Callable[[Members], Entries]]] = (
    _from_s3,
    _from_test,
    _from_trail_event,
    _from_bridge,
    _from_neighbour,
    _from_cloudtrail,
    _from_people,
)
