"""The parts of a JSON value, each as its bytes stand in the text. What is of another type has none."""

from __future__ import annotations

import json

import msgspec

from agent.trail.event import MalformedEventError, decode_leniently


def members_of(value: bytes) -> dict[str, msgspec.Raw]:
    """The members of a JSON object; none if `value` is none."""
    if not value.startswith(b"{"):
        return {}
    try:
        return msgspec.json.decode(value, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return _members_leniently(value)


def _members_leniently(value: bytes) -> dict[str, msgspec.Raw]:
    try:
        return {name: msgspec.Raw(json.dumps(member).encode()) for name, member in decode_leniently(value).items()}
    except (MalformedEventError, RecursionError):
        return {}


def elements_of(value: msgspec.Raw | bytes | None) -> list[msgspec.Raw]:
    """The elements of a JSON array; none if `value` is none."""
    try:
        return msgspec.json.decode(value or b"", type=list[msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return []


def json_in(value: msgspec.Raw | bytes | None) -> list[bytes]:
    """The JSON object or array that a JSON string holds, if it holds one."""
    text = text_of(value).strip()
    return [text.encode(errors="replace")] if text.startswith(("{", "[")) else []


def text_of(value: msgspec.Raw | bytes | None) -> str:
    """The text of a JSON string; empty if `value` is none."""
    try:
        return msgspec.json.decode(value or b"", type=str)
    except (msgspec.MsgspecError, UnicodeError):
        return ""
