"""The JSON of a message, of which nothing may be lost: a member that stands twice, or half a character.

Nearly every text is read by msgspec, at a third of the cost, where it is certain that nothing of it was lost. What is
not certain is read once more by the standard library, which tells what is wrong.
"""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from agent.trail.forms import Members, UnknownFormError

_MOST_PARTS: Final = 20_000  # JSON objects and arrays in one message; a real one has ten for each object that it names
_FEW_PARTS: Final = 100  # so many cannot be nested too deep
_decode: Final = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode


def read_whole(text: str) -> object:
    """What a JSON text holds. Raises `UnknownFormError` if it is none, or if something of it would be lost."""
    parts = text.count("{") + text.count("[")
    if parts > _MOST_PARTS:
        raise UnknownFormError("the message has more parts than a notification can have")
    if parts <= _FEW_PARTS and "\\u" not in text:
        try:
            value = _decode(text)
            if is_all_of(value, text):
                return value
        except (msgspec.MsgspecError, UnicodeError):
            pass
    return read_exactly(text)


def is_all_of(value: object, text: str) -> bool:
    """Whether `value` is all that msgspec has read of a JSON `text` without escapes of the form `\\u`.

    A quote of the text begins or ends one, or stands in one: fewer are left if one of two members is.
    """
    return _encode(value).count(b'"') == text.count('"')


def read_exactly(text: str) -> object:
    """The same, in the standard library's words."""
    try:
        value = json.loads(text, object_pairs_hook=_members, parse_constant=_refuse_constant)
        text.encode()
        if "\\ud" in text or "\\uD" in text:  # half a surrogate pair stands in no key of S3
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise UnknownFormError("half a surrogate pair is in the message, and in no key of S3") from error
    except RecursionError as error:
        raise UnknownFormError("the message is nested too deep") from error
    except ValueError as error:
        raise UnknownFormError("the message is not JSON, and no notification is in it") from error
    return value


def _members(pairs: list[tuple[str, Any]]) -> Members:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise UnknownFormError("a member stands twice in the message, and one of them would be lost")
    return members


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
