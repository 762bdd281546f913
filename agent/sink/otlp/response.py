"""What the body of a success proves: only an OTLP response, or an empty body, is a receiver's yes.

A wrong endpoint answers 200, too: with "OK", with a web page, with the JSON of another API. And bytes that are no
response at all may parse as one with unknown fields. https://opentelemetry.io/docs/specs/otlp/#full-success
"""

from __future__ import annotations

import json
from typing import Any, Final

from google.protobuf.json_format import Parse, ParseError
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsPartialSuccess, ExportLogsServiceResponse

_PARTIAL: Final = ("partialSuccess", "partial_success")
_MEMBERS: Final = frozenset({"rejectedLogRecords", "rejected_log_records", "errorMessage", "error_message"})
_PARTIAL_NUMBER: Final = 1
_VARINT: Final = 0
_LENGTH_DELIMITED: Final = 2
_FIXED_BYTES: Final = {1: 8, 5: 4}


class NoResponseError(Exception):
    """The body is no ExportLogsServiceResponse."""


def partial_success(body: bytes) -> ExportLogsPartialSuccess:
    """The partial_success of a response, in protobuf or in JSON; raises `NoResponseError` if it is none.

    An empty body is a response without one.
    """
    try:
        return _of_json(body) if body.lstrip()[:1] == b"{" else _of_protobuf(body)
    except (DecodeError, ParseError, ValueError, IndexError, RecursionError) as error:
        raise NoResponseError from error


def _of_json(body: bytes) -> ExportLogsPartialSuccess:
    """`{}`, or an object with a partialSuccess; other members are those of a later version."""
    members: dict[str, Any] = json.loads(body)
    partial = [members[name] for name in _PARTIAL if name in members]
    if members and not partial:
        raise NoResponseError
    if not all(each is None or _is_known(each) for each in partial):
        raise NoResponseError
    response = Parse(body, ExportLogsServiceResponse(), ignore_unknown_fields=True)
    found: ExportLogsPartialSuccess = response.partial_success
    return found


def _is_known(partial: object) -> bool:
    return isinstance(partial, dict) and (not partial or bool(_MEMBERS & partial.keys()))


def _of_protobuf(body: bytes) -> ExportLogsPartialSuccess:
    """A message in which something is known, and no field stands twice: of two counts only the last would be seen."""
    response = ExportLogsServiceResponse.FromString(body)
    partial: ExportLogsPartialSuccess = response.partial_success
    is_known = response.HasField("partial_success") or not body
    is_partial_known = partial.ByteSize() == 0 or partial.rejected_log_records or partial.error_message
    if not (is_known and is_partial_known and _is_told_once(body)):
        raise NoResponseError
    return partial


def _is_told_once(body: bytes) -> bool:
    """Whether no field stands twice, in a response or in its partial_success; a zero may be written out."""
    fields = _fields(body)
    inner = _fields(dict(fields).get(_PARTIAL_NUMBER, b""))
    return all(len(dict(each)) == len(each) for each in (fields, inner))


def _fields(message: bytes) -> list[tuple[int, bytes]]:
    """The numbers and values of the fields of a sound protobuf message, as they stand in it.

    https://protobuf.dev/programming-guides/encoding/
    """
    found, at = [], 0
    while at < len(message):
        tag, at = _varint(message, at)
        start, at = _value(message, at, tag & 7)
        found.append((tag >> 3, message[start:at]))
    return found


def _value(message: bytes, at: int, wire_type: int) -> tuple[int, int]:
    """Where a value begins and ends."""
    if wire_type == _VARINT:
        return at, _varint(message, at)[1]
    if wire_type == _LENGTH_DELIMITED:
        length, at = _varint(message, at)
        return at, at + length
    if wire_type not in _FIXED_BYTES:  # a group, which OTLP does not have
        raise NoResponseError
    return at, at + _FIXED_BYTES[wire_type]


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and where it ends."""
    number = shift = 0
    while message[at] & 0x80:
        number |= (message[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
    return number | message[at] << shift, at + 1
