"""Text that can cross OTLP, and text that can be shown to an operator."""

from __future__ import annotations

import re
from functools import lru_cache

REPLACEMENT = "\ufffd"
SHOWN_CHARACTERS = 1000

_UNSAFE = re.compile("[\x00\ud800-\udfff]")
_LETTER_OR_DIGIT = re.compile("[A-Za-z0-9]")


def safe_text(value: str) -> str:
    """Text that protobuf can carry and every store can hold: lone surrogates and NUL become U+FFFD.

    A lone surrogate makes protobuf raise, which would cost the whole batch; PostgreSQL and others refuse NUL.
    """
    if value.isascii() and "\x00" not in value:
        return value
    return _UNSAFE.sub(REPLACEMENT, value)


@lru_cache(maxsize=1024)
def safe_key(key: str) -> str:
    """The attribute key to send, or "" where it must be dropped.

    Loki turns everything but ASCII letters and digits into `_`, and refuses a whole push for one key that has neither.
    """
    return safe_text(key) if _LETTER_OR_DIGIT.search(key) else ""


def int_text(value: int) -> str:
    """An integer as text; in hexadecimal where Python refuses to print so many digits."""
    try:
        return str(value)
    except ValueError:
        return hex(value)


def shown(text: str, limit: int = SHOWN_CHARACTERS) -> str:
    """What the other side wrote, made fit for a log line: cut to `limit` characters, control characters escaped."""
    cut = text.strip()[:limit]
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)
