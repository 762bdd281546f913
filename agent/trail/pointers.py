"""Where a message names an S3 object: a bucket and a key side by side, or one address that holds both.

S3 form-encodes the keys in its own notifications. EventBridge, CloudTrail and AWS Config write them as they are. People
who reshape a message pass on what they got; then nothing tells which it was. So such a key comes in both readings, the
likely one first, and S3 tells which one it has.
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
    refs = (_ref(bucket, key, _size_of(members)) for bucket in buckets for key in keys if bucket and key.likely)
    return tuple(dict.fromkeys(refs))


def of_address(text: str) -> ObjectRef | None:
    """The object of an `s3://bucket/key` or of an ARN."""
    match = _ADDRESS.fullmatch(text.strip())
    return _ref(match[1], _as_given(match[2])) if match else None


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
    known = {key for ref in refs for key in (ref.key, ref.other_key)}
    return Sighting(tuple(refs), is_whole=all(known & {text, _passed_on(text).likely} for text in texts))


def size(value: object) -> int | None:
    """A size in bytes, if that is what it is."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


@dataclass(frozen=True, slots=True)
class _Key:
    """The two readings of a key; `other` is empty if there is only one."""

    likely: str
    other: str = ""


def _ref(bucket: str, key: _Key, size: int | None = None) -> ObjectRef:
    return ObjectRef(bucket, key.likely, size, other_key=key.other)


def _passed_on(key: str) -> _Key:
    """Percent escapes are S3's, for hardly anybody gives such names to objects. A plus sign alone stands for itself."""
    given = _as_given(key)
    return _Key(given.other, key) if given.other and _ESCAPE.search(key) else given


def _as_given(key: str) -> _Key:
    try:
        decoded = unquote_plus(key, errors="strict")
    except UnicodeError:
        return _Key(key)
    return _Key(key, decoded if decoded != key else "")


def _bucket(value: object) -> str:
    name = value.get("name") if isinstance(value, Mapping) else value
    if not isinstance(name, str):
        return ""
    arn = _BUCKET_ARN.fullmatch(name)
    return arn[1] if arn else name


def _keys(value: object) -> list[_Key]:
    match value:
        case str():
            return [_passed_on(value)]
        case Mapping():
            return [_as_given(found) for name in ("key", "Key") if isinstance(found := value.get(name), str)]
        case list() if len(value) <= _MOST_KEYS and all(isinstance(each, str) for each in value):
            return [_passed_on(each) for each in value]
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
