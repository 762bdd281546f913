"""CodeCatalyst's own event log: from one of its items to the same event in CloudTrail's members.

The service keeps this log itself; `aws codecatalyst list-event-logs` prints it. An item says in other members what a
trail says of an event. The event that is made of it holds the item, too, so that nothing of it is lost.

Page: Amazon CodeCatalyst API reference, `ListEventLogs` and `EventLogEntry`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from agent.trail.edit import compact
from agent.trail.event import MalformedEventError, decode_leniently, text
from agent.trail.reader import mend_surrogates

USER: Final = "USER"
AWS_ACCOUNT: Final = "AWS_ACCOUNT"
EVENT_SOURCE: Final = "codecatalyst.amazonaws.com"

_ONLY_IN_ITEMS: Final = frozenset(
    {"operationType", "requestPayload", "responsePayload", "projectInformation", "sourceIpAddress"}
)
_ITEM: Final = "eventLogItem"
_LONGEST_PAYLOAD: Final = 1 << 16  # characters; no attribute holds as much, and the item has it in full
_READ_ONLY: Final = {"READONLY": True, "MUTATION": False}
_MANAGEMENT: Final = "MANAGEMENT"
_ALIKE: Final = {
    "eventTime": "eventTime",
    "sourceIpAddress": "sourceIPAddress",
    "userAgent": "userAgent",
    "errorCode": "errorCode",
    "requestId": "requestID",
    "id": "eventID",
    "eventType": "eventType",
}
_ACTOR: Final = {
    "userType": "type",
    "principalId": "principalId",
    "awsAccountId": "accountId",
    "userName": "userName",
}

_Object = Mapping[str, object]


def is_item(members: Mapping[str, object]) -> bool:
    """Whether a JSON object is an item of CodeCatalyst's own event log, and no event of a trail."""
    return "eventName" in members and "eventID" not in members and bool(_ONLY_IN_ITEMS & members.keys())


def as_trail_event(item: bytes) -> bytes:
    """An item as an entry of `Records[]`: what a trail says of such an event, then the item.

    What is no JSON, or of an unexpected type, is left out of the first part. Raises `MalformedEventError` if `item` is
    no JSON object.
    """
    mended = bytearray(compact(item))
    mend_surrogates(mended)
    return _object([*_members_of(bytes(mended)), (_ITEM, bytes(mended))])


def item_in(event: bytes) -> bytes:
    """The item that `as_trail_event` made `event` of, without white space between its tokens; empty for any other."""
    if b'"%s":' % _ITEM.encode() not in event:
        return b""
    try:
        item = bytes(msgspec.json.decode(event, type=dict[str, msgspec.Raw]).get(_ITEM, b""))
        return item if as_trail_event(item) == event else b""
    except (msgspec.MsgspecError, UnicodeError, RecursionError, MalformedEventError):
        return b""


def without_item(item: bytes) -> bytes:
    """What a trail says of such an event, alone; raises as `as_trail_event` does."""
    return _object(_members_of(item))


def _members_of(item: bytes) -> Iterator[tuple[str, bytes]]:
    """CloudTrail's members for an item, each with its JSON."""
    members = decode_leniently(item)
    yield "eventSource", _json(EVENT_SOURCE)
    yield from _renamed(members, _ALIKE)
    if name := text(members.get("eventName")):
        yield "eventName", _json(name[:1].upper() + name[1:])
    if actor := list(_identity(_part(members, "userIdentity"))):
        yield "userIdentity", _object(actor)
    read_only = _READ_ONLY.get(text(members.get("operationType")).upper())
    if read_only is not None:
        yield "readOnly", _json(read_only)
    yield from _category(text(members.get("eventCategory")))
    project = text(_part(members, "projectInformation").get("name"))
    if request := _naming_the_project(_payload(members, "requestPayload"), project):
        yield "requestParameters", request
    if response := _payload(members, "responsePayload"):
        yield "responseElements", response
    more = {name: members[name] for name in ("eventSource", "projectInformation") if members.get(name)}
    if more:
        yield "additionalEventData", _json(more)


def _identity(identity: _Object) -> Iterator[tuple[str, bytes]]:
    yield from _renamed(identity, _ACTOR)
    principal = text(identity.get("principalId"))
    if text(identity.get("userType")) == USER and principal:  # the id has the form of an identity store's
        yield "onBehalfOf", _json({"userId": principal})


def _category(category: str) -> Iterator[tuple[str, bytes]]:
    if category.upper() == _MANAGEMENT:
        yield "eventCategory", _json(category.capitalize())
        yield "managementEvent", b"true"
    elif category:
        yield "eventCategory", _json(category)


def _renamed(members: _Object, names: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    for name, other in names.items():
        if isinstance(value := members.get(name), str | int | float) and value != "":
            yield other, _json(value)


def _payload(members: _Object, name: str) -> bytes:
    """The JSON object that a payload holds, as it stands there; empty if it holds none, or a very long one."""
    held = _part(members, name).get("data")
    if isinstance(held, dict):
        return _json(held) if len(_json(held)) <= _LONGEST_PAYLOAD else b""
    if not isinstance(held, str) or len(held) > _LONGEST_PAYLOAD:
        return b""
    written = bytearray(held.strip().encode(errors="replace"))
    mend_surrogates(written)
    try:
        decode_leniently(bytes(written))
    except MalformedEventError:
        return b""
    return compact(bytes(written))


def _naming_the_project(request: bytes, project: str) -> bytes:
    """The request with the name of the project where a trail has it; an item may have it elsewhere."""
    if not project or (request and "projectName" in decode_leniently(request)):
        return request
    named = b'"projectName":' + _json(project)
    return b"{" + named + b"}" if request in {b"", b"{}"} else request[:-1] + b"," + named + b"}"


def _part(members: _Object, name: str) -> _Object:
    part = members.get(name)
    return part if isinstance(part, dict) else {}


def _object(members: Iterable[tuple[str, bytes]]) -> bytes:
    return b"{" + b",".join(_json(name) + b":" + raw for name, raw in members) + b"}"


def _json(value: object) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    except (RecursionError, ValueError) as error:
        raise MalformedEventError("the item is nested too deep, or holds a number without end") from error
