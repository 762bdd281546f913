"""The usual notification: S3's own message about new objects, read at a fourth of what any other costs.

It has S3's members, each once, and no others: nothing else can be in it that names an object. Whatever differs, and be
it by one member, is left to `trail.notification`, which would say the same of a usual one. Page: S3 user guide, "Event
message structure".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote_plus

import msgspec

from agent.model import ObjectRef
from agent.trail import pointers
from agent.trail.whole_json import is_all_of

_BEGINNING: Final = '{"Records"'
_LONGEST: Final = 20_000  # a real one has a thousand characters; a longer one may have more parts than are allowed
_SOURCE: Final = "aws:s3"
_VERSION: Final = "2."
_CREATED: Final = ("ObjectCreated:", "s3:ObjectCreated:")
_Texts = dict[str, str]  # members that tell nothing of the object


class UnusualNotificationError(ValueError):
    """A message is not a usual notification: `agent.trail.notification.decode` reads it, or refuses it."""


def _shape(name: str, needed: Mapping[str, Any], others: Mapping[str, Any]) -> Any:
    """A JSON object with the members that are `needed`, with or without the `others`, and with nothing else."""
    left_out = [(other, kind | msgspec.UnsetType, msgspec.UNSET) for other, kind in others.items()]
    return msgspec.defstruct(name, [*needed.items(), *left_out], forbid_unknown_fields=True, frozen=True, gc=False)


_Bucket: Any = _shape("_Bucket", {"name": str}, {"ownerIdentity": _Texts, "arn": str})
_Object: Any = _shape("_Object", {"key": str}, {"size": int, "eTag": str, "versionId": str, "sequencer": str})
_S3: Any = _shape("_S3", {"bucket": _Bucket, "object": _Object}, {"s3SchemaVersion": str, "configurationId": str})
_Record: Any = _shape(
    "_Record",
    {"eventVersion": str, "eventSource": str, "eventName": str, "s3": _S3},
    {"awsRegion": str, "eventTime": str}
    | {"userIdentity": _Texts, "requestParameters": _Texts, "responseElements": _Texts},
)
_Message: Any = _shape("_Message", {"Records": list[_Record]}, {})

_decode: Final = msgspec.json.Decoder(_Message).decode


def read_usual(text: str) -> Sequence[ObjectRef]:
    """The objects that a usual notification names, in its order.

    Raises `UnusualNotificationError` if `text` is none.
    """
    if not text.startswith(_BEGINNING) or "\\" in text or len(text) > _LONGEST:
        raise UnusualNotificationError
    try:
        message = _decode(text)
        if is_all_of(message, text) and message.Records:
            return [_ref(record) for record in message.Records]
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise UnusualNotificationError from error
    raise UnusualNotificationError


def _ref(record: Any) -> ObjectRef:
    is_known = record.eventSource == _SOURCE and record.eventVersion.startswith(_VERSION)
    if not is_known or not record.eventName.startswith(_CREATED):
        raise UnusualNotificationError
    named = record.s3
    return ObjectRef(
        named.bucket.name,
        unquote_plus(named.object.key, errors="strict"),  # S3 form-encodes the key, once
        pointers.size(named.object.size),
    )
