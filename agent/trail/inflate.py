"""From the bytes of an S3 object to the JSON text in it, inside limits that no bomb can pass.

gzip is inflated as it streams in, in slices of 1 MiB, and each slice is held against the limits before the next one is
made. Several gzip members and plain JSON are read too. Page: RFC 1952.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from isal import isal_zlib

from agent.errors import PermanentError, Reason

_GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 16 + 15  # zlib's way to say: expect a gzip header and trailer, and check the CRC
_SLICE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class InflateLimits:
    """`object_bytes` bounds the compressed size, `inflated_bytes` the inflated one; `inflation_ratio` bounds their
    quotient beyond the first MiB."""

    object_bytes: int
    inflated_bytes: int
    inflation_ratio: int

    def most(self, object_bytes: int | None) -> int:
        """The most bytes that an object of `object_bytes` (None: unknown) can come to inside these limits."""
        compressed = self.object_bytes if object_bytes is None else min(object_bytes, self.object_bytes)
        return min(self.inflated_bytes, _SLICE + self.inflation_ratio * compressed)


def inflate(chunks: Iterable[bytes], limits: InflateLimits, *, gzipped: bool) -> bytearray:
    """The text of an object that arrives as `chunks`. `gzipped` says that the object's name promises gzip.

    Raises `PermanentError`: `object_corrupt` for an empty object, one that is not gzip though it should be, and gzip
    that is damaged or lacks its end; `object_too_large` as soon as a limit is passed.
    """
    text = _Inflater(limits, gzipped=gzipped)
    for chunk in chunks:
        text.feed(chunk)
    return text.finish()


class _Inflater:
    def __init__(self, limits: InflateLimits, *, gzipped: bool) -> None:
        self._limits = limits
        self._gzipped = gzipped
        self._head = b""
        self._started = False
        self._plain = False
        self._member = isal_zlib.decompressobj(wbits=_GZIP_WINDOW)
        self._fed = 0
        self._out = bytearray()

    def feed(self, chunk: bytes) -> None:
        self._fed += len(chunk)
        if self._fed > self._limits.object_bytes:
            raise _too_large(f"the object is larger than limits.object_bytes ({self._limits.object_bytes} bytes)")
        if self._started:
            self._take(chunk)
            return
        self._head += chunk
        if len(self._head) >= len(_GZIP_MAGIC):
            self._start()

    def finish(self) -> bytearray:
        if not self._started:
            self._start()
        if not self._plain and not self._member.eof:
            raise _corrupt("the gzip stream ends before its end mark: the object is cut short")
        return self._out

    def _start(self) -> None:
        self._started = True
        head, self._head = self._head, b""
        if not head:
            raise _corrupt("the object is empty")
        self._plain = not head.startswith(_GZIP_MAGIC)
        if self._plain and self._gzipped:
            raise _corrupt("the object is named .gz but is not gzip")
        self._take(head)

    def _take(self, chunk: bytes) -> None:
        if self._plain:
            self._append(chunk)
            return
        while chunk:
            if self._member.eof:
                chunk = chunk.lstrip(b"\0")  # padding after the last member
                if not chunk:
                    return
                self._member = isal_zlib.decompressobj(wbits=_GZIP_WINDOW)
            chunk = self._inflate_slice(chunk)

    def _inflate_slice(self, chunk: bytes) -> bytes:
        try:
            inflated = self._member.decompress(chunk, max_length=_SLICE)
        except isal_zlib.IsalError as error:  # type: ignore[misc]  # the stub has it as a value
            raise _corrupt(f"the gzip stream is damaged: {error}") from error
        self._append(inflated)
        if self._member.eof:
            return bytes(self._member.unused_data)
        rest = bytes(self._member.unconsumed_tail)
        while not rest and len(inflated) == _SLICE:  # all is eaten, but more than one slice came of it
            inflated = self._member.decompress(b"", max_length=_SLICE)
            self._append(inflated)
        return bytes(self._member.unused_data) if self._member.eof else rest

    def _append(self, text: bytes) -> None:
        self._out += text
        size = len(self._out)
        if size > self._limits.inflated_bytes:
            limit = self._limits.inflated_bytes
            raise _too_large(f"the object inflates to more than limits.inflated_bytes ({limit} bytes)")
        if size > _SLICE + self._limits.inflation_ratio * self._fed:
            ratio = self._limits.inflation_ratio
            raise _too_large(f"the object inflates to more than {ratio} times its size (limits.inflation_ratio)")


def _too_large(detail: str) -> PermanentError:
    return PermanentError(Reason.OBJECT_TOO_LARGE, detail)


def _corrupt(detail: str) -> PermanentError:
    return PermanentError(Reason.OBJECT_CORRUPT, detail)
