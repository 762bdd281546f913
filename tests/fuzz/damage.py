"""Damage to bytes, without regard to what they mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Final

Damage = Callable[[bytes, Random], bytes]

_TOKENS: Final = (
    *rb"""{ } [ ] , : " \ \" \\ \u0000 \ud800 \udfff \ud83d\ude00 \u12 NaN -Infinity 1e999 -1e-999 -0 00 1.
    null true nul "" {} [] "Records": "Records":[ "Records":7, ,, [[[[ {"": //
    123456789012345678901234567890""".split(),
    *(b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xef\xbb\xbf", b"\x00", b"\x1b[31m", b"\n", b" ", b"9" * 5000),
)
_LONGEST: Final = 40


def flip(before: bytes, rng: Random) -> bytes:
    """One bit is another."""
    at = rng.randrange(len(before))
    return before[:at] + bytes([before[at] ^ (1 << rng.randrange(8))]) + before[at + 1 :]


def remove(before: bytes, rng: Random) -> bytes:
    """A few bytes are gone."""
    at = rng.randrange(len(before))
    return before[:at] + before[at + rng.randint(1, _LONGEST) :]


def repeat(before: bytes, rng: Random) -> bytes:
    """A few bytes stand there twice."""
    at, length = rng.randrange(len(before)), rng.randint(1, _LONGEST)
    return before[: at + length] + before[at:]


def cut(before: bytes, rng: Random) -> bytes:
    """The end is missing."""
    return before[: rng.randrange(len(before))]


def scribble(before: bytes, rng: Random) -> bytes:
    """A few bytes are random."""
    at, length = rng.randrange(len(before)), rng.randint(1, _LONGEST)
    return before[:at] + rng.randbytes(length) + before[at + length :]


def move(before: bytes, rng: Random) -> bytes:
    """Two neighbouring pieces have changed places."""
    one, two, three = sorted(rng.randrange(len(before) + 1) for _ in range(3))
    return before[:one] + before[two:three] + before[one:two] + before[three:]


def insert_token(before: bytes, rng: Random) -> bytes:
    """Something that means something to a JSON parser stands where it does not belong."""
    at = rng.randrange(len(before) + 1)
    return before[:at] + rng.choice(_TOKENS) + before[at:]


def replace_token(before: bytes, rng: Random) -> bytes:
    """The same, in place of what stood there."""
    at = rng.randrange(len(before))
    return before[:at] + rng.choice(_TOKENS) + before[at + rng.randint(1, 8) :]


BLIND: Final[Sequence[Damage]] = (flip, remove, repeat, cut, scribble, move)
TEXTUAL: Final[Sequence[Damage]] = (*BLIND, insert_token, insert_token, replace_token)


def damaged(before: bytes, kinds: Sequence[Damage], rng: Random) -> bytes:
    """`before` with one to three things wrong."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        if before:
            before = rng.choice(kinds)(before, rng)
    return before
