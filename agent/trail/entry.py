"""What one entry of `Records[]` says about itself: the two members by which it is selected, and its bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product
from typing import Final

import msgspec

from agent.errors import LimitError, PermanentError
from agent.faults.dead_letters import Reason
from agent.trail.event import decode_leniently
from agent.trail.outermost import Scalar, may_disguise_names, values
from agent.trail.room import Require, of_entries

_EVENT_BYTES: Final = 1 << 20  # CloudTrail's own limit is 256 KB a record
_SOURCE: Final = b'"eventSource"'
_NAME: Final = b'"eventName"'
_DECIDING_NAME: Final = re.compile(rb'"event(?:Source|Name)"')


class Entry(msgspec.Struct, frozen=True, gc=False):
    """The two members that decide; `UNSET` where the entry has none. Of two members of one name it has the last."""

    event_source: Scalar | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="eventSource")
    event_name: Scalar | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="eventName")


class AnyEntry(msgspec.Struct, frozen=True, gc=False):
    """Nothing of an entry but that it is an object: what takes the least memory to count them."""


class _Source(msgspec.Struct, frozen=True, gc=False):
    event_source: Scalar | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="eventSource")


decode_entry: Final = msgspec.json.Decoder(Entry).decode
_decode_source: Final = msgspec.json.Decoder(_Source).decode


def deciding_sources(raw: msgspec.Raw | bytes) -> Iterator[object]:
    """Each `eventSource` of `deciding_pairs`; raises as that, but for nothing that is wrong with a name."""
    try:
        yield _decode_source(raw).event_source
    except (msgspec.MsgspecError, UnicodeDecodeError):
        yield decode_leniently(copy_of(raw)).get("eventSource")
    if may_hide(raw):
        yield from values(raw, _SOURCE)


def deciding_pairs(raw: msgspec.Raw | bytes) -> Iterator[tuple[object, object]]:
    """The `eventSource` and `eventName` by which one entry is selected: what it says, then what that may hide.

    An entry with two members of one name says the last one; it is selected if any of them selects. Raises
    `MalformedEventError` if the entry is no JSON object.
    """
    source: object
    name: object
    try:
        entry = decode_entry(raw)
        source, name = entry.event_source, entry.event_name
    except (msgspec.MsgspecError, UnicodeDecodeError):
        members = decode_leniently(copy_of(raw))
        source, name = members.get("eventSource"), members.get("eventName")
    yield source, name
    if may_hide(raw):
        sources, event_names = values(raw, _SOURCE), values(raw, _NAME)
        yield from product(sources or [source], event_names or [name])


def may_hide(raw: msgspec.Raw | bytes) -> bool:
    """Whether one of the members that decide may stand twice in an entry; False is certain."""
    view = memoryview(raw)  # an entry may be as large as a file
    names = _DECIDING_NAME.findall(view)
    return len(names) != len(set(names)) or may_disguise_names(view)


def copy_of(raw: msgspec.Raw | bytes) -> bytes:
    """The bytes of an entry that is selected, for a `Raw` would keep the whole file in memory.

    Raises `PermanentError` (`object_malformed`) if they are not UTF-8, and `LimitError` (`object_too_large`) if there
    are more of them than any event has.
    """
    entry = bytes(raw)
    if len(entry) > _EVENT_BYTES:
        raise too_large(f"one event is larger than {_EVENT_BYTES} bytes, four times what CloudTrail writes")
    if not entry.isascii():
        try:
            entry.decode()
        except UnicodeDecodeError as error:
            raise not_utf8(error) from error
    return entry


def not_utf8(error: UnicodeDecodeError) -> PermanentError:
    """Why a file is refused in which these bytes stand."""
    byte = error.object[error.start]
    return PermanentError(Reason.OBJECT_MALFORMED, f"the file is not UTF-8: the byte {byte:#04x} begins no character")


def refuse_number(entries: int, limit: int) -> None:
    """Raise `LimitError` (`object_too_large`) if a file has more entries than `limit`."""
    if entries > limit:
        raise too_large(f"the file holds more events than limits.events_per_object ({limit})")


def refuse_or_require(text: bytearray, entries: int, limit: int, require: Require) -> None:
    """`require` the memory that it takes to select from a text of so many entries; raises as `refuse_number`, too."""
    refuse_number(entries, limit)
    require(of_entries(len(text), entries))


def too_large(detail: str) -> LimitError:
    """Why a file is refused that would cost too much."""
    return LimitError(Reason.OBJECT_TOO_LARGE, detail)
