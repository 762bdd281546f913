"""The body of one object on its way: counted, and watched by whoever waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from agent.flow.budget import Share


class Chunks:
    """Passes chunks on and counts their bytes. `memory` is told when one is waited for, and when none is.

    `check` raises when nobody wants them any more.
    """

    def __init__(self, chunks: Iterator[bytes], memory: Share, check: Callable[[Share], None]) -> None:
        self._chunks = chunks
        self._memory = memory
        self._check = check
        self.bytes = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self._check(self._memory)
            self._memory.works()
            self.bytes += len(chunk)
            yield chunk
            self._memory.waits()
        self._memory.works()


class Arrived:
    """Chunks that are all here already, and counted: nobody waits for them."""

    __slots__ = ("_chunks", "bytes")

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = (*chunks,)
        self.bytes = sum(map(len, self._chunks))

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._chunks)
