"""What the body of a success proves: only an OTLP response, or an empty body, is a receiver's yes.

A wrong endpoint answers 200, too: with "OK", with a web page, with the JSON of another API. And bytes that are no
response at all may parse as one with unknown fields. https://opentelemetry.io/docs/specs/otlp/#full-success
"""

from __future__ import annotations

import json
from typing import Any, Final

from google.protobuf.json_format import Parse, ParseError
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsPartialSuccess, ExportLogsServiceResponse

_PARTIAL: Final = ("partialSuccess", "partial_success")
_MEMBERS: Final = frozenset({"rejectedLogRecords", "rejected_log_records", "errorMessage", "error_message"})


class NoResponseError(Exception):
    """The body is no ExportLogsServiceResponse."""


def partial_success(body: bytes) -> ExportLogsPartialSuccess:
    """The partial_success of a response, in protobuf or in JSON; raises `NoResponseError` if it is none.

    An empty body is a response without one.
    """
    try:
        return _of_json(body) if body.lstrip()[:1] == b"{" else _of_protobuf(body)
    except (DecodeError, ParseError, ValueError, RecursionError) as error:
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
    is_told_once = len(UnknownFieldSet(response)) > 0 or response.ByteSize() == len(body)
    if not (is_known and is_partial_known and is_told_once):
        raise NoResponseError
    return partial
