"""How a member of a trail event becomes an attribute's value. Each takes what was decoded, of whatever type it is.

An empty value, and None, stand for "absent": no attribute is made of it. None of them raises.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

import msgspec

from agent.trail.event import flag, text

_LONGEST_ADDRESS: Final = 64  # characters; a forged one of a megabyte must not stay in memory
_LONGEST_JSON: Final = 8192  # bytes; what is longer stands in the body only
_EMPTY_JSON: Final = (b"", b"null", b"{}", b"[]", b'""')
_LONGEST_EMPTY: Final = len("null")
# What programs write into an error field when there was no error.
_NO_FAILURE: Final = frozenset({"", "0", "0.0", "false", "none", "null", "nil", "-", "ok", "success", "succeeded"})


def verbatim(value: object) -> str:
    """Text as it stands, with its blanks."""
    return value if isinstance(value, str) and value.strip() else ""


def only_true(value: object) -> bool | None:
    """True where it is true; absent otherwise."""
    return flag(value) or None


def error_code(value: object) -> str:
    """Why the call failed; empty if it did not. `errorCode` 0, false, "None" or "Success" is no failure."""
    code = text(value)
    return "" if code.casefold() in _NO_FAILURE else code


def ip_address(value: object) -> str:
    """Text, if it is an IP address: CloudTrail writes names of services and hosts there, too."""
    address = text(value)
    return address if len(address) <= _LONGEST_ADDRESS and _is_ip_address(address) else ""


def tls_version(value: object) -> str:
    """`1.3` of `TLSv1.3`, as the semantic conventions want it."""
    return text(value).removeprefix("TLSv")


def json_text(value: object) -> str:
    """JSON as it stands, up to 8 KiB; absent where it is empty."""
    raw = value if type(value) is bytes else bytes(value) if isinstance(value, msgspec.Raw) else b""
    if len(raw) > _LONGEST_JSON or (len(raw) <= _LONGEST_EMPTY and raw in _EMPTY_JSON):
        return ""
    return raw.decode()


def names(value: object) -> Sequence[str]:
    """A list of names. CloudTrail documents `updatedFields` as a list, and shows it as one string with commas."""
    parts = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(name for part in parts if (name := text(part)))


def resources(value: object) -> Sequence[Mapping[str, str]]:
    """A list of maps, each with the account id, type and ARN of a resource."""
    return tuple(_resources(value))


def _resources(value: object) -> Iterator[Mapping[str, str]]:
    for resource in value if isinstance(value, list) else ():
        if not isinstance(resource, dict):
            continue
        fields = {
            "account.id": text(resource.get("accountId")),
            "type": text(resource.get("type")),
            "arn": text(resource.get("ARN")) or text(resource.get("arn")),
        }
        if named := {name: text_of_it for name, text_of_it in fields.items() if text_of_it}:
            yield named


@lru_cache(maxsize=4096)  # a trail repeats its addresses, and the test costs two microseconds
def _is_ip_address(address: str) -> bool:
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return True
