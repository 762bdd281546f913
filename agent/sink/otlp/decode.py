"""The receiver's side: what an `ExportLogsServiceRequest` holds, for the demo's receiver, `inspect` and tests.

Pure. OTLP/JSON is protobuf's JSON with integer enums and hexadecimal ids:
https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1 import logs_pb2

ReceivedValue: TypeAlias = "str | bool | int | float | list[ReceivedValue] | dict[str, ReceivedValue]"
"""An attribute's value as Python has it; bytes are shown in base64, and a value that is not set is ""."""

_IDS = ("traceId", "spanId")


@dataclass(frozen=True, slots=True)
class ReceivedRecord:
    """One log record with the resource and scope it stands under. Times are Unix nanoseconds."""

    resource: Mapping[str, ReceivedValue]
    scope_name: str
    scope_version: str
    time_unix_nano: int
    observed_time_unix_nano: int
    severity_number: int
    event_name: str
    body: str
    attributes: Mapping[str, ReceivedValue]


def records(request: ExportLogsServiceRequest) -> Iterator[ReceivedRecord]:
    """Every record of the request, in its order."""
    for group in request.resource_logs:
        resource = _mapping(group.resource.attributes)
        for scope_logs in group.scope_logs:
            for record in scope_logs.log_records:
                yield _received(resource, scope_logs, record)


def otlp_json(request: ExportLogsServiceRequest) -> str:
    """The request in OTLP/JSON, on one line: lowerCamelCase names, 64-bit integers as strings, enums as integers."""
    message: dict[str, Any] = MessageToDict(request, use_integers_for_enums=True)
    for group in message.get("resourceLogs", []):
        for scope_logs in group.get("scopeLogs", []):
            for record in scope_logs.get("logRecords", []):
                record.update({key: base64.b64decode(record[key]).hex() for key in _IDS if key in record})
    return json.dumps(message, ensure_ascii=False, separators=(",", ":"))


def _received(
    resource: Mapping[str, ReceivedValue], scope_logs: logs_pb2.ScopeLogs, record: logs_pb2.LogRecord
) -> ReceivedRecord:
    body = _value(record.body)
    return ReceivedRecord(
        resource=resource,
        scope_name=scope_logs.scope.name,
        scope_version=scope_logs.scope.version,
        time_unix_nano=record.time_unix_nano,
        observed_time_unix_nano=record.observed_time_unix_nano,
        severity_number=int(record.severity_number),
        event_name=record.event_name,
        body=body if isinstance(body, str) else json.dumps(body, ensure_ascii=False),
        attributes=_mapping(record.attributes),
    )


def _mapping(pairs: Iterable[KeyValue]) -> dict[str, ReceivedValue]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> ReceivedValue:
    match value.WhichOneof("value"):
        case "array_value":
            return [_value(item) for item in value.array_value.values]
        case "kvlist_value":
            return _mapping(value.kvlist_value.values)
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case None:
            return ""
        case kind:
            scalar: ReceivedValue = getattr(value, kind)
            return scalar
