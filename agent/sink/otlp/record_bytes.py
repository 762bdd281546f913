"""A LogRecord as the bytes of its OTLP message, written straight: a quarter of what protobuf's own messages cost.

Pure, and total: no record can make it raise. Fields stand in the order of their numbers, as in protobuf's own
deterministic form; tests hold the bytes against it. Pages: opentelemetry-proto, `logs/v1/logs.proto` and
`common/v1/common.proto`; Protocol Buffers, "Encoding".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from struct import Struct
from typing import Final

from agent.model import AttributeGroup, Attributes, AttributeValue, LogRecord
from agent.records.memo import Memo
from agent.sink.safe_text import int_text, safe_key, safe_text

_UINT64_MAX: Final = 2**64 - 1
_INT64: Final = range(-(2**63), 2**63)
_SEVERITIES: Final = range(25)
# Of what is short, as most values and bodies are, there are so few lengths that what stands before each is kept.
_SHORT: Final = 512
_SHORT_BODY: Final = 4096
_eight_bytes: Final = Struct("<Q").pack

_LOW_BITS, _MORE = 0x7F, 0x80  # of one byte: seven bits of the number, and whether others follow

# Tags: the number of a field and its wire type, 2 where a length follows.
_TIME: Final = b"\x09"  # LogRecord.time_unix_nano, fixed64
_SEVERITY: Final = b"\x10"
_BODY: Final = b"\x2a"
_ATTRIBUTE: Final = b"\x32"
_OBSERVED: Final = b"\x59"  # LogRecord.observed_time_unix_nano, fixed64
_EVENT_NAME: Final = b"\x62"
_KEY: Final = b"\x0a"  # KeyValue.key
_VALUE: Final = b"\x12"  # KeyValue.value
_STRING: Final = b"\x0a"  # AnyValue.string_value
_BOOL: Final = b"\x10"
_INT: Final = b"\x18"
_ARRAY: Final = b"\x2a"
_KVLIST: Final = b"\x32"
_ITEM: Final = b"\x0a"  # ArrayValue.values, KeyValueList.values
_TRUE, _FALSE = _BOOL + b"\x01", _BOOL + b"\x00"


def varint(number: int) -> bytes:
    """`number`, not negative and below 2⁶⁴, in protobuf's variable length."""
    if number < len(_VARINTS):
        return _VARINTS[number]
    return _long_varint(number)


def _long_varint(number: int) -> bytes:
    written = bytearray()
    while number > _LOW_BITS:
        written.append(number & _LOW_BITS | _MORE)
        number >>= 7
    written.append(number)
    return bytes(written)


_VARINTS: Final = tuple(_long_varint(number) for number in range(1 << 12))


def field(tag: bytes, content: bytes) -> bytes:
    """A field of bytes, text or a message."""
    return tag + varint(len(content)) + content


def record_bytes(record: LogRecord) -> bytes:
    """The message of `record`. What cannot travel is mended: see `safe_text`."""
    body = _sent(record.body)
    written = [
        _fixed(_TIME, record.time_unix_nano),
        _severities[record.severity_number],
        _body_heads[len(body)],
        body,
    ]
    attributes = record.attributes
    _write_parts(written, attributes.parts if isinstance(attributes, Attributes) else attributes.items())
    written.append(_ends[record.observed_time_unix_nano, record.event_name])
    return b"".join(written)


def _write_parts(written: list[bytes], parts: Iterable[tuple[str, AttributeValue] | AttributeGroup]) -> None:
    for part in parts:
        if type(part) is AttributeGroup:
            written.append(part.written or _group(part))
            continue
        key, value = part
        if type(value) is str:
            # As _sent() does it, less the call: this is done for every attribute.
            text = value.encode() if value.isascii() and "\x00" not in value else _mended(value)
            head = _heads[key, len(text)]
            written += (head, text) if head else ()
        else:
            written.append(_attribute(key, _value(value)))


def _group(group: AttributeGroup) -> bytes:
    """What a group is, written for all of its records."""
    written: list[bytes] = []
    _write_parts(written, group.pairs)
    group.written = b"".join(written)
    return group.written


def key_value(key: str, value: str) -> bytes:
    """The message KeyValue of a key that can be sent, and of text."""
    return _key(key) + field(_VALUE, _text(value))


def _fixed(tag: bytes, nanoseconds: int) -> bytes:
    if not 0 < nanoseconds <= _UINT64_MAX:
        nanoseconds = min(max(nanoseconds, 0), _UINT64_MAX)
    return tag + _eight_bytes(nanoseconds) if nanoseconds else b""


def _sent(value: str) -> bytes:
    """Text as it is sent."""
    return value.encode() if value.isascii() and "\x00" not in value else _mended(value)


def _mended(value: str) -> bytes:
    return safe_text(value).encode()


def _head(pair: tuple[str, int]) -> bytes:
    """What stands before the text of an attribute, by its key and by how many bytes the text takes.

    Empty for a key that is dropped.
    """
    key, length = pair
    begin = _key(key)
    if not begin:
        return b""
    text = _STRING + varint(length)
    value = begin + _VALUE + varint(len(text) + length) + text
    return _ATTRIBUTE + varint(len(value) + length) + value


def _body_head(length: int) -> bytes:
    """All that stands before the text of a body that takes `length` bytes."""
    text = _STRING + varint(length)
    return _BODY + varint(len(text) + length) + text


def _end(pair: tuple[int, str]) -> bytes:
    """What stands behind the attributes, by the observed time and the event's name: some records share both."""
    observed, event_name = pair
    return _fixed(_OBSERVED, observed) + (field(_EVENT_NAME, _sent(event_name)) if event_name else b"")


def _severity(number: int) -> bytes:
    """Empty where it is none of OTLP's."""
    return _SEVERITY + varint(number) if number and number in _SEVERITIES else b""


def _attribute(key: str, value: bytes) -> bytes:
    head = _key(key)
    return field(_ATTRIBUTE, head + field(_VALUE, value)) if head else b""


@lru_cache(maxsize=1024)
def _key(key: str) -> bytes:
    """The beginning of a KeyValue; empty where the key must be dropped."""
    name = safe_key(key)
    return field(_KEY, name.encode()) if name else b""


def _text(value: str) -> bytes:
    """An AnyValue of text."""
    return field(_STRING, _sent(value))


def _value(value: AttributeValue) -> bytes:
    """An AnyValue of anything that an attribute can hold."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return _TRUE if value else _FALSE
    if isinstance(value, int):
        return _INT + varint(value & _UINT64_MAX) if value in _INT64 else _text(int_text(value))
    return field(_ARRAY, _array(value))


def _array(values: Sequence[str | Mapping[str, str]]) -> bytes:
    items = (_text(value) if isinstance(value, str) else field(_KVLIST, _map(value)) for value in values)
    return b"".join(field(_ITEM, item) for item in items)


def _map(values: Mapping[str, str]) -> bytes:
    pairs = ((_key(key), field(_VALUE, _text(value))) for key, value in values.items())
    return b"".join(field(_ITEM, head + value) for head, value in pairs if head)


_heads: Final = Memo(_head, 8192, _SHORT, lambda pair: max(len(pair[0]), pair[1]))
_body_heads: Final = Memo(_body_head, 4096, _SHORT_BODY, int)
_ends: Final = Memo(_end, 1024, _SHORT, lambda pair: len(pair[1]))
_severities: Final = Memo(_severity, 64, 64, int.bit_length)
