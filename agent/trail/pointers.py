"""Where a message names an S3 object: a bucket and a key side by side, or one address that holds both.

S3 form-encodes the keys in its own notifications. EventBridge, CloudTrail and AWS Config write them as they are. People
who reshape a message pass on what they got; then the key itself has to tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_plus

from agent.model import ObjectRef
from agent.trail.key import names_log_file

_BUCKETS: Final = frozenset({"bucket", "bucketname", "s3bucket", "s3bucketname", "bucketarn", "s3bucketarn"})
_KEYS: Final = frozenset({"key", "keys", "objectkey", "s3key", "s3objectkey", "s3objectname", "object", "objectname"})
_MOST_BUCKETS: Final = 3  # of one JSON object; more would be forged, to multiply them by as many keys
_MOST_KEYS: Final = 10_000  # no more keys of log files go into a message of 1 MiB
ADDRESS_OPENINGS: Final = ("s3://", "arn:")
"""How an address begins that `of_address` may read."""

_ADDRESS: Final = re.compile(r"(?:s3://|arn:aws[a-z-]*:s3:::)([^/:\s]+)/(\S.*)", re.DOTALL)
_BUCKET_ARN: Final = re.compile(r"arn:aws[a-z-]*:s3:::([^/:]+)")
_ESCAPE: Final = re.compile(r"%[0-9a-fA-F]{2}")


@dataclass(frozen=True, slots=True)
class Sighting:
    """The objects that a message names anywhere in it, and whether it names a log file in a way that is not one."""

    refs: tuple[ObjectRef, ...]
    is_whole: bool


def of(members: Mapping[str, Any]) -> tuple[ObjectRef, ...]:
    """The objects that a JSON object names by members of its own, such as `{"bucket": …, "key": …}`."""
    buckets, keys = [], []
    for name, value in members.items():
        plain = name.lower().replace("_", "").replace("-", "")
        if plain in _BUCKETS:
            buckets.append(_bucket(value))
        elif plain in _KEYS:
            keys += _keys(value)
    if len(buckets) > _MOST_BUCKETS:
        return ()
    refs = (ObjectRef(bucket, key, _size_of(members)) for bucket in buckets for key in keys if bucket and key)
    return tuple(dict.fromkeys(refs))


def of_address(text: str) -> ObjectRef | None:
    """The object of an `s3://bucket/key` or of an ARN."""
    match = _ADDRESS.fullmatch(text.strip())
    return ObjectRef(match[1], match[2]) if match else None


def within(message: object) -> Sighting:
    """Every object that a decoded message names, at any depth."""
    refs: dict[ObjectRef, None] = {}
    texts = []
    for value in _walk(message):
        if isinstance(value, Mapping):
            refs |= dict.fromkeys(of(value))
        elif isinstance(value, str):
            if ref := of_address(value):
                refs[ref] = None
            elif names_log_file(value):
                texts.append(value)
    known = {ref.key for ref in refs}
    return Sighting(tuple(refs), is_whole=all(text in known or decoded(text) in known for text in texts))


def decoded(key: str) -> str:
    """A key of unknown origin as S3 wants to hear it.

    What holds percent escapes was form-encoded by S3, for nobody gives such names to objects. A plus sign alone may
    stand for itself.
    """
    if not _ESCAPE.search(key):
        return key
    try:
        return unquote_plus(key, errors="strict")
    except UnicodeError:
        return key


def size(value: object) -> int | None:
    """A size in bytes, if that is what it is."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _bucket(value: object) -> str:
    name = value.get("name") if isinstance(value, Mapping) else value
    if not isinstance(name, str):
        return ""
    arn = _BUCKET_ARN.fullmatch(name)
    return arn[1] if arn else name


def _keys(value: object) -> list[str]:
    match value:
        case str():
            return [decoded(value)]
        case Mapping():
            return [found for name in ("key", "Key") if isinstance(found := value.get(name), str)]
        case list() if len(value) <= _MOST_KEYS and all(isinstance(each, str) for each in value):
            return [decoded(each) for each in value]
    return []


def _size_of(members: Mapping[str, Any]) -> int | None:
    described = members.get("object")
    return size(described.get("size")) if isinstance(described, Mapping) else None


def _walk(message: object) -> Iterator[object]:
    """Every value in it; without recursion, so that no depth is too deep."""
    waiting = [message]
    while waiting:
        value = waiting.pop()
        yield value
        if isinstance(value, Mapping):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
