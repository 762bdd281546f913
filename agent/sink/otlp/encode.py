"""LogRecords → the bytes of an `ExportLogsServiceRequest`, cut into requests within limits.

Pure: the same records give the same bytes, in any process. No record can make it raise.
https://opentelemetry.io/docs/specs/otlp/
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.sdk.resources import Resource

from agent.model import LogRecord
from agent.records.memo import Memo
from agent.sink.origin import RecordOrigin, resource_of
from agent.sink.otlp.record_bytes import field, key_value, record_bytes, varint
from agent.sink.safe_text import safe_text
from agent.sink.wire import Batch

SCOPE_NAME: Final = "trail-agent"

_RECORD_FRAME: Final = 6  # a tag and the longest length of one record
_GROUP_FRAME: Final = 16  # tags and the longest lengths of ResourceLogs, Resource, ScopeLogs and InstrumentationScope

_SHORT_RECORD: Final = 1 << 14  # there are not many lengths of what is shorter

_RESOURCE_LOGS: Final = b"\x0a"  # ExportLogsServiceRequest.resource_logs
_RESOURCE: Final = b"\x0a"  # ResourceLogs.resource
_RESOURCE_ATTRIBUTE: Final = b"\x0a"  # Resource.attributes
_SCOPE_LOGS: Final = b"\x12"  # ResourceLogs.scope_logs
_SCOPE: Final = b"\x0a"  # ScopeLogs.scope
_LOG_RECORD: Final = b"\x12"  # ScopeLogs.log_records
_NAME: Final = b"\x0a"  # InstrumentationScope.name
_VERSION: Final = b"\x12"  # InstrumentationScope.version
_SCOPE_ATTRIBUTE: Final = b"\x1a"  # InstrumentationScope.attributes


@dataclass(frozen=True, slots=True)
class _Limits:
    """How large a request may become."""

    max_bytes: float = math.inf
    max_records: float = math.inf
    max_span_nano: float = math.inf


_NO_LIMITS: Final = _Limits()


@dataclass(frozen=True, slots=True)
class _Heads:
    """What stands before the records of one origin: the Resource, and the scope; and how much it takes alone."""

    resource: bytes
    scope: bytes

    @property
    def size(self) -> int:
        """The bytes of a group without records, less its own frame."""
        return len(self.resource) + len(field(_SCOPE_LOGS, self.scope))


class Encoder:
    """Writes requests for one set of resource attributes and one version of the agent; safe to share among threads."""

    def __init__(self, resource: Mapping[str, str], version: str) -> None:
        self._resource = dict(resource)
        self._scope = _scope(version)
        self.heads = lru_cache(maxsize=1024)(self._heads)

    def encode(self, records: Sequence[LogRecord]) -> ExportLogsServiceRequest:
        """One request of all `records`, as a message."""
        request: ExportLogsServiceRequest = ExportLogsServiceRequest.FromString(self.payload(records))
        return request

    def payload(self, records: Sequence[LogRecord]) -> bytes:
        """The bytes of one request of all `records`: a ResourceLogs per account, region and service, in order of
        appearance."""
        draft = _Draft(self)
        draft.fill(iter(records), _NO_LIMITS)
        return draft.payload()

    def batches(
        self, records: Iterable[LogRecord], max_bytes: int, max_records: int, max_span_nano: int | None = None
    ) -> Iterator[Batch]:
        """Cut `records` into requests, in their order.

        A payload is above `max_bytes` only if its single record alone is. `max_span_nano` limits how much later than
        the first record of a request another one may be.
        """
        limits = _Limits(max_bytes, max_records, math.inf if max_span_nano is None else max_span_nano)
        left, draft = iter(records), _Draft(self)
        while (record := draft.fill(left, limits)) is not None:
            yield draft.batch()
            draft = _Draft(self)
            draft.fill(iter((record,)), limits)
        if draft.records:
            yield draft.batch()

    def _heads(self, origin: RecordOrigin) -> _Heads:
        # Not Resource.create(): it adds a random service.instance.id, so every process would send other bytes.
        attributes = Resource(resource_of(origin, self._resource)).attributes.items()
        resource = b"".join(field(_RESOURCE_ATTRIBUTE, key_value(key, str(value))) for key, value in attributes)
        return _Heads(field(_RESOURCE, resource), self._scope)


class _Draft:
    """A request in the making: the written records of each origin, and an upper bound of its size."""

    def __init__(self, encoder: Encoder) -> None:
        self.records: list[LogRecord] = []
        self._encoder = encoder
        self._groups: dict[RecordOrigin, list[bytes]] = {}
        self._bytes = 0

    def fill(self, records: Iterator[LogRecord], limits: _Limits) -> LogRecord | None:
        """Put `records` each behind those of its origin; the first that is too much is returned, and is not put there.

        The first record of the request is never too much.
        """
        taken, groups, size = self.records, self._groups, self._bytes
        max_bytes, max_records, max_span_nano = limits.max_bytes, limits.max_records, limits.max_span_nano
        for record in records:
            if taken and (
                len(taken) >= max_records or abs(record.time_unix_nano - taken[0].time_unix_nano) > max_span_nano
            ):
                break
            written = record_bytes(record)
            length = len(written)
            origin = RecordOrigin(record.account, record.region, record.service_name)
            group = groups.get(origin)
            larger = size + length + _RECORD_FRAME
            if group is None:
                larger += self._encoder.heads(origin).size + _GROUP_FRAME
            if taken and larger > max_bytes:
                break
            if group is None:
                group = groups[origin] = []
            group.append(_record_heads[length])
            group.append(written)
            taken.append(record)
            size = larger
        else:
            record = None
        self._bytes = size
        return record

    def batch(self) -> Batch:
        """The request as it stands."""
        return Batch(tuple(self.records), self.payload())

    def payload(self) -> bytes:
        """Its bytes."""
        parts: list[bytes] = []
        for origin, group in self._groups.items():
            heads = self._encoder.heads(origin)
            in_scope = len(heads.scope) + sum(map(len, group))
            begin = heads.resource + _SCOPE_LOGS + varint(in_scope)
            parts += (_RESOURCE_LOGS, varint(len(begin) + in_scope), begin, heads.scope, *group)
        return b"".join(parts)


def _scope(version: str) -> bytes:
    name = field(_NAME, SCOPE_NAME.encode())
    written = field(_VERSION, safe_text(version).encode()) if version else b""
    encoding = field(_SCOPE_ATTRIBUTE, key_value("encoding.format", "aws.cloudtrail"))
    return field(_SCOPE, name + written + encoding)


def _record_head(length: int) -> bytes:
    """What stands before a record that takes `length` bytes."""
    return _LOG_RECORD + varint(length)


_record_heads: Final = Memo(_record_head, 4096, _SHORT_RECORD, int)
