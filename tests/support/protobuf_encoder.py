"""The encoder by way of protobuf's own messages: what the agent's bytes are held against.

Pure: the same records give the same bytes, in any process. No record can make it raise.
https://opentelemetry.io/docs/specs/otlp/
Messages are filled in place, which is three times cheaper than their constructors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValueList
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.sdk.resources import Resource

from agent.model import AttributeValue, LogRecord
from agent.sink.origin import RecordOrigin, resource_of
from agent.sink.safe_text import int_text, safe_key, safe_text
from agent.sink.wire import Batch

SCOPE_NAME = "trail-agent"

_INT64 = range(-(2**63), 2**63)
_UINT64_MAX = 2**64 - 1
_SEVERITIES = range(25)
_RECORD_FRAME = 6  # a tag and the longest length of one record
_GROUP_FRAME = 16  # tags and the longest lengths of ResourceLogs, Resource, ScopeLogs and InstrumentationScope


@dataclass(frozen=True, slots=True)
class _Limits:
    """How large a request may become."""

    max_bytes: int
    max_records: int
    max_span_nano: int | None


class ProtobufEncoder:
    """Writes requests for one set of resource attributes and one version of the agent; safe to share among threads."""

    def __init__(self, resource: Mapping[str, str], version: str) -> None:
        self._resource = dict(resource)
        self._version = version
        self.template = lru_cache(maxsize=1024)(self._template)

    def encode(self, records: Sequence[LogRecord]) -> ExportLogsServiceRequest:
        """One request of all `records`: a ResourceLogs per account, region and service, in order of appearance."""
        draft = _Draft(self)
        for record in records:
            draft.add(record)
        return draft.request

    def payload(self, records: Sequence[LogRecord]) -> bytes:
        """The bytes of the request of all `records`."""
        return _serialized(self.encode(records))

    def batches(
        self, records: Sequence[LogRecord], max_bytes: int, max_records: int, max_span_nano: int | None = None
    ) -> Iterator[Batch]:
        """Cut `records` into requests, in their order.

        A payload is above `max_bytes` only if its single record alone is. `max_span_nano` limits how much later than
        the first record of a request another one may be.
        """
        limits = _Limits(max_bytes, max_records, max_span_nano)
        draft = _Draft(self)
        for record in records:
            if not draft.offer(record, limits):
                yield draft.batch()
                draft = _Draft(self)
                draft.offer(record, limits)
        if draft.records:
            yield draft.batch()

    def _template(self, origin: RecordOrigin) -> logs_pb2.ResourceLogs:
        """A ResourceLogs with its Resource and one ScopeLogs without records; to be copied, never changed."""
        group = logs_pb2.ResourceLogs()
        self._fill_resource(group.resource, origin)
        scope = group.scope_logs.add().scope
        scope.name = SCOPE_NAME
        scope.version = safe_text(self._version)
        encoding = scope.attributes.add()
        encoding.key = "encoding.format"
        encoding.value.string_value = "aws.cloudtrail"
        return group

    def _fill_resource(self, target: resource_pb2.Resource, origin: RecordOrigin) -> None:
        # Not Resource.create(): it adds a random service.instance.id, so every process would send other bytes.
        for key, value in Resource(resource_of(origin, self._resource)).attributes.items():
            attribute = target.attributes.add()
            attribute.key = key
            attribute.value.string_value = str(value)


class _Draft:
    """A request in the making."""

    def __init__(self, encoder: ProtobufEncoder) -> None:
        self.request = ExportLogsServiceRequest()
        self.records: list[LogRecord] = []
        self._encoder = encoder
        self._groups: dict[RecordOrigin, logs_pb2.ScopeLogs] = {}
        self._bytes = 0

    def add(self, record: LogRecord) -> logs_pb2.LogRecord:
        """Write `record` into its group, behind those already there."""
        origin = RecordOrigin.of(record)
        if origin not in self._groups:
            self._groups[origin] = self._open(origin)
        target: logs_pb2.LogRecord = self._groups[origin].log_records.add()
        _fill_record(target, record)
        return target

    def offer(self, record: LogRecord, limits: _Limits) -> bool:
        """Add `record` if the request stays within its limits or has no other; False, and unchanged, if not.

        After a False nothing more is to be added.
        """
        if self.records and not self._near(record, limits):
            return False
        size = self._bytes + self._opening(record) + self.add(record).ByteSize() + _RECORD_FRAME
        if self.records and size > limits.max_bytes:
            self._take_back(record)
            return False
        self._bytes = size
        self.records.append(record)
        return True

    def _near(self, record: LogRecord, limits: _Limits) -> bool:
        """Whether there is room for one more, and it is near enough in time to the first of the request."""
        span = abs(record.time_unix_nano - self.records[0].time_unix_nano)
        near = limits.max_span_nano is None or span <= limits.max_span_nano
        return near and len(self.records) < limits.max_records

    def batch(self) -> Batch:
        """The request as it stands."""
        return Batch(tuple(self.records), _serialized(self.request))

    def _open(self, origin: RecordOrigin) -> logs_pb2.ScopeLogs:
        group = self.request.resource_logs.add()
        group.CopyFrom(self._encoder.template(origin))
        scope: logs_pb2.ScopeLogs = group.scope_logs[0]
        return scope

    def _opening(self, record: LogRecord) -> int:
        """The bytes of a new group that begins with `record`."""
        origin = RecordOrigin.of(record)
        return 0 if origin in self._groups else self._encoder.template(origin).ByteSize() + _GROUP_FRAME

    def _take_back(self, record: LogRecord) -> None:
        group = self._groups[RecordOrigin.of(record)]
        del group.log_records[-1]
        if not group.log_records:
            del self.request.resource_logs[-1]


def _serialized(request: ExportLogsServiceRequest) -> bytes:
    payload: bytes = request.SerializeToString(deterministic=True)
    return payload


def _fill_record(target: logs_pb2.LogRecord, record: LogRecord) -> None:
    target.time_unix_nano = _uint64(record.time_unix_nano)
    target.observed_time_unix_nano = _uint64(record.observed_time_unix_nano)
    if record.severity_number in _SEVERITIES:
        target.severity_number = logs_pb2.SeverityNumber.ValueType(record.severity_number)
    target.event_name = safe_text(record.event_name)
    target.body.string_value = safe_text(record.body)
    add = target.attributes.add
    for key, value in record.attributes.items():
        name = safe_key(key)
        if not name:
            continue
        attribute = add()
        attribute.key = name
        if type(value) is str:
            attribute.value.string_value = safe_text(value)
        else:
            _fill_value(attribute.value, value)


def _fill_value(target: AnyValue, value: AttributeValue) -> None:
    if isinstance(value, str):
        target.string_value = safe_text(value)
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int):
        _fill_int(target, value)
    else:
        _fill_array(target.array_value, value)


def _fill_int(target: AnyValue, value: int) -> None:
    if value in _INT64:
        target.int_value = value
    else:
        target.string_value = int_text(value)


def _fill_array(target: ArrayValue, values: Sequence[str | Mapping[str, str]]) -> None:
    target.SetInParent()
    for value in values:
        item = target.values.add()
        if isinstance(value, str):
            item.string_value = safe_text(value)
        else:
            _fill_map(item.kvlist_value, value)


def _fill_map(target: KeyValueList, values: Mapping[str, str]) -> None:
    target.SetInParent()
    for key, value in values.items():
        if name := safe_key(key):
            pair = target.values.add()
            pair.key = name
            pair.value.string_value = safe_text(value)


def _uint64(nanoseconds: int) -> int:
    return min(max(nanoseconds, 0), _UINT64_MAX)
