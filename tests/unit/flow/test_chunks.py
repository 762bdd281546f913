"""What the outside sees of a body that comes in chunks."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from agent.errors import DrainedError
from agent.flow.budget import Budget, Share
from agent.flow.chunks import Arrived, Chunks
from agent.pulse import Pulse
from tests.support.clock import FakeClock


def test_only_the_time_between_chunks_is_a_wait() -> None:
    """Neither what is done with a chunk counts, nor what is done behind the last one."""
    clock = FakeClock()
    memory = Budget(100, Pulse(clock), threading.Event(), lambda _: None).open_share()
    waited: list[float] = []

    def body() -> Iterator[bytes]:
        for chunk in (b"one", b"three"):
            clock.advance(2)
            waited.append(memory.idle_seconds())
            yield chunk

    memory.waits()
    chunks = Chunks(body(), memory, lambda _: None)
    for _ in chunks:
        clock.advance(7)
        assert memory.idle_seconds() == 0
    clock.advance(7)
    assert (waited, memory.idle_seconds(), chunks.bytes) == ([2, 2], 0, 8)


def test_what_nobody_wants_is_not_read_on() -> None:
    """It ends at the next chunk."""
    memory = Budget(100, Pulse(FakeClock()), threading.Event(), lambda _: None).open_share()

    def check(share: Share) -> None:
        if share.is_given_up:
            raise DrainedError("nobody wants it")

    chunks = iter(Chunks(iter([b"one", b"two"]), memory, check))
    assert next(chunks) == b"one"
    memory.is_given_up = True
    with pytest.raises(DrainedError):
        next(chunks)


def test_what_has_arrived_is_counted_before_it_is_read() -> None:
    """Nobody waits for it, and nothing of it is lost."""
    arrived = Arrived(iter([b"one", b"three"]))
    assert (arrived.bytes, [*arrived]) == (8, [b"one", b"three"])
    assert (Arrived(iter([])).bytes, [*Arrived(iter([]))]) == (0, [])
