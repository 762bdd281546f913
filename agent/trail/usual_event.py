"""An event whose members have the types that AWS gives them: nearly every one. It is read twice as fast as any other.

A member of such an event is text, true or false; what holds others stays the bytes that stand in the file, so that
whoever has read the same bytes before need not read them again. In a usual identity, all is text.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from agent.trail.edit import compact, is_surely_compact
from agent.trail.event import TrailEvent, UserIdentity

_OF_ANY_FORM: Final = frozenset({"resources"})  # the one member without parts of its own that is no scalar
_Scalar = str | bool | None


class UnusualEventError(ValueError):
    """A member of an event has a type that AWS does not give it: `agent.trail.event.decode` reads such an event."""


def is_scalar(member: msgspec.structs.FieldInfo) -> bool:
    """Whether this member of a `TrailEvent` is text or a flag in a usual event; else it is bytes, not read yet."""
    return member.type is object and member.name not in _OF_ANY_FORM


# As AWS writes them: what comes next is looked for behind what came before.
_ORDER: Final = """
eventVersion userIdentity eventTime eventSource eventName awsRegion sourceIPAddress userAgent errorCode errorMessage
requestParameters responseElements additionalEventData requestID eventID readOnly resources eventType apiVersion
managementEvent recipientAccountId sharedEventID vpcEndpointId vpcEndpointAccountId eventCategory
sessionCredentialFromConsole tlsDetails
""".split()


def _in_order(member: msgspec.structs.FieldInfo) -> int:
    return _ORDER.index(member.encode_name) if member.encode_name in _ORDER else len(_ORDER)


def _field(member: msgspec.structs.FieldInfo) -> tuple[str, Any, Any]:
    """The same member, as it is read here."""
    kind, default = (_Scalar, None) if is_scalar(member) else (msgspec.Raw, b"")
    return member.name, kind, msgspec.field(default=default, name=member.encode_name)


UsualEvent: Final[Any] = msgspec.defstruct(
    "UsualEvent",
    [_field(each) for each in sorted(msgspec.structs.fields(TrailEvent), key=_in_order)],
    frozen=True,
    gc=False,
)
"""The same members as a `TrailEvent` has: whoever adds one adds it there. What is not there is None, or empty bytes."""

_decode: Final = msgspec.json.Decoder(UsualEvent).decode


def _of_text(part: type) -> Any:
    """A part of an event with the same members, all of them text or other parts."""
    members: list[tuple[str, Any, Any]] = []
    for member in msgspec.structs.fields(part):
        below = None if member.type is object else _of_text(member.type)
        default = msgspec.field(default=below and below(), name=member.encode_name)
        members.append((member.name, below or str | None, default))
    return msgspec.defstruct(f"Usual{part.__name__}", members, frozen=True, gc=False)


UsualIdentity: Final[Any] = _of_text(UserIdentity)
"""The same members as a `UserIdentity` has. A part that is not there is that of `UsualIdentity()`."""

_decode_identity: Final = msgspec.json.Decoder(UsualIdentity).decode


def decode_usual(raw: bytes) -> Any:
    """An event with the members of a `TrailEvent`: texts, flags, and the bytes of all that holds others.

    Raises `UnusualEventError` where a member has another type.
    """
    try:
        return _decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnusualEventError from error


def read_usual(raw: bytes, event: Any = None) -> tuple[Any, bytes, str]:
    """A usual event, its JSON without white space between tokens, and the same as text.

    `event` is what `decode_usual` makes of it, where that is at hand. Raises `UnusualEventError` as that does.
    """
    try:
        event, written = _decode(raw) if event is None else event, raw.decode()
        if is_surely_compact(written, event.user_agent, event.error_message):
            return event, raw, written
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnusualEventError from error
    body = compact(raw)
    return decode_usual(body), body, body.decode()


def decode_identity(raw: bytes) -> Any:
    """A `userIdentity` with the members of a `UserIdentity`, of which each is text or absent.

    Raises `UnusualEventError` where one is something else.
    """
    try:
        return _decode_identity(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnusualEventError from error
