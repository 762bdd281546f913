"""Log records as they go out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.model import AttributeValue, EventLabels, LogRecord, ObjectSource
from tests.support.clock import START
from tests.support.events import ACCOUNT, REGION
from tests.support.objects import BUCKET

SECOND = 10**9
NOON = int(START) * SECOND


def ago(seconds: int) -> int:
    """The time so many seconds before noon, in Unix nanoseconds."""
    return NOON - seconds * SECOND


def log_record(
    event_id: str = "e-1",
    *,
    at: int = NOON,
    written: int = NOON,
    name: str = "CreateProject",
    identity_type: str = "IdentityCenterUser",
    account: str = ACCOUNT,
    region: str = REGION,
    attributes: Mapping[str, AttributeValue] | None = None,
    key: str = "key",
    digest: str | None = None,
    truncated: bool = False,
) -> LogRecord:
    """A record of an event that happened `at` and stands in an object `written` then, in Unix nanoseconds.

    The event's id is the body, too, so that a sink can tell records apart. Those of one `digest` (the id, if it is not
    given) are repeats.
    """
    told = event_id if digest is None else digest
    return LogRecord(
        account=account,
        region=region,
        time_unix_nano=at,
        observed_time_unix_nano=written,
        severity_number=9,
        event_name=f"codecatalyst.{name}",
        body=event_id,
        attributes={"rpc.method": name} if attributes is None else attributes,
        event_id=event_id,
        labels=EventLabels(name, identity_type, "success"),
        source=ObjectSource(BUCKET, key, account, written),
        digest=told.encode("utf-8", "surrogatepass")[:16],
        truncated=truncated,
    )


def ids(records: Sequence[LogRecord]) -> list[str]:
    """The event ids of records."""
    return [record.event_id for record in records]
