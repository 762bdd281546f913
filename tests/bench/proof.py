"""Which events have reached the sink, by what the requests say that it was sent."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

_GZIP: Final = b"\x1f\x8b"
_IDS: Final = frozenset({"aws.cloudtrail.event_id", "aws.cloudtrail.eventID"})
"""The attributes in which the agent, the Collector and the yardstick have the id of an event."""


def arrived(posted: Iterable[bytes]) -> Counter[str]:
    """How often the event of each id is in the requests; a record that names none counts for the empty text."""
    return Counter(_id_of(record) for body in posted for record in _records(body))


def _records(body: bytes) -> Iterable[Any]:
    request = ExportLogsServiceRequest.FromString(gzip.decompress(body) if body.startswith(_GZIP) else body)
    return (one for each in request.resource_logs for scope in each.scope_logs for one in scope.log_records)


def _id_of(record: Any) -> str:
    return next((str(one.value.string_value) for one in record.attributes if one.key in _IDS), "")
