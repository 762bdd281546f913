"""How much memory it takes to find the selected events in a text, and to decode them: bounds that are told before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

_TEXTS: Final = 2.5  # the text with what its buffer has to spare, what is selected of it, and what a glance decodes
_GLANCE_BYTES: Final = 41  # of an entry of which only the source is told, which many have alike
_NAMES_BYTES: Final = 112  # of its two texts, if each is decoded, beyond their characters
_COPY_BYTES: Final = 135  # of an entry beyond its characters: 57 to say where it stands, the rest for its bytes alone
_USUAL_BYTES: Final = 1900  # of an event that is decoded whole, beyond its characters: 280 if it had no member
_WIDEST: Final = 4  # bytes that Python needs for a character, if one of the same text is not ASCII
_ESCAPE: Final = b"\\"  # what is written as ASCII may be decoded to something else

Require = Callable[[int], None]
"""Is told how many bytes a read needs together, before they are taken. What it raises is raised."""


def of_text(size: int) -> int:
    """The bytes that it takes to scan a text of `size` bytes, in which an entry is as long as CloudTrail's are."""
    return int(_TEXTS * size)


def of_entries(size: int, number: int) -> int:
    """The bytes that it takes if up to `number` entries of a text of `size` bytes are selected, however short."""
    return of_text(size) + (_GLANCE_BYTES + _NAMES_BYTES + _COPY_BYTES) * number


def of_decoded(text: bytearray, number: int) -> int:
    """The bytes that it takes if up to `number` entries of `text` are selected, and decoded whole."""
    size = len(text)
    is_narrow = text.isascii() and text.find(_ESCAPE) < 0
    return of_entries(size, number) + (size if is_narrow else _WIDEST * size) + _USUAL_BYTES * number


def of_glance(size: int, number: int) -> int:
    """The bytes that a part of a text takes that is copied out, `size` bytes, and a glance at its `number` entries."""
    return size + _GLANCE_BYTES * number


def beside_text(size: int) -> int:
    """What `of_text` leaves for all else than the text."""
    return of_text(size) - size


def nothing(_: int) -> None:
    """A `Require` of whoever has memory for everything."""
