"""Inflating: what S3 holds becomes text, and no object costs more than its limits."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest

from agent.errors import PermanentError, Reason
from agent.trail.inflate import InflateLimits, inflate

MIB = 1 << 20
LIMITS = InflateLimits(object_bytes=64 * MIB, inflated_bytes=128 * MIB, inflation_ratio=200)
NO_RATIO = InflateLimits(object_bytes=64 * MIB, inflated_bytes=128 * MIB, inflation_ratio=10**9)
TEXT = b'{"Records":[{"eventName":"CreateProject"}]}' * 50
GZIP = gzip.compress(TEXT)


def refused(chunks: list[bytes], limits: InflateLimits = LIMITS, *, gzipped: bool = True) -> Reason:
    """Why these chunks are refused."""
    with pytest.raises(PermanentError) as refusal:
        inflate(chunks, limits, gzipped=gzipped)
    return refusal.value.reason


@pytest.mark.parametrize(
    ("stored", "gzipped", "text"),
    [
        pytest.param(GZIP, True, TEXT, id="gzip"),
        pytest.param(GZIP, False, TEXT, id="gzip-under-json"),
        pytest.param(TEXT, False, TEXT, id="plain-under-json"),
        pytest.param(b"x", False, b"x", id="one-byte"),
        pytest.param(GZIP + gzip.compress(b" tail"), True, TEXT + b" tail", id="two-members"),
        pytest.param(gzip.compress(b"") * 3 + GZIP, True, TEXT, id="empty-members"),
        pytest.param(GZIP + b"\0" * 512, True, TEXT, id="zero-padding"),
        pytest.param(GZIP + b"\0" * 512 + GZIP, True, TEXT * 2, id="padding-between"),
        pytest.param(gzip.compress(b""), True, b"", id="nothing-in-it"),
    ],
)
@pytest.mark.parametrize("step", [1, 7, 1 << 20])
def test_sound_objects_are_read(stored: bytes, gzipped: bool, text: bytes, step: int) -> None:
    """gzip in one or more members and plain JSON come out whole, however the bytes arrive."""
    chunks = [stored[i : i + step] for i in range(0, len(stored), step)]
    assert inflate(chunks, LIMITS, gzipped=gzipped) == text


@pytest.mark.parametrize("size", [MIB - 1, MIB, MIB + 1, 2 * MIB, 3 * MIB + 5])
@pytest.mark.parametrize("members", [1, 2])
def test_slices_join_without_a_seam(size: int, members: int) -> None:
    """Text of about a whole number of slices neither loses nor repeats a byte."""
    text = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    assert inflate([gzip.compress(text, 1) * members], NO_RATIO, gzipped=True) == text * members


WRONG_CRC = GZIP[:-8] + bytes([GZIP[-8] ^ 1]) + GZIP[-7:]
WRONG_LENGTH = GZIP[:-1] + bytes([GZIP[-1] ^ 1])


@pytest.mark.parametrize(
    ("chunks", "gzipped"),
    [
        pytest.param([], True, id="empty"),
        pytest.param([b"", b""], False, id="empty-json"),
        pytest.param([TEXT], True, id="plain-under-gz"),
        pytest.param([GZIP[:1]], True, id="one-byte"),
        pytest.param([GZIP[:2]], True, id="magic-alone"),
        pytest.param([GZIP[:9]], True, id="half-a-header"),
        pytest.param([GZIP[:-1]], True, id="cut-by-one"),
        pytest.param([GZIP[:-8]], True, id="no-trailer"),
        pytest.param([GZIP[: len(GZIP) // 2]], False, id="cut-in-half"),
        pytest.param([WRONG_CRC], True, id="crc"),
        pytest.param([WRONG_LENGTH], True, id="length"),
        pytest.param([GZIP + b"garbage"], True, id="trailing-garbage"),
        pytest.param([GZIP, b"g"], True, id="trailing-byte"),
        pytest.param([GZIP + b"\0\0g"], True, id="padding-then-garbage"),
        pytest.param([GZIP + GZIP[:-3]], True, id="second-member-cut"),
        pytest.param([zlib.compress(TEXT)], True, id="zlib-is-not-gzip"),
        pytest.param([b"\x1f\x8b" + b"\xff" * 40], True, id="not-a-header"),
    ],
)
def test_damaged_objects_are_corrupt(chunks: list[bytes], gzipped: bool) -> None:
    """What is cut short, altered or not what its name says is never half accepted."""
    assert refused(chunks, gzipped=gzipped) is Reason.OBJECT_CORRUPT


def endless(chunk: bytes, drawn: list[int]) -> Iterator[bytes]:
    """A body that never ends, and counts how much of it was asked for."""
    while True:
        drawn.append(len(chunk))
        yield chunk


@pytest.mark.parametrize("gzipped", [True, False])
def test_reading_stops_at_the_objects_limit(gzipped: bool) -> None:
    """No more is drawn from S3 than the compressed limit and one chunk."""
    drawn: list[int] = []
    limits = InflateLimits(object_bytes=1000, inflated_bytes=MIB, inflation_ratio=200)
    chunk = b"\x1f\x8b" + GZIP[2:] if gzipped else b"{" * 300
    with pytest.raises(PermanentError) as refusal:
        inflate(endless(chunk, drawn), limits, gzipped=gzipped)
    assert refusal.value.reason is Reason.OBJECT_TOO_LARGE
    assert sum(drawn) <= 1000 + len(chunk)


def bomb(mib: int) -> bytes:
    """gzip of so many MiB of zeros, about a thousandth of their size."""
    member = zlib.compressobj(9, wbits=31)
    return b"".join([*(member.compress(bytes(MIB)) for _ in range(mib)), member.flush()])


@pytest.mark.parametrize(
    ("limits", "most"),
    [
        pytest.param(LIMITS, 12 * MIB, id="ratio"),
        pytest.param(InflateLimits(64 * MIB, 4 * MIB, 10**9), 4 * MIB, id="size"),
    ],
)
def test_a_bomb_is_stopped_inside_its_limit(limits: InflateLimits, most: int) -> None:
    """A bomb is refused a slice beyond its limit, and costs no more memory than that."""
    stored = bomb(48)
    tracemalloc.start()
    try:
        assert refused([stored], limits) is Reason.OBJECT_TOO_LARGE
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 * most + 4 * MIB  # a growing buffer is copied once in a while


def test_a_bomb_of_many_members_is_one_bomb() -> None:
    """The limits are of the object, not of each gzip member."""
    limits = InflateLimits(64 * MIB, 4 * MIB, 10**9)
    assert refused([gzip.compress(bytes(MIB))] * 5, limits) is Reason.OBJECT_TOO_LARGE


def test_the_first_mebibyte_is_free_of_the_ratio() -> None:
    """A small file that compresses very well is no bomb."""
    text = b" " * (MIB - 10)
    assert inflate([gzip.compress(text, 9)], InflateLimits(MIB, 2 * MIB, 1), gzipped=True) == text


@pytest.mark.parametrize(
    ("length", "most"),
    [(None, 128 * MIB), (0, MIB), (1000, MIB + 200_000), (10 * MIB, 128 * MIB), (10**12, 128 * MIB)],
)
def test_the_most_that_a_read_can_need_is_known_before_it(length: int | None, most: int) -> None:
    """The reservation covers what the limits would let through."""
    assert LIMITS.most(length) == most
