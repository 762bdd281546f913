"""Makes untrusted text safe to show: an object key or a sink's answer can hold anything."""

from __future__ import annotations

import re
from typing import Final

MAX_CHARACTERS: Final = 500
MAX_LABEL_CHARACTERS: Final = 128
_PLAIN: Final = re.compile(r"[A-Za-z0-9._:/-]+")
_USER_INFO: Final = re.compile(r"//[^/?#\s]*@")


def clean(text: str, limit: int = MAX_CHARACTERS) -> str:
    """`text` with everything that is not printable escaped, cut to `limit` characters.

    Line ends, ANSI and bidirectional controls, lone surrogates and invisible characters come out as `\\n`, `\\x1b` or
    `\\u202e`. The number of characters left out stands at the end: `abc… (+1234)`.
    """
    begin = text[:limit]
    escaped = begin if begin.isprintable() else "".join(map(_visible, begin))  # nearly all text is as it should be
    if len(escaped) <= limit and len(text) <= limit:
        return escaped
    return _cut(escaped, len(text), limit)


def is_plain(text: str, limit: int = MAX_LABEL_CHARACTERS) -> bool:
    """Whether `text` is one to `limit` letters, digits and `._:/-`: fit for a label value or an exemplar."""
    return len(text) <= limit and _PLAIN.fullmatch(text) is not None


def without_user(text: str) -> str:
    """`text` with the user and password taken out of every address in it."""
    return _USER_INFO.sub("//", text)


def bare_address(url: str) -> str:
    """`url` without user, password and query, any of which may be a secret."""
    return without_user(url).partition("?")[0]


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")


def _cut(escaped: str, length: int, limit: int) -> str:
    # The number counts characters of the original; the cut may go through an escape.
    mark = f"… (+{length - limit})" if length > limit else "…"
    return escaped[: max(limit - len(mark), 0)] + mark
