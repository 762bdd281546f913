"""A usual object is inflated at once, any other in slices: the answer never tells which it was."""

from __future__ import annotations

import gzip
import zlib

from deflate import DeflateError, deflate_decompress, gzip_compress
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import PermanentError
from agent.faults.dead_letters import Reason
from agent.trail.inflate import Inflated, InflateLimits, inflate
from tests.support.objects import trail_objects

LIMITS = InflateLimits(1 << 26, 1 << 27, 200)
REAL = sorted(trail_objects().values(), key=len)[:12]
Answer = Inflated | tuple[type[PermanentError], Reason, str]


def answer(chunks: list[bytes], limits: InflateLimits = LIMITS) -> Answer:
    """The text and the facts, or all that the refusal says."""
    try:
        return inflate(chunks, limits)
    except PermanentError as error:
        return type(error), error.reason, error.detail


def in_slices(chunks: list[bytes], limits: InflateLimits = LIMITS) -> Answer:
    """The answer in slices: what begins with an empty chunk is no usual object."""
    return answer([b"", *chunks], limits)


def trailer(crc: int, size: int) -> bytes:
    """The end of a gzip member."""
    return b"".join((number & 0xFFFFFFFF).to_bytes(4, "little") for number in (crc, size))


def with_fields(member: bytes, flags: int, fields: bytes, wrong: int) -> bytes:
    """A member with these flags, and with the optional fields that they announce; its header's CRC may be `wrong`."""
    head = member[:3] + bytes([flags]) + member[4:10]
    if flags & 4:  # FEXTRA
        head += len(fields).to_bytes(2, "little") + fields
    for flag in (8, 16):  # FNAME and FCOMMENT
        if flags & flag:
            head += fields.replace(b"\0", b"") + b"\0"
    if flags & 2:  # FHCRC
        head += ((zlib.crc32(head) + wrong) & 0xFFFF).to_bytes(2, "little")
    return head + member[10:]


def with_end(member: bytes, crc: int, size: int) -> bytes:
    """A member at whose end the CRC and the size are wrong by so much."""
    right = int.from_bytes(member[-8:-4], "little"), int.from_bytes(member[-4:], "little")
    return member[:-8] + trailer(right[0] + crc, right[1] + size)


def flipped(stored: bytes, at: int, bit: int) -> bytes:
    """`stored` with one bit of one byte turned over."""
    at %= len(stored)
    return stored[:at] + bytes([stored[at] ^ (1 << bit)]) + stored[at + 1 :]


TEXTS = st.one_of(
    st.binary(max_size=300),
    st.builds(lambda text, count: text * count, st.binary(min_size=1, max_size=20), st.integers(1, 3000)),
    st.integers(4, 255).map(lambda size: size.to_bytes(4, "little") + bytes(size - 4)),  # the size stands in the text
    st.sampled_from(REAL),
)
TIMES = (0, 0x6A0B1C2D)  # a header without a time has four zeros
MEMBERS = st.one_of(
    st.builds(lambda *each: gzip.compress(*each[:2], mtime=each[2]), TEXTS, st.integers(0, 9), st.sampled_from(TIMES)),
    st.builds(lambda text, level: bytes(gzip_compress(text, level)), TEXTS, st.integers(0, 12)),
)
FLAGS = st.one_of(st.integers(1, 31), st.integers(32, 255))  # the second ones are reserved
HEADED = st.one_of(MEMBERS, st.builds(with_fields, MEMBERS, FLAGS, st.binary(max_size=30), st.integers(0, 1)))
FEW = st.binary(max_size=40)
PLACES = st.one_of(st.integers(-12, -1), st.integers(0, 1 << 16))
OBJECTS = st.one_of(
    HEADED,
    st.builds(lambda member, times: member * times, MEMBERS, st.integers(2, 4)),
    st.builds(lambda member, more: member + more, HEADED, st.one_of(HEADED, FEW, st.builds(bytes, st.integers(1, 40)))),
    st.builds(lambda member, more, of: member + more + member[-of:], MEMBERS, FEW, st.integers(1, 12)),
    st.builds(lambda member, end: member[: end % len(member)], HEADED, PLACES),
    st.builds(flipped, HEADED, PLACES, st.integers(0, 7)),
    st.builds(with_end, MEMBERS, st.integers(-2, 2), st.integers(-2, 2)),
    MEMBERS.map(lambda member: member[:-4] + bytes(4)),
    HEADED.map(gzip.compress),
    FEW,
)


@st.composite
def limits_of(draw: st.DrawFn, stored: bytes) -> InflateLimits:
    """Wide limits, or such as the object just keeps or just passes."""
    off = draw(st.integers(-1, 1))
    size = max(2, int.from_bytes(stored[-4:], "little"))
    return draw(
        st.sampled_from(
            [
                LIMITS,
                InflateLimits(len(stored) + off, 1 << 27, 200),
                InflateLimits(1 << 26, size + off, 200),
                InflateLimits(1 << 26, 1 << 27, 0),
            ]
        )
    )


@given(OBJECTS, st.data())
def test_at_once_and_in_slices_give_the_same_answer(stored: bytes, data: st.DataObject) -> None:
    """Text, facts and the words of a refusal are the same, whatever is wrong with the object, within any limits."""
    limits = data.draw(limits_of(stored))
    assert answer([stored], limits) == in_slices([stored], limits)


@given(OBJECTS, st.one_of(OBJECTS, st.binary(max_size=3)), st.integers(1, 4000))
def test_what_comes_in_later_chunks_counts(first: bytes, more: bytes, step: int) -> None:
    """A first chunk that is a whole member is not taken for the whole object."""
    chunks = [first, *(more[at : at + step] for at in range(0, len(more), step))]
    assert answer(chunks) == in_slices(chunks)
    assert answer([*chunks, b""]) == in_slices(chunks)


@given(MEMBERS, st.lists(st.tuples(st.integers(0, 200), st.integers(0, 7)), min_size=1, max_size=3))
def test_only_a_forged_checksum_lets_reserved_symbols_pass(member: bytes, flips: list[tuple[int, int]]) -> None:
    """Even where someone makes the checksum fit what is damaged, the text is the one that it was made for, or none."""
    damaged = member[10:-8]
    for at, bit in flips:
        damaged = flipped(damaged, at, bit)
    try:
        text = deflate_decompress(damaged, 1 << 18)
    except DeflateError:
        text = bytearray()
    stored = member[:10] + damaged + trailer(zlib.crc32(text), len(text))
    at_once, exact = answer([stored]), in_slices([stored])
    if isinstance(exact, tuple) and isinstance(at_once, Inflated):
        assert exact[1] is Reason.OBJECT_CORRUPT
        assert at_once.text == text
    else:
        assert at_once == exact
