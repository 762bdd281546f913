"""The texts of SQS messages: which objects each form of notification names.

Forms: S3 event notifications 2.x, EventBridge's `Object Created`, CloudTrail's own SNS message, each of them also
inside an SNS envelope; and the two texts that only test the way, `s3:TestEvent` and CloudTrail's validation message.

Pages: S3 user guide, "Event message structure" and "Using EventBridge"; CloudTrail user guide, "Configuring Amazon SNS
notifications"; SNS developer guide, "Parsing message formats".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote_plus

import msgspec

from agent.errors import Fault, PermanentError, Reason
from agent.model import Ignored, IgnoredReason, ObjectRef

Entry = ObjectRef | Ignored | Fault
"""One thing that a notification names: an object to read, something that holds nothing for us, or something bad."""

_VALIDATION_TEXT: Final = "CloudTrail validation message."
_REMOVALS: Final = ("ObjectRemoved:", "LifecycleExpiration:")


class _Unknown(Exception):  # noqa: N818 - never leaves this module
    """The text has no known form."""


class _S3Bucket(msgspec.Struct, frozen=True):
    name: str


class _S3Object(msgspec.Struct, frozen=True):
    key: str
    size: object = None


class _S3(msgspec.Struct, frozen=True):
    bucket: _S3Bucket
    object: _S3Object


class _S3Record(msgspec.Struct, frozen=True, rename="camel"):
    event_version: str
    event_source: str
    event_name: str
    s3: _S3


class _BridgeDetail(msgspec.Struct, frozen=True):
    bucket: _S3Bucket
    object: _S3Object


class _Message(msgspec.Struct, frozen=True):
    """Every top-level member that tells one form from another."""

    records: list[msgspec.Raw] | None = msgspec.field(default=None, name="Records")
    event: object = msgspec.field(default=None, name="Event")
    sns_type: object = msgspec.field(default=None, name="Type")
    sns_message: object = msgspec.field(default=None, name="Message")
    cloudtrail_bucket: object = msgspec.field(default=None, name="s3Bucket")
    cloudtrail_keys: object = msgspec.field(default=None, name="s3ObjectKey")
    bridge_source: object = msgspec.field(default=None, name="source")
    bridge_type: object = msgspec.field(default=None, name="detail-type")
    bridge_account: object = msgspec.field(default=None, name="account")
    bridge_detail: msgspec.Raw = msgspec.field(default=msgspec.Raw(b""), name="detail")


_decode_message: Final = msgspec.json.Decoder(_Message).decode
_decode_s3_record: Final = msgspec.json.Decoder(_S3Record).decode
_decode_bridge_detail: Final = msgspec.json.Decoder(_BridgeDetail).decode


def decode(body: str) -> tuple[Entry, ...]:
    """What an SQS message's text names, in its order; never empty.

    Raises `PermanentError` (`notification_unknown`) if the text has no known form. A part of a known form that is bad
    by itself comes out as a `Fault`, so that the good parts beside it are delivered.
    """
    try:
        entries = tuple(_entries(body, enveloped=False))
    except _Unknown as error:
        raise PermanentError(Reason.NOTIFICATION_UNKNOWN, str(error)) from error
    if not entries:
        raise PermanentError(Reason.NOTIFICATION_UNKNOWN, "the notification names no object at all")
    return entries


def _entries(body: str, *, enveloped: bool) -> Iterator[Entry]:
    if body.strip() == _VALIDATION_TEXT:
        return iter([Ignored(IgnoredReason.VALIDATION)])
    message = _parse(body)
    if message.records is not None:
        return map(_from_s3_record, message.records)
    if isinstance(message.sns_type, str):
        return _from_sns(message, enveloped=enveloped)
    if message.event == "s3:TestEvent":
        return iter([Ignored(IgnoredReason.TEST_EVENT)])
    if message.cloudtrail_bucket is not None:
        return _from_cloudtrail(message)
    if message.bridge_source == "aws.s3":
        return iter([_from_bridge(message)])
    raise _Unknown("the message is JSON, but no S3, EventBridge, CloudTrail or SNS notification")


def _parse(body: str) -> _Message:
    try:
        return _decode_message(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise _Unknown("the message is not a JSON object of any known form") from error


def _from_sns(message: _Message, *, enveloped: bool) -> Iterator[Entry]:
    if message.sns_type in ("SubscriptionConfirmation", "UnsubscribeConfirmation"):
        raise _Unknown(f"SNS sent a {message.sns_type}: confirm the topic's subscription to this queue by hand")
    if message.sns_type != "Notification" or not isinstance(message.sns_message, str) or enveloped:
        raise _Unknown("the message looks like an SNS envelope, but holds no notification")
    return _entries(message.sns_message, enveloped=True)


def _from_s3_record(raw: msgspec.Raw) -> Entry:
    try:
        record = _decode_s3_record(raw)
        key = unquote_plus(record.s3.object.key, errors="strict")  # S3 form-encodes the key, once
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return Fault(Reason.NOTIFICATION_UNKNOWN, "an entry of Records is no S3 event notification")
    if record.event_source != "aws:s3" or not record.event_version.startswith("2."):
        return Fault(Reason.NOTIFICATION_UNKNOWN, "an entry of Records is not of S3's event notification version 2.x")
    event_name = record.event_name.removeprefix("s3:")
    bucket = record.s3.bucket.name
    if event_name.startswith("ObjectCreated:"):
        return ObjectRef(bucket, key, _size(record.s3.object.size))
    removed = event_name.startswith(_REMOVALS)
    return Ignored(IgnoredReason.REMOVED if removed else IgnoredReason.OTHER_EVENT, bucket, key)


def _from_cloudtrail(message: _Message) -> Iterator[Entry]:
    bucket, keys = message.cloudtrail_bucket, message.cloudtrail_keys
    if not isinstance(bucket, str) or not isinstance(keys, list):
        raise _Unknown("the message looks like CloudTrail's, but names no bucket or no list of keys")
    for key in keys:  # verbatim: CloudTrail does not encode keys
        if isinstance(key, str):
            yield ObjectRef(bucket, key)
        else:
            yield Fault(Reason.NOTIFICATION_UNKNOWN, "an entry of s3ObjectKey is not a string", bucket)


def _from_bridge(message: _Message) -> Entry:
    try:
        detail = _decode_bridge_detail(message.bridge_detail)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise _Unknown("the message looks like EventBridge's, but its detail names no bucket and object") from error
    bucket, key = detail.bucket.name, detail.object.key  # verbatim: EventBridge does not encode keys
    if message.bridge_type == "Object Created":
        owner = message.bridge_account if isinstance(message.bridge_account, str) else None
        return ObjectRef(bucket, key, _size(detail.object.size), owner)
    removed = message.bridge_type == "Object Deleted"
    return Ignored(IgnoredReason.REMOVED if removed else IgnoredReason.OTHER_EVENT, bucket, key)


def _size(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
