"""How the rows of the table are read off a usual event: what many events have alike is read, and written, once.

What is made of a member, or of some that are alike together, depends on nothing else: it is kept for when the same
comes again. Members that nearly every event has are asked for one by one, for that is cheapest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import groupby, repeat
from operator import attrgetter
from typing import Any, Final

import msgspec

from agent.model import AttributeGroup, AttributeValue
from agent.records.leaves import json_text
from agent.records.memo import Memo, characters
from agent.records.rows import ELSE, ReadMember, Row, RowReader, field_of, filled, python_path
from agent.trail.event import text
from agent.trail.usual_event import UnusualEventError, is_scalar

Part = tuple[str, AttributeValue] | AttributeGroup
Parts = tuple[Part, ...]
_Reads = Sequence[tuple[str, ReadMember, int]]
"""Attributes, each with how it is read and with the place of its member among some values."""
_Steps = Sequence[tuple[Callable[[Any], Any], Callable[[Any], Parts]]]
"""How a member is picked from an event, and what is made of it."""

ALIKE: Final = tuple(
    "eventSource eventName eventVersion apiVersion eventType eventCategory readOnly managementEvent".split()
)
"""Members that have the same values together in many events, in the order of `QuickRows.read_alike`."""

_SENDER: Final = ("sourceIPAddress", "userAgent")
_SELDOM: Final = tuple(
    """
    errorCode errorMessage resources tlsDetails sessionCredentialFromConsole vpcEndpointId vpcEndpointAccountId addendum
    """.split()
)
_SELDOM_BEHIND: Final = tuple(
    "additionalEventData serviceEventDetails eventContext edgeDeviceDetails insightDetails".split()
)
_ORDER: Final[Sequence[Sequence[str]]] = (
    ("eventID",),
    ALIKE,
    ("requestID",),
    ("sharedEventID",),
    _SENDER,
    _SELDOM,
    ("requestParameters",),
    ("responseElements",),
    _SELDOM_BEHIND,
)
_READS: Final[Mapping[str, ReadMember]] = {
    **dict.fromkeys(("eventID", "requestID", "sharedEventID"), text),
    **dict.fromkeys(("requestParameters", "responseElements"), json_text),
}
_UNLIKE: Final = frozenset({"errorMessage", *_SELDOM_BEHIND})  # nothing that was read of them is kept
_MOST: Final = 2048  # an account has some hundred addresses and programs at a time
_LARGEST: Final = 512
_LARGEST_PART: Final = 2048  # bytes


class QuickRows:
    """Reads those `rows` of the table that do not belong to `userIdentity`, in their order.

    Raises `ValueError` if they are others than those that are read here, are read otherwise, or stand in another order:
    who adds such a row to the table adds its member to `_ORDER`, and to `read`. Until then all events are read plainly.
    """

    def __init__(self, rows: Iterable[Row]) -> None:
        table = list(rows)
        sections = [[row for row in table if _member(row) in members] for members in _ORDER]
        if [row for section in sections for row in section] != table or any(map(_is_read_otherwise, table)):
            others = [row.attribute for row in table if not any(_member(row) in members for members in _ORDER)]
            raise ValueError(f"the rows are not those that are read here, or not in their order: {others}")
        ids, alike, request_id, shared_id, sender, seldom, request, response, behind = sections
        self._event_id, self._uid = (row.attribute for row in ids)
        self._request_id, self._shared_id = _attribute(request_id), _attribute(shared_id)
        self._alike = _reads_of(alike, ALIKE)
        self._sender = Memo(partial(_group, _reads_of(sender, _SENDER)), _MOST, _LARGEST, characters)
        self._seldom, self._behind = _steps(seldom), _steps(behind)
        self._request, self._response = _attribute(request), _attribute(response)

    def read_alike(self, values: Sequence[object]) -> Parts:
        """The attributes of the members that are `ALIKE`, which have these values."""
        return _group(self._alike, values)

    def read(self, event: Any, alike: Parts, request: bytes, response: bytes) -> list[Part]:
        """All attributes of `event`: `alike` are those of `read_alike`; `request` and `response` are empty for none.

        Raises `UnusualEventError` where a part of the event is not as AWS writes it.
        """
        found = event.event_id
        found = found.strip() if type(found) is str else text(found)
        parts: list[Part] = [(self._event_id, found), (self._uid, found), *alike] if found else [*alike]
        found = event.request_id
        if found is not None and (found := found.strip() if type(found) is str else text(found)):
            parts.append((self._request_id, found))
        found = event.shared_event_id
        if found is not None and (found := found.strip() if type(found) is str else text(found)):
            parts.append((self._shared_id, found))
        parts += self._sender[event.source_ip_address, event.user_agent]
        if (
            event.error_code
            or event.error_message
            or event.resources
            or event.tls_details
            or event.session_credential_from_console
            or event.vpc_endpoint_id is not None  # false is a value, too
            or event.vpc_endpoint_account_id is not None
            or event.addendum
        ):
            _add(parts, self._seldom, event)
        if request and self._request and (found := json_text(request)):
            parts.append((self._request, found))
        if response and self._response and (found := json_text(response)):
            parts.append((self._response, found))
        if (
            event.additional_event_data
            or event.service_event_details
            or event.event_context
            or event.edge_device_details
            or event.insight_details
        ):
            _add(parts, self._behind, event)
        return parts


def shared(attributes: Mapping[str, AttributeValue]) -> Parts:
    """These as one group, which many records may have; nothing if there are none."""
    return (AttributeGroup(tuple(attributes.items())),) if attributes else ()


def _member(row: Row) -> str:
    """The event's own member that the row is read off."""
    (member,) = {path.partition(".")[0] for path in row.member.split(ELSE)}
    return member


def _is_read_otherwise(row: Row) -> bool:
    """Whether a row is not read in the way in which `QuickRows.read` reads the others of its member."""
    return row.read is not _READS.get(row.member, row.read)


def _attribute(rows: Sequence[Row]) -> str:
    """That of the only row; empty if there is none."""
    if not rows:
        return ""
    (row,) = rows
    return row.attribute


def _reads_of(rows: Iterable[Row], members: Sequence[str]) -> _Reads:
    return [(row.attribute, row.read, members.index(_member(row))) for row in rows]


def _group(reads: _Reads, values: Sequence[object]) -> Parts:
    """What is read of some members at once."""
    return shared(filled([(attribute, read) for attribute, read, _ in reads], [values[place] for _, _, place in reads]))


def _steps(rows: Iterable[Row]) -> _Steps:
    """For each member that has rows, in their order."""
    return [(attrgetter(python_path(member)), _step(member, list(its))) for member, its in groupby(rows, key=_member)]


def _add(parts: list[Part], steps: _Steps, event: Any) -> None:
    for pick, step in steps:
        member = pick(event)
        if member or member is False:
            parts += step(member)


def _step(member: str, rows: Sequence[Row]) -> Callable[[Any], Parts]:
    """The rows of one member."""
    field, reads = field_of(member), [(row.attribute, row.read) for row in rows]
    if member in _UNLIKE:
        return lambda value: tuple(filled(reads, repeat(value)).items())
    if is_scalar(field):
        return Memo(lambda value: shared(filled(reads, repeat(value))), _MOST, _LARGEST, _length).__getitem__
    reader = None if field.type is object else RowReader(rows, below=member)
    decode = msgspec.json.Decoder(field.type).decode

    def make(raw: bytes) -> Parts:
        try:
            held = decode(raw)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise UnusualEventError from error
        return shared(reader(held) if reader else filled(reads, repeat(held)))

    remembered = Memo(make, _MOST, _LARGEST_PART)
    return lambda raw: remembered[b"" + raw]  # half of what bytes() would cost


def _length(value: object) -> int:
    return len(value) if isinstance(value, str) else 1
