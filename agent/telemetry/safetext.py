"""Makes untrusted text safe to show: an object key or a sink's answer can hold anything."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate
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
    if len(text) <= limit and begin.isprintable():  # nearly all text is as it should be
        return text
    shown = list(map(_visible, begin))
    if len(text) <= limit and sum(map(len, shown)) <= limit:
        return "".join(shown)
    return _cut(shown, len(text), limit)


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


def _cut(shown: Sequence[str], length: int, limit: int) -> str:
    """As many of `shown`, one for each of the first characters, as there is room for beside the number of the rest."""
    count = len(shown)
    while True:
        mark = f"… (+{length - count})"
        room, fitting = limit - len(mark), 0
        for width in accumulate(map(len, shown)):
            if width > room or fitting == count:
                break
            fitting += 1
        if fitting == count:
            return "".join(shown[:count]) + mark
        count = fitting
