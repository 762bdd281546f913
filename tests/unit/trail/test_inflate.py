"""Inflating: what S3 holds becomes text, and no object costs more than its limits."""

from __future__ import annotations

import gzip
import random
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest

from agent.errors import PermanentError
from agent.faults.dead_letters import Reason
from agent.trail.inflate import InflateLimits, TextFacts, inflate

MIB = 1 << 20
LIMITS = InflateLimits(object_bytes=64 * MIB, inflated_bytes=128 * MIB, inflation_ratio=200)
NO_RATIO = InflateLimits(object_bytes=64 * MIB, inflated_bytes=128 * MIB, inflation_ratio=10**9)
TEXT = b'{"Records":[{"eventName":"CreateProject"}]}' * 50
GZIP = gzip.compress(TEXT, mtime=0)


def refusal_of(chunks: list[bytes], limits: InflateLimits = LIMITS) -> PermanentError:
    """How these chunks are refused."""
    with pytest.raises(PermanentError) as refusal:
        inflate(chunks, limits)
    return refusal.value


def refused(chunks: list[bytes], limits: InflateLimits = LIMITS) -> Reason:
    """Why these chunks are refused."""
    return refusal_of(chunks, limits).reason


@pytest.mark.row(70)
@pytest.mark.parametrize(
    ("stored", "text"),
    [
        pytest.param(GZIP, TEXT, id="gzip"),
        pytest.param(TEXT, TEXT, id="plain"),
        pytest.param(b"\xef\xbb\xbf" + TEXT, b"\xef\xbb\xbf" + TEXT, id="byte-order-mark"),
        pytest.param(b"{", b"{", id="one-byte"),
        pytest.param(GZIP + gzip.compress(b" tail", mtime=0), TEXT + b" tail", id="two-members"),
        pytest.param(GZIP * 2, TEXT * 2, id="equal-members"),
        pytest.param(gzip.compress(b"", mtime=0) * 3 + GZIP, TEXT, id="empty-members"),
        pytest.param(GZIP + b"\0" * 512, TEXT, id="zero-padding"),
        pytest.param(GZIP + b"\0" * 512 + GZIP, TEXT * 2, id="padding-between"),
        pytest.param(gzip.compress(b"", mtime=0), b"", id="nothing-in-it"),
        pytest.param(gzip.compress(GZIP, mtime=0), TEXT, id="gzip-inside-gzip"),
        pytest.param(
            gzip.compress(GZIP + b"\0" * 9 + GZIP, mtime=0) + gzip.compress(GZIP, mtime=0),
            TEXT * 3,
            id="members-inside-members",
        ),
        pytest.param(
            gzip.compress(b"\x1f", mtime=0) + gzip.compress(GZIP[1:], mtime=0), TEXT, id="split-before-its-second-byte"
        ),
        pytest.param(gzip.compress(gzip.compress(b"", mtime=0), mtime=0), b"", id="nothing-in-gzip-inside-gzip"),
    ],
)
@pytest.mark.parametrize("step", [1, 7, 1 << 20])
def test_sound_objects_are_read(stored: bytes, text: bytes, step: int) -> None:
    """gzip in one or more members and plain JSON come out whole, however the bytes arrive."""
    chunks = [stored[i : i + step] for i in range(0, len(stored), step)]
    found = inflate(chunks, LIMITS)
    assert found.text == text
    assert found.facts == TextFacts(len(stored), is_plain=not stored.startswith(b"\x1f\x8b"))


@pytest.mark.parametrize("size", [MIB - 1, MIB, MIB + 1, 2 * MIB, 3 * MIB + 5])
@pytest.mark.parametrize("members", [1, 2])
def test_slices_join_without_a_seam(size: int, members: int) -> None:
    """Text of about a whole number of slices neither loses nor repeats a byte."""
    text = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    assert inflate([gzip.compress(text, 1, mtime=0) * members], NO_RATIO).text == text * members


WRONG_CRC = GZIP[:-8] + bytes([GZIP[-8] ^ 1]) + GZIP[-7:]
WRONG_LENGTH = GZIP[:-1] + bytes([GZIP[-1] ^ 1])


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param([], id="empty"),
        pytest.param([b"", b""], id="empty-json"),
        pytest.param([b"x"], id="no-json"),
        pytest.param([b"<html>"], id="html"),
        pytest.param([b"PK\x03\x04" + TEXT], id="zip"),
        pytest.param([GZIP[:1]], id="one-byte"),
        pytest.param([GZIP[:2]], id="magic-alone"),
        pytest.param([GZIP[:9]], id="half-a-header"),
        pytest.param([GZIP[:-1]], id="cut-by-one"),
        pytest.param([GZIP[:-8]], id="no-trailer"),
        pytest.param([GZIP[: len(GZIP) // 2]], id="cut-in-half"),
        pytest.param([WRONG_CRC], id="crc"),
        pytest.param([WRONG_LENGTH], id="length"),
        pytest.param([GZIP + b"garbage"], id="trailing-garbage"),
        pytest.param([GZIP, b"g"], id="trailing-byte"),
        pytest.param([GZIP + b"\0\0g"], id="padding-then-garbage"),
        pytest.param([GZIP + GZIP[:-3]], id="second-member-cut"),
        pytest.param([GZIP + b"garbage" + GZIP[-8:]], id="garbage-with-the-same-end"),
        pytest.param([GZIP + GZIP[:-8] + WRONG_CRC[-8:]], id="second-member-crc"),
        pytest.param([gzip.compress(TEXT, mtime=0x1020304)[:-4] + bytes(4)], id="length-none"),
        pytest.param([GZIP[:3] + b"\x02" + GZIP[4:10] + b"\0\0" + GZIP[10:]], id="header-crc"),
        pytest.param([zlib.compress(TEXT)], id="zlib-is-not-gzip"),
        pytest.param([b"\x1f\x8b" + b"\xff" * 40], id="not-a-header"),
        pytest.param([gzip.compress(GZIP[:-1], mtime=0)], id="inner-cut"),
        pytest.param([gzip.compress(WRONG_CRC, mtime=0)], id="inner-crc"),
        pytest.param([gzip.compress(GZIP + b"garbage", mtime=0)], id="inner-trailing-garbage"),
        pytest.param([gzip.compress(GZIP, mtime=0)[:-1]], id="outer-cut"),
        pytest.param([gzip.compress(b"\x1f\x8b", mtime=0)], id="inner-magic-alone"),
        pytest.param([gzip.compress(gzip.compress(GZIP, mtime=0), mtime=0)], id="three-layers"),
    ],
)
def test_damaged_objects_are_corrupt(chunks: list[bytes]) -> None:
    """What is cut short, altered, or neither gzip nor JSON is never half accepted."""
    assert refused(chunks) is Reason.OBJECT_CORRUPT


@pytest.mark.row(68)
@pytest.mark.parametrize(
    ("strange", "told"),
    [
        (b"garbage", "7 bytes that are no gzip (text)"),
        (b"g", "1 byte that is no gzip (text)"),
        (b"\x1f", "1 byte that is no gzip"),
        (b"\n", "1 byte that is no gzip (a line break)"),
        (b"\r\n", "2 bytes that are no gzip (a line break)"),
        (b" \n\n", "3 bytes that are no gzip (white space)"),
        (b"two\tlines\n" * 20, "200 bytes that are no gzip (text)"),
        (b"\0\0garbage\0", "8 bytes that are no gzip"),
        (TEXT, f"{len(TEXT):,} bytes that are no gzip (JSON that is not compressed)"),
        (b"\x1fgarbage" * 90, "720 bytes that are no gzip"),
    ],
)
@pytest.mark.parametrize("step", [1, 3, 1 << 20])
def test_bytes_after_the_gzip_are_named_as_such(strange: bytes, told: str, step: int) -> None:
    """Nothing was cut short where something was added; the words say what is there, however it arrives."""
    stored = GZIP + strange
    refusal = refusal_of([stored[i : i + step] for i in range(0, len(stored), step)])
    assert refusal.detail == f"the gzip stream is followed by {told}"


@pytest.mark.row(69)
@pytest.mark.parametrize("content", [b"", b" "])
@pytest.mark.parametrize("step", [1000, 1 << 16, 1 << 20])
def test_very_many_tiny_members_are_refused_early(content: bytes, step: int) -> None:
    """Members cost time to begin: beyond the first thousand, there may be one in 256 bytes, whatever the chunks."""
    member = gzip.compress(content, mtime=0)
    stored = member * (4 * MIB // len(member))
    drawn: list[bytes] = []

    def chunks() -> Iterator[bytes]:
        for at in range(0, len(stored), step):
            drawn.append(stored[at : at + step])
            yield drawn[-1]

    with pytest.raises(PermanentError, match="gzip members") as refusal:
        inflate(chunks(), LIMITS)
    assert refusal.value.reason is Reason.OBJECT_TOO_LARGE
    assert sum(map(len, drawn)) <= 30_000 + step


@pytest.mark.row(69)
def test_many_members_of_one_record_each_are_read() -> None:
    """A file that was written record by record is no bomb."""
    member = gzip.compress(random.Random(1).randbytes(400).hex().encode(), 1, mtime=0)
    assert len(inflate([member * 5000], NO_RATIO).text) == 5000 * 800


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
        inflate(endless(chunk, drawn), limits)
    assert refusal.value.reason is Reason.OBJECT_TOO_LARGE
    assert sum(drawn) <= 1000 + len(chunk)


def bomb(mib: int) -> bytes:
    """gzip of so many MiB of zeros, about a thousandth of their size."""
    member = zlib.compressobj(9, wbits=31)
    return b"".join([*(member.compress(bytes(MIB)) for _ in range(mib)), member.flush()])


def peak_of_refusal(stored: bytes, limits: InflateLimits) -> int:
    """The most memory, in bytes, that it takes to refuse an object as too large."""
    tracemalloc.start()
    try:
        assert refused([stored], limits) is Reason.OBJECT_TOO_LARGE
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


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
    assert peak_of_refusal(stored, limits) < 2 * most + 4 * MIB  # a growing buffer is copied once in a while


def test_a_size_that_is_a_lie_costs_no_memory() -> None:
    """What the last four bytes of an object name is not believed where the limits would not let it through."""
    stored = GZIP[:-4] + (100 * MIB).to_bytes(4, "little")
    tracemalloc.start()
    try:
        assert refused([stored]) is Reason.OBJECT_CORRUPT
        assert tracemalloc.get_traced_memory()[1] < MIB
    finally:
        tracemalloc.stop()


def test_a_usual_text_is_made_once() -> None:
    """No slice and no copy stands beside the text of an object that arrives as one gzip member in one chunk."""
    text = b"{" + random.Random(3).randbytes(4 * MIB)
    stored = gzip.compress(text, 1, mtime=0)
    tracemalloc.start()
    try:
        assert inflate([stored], LIMITS).text == text
        assert tracemalloc.get_traced_memory()[1] < len(text) + MIB // 4
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("limits", "most"),
    [
        pytest.param(LIMITS, 4 * MIB, id="ratio"),
        pytest.param(InflateLimits(64 * MIB, 4 * MIB, 10**9), 4 * MIB, id="size"),
    ],
)
def test_a_bomb_inside_gzip_is_measured_by_what_arrived(limits: InflateLimits, most: int) -> None:
    """Two layers multiply their ratios; the limits are of the object, and no layer is kept beside the text."""
    stored = gzip.compress(bomb(256), mtime=0)
    assert len(stored) < 4096
    assert peak_of_refusal(stored, limits) < 2 * most + 4 * MIB


def test_a_text_inside_two_layers_is_kept_once() -> None:
    """The inner gzip is inflated as it comes out of the outer one, so that memory stays that of the text."""
    text = random.Random(3).randbytes(8 * MIB)
    stored = gzip.compress(gzip.compress(b"{" + text, 1, mtime=0), 1, mtime=0)
    tracemalloc.start()
    try:
        assert len(inflate([stored[at : at + MIB] for at in range(0, len(stored), MIB)], LIMITS).text) == len(text) + 1
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 * len(text) + 8 * MIB


def test_tiny_members_inside_gzip_are_refused_early() -> None:
    """They compress to next to nothing, and would cost half a second for each 65,000 of them."""
    assert (
        "gzip members" in refusal_of([gzip.compress(gzip.compress(b" ", mtime=0) * 100_000, mtime=0)], NO_RATIO).detail
    )


def test_a_bomb_of_many_members_is_one_bomb() -> None:
    """The limits are of the object, not of each gzip member."""
    limits = InflateLimits(64 * MIB, 4 * MIB, 10**9)
    assert refused([gzip.compress(bytes(MIB), mtime=0)] * 5, limits) is Reason.OBJECT_TOO_LARGE


def test_the_first_mebibyte_is_free_of_the_ratio() -> None:
    """A small file that compresses very well is no bomb."""
    text = b" " * (MIB - 10)
    assert inflate([gzip.compress(text, 9, mtime=0)], InflateLimits(MIB, 2 * MIB, 1)).text == text


@pytest.mark.parametrize(
    ("length", "most"),
    [(None, 128 * MIB), (0, MIB), (1000, MIB + 200_000), (10 * MIB, 128 * MIB), (10**12, 128 * MIB)],
)
def test_the_most_that_a_read_can_need_is_known_before_it(length: int | None, most: int) -> None:
    """The reservation covers what the limits would let through."""
    assert LIMITS.most(length) == most
