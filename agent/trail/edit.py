"""Changes to the JSON of one trail event: white space removed, members masked or cut. All other bytes stay."""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import msgspec

from agent.trail.event import MalformedEventError

_TOKENS: Final = re.compile(rb'("[^"\\]*(?:\\.[^"\\]*)*")|[ \t\r\n]+', re.DOTALL)
_TRUNCATED_FIRST: Final = ("responseElements", "requestParameters", "additionalEventData")
# These say who did what and when. They are small in every event that AWS writes.
_NEVER_TRUNCATED: Final = frozenset({"eventVersion", "eventTime", "eventSource", "eventName", "eventID", "awsRegion"})
_TRUNCATED_LAST: Final = "userIdentity"
_NULL: Final = b"null"
_SHORTEST_REPLACED: Final = 32  # longer than any marker, so that a marker is never replaced by another


@dataclass(frozen=True, slots=True)
class Mask:
    """Replaces the values at dotted CloudTrail `paths` by `hmac-sha256:<hex>` of their JSON, keyed with `key`.

    The same value gives the same hash, so that events can still be matched. A path goes through arrays into each of
    their elements; null stays null. If a path leads through a value without members, that whole value is
    replaced: a string may hold, as JSON or as text, what the path should mask.
    """

    paths: Sequence[str]
    key: bytes = field(repr=False)

    def apply(self, raw: bytes) -> bytes:
        """`raw` with every path masked; raises `MalformedEventError` if `raw` is no JSON object."""
        try:
            for path in self.paths:
                raw = _replaced(raw, path.split("."), self._hash)
        except RecursionError as error:
            raise MalformedEventError("the record is nested too deep") from error
        return raw

    def replaces(self, raw: bytes) -> Mapping[str, int]:
        """How many values of `raw` each path replaces when all are applied; 0 where it leads to nothing or to null."""
        counts = dict.fromkeys(self.paths, 0)
        for path in self.paths:
            values: list[bytes] = []
            raw = _replaced(raw, path.split("."), partial(self._noted, values))
            counts[path] += sum(value != _NULL for value in values)
        return counts

    def _noted(self, values: list[bytes], value: bytes) -> bytes:
        values.append(value)
        return self._hash(value)

    def _hash(self, raw: bytes) -> bytes:
        if raw == _NULL:
            return raw
        return b'"hmac-sha256:' + hmac.new(self.key, raw, "sha256").hexdigest().encode() + b'"'


def _replaced(raw: bytes, path: list[str], replace: Callable[[bytes], bytes]) -> bytes:
    """`raw` with what `replace` makes of each value at `path`."""
    if not path:
        return replace(raw)
    if raw.startswith(b"["):
        return msgspec.json.encode([msgspec.Raw(_replaced(bytes(part), path, replace)) for part in _elements(raw)])
    if not raw.startswith(b"{"):
        return replace(raw)
    members = _members(raw)
    if path[0] not in members:
        return raw
    members[path[0]] = msgspec.Raw(_replaced(bytes(members[path[0]]), path[1:], replace))
    return msgspec.json.encode(members)


def compact(raw: bytes) -> bytes:
    """`raw` without the white space between its tokens; numbers, escapes and key order stay as they are."""
    try:
        return msgspec.json.format(raw, indent=-1)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):  # a lone surrogate, say; the pattern minds nothing
        return _TOKENS.sub(rb"\1", raw)


def is_surely_compact(text: str, one: object, other: object) -> bool:
    """Whether `text`, the JSON of an object, certainly has no white space between its tokens; False says nothing.

    `one` and `other` are two of its members' values, those in which blanks are likely.
    """
    if "\\" in text or "\n" in text or "\r" in text or "\t" in text:
        return False
    # Without escapes, a string's value stands in the text as it is, and holds no quote. If it holds all that stands
    # between the first and the last blank, then these are in a string, for the value's own are among them.
    first, one = text.find(" "), one if isinstance(one, str) else ""
    if first < 0 or text[first : text.rfind(" ") + 1] in one:
        return True
    return text.count(" ") == one.count(" ") + (other.count(" ") if isinstance(other, str) else 0)


def truncate(raw: bytes, excess: int) -> tuple[bytes, tuple[str, ...]]:
    """`raw` shortened by at least `excess` bytes, if possible, and the names of the members that a marker replaced.

    First `responseElements`, `requestParameters` and `additionalEventData`, in that order, then the longest of the
    others, and `userIdentity` last. Raises `MalformedEventError` if `raw` is no JSON object.
    """
    members = _members(raw)
    replaced: list[str] = []
    for name in _truncation_order(members):
        if excess <= 0:
            break
        marker = _marker(len(bytes(members[name])))
        excess -= len(bytes(members[name])) - len(marker)
        members[name] = msgspec.Raw(marker)
        replaced.append(name)
    return msgspec.json.encode(members), tuple(replaced)


def _truncation_order(members: dict[str, msgspec.Raw]) -> list[str]:
    first = [name for name in _TRUNCATED_FIRST if name in members]
    others = [name for name in members if name not in {*_TRUNCATED_FIRST, *_NEVER_TRUNCATED, _TRUNCATED_LAST}]
    by_length = first + sorted(others, key=lambda name: (-len(bytes(members[name])), name))
    by_length += [_TRUNCATED_LAST] if _TRUNCATED_LAST in members else []
    return [name for name in by_length if len(bytes(members[name])) >= _SHORTEST_REPLACED]


def _marker(size: int) -> bytes:
    return f'"[truncated: {size} bytes]"'.encode()


def _members(raw: bytes) -> dict[str, msgspec.Raw]:
    try:
        return msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise MalformedEventError("the record is not a JSON object") from error


def _elements(raw: bytes) -> list[msgspec.Raw]:
    try:
        return msgspec.json.decode(raw, type=list[msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise MalformedEventError("the record holds a broken array") from error
