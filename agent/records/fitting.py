"""Keeps a record within a limit, without losing who did what, to what, and when.

Each attribute has a bound of its own, whatever the limit is; the body has the whole value. In a record above its limit,
as many members of the body as necessary are replaced by a marker. `trail_agent.truncated` lists the attributes and the
members that were cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Final, Protocol

from msgspec.structs import replace

from agent.model import AttributeValue, LogRecord
from agent.trail.edit import truncate
from agent.trail.event import MalformedEventError

PARAMETERS: Final = (
    "aws.request.parameters",
    "aws.response.elements",
    "aws.cloudtrail.additional_event_data",
    "aws.cloudtrail.service_event_details",
    "aws.cloudtrail.event_context",
    "aws.cloudtrail.edge_device_details",
    "aws.cloudtrail.insight_details",
)
"""The attributes that repeat a part of the body as JSON."""

TRUNCATED: Final = "trail_agent.truncated"
"""The attribute that lists what was cut."""

_MOST_BYTES: Final = 4  # of a character in UTF-8
_LONGEST_FLAG: Final = len("False")
_LONG_CHARACTERS: Final = 2048  # far beyond any name, id or address that AWS writes
_LONG_LIST_BYTES: Final = 8192  # some 60 resources
_SHORT_BODY: Final = 1900  # characters: as three records in four; none of its parts passes a bound of its own
_MOST_OF_SHORT: Final = 32768
_MOST_LISTED: Final = 64
_SHORT_CHARACTERS: Final = 256

Attributes = Mapping[str, AttributeValue]


class RecordLimits(Protocol):
    """Those of the settings' `limits` that bound a record. The settings are above this layer."""

    @property
    def record_bytes(self) -> int:
        """The most bytes of the body and the attributes together; see `size`."""
        ...


def size(record: LogRecord) -> int:
    """What counts against `limits.record_bytes`: roughly the bytes of the body and of the attributes."""
    return _bytes(record.body) + _size_of(record.attributes)


def fit(record: LogRecord, limits: RecordLimits) -> LogRecord:
    """`record` within `limits`, or as close to them as possible; unchanged if it and each attribute fit."""
    limit, body = limits.record_bytes, record.body
    # What an attribute holds stands in the body, or is the object's key; no member of the body makes more than three.
    is_short = len(body) <= _SHORT_BODY and len(record.source.key) <= _SHORT_BODY and limit >= _MOST_OF_SHORT
    return record if is_short and body.isascii() else _fit(record, limit)


def halved(record: LogRecord, limits: RecordLimits) -> LogRecord | None:
    """`record` at half its size or less, and within `limits`; None if that is not possible."""
    limit = min(size(record) // 2, limits.record_bytes)
    try:
        shrunk = _fit(record, limit)
    except (
        MalformedEventError
    ):  # so deeply nested that it could be mapped, but not decoded here, where the stack is deeper
        return None
    return shrunk if size(shrunk) <= limit else None


def _fit(record: LogRecord, limit: int) -> LogRecord:
    if _is_small(record, limit):
        return record
    bounded = _bounded(record)
    if size(bounded) <= limit:
        return bounded
    room = limit
    while True:
        fitted = _cut_down(bounded, room)
        left = limit - _size_of_listing(fitted.attributes) + _size_of_listing(bounded.attributes)
        if size(fitted) <= limit or left >= room:
            return fitted
        room = left  # the list of what was cut takes room, too


def _cut_down(bounded: LogRecord, limit: int) -> LogRecord:
    """`bounded` within `limit` if it can be, but maybe for the list of what was cut."""
    attributes = bounded.attributes
    body, replaced = truncate(bounded.body.encode(), size(bounded) - limit)
    fitted = _listing(replace(bounded, body=body.decode()), replaced)
    for smaller in (_without_parameters, _shortest, _without_lists):
        if size(fitted) > limit:
            fitted = replace(fitted, attributes=smaller(fitted.attributes))
    return fitted if replaced else _listing(fitted, _changed(attributes, fitted.attributes))


def _is_small(record: LogRecord, limit: int) -> bool:
    """Whether the record and each attribute certainly fit. Counting characters is five times cheaper than bytes."""
    characters = len(record.body)
    for name, value in record.attributes.items():
        if isinstance(value, str):
            if len(value) > _LONG_CHARACTERS and name not in PARAMETERS:
                return False
            characters += len(name) + len(value)
        elif isinstance(value, bool):
            characters += len(name) + _LONGEST_FLAG
        else:
            return False
    return characters * _MOST_BYTES <= limit


def _bounded(record: LogRecord) -> LogRecord:
    """With each attribute within its own bound; unchanged if all are."""
    values = ((name, _bounded_value(name, value)) for name, value in record.attributes.items())
    attributes = {name: value for name, value in values if value != ()}
    return _listing(replace(record, attributes=attributes), _changed(record.attributes, attributes))


def _bounded_value(name: str, value: AttributeValue) -> AttributeValue:
    if isinstance(value, str):
        return value if name in PARAMETERS else value[:_LONG_CHARACTERS]
    if isinstance(value, bool | int) or name == TRUNCATED or _bytes(str(value)) <= _LONG_LIST_BYTES:
        return value
    sizes = accumulate(_bytes(str(item)) for item in value)
    return tuple(item for item, total in zip(value, sizes, strict=True) if total <= _LONG_LIST_BYTES)


def _listing(record: LogRecord, names: Sequence[str]) -> LogRecord:
    if not names:
        return record
    before = record.attributes.get(TRUNCATED, ())
    shown = (name[:_SHORT_CHARACTERS] for name in names)  # the names of members are untrusted, too
    listed = dict.fromkeys((*(before if isinstance(before, tuple) else ()), *shown))
    attributes = {**record.attributes, TRUNCATED: tuple(listed)[:_MOST_LISTED]}
    return replace(record, attributes=attributes, truncated=True)


def _changed(before: Attributes, after: Attributes) -> tuple[str, ...]:
    return tuple(name for name, value in before.items() if after.get(name) != value)


def _without_parameters(attributes: Attributes) -> Attributes:
    return {name: value for name, value in attributes.items() if name not in PARAMETERS}


def _shortest(attributes: Attributes) -> Attributes:
    return _cut(attributes, _SHORT_CHARACTERS)


def _without_lists(attributes: Attributes) -> Attributes:
    return {
        name: value for name, value in attributes.items() if isinstance(value, str | bool | int) or name == TRUNCATED
    }


def _cut(attributes: Attributes, characters: int) -> Attributes:
    return {
        name: value[:characters] if isinstance(value, str) and name not in PARAMETERS else value
        for name, value in attributes.items()
    }


def _size_of(attributes: Attributes) -> int:
    return sum(len(name) + _bytes(str(value)) for name, value in attributes.items())


def _size_of_listing(attributes: Attributes) -> int:
    return _size_of({name: value for name, value in attributes.items() if name == TRUNCATED})


def _bytes(text: str) -> int:
    return len(text.encode(errors="replace"))
