"""Properties of inflating: exact for what is sound, closed to what is not, whatever the chunks."""

from __future__ import annotations

import gzip
import random
from collections.abc import Iterable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agent.errors import LimitError, PermanentError
from agent.faults.dead_letters import Reason
from agent.trail.inflate import InflateLimits, inflate
from tests.support.objects import trail_objects

MAGIC = b"\x1f\x8b"
LIMITS = InflateLimits(1 << 26, 1 << 27, 200)
REAL = sorted(trail_objects().values(), key=len)[:12]
STEPS = st.integers(1, 4000)


def cut(stored: bytes, step: int) -> list[bytes]:
    """`stored` in chunks of `step` bytes."""
    return [stored[i : i + step] for i in range(0, len(stored), step)]


def inflated(chunks: Iterable[bytes], limits: InflateLimits = LIMITS) -> bytes | Reason:
    """The text, or why there is none."""
    try:
        return bytes(inflate(chunks, limits).text)
    except PermanentError as error:
        return error.reason


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.integers(0, 9), STEPS, st.integers(0, 600))
def test_what_was_compressed_comes_back(members: list[bytes], level: int, step: int, padding: int) -> None:
    """Any text, level, number of members, padding and chunking."""
    assume(not b"".join(members).startswith(MAGIC))  # gzip once more
    stored = b"".join(gzip.compress(member, level, mtime=0) for member in members) + bytes(padding)
    assert inflated(cut(stored, step)) == b"".join(members)


@given(st.binary(max_size=300), st.integers(0, 300), st.integers(0, 9), STEPS)
def test_what_was_compressed_twice_comes_back(text: bytes, at: int, level: int, step: int) -> None:
    """Any text, level and chunking, with the outer layer in two members that part the inner one anywhere."""
    assume(not text.startswith(MAGIC))
    inner = gzip.compress(text, level, mtime=0)
    stored = gzip.compress(inner[:at], level, mtime=0) + gzip.compress(inner[at:], level, mtime=0)
    assert inflated(cut(stored, step)) == text


@pytest.mark.parametrize("seed", range(4))
def test_altered_objects_in_two_layers_are_never_wrongly_accepted(seed: int) -> None:
    """Damage to either layer is refused, or leaves the original text."""
    chance = random.Random(seed)
    text = REAL[seed]
    inner = gzip.compress(text, 6, mtime=0)
    for _ in range(120):
        inside = chance.random() < 0.5
        altered = (
            gzip.compress(mutate(inner, chance), mtime=0) if inside else mutate(gzip.compress(inner, mtime=0), chance)
        )
        answer = inflated(cut(altered, chance.choice([64, 1 << 20])))
        # A damaged beginning of the inner layer is no gzip any more: it comes out as it is, and the reader refuses it.
        assert isinstance(answer, Reason) or answer == text or not answer.startswith(b"{")


@given(st.binary(max_size=200), STEPS)
def test_any_bytes_are_read_or_refused(stored: bytes, step: int) -> None:
    """Nothing but the two reasons is raised, and chunks do not change the answer."""
    for start in (
        b"",
        b"{",
        b"\x1f\x8b",
        b"\x1f\x8b\x08",
        gzip.compress(b"{}", mtime=0),
        gzip.compress(b"{}", mtime=0) + b"\0",
    ):
        answer = inflated([start + stored])
        assert answer == inflated(cut(start + stored, step))
        assert isinstance(answer, bytes | bytearray) or answer in {Reason.OBJECT_CORRUPT, Reason.OBJECT_TOO_LARGE}


@pytest.mark.parametrize("seed", range(12))
def test_altered_real_objects_are_never_wrongly_accepted(seed: int) -> None:
    """A real object with bytes changed, cut out, doubled or cut off is refused, or gives the original text."""
    chance = random.Random(seed)
    text = REAL[seed]
    stored = gzip.compress(text, 6, mtime=0)
    for _ in range(120):
        altered = mutate(stored, chance)
        assert inflated(cut(altered, chance.choice([64, 1 << 20]))) in {
            text,
            Reason.OBJECT_CORRUPT,
            Reason.OBJECT_TOO_LARGE,
        }


def mutate(stored: bytes, chance: random.Random) -> bytes:
    """`stored` with one thing wrong."""
    at = chance.randrange(len(stored))
    length = chance.randrange(1, 20)
    match chance.randrange(5):
        case 0:
            return stored[:at] + bytes([stored[at] ^ (1 << chance.randrange(8))]) + stored[at + 1 :]
        case 1:
            return stored[:at] + stored[at + length :]
        case 2:
            return stored[:at] + stored[at : at + length] + stored[at:]
        case 3:
            return stored[:at]
        case _:
            return stored[:at] + chance.randbytes(length) + stored[at + length :]


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(0, 4), st.integers(0, 6000), STEPS)
def test_limits_hold(object_bytes: int, inflated_bytes: int, ratio: int, size: int, step: int) -> None:
    """A text comes out only within every limit, and within them it always does."""
    limits = InflateLimits(object_bytes, inflated_bytes, ratio)
    stored = gzip.compress(random.Random(size).randbytes(size), mtime=0)
    within = len(stored) <= object_bytes and size <= inflated_bytes
    answer = inflated(cut(stored, step), limits)
    assert isinstance(answer, bytes) if within else answer is Reason.OBJECT_TOO_LARGE
    assert isinstance(answer, Reason) or len(answer) <= limits.most(len(stored))


@given(st.integers(1, 300), st.integers(1, 5000), st.integers(0, 4), st.integers(0, 6000), st.data())
def test_a_limit_that_a_part_passes_the_whole_passes_too(
    object_bytes: int, inflated_bytes: int, ratio: int, size: int, data: st.DataObject
) -> None:
    """So a `LimitError` is final, however little arrived; whatever else is wrong with a part may be only the cut."""
    limits = InflateLimits(object_bytes, inflated_bytes, ratio)
    stored = gzip.compress(random.Random(size).randbytes(size // 20) * 20, mtime=0) + gzip.compress(
        b"{}" * size, mtime=0
    )
    part = stored[: data.draw(st.integers(0, len(stored)))]
    try:
        inflate([part], limits)
    except LimitError:
        with pytest.raises(LimitError):
            inflate([stored], limits)
    except PermanentError:
        pass
