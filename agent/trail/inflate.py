"""From the bytes of an S3 object to the JSON text in it, inside limits that no bomb can pass.

A usual log file is one gzip member, and arrives as one chunk: libdeflate inflates it in one go. All else is inflated by
ISA-L as it streams in, in slices of 1 MiB, and each slice is held against the limits before the next one is made.
Several gzip members, gzip inside gzip and plain JSON are read too, whatever the object's name says. Pages: RFC 1951,
RFC 1952.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Final

import msgspec
from deflate import DeflateError, gzip_decompress
from isal import isal_zlib

from agent.errors import LimitError, PermanentError, number_of
from agent.faults.dead_letters import Reason
from agent.trail.first_bytes import named

_GZIP_MAGIC: Final = b"\x1f\x8b"
_USUAL_HEADER: Final = _GZIP_MAGIC + b"\x08\0"  # deflate, and no optional fields: libdeflate does not check their CRC
_GZIP_WINDOW: Final = 16 + 15  # zlib's way to say: expect a gzip header and trailer, and check the CRC
_SLICE: Final = 1 << 20
_JSON_BEGINNINGS: Final = frozenset(b'{["-0123456789tfn \t\r\n\xef\xfe\xff')  # with those of byte order marks
# Each member costs some 8 µs to begin, however little is in it. One with a single real record has some 600 bytes.
_FREE_MEMBERS: Final = 1024
_BYTES_PER_MEMBER: Final = 256
_MOST_LAYERS: Final = 2  # gzip inside gzip: a tool that copies log files may compress what is compressed already
_STRANGE_SHOWN: Final = 64


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


class TextFacts(msgspec.Struct, frozen=True, gc=False):
    """What is known of an object's text besides the text itself: small enough to be kept and handed on.

    `object_bytes` is the size as it arrived. `is_plain` tells that it was not compressed.
    """

    object_bytes: int
    is_plain: bool


class Inflated(msgspec.Struct, frozen=True, gc=False):
    """The `text` of an object, and the `facts` about it."""

    text: bytearray
    facts: TextFacts


def inflate(chunks: Iterable[bytes], limits: InflateLimits) -> Inflated:
    """The text of an object that arrives as `chunks`.

    Its first bytes decide whether it is gzip, not its name: a browser, a copy or S3's Content-Encoding may have
    inflated it on the way, or compressed it once more. Raises `LimitError` (`object_too_large`) as soon as a limit is
    passed, and `PermanentError` (`object_corrupt`) for an empty object, one that is neither gzip nor JSON, and gzip
    that is damaged, lacks its end, or is followed by something else.
    """
    arriving = iter(chunks)
    first = next(arriving, b"")
    text = _inflate_usual(first, limits)
    if text is None:
        return _inflate_any(chain((first,), arriving), limits)
    second = next(arriving, None)
    if second is not None:  # a whole member so far, but not all of the object
        return _inflate_any(chain((first, second), arriving), limits)
    return Inflated(text, TextFacts(len(first), is_plain=False))


def _inflate_usual(stored: bytes, limits: InflateLimits) -> bytearray | None:
    """The text of what is one gzip member, sound and within the limits, and nothing else; None: it has to be looked at.

    libdeflate inflates the first member, holds it against its CRC and its size, and never looks at what follows. A
    member ends with its size. So if the text has the size that the last four bytes name, and these four stand nowhere
    else, then they are those of the first member, and nothing follows it.

    Of what is damaged it takes one thing that ISA-L refuses: symbols that RFC 1951 reserves. No compressor writes them.
    Where a fault makes them, the CRC does not fit; who forges the CRC, too, could write the same text as sound gzip.
    """
    length, size_mark = len(stored), stored[-4:]
    size = int.from_bytes(size_mark, "little")
    if not stored.startswith(_USUAL_HEADER) or length > limits.object_bytes or not 0 < size <= limits.most(length):
        return None
    if stored.rfind(size_mark, 0, -1) >= 0:
        return None
    try:
        text = gzip_decompress(stored, size)
    except DeflateError:
        return None
    return text if len(text) == size and not text.startswith(_GZIP_MAGIC) else None


def _inflate_any(chunks: Iterable[bytes], limits: InflateLimits) -> Inflated:
    """The text of any object: exact for whatever may be sent."""
    meter = _Meter(limits)
    inflater = _Inflater(meter, layer=1)
    for chunk in chunks:
        meter.arrive(len(chunk))
        inflater.feed(chunk)
    return Inflated(inflater.finish(), TextFacts(meter.arrived, inflater.is_plain))


class _Meter:
    """The limits of one object, whatever its layers: `arrived` are the bytes that S3 has sent."""

    def __init__(self, limits: InflateLimits) -> None:
        self._limits = limits
        self.arrived = 0

    def arrive(self, size: int) -> None:
        self.arrived += size
        if self.arrived > self._limits.object_bytes:
            raise _too_large(
                f"the object is larger than limits.object_bytes ({number_of(self._limits.object_bytes, 'byte')})"
            )

    def check_inflated(self, size: int) -> None:
        if size > self._limits.inflated_bytes:
            limit = self._limits.inflated_bytes
            raise _too_large(f"the object inflates to more than limits.inflated_bytes ({number_of(limit, 'byte')})")
        if size > _SLICE + self._limits.inflation_ratio * self.arrived:
            ratio = self._limits.inflation_ratio
            raise _too_large(
                f"the object inflates to more than {number_of(ratio, 'time')} its size (limits.inflation_ratio)"
            )


class _Inflater:
    """One layer of gzip, or plain text.

    `_pending` are bytes that are too few to tell what they begin. `_strange` counts those that follow the gzip, and
    `_strange_head` are the first of them. `_inner` inflates the text, if that is gzip, too: then none of it is kept.
    """

    def __init__(self, meter: _Meter, layer: int) -> None:
        self._meter = meter
        self._layer = layer
        self._pending = b""
        self.is_plain = False
        self._member = isal_zlib.decompressobj(wbits=_GZIP_WINDOW)
        self._members = 0
        self._strange = 0
        self._strange_head = b""
        self._fed = 0
        self._inflated = 0
        self._out = bytearray()
        self._inner: _Inflater | None = None

    def feed(self, chunk: bytes) -> None:
        self._fed += len(chunk)
        if self.is_plain:
            self._append(chunk)
        elif self._strange:
            self._note_strange(chunk)
        else:
            self._take(chunk)

    def finish(self) -> bytearray:
        if not self._fed:
            raise _corrupt("the object is empty")
        if self._pending:
            self._begin(self._pending)
        if self._strange:
            raise _corrupt(f"the gzip stream is followed by {_described(self._strange, self._strange_head)}")
        if self._members and not self._member.eof:
            raise _corrupt("the gzip stream ends before its end mark: the object is cut short")
        return self._inner.finish() if self._inner else self._out

    def _take(self, chunk: bytes) -> None:
        while chunk:
            if not self._members or self._member.eof:
                chunk = self._begin_if_told(self._pending + chunk)
            else:
                chunk = self._inflate_slice(chunk)

    def _begin_if_told(self, head: bytes) -> bytes:
        """Begin what `head` begins, if it is long enough to tell; what is left to be inflated."""
        if self._members:
            head = head.lstrip(b"\0")  # padding after the last member
        self._pending = head if len(head) < len(_GZIP_MAGIC) else b""
        return b"" if self._pending else self._begin(head)

    def _begin(self, head: bytes) -> bytes:
        self._pending = b""
        if head.startswith(_GZIP_MAGIC):
            self._begin_member(self._fed - len(head))
            return head
        if self._members:
            self._note_strange(head)
            return b""
        if head[0] not in _JSON_BEGINNINGS:
            kind = named(head)
            raise _corrupt("the object is neither gzip nor JSON" + (f" but {kind}" if kind else ""))
        self.is_plain = True
        self._append(head)
        return b""

    def _note_strange(self, chunk: bytes) -> None:
        self._strange += len(chunk)
        self._strange_head += chunk[: _STRANGE_SHOWN - len(self._strange_head)]

    def _begin_member(self, at: int) -> None:
        self._members += 1
        at = min(at, self._meter.arrived)  # inside gzip, tiny members cost the sender next to nothing
        if self._members > _FREE_MEMBERS + at // _BYTES_PER_MEMBER:
            raise _too_large(f"the object begins {self._members} gzip members in its first {number_of(at, 'byte')}")
        self._member = isal_zlib.decompressobj(wbits=_GZIP_WINDOW)

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
        begins = self._inflated < len(_GZIP_MAGIC)
        self._inflated += len(text)
        self._meter.check_inflated(self._inflated)
        if self._inner:
            self._inner.feed(text)
            return
        self._out += text
        if begins and self._out.startswith(_GZIP_MAGIC) and not self.is_plain:
            self._unwrap()

    def _unwrap(self) -> None:
        """The text is gzip once more: hand on what there is of it, and all that comes."""
        if self._layer == _MOST_LAYERS:
            raise _corrupt(f"the object was compressed more than {_MOST_LAYERS} times with gzip: unpack it (gunzip)")
        self._inner = _Inflater(self._meter, self._layer + 1)
        self._inner.feed(bytes(self._out))
        self._out.clear()


def _described(count: int, head: bytes) -> str:
    """What follows the gzip stream, of which `head` are the first bytes."""
    number = number_of(count, "byte")
    are = "is" if count == 1 else "are"
    kind = _kind(head)
    return f"{number} that {are} no gzip" + (f" ({kind})" if kind else "")


def _kind(head: bytes) -> str:
    """What bytes after the gzip stream are, if that can be told; nothing of them is quoted."""
    if head in (b"\n", b"\r\n"):
        return "a line break"
    if head.isspace():
        return "white space"
    if head.lstrip()[:1] in (b"{", b"["):
        return "JSON that is not compressed"
    return "text" if head.isascii() and all(word.decode().isprintable() for word in head.split()) else ""


def _too_large(detail: str) -> LimitError:
    return LimitError(Reason.OBJECT_TOO_LARGE, detail)


def _corrupt(detail: str) -> PermanentError:
    return PermanentError(Reason.OBJECT_CORRUPT, detail)
