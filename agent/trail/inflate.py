"""From the bytes of an S3 object to the JSON text in it, inside limits that no bomb can pass.

gzip is inflated as it streams in, in slices of 1 MiB, and each slice is held against the limits before the next one is
made. Several gzip members, gzip inside gzip and plain JSON are read too, whatever the object's name says. Page: RFC
1952.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from isal import isal_zlib

from agent.errors import LimitError, PermanentError, number_of
from agent.faults.dead_letters import Reason
from agent.trail.first_bytes import named

_GZIP_MAGIC: Final = b"\x1f\x8b"
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


@dataclass(frozen=True, slots=True)
class TextFacts:
    """What is known of an object's text besides the text itself: small enough to be kept and handed on.

    `object_bytes` is the size as it arrived. `is_plain` tells that it was not compressed.
    """

    object_bytes: int
    is_plain: bool


@dataclass(frozen=True, slots=True)
class Inflated:
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
