"""Which keys and which answers of GetObject are plain, so that boto3 would make of them what is made of them here.

Whatever is odd is for boto3 to tell. Page: S3 API reference, "GetObject".
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from isal import isal_zlib

from agent.aws.error_response import is_page_of_another
from agent.aws.learnt import OK
from agent.aws.transfers import HttpReply
from agent.model import OpenObject

_SAFE: Final = "/~"  # S3 takes these in a key as they are
_USUAL: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
"""A plain key in which nothing is to be quoted."""
_DAY_CHARACTERS: Final = len("Fri, 20 Nov 2026")
_CLOCK: Final = re.compile(" ([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]) GMT")
_CHECKSUMS: Final[Mapping[bytes, Callable[[bytes], bytes]]] = {  # those that boto3 checks without a library of its own
    b"x-amz-checksum-crc32": lambda body: isal_zlib.crc32(body).to_bytes(4, "big"),
    b"x-amz-checksum-sha1": lambda body: hashlib.sha1(body, usedforsecurity=False).digest(),
    b"x-amz-checksum-sha256": lambda body: hashlib.sha256(body).digest(),
}
_TOLD: Final = re.compile(
    rb"\n(?i:(last-modified|content-length|transfer-encoding|content-type|%s)):([^\n]*)" % b"|".join(_CHECKSUMS)
)
"""The headers that count for a plain success; one that came twice is no plain one."""


def path_end(key: str) -> str:
    """A key as it ends a path; empty where anything on the way may read `.` or `..` in it as a folder."""
    if _USUAL.fullmatch(key):
        return key
    is_plain = key.isprintable() and not {"", ".", ".."} & set(key.split("/"))
    return quote(key, safe=_SAFE) if is_plain else ""


def plain_object(reply: HttpReply) -> OpenObject | None:
    """The object that an answer is; None if it is no plain success. Raises any error if it cannot be made out."""
    told = _TOLD.findall(reply.head)
    headers = {name.lower(): text.strip().decode("latin-1") for name, text in told}
    if reply.status != OK or len(headers) < len(told) or not _is_whole(reply, headers):
        return None
    written, body = headers.get(b"last-modified"), reply.body
    if not written or not _is_intact(body, headers) or _is_page(reply, headers):
        return None
    return OpenObject(len(body), _unix_nanoseconds(written), iter((body,) if body else ()), reply.seconds)


def _is_whole(reply: HttpReply, headers: Mapping[bytes, str]) -> bool:
    """Whether all that S3 says it is came. Without S3's word, the end of a connection may be the end of half a body."""
    return b"transfer-encoding" not in headers and headers.get(b"content-length") == str(len(reply.body))


def _is_intact(body: bytes, headers: Mapping[bytes, str]) -> bool:
    """Whether `body` is what each checksum that S3 sent says, if it is one that boto3 checks, too."""
    return all(
        headers[name] == b64encode(checksum(body)).decode() for name, checksum in _CHECKSUMS.items() if name in headers
    )


def _is_page(reply: HttpReply, headers: Mapping[bytes, str]) -> bool:
    """Whether this is a page of a proxy, and no object of S3."""
    kind = headers.get(b"content-type", "")
    if "html" not in kind.lower():
        return False
    names = {line.partition(b":")[0].decode("latin-1").lower() for line in reply.head.split(b"\n")}
    return is_page_of_another(kind, names)


@lru_cache(maxsize=1024)
def _unix_nanoseconds(last_modified: str) -> int:
    """Of a date as S3 writes it; raises `ValueError` for any other, of which boto3 reads more."""
    day, clock = last_modified[:_DAY_CHARACTERS], _CLOCK.fullmatch(last_modified, _DAY_CHARACTERS)
    if not clock:
        raise ValueError(last_modified)
    hours, minutes, seconds = map(int, clock.groups())
    return (_unix_seconds(day) + (hours * 60 + minutes) * 60 + seconds) * 1_000_000_000


@lru_cache(maxsize=64)
def _unix_seconds(day: str) -> int:
    """When a day begins; raises `ValueError` if its name is not the one that S3 would write."""
    midnight = parsedate_to_datetime(f"{day} 00:00:00 GMT")
    if not format_datetime(midnight, usegmt=True).startswith(day):
        raise ValueError(day)
    return int(midnight.timestamp())
