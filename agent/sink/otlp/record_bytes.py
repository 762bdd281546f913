"""A LogRecord as the bytes of its OTLP message, written straight: a quarter of what protobuf's own messages cost.

Pure, and total: no record can make it raise. Fields stand in the order of their numbers, as in protobuf's own
deterministic form; tests hold the bytes against it. Pages: opentelemetry-proto, `logs/v1/logs.proto` and
`common/v1/common.proto`; Protocol Buffers, "Encoding".

What a record is put together of is text of which each character is one byte (latin-1): most values are ASCII, and to
encode them all at once costs less than to encode each.
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
_KEYS: Final = 512  # more than there are attributes
_tag_and_eight_bytes: Final = Struct("<BQ").pack

_LOW_BITS, _MORE = 0x7F, 0x80  # of one byte: seven bits of the number, and whether others follow

# Tags: the number of a field and its wire type, 2 where a length follows.
_TIME: Final = 0x09  # LogRecord.time_unix_nano, fixed64
_SEVERITY: Final = b"\x10"
_BODY: Final = b"\x2a"
_ATTRIBUTE: Final = b"\x32"
_OBSERVED: Final = 0x59  # LogRecord.observed_time_unix_nano, fixed64
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
    body = record.body
    if not body.isascii() or "\x00" in body:
        body = _characters(_mended(body))
    written = [_beginnings[record.time_unix_nano, record.severity_number], _body_heads[len(body)], body]
    attributes = record.attributes
    _write_parts(written, attributes.parts if isinstance(attributes, Attributes) else attributes.items())
    written.append(_observed_times[record.observed_time_unix_nano])
    written.append(_event_names[record.event_name])
    return "".join(written).encode("latin-1")


def _write_parts(written: list[str], parts: Iterable[tuple[str, AttributeValue] | AttributeGroup]) -> None:
    write = written.append
    for part in parts:
        if type(part) is AttributeGroup:
            write(part.written or _group(part))
            continue
        key, value = part
        if type(value) is str:
            text = value if value.isascii() and "\x00" not in value else _characters(_mended(value))
            try:
                head = _heads[key][len(text)]
            except KeyError:
                head = _new_head(key, len(text))
            if head:
                write(head)
                write(text)
        else:
            write(_characters(_attribute(key, value)))


def _group(group: AttributeGroup) -> str:
    """What a group is, written for all of its records."""
    written: list[str] = []
    _write_parts(written, group.pairs)
    group.written = "".join(written)
    return group.written


def _characters(written: bytes) -> str:
    return written.decode("latin-1")


def key_value(key: str, value: str) -> bytes:
    """The message KeyValue of a key that can be sent, and of text."""
    return _key(key) + field(_VALUE, _text(value))


def _fixed(tag: int, nanoseconds: int) -> str:
    if not 0 < nanoseconds <= _UINT64_MAX:
        nanoseconds = min(max(nanoseconds, 0), _UINT64_MAX)
    return _tag_and_eight_bytes(tag, nanoseconds).decode("latin-1") if nanoseconds else ""


def _sent(value: str) -> bytes:
    """Text as it is sent."""
    return value.encode() if value.isascii() and "\x00" not in value else _mended(value)


def _mended(value: str) -> bytes:
    return safe_text(value).encode()


def _new_head(key: str, length: int) -> str:
    """What stands before an attribute's text that takes `length` bytes; kept if the attribute is short, as most are."""
    begin = _key(key)
    if not begin:
        return ""
    text = _STRING + varint(length)
    value = begin + _VALUE + varint(len(text) + length) + text
    head = _characters(_ATTRIBUTE + varint(len(value) + length) + value)
    if len(key) <= _SHORT and length <= _SHORT and (key in _heads or len(_heads) < _KEYS):
        _heads.setdefault(key, {})[length] = head
    return head


def _body_head(length: int) -> str:
    """All that stands before the text of a body that takes `length` bytes."""
    text = _STRING + varint(length)
    return _characters(_BODY + varint(len(text) + length) + text)


def _beginning(time_and_severity: tuple[int, int]) -> str:
    """All that stands before the body; no severity where it is none of OTLP's."""
    nanoseconds, number = time_and_severity
    severity = _characters(_SEVERITY + varint(number)) if number and number in _SEVERITIES else ""
    return _fixed(_TIME, nanoseconds) + severity


def _observed_time(nanoseconds: int) -> str:
    return _fixed(_OBSERVED, nanoseconds)


def _bits(numbers: tuple[int, int]) -> int:
    return max(map(int.bit_length, numbers))


def _event_name(name: str) -> str:
    return _characters(field(_EVENT_NAME, _sent(name))) if name else ""


def _attribute(key: str, value: AttributeValue) -> bytes:
    head = _key(key)
    return field(_ATTRIBUTE, head + field(_VALUE, _value(value))) if head else b""


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


_heads: Final[dict[str, dict[int, str]]] = {}
"""What stands before an attribute's text, by the key and the bytes that the text takes.

Each attribute of each record asks for it, so it is no `Memo`, which takes twice as long to find what it has. It is
never emptied: keys come from tables, and with all lengths of all of them it would take 5 MB."""
_body_heads: Final = Memo(_body_head, 4096, _SHORT_BODY, int)
_observed_times: Final = Memo(_observed_time, 64, 64, int.bit_length)
_event_names: Final = Memo(_event_name, 1024, _SHORT)
_beginnings: Final = Memo(_beginning, 4096, 64, _bits)  # much happens within one second
