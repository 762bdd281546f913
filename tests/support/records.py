"""Log records as they go out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from agent.model import AttributeValue, EventLabels, LogRecord, ObjectSource
from agent.records.mapping import Mapper
from agent.records.profiles.profile import ANYTHING, Ours
from agent.settings import LimitSettings, RecordSettings
from agent.trail.edit import Mask
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


def record_limits(record_bytes: int = 245_760) -> LimitSettings:
    """The default limits, but for this one, which may be as small as none that an operator can set."""
    return LimitSettings().model_copy(update={"record_bytes": record_bytes})


def open_mapper(
    *,
    record_bytes: int = 245_760,
    parameters: Literal["json", "omit"] = "json",
    mask: Mask | None = None,
    ours: Ours = ANYTHING,
    service_names: Mapping[str, str] | None = None,
    kind: type[Mapper] = Mapper,
) -> Mapper:
    """The mapping that the settings ask for by default, but for what is given."""
    form, limits = RecordSettings(parameters=parameters), record_limits(record_bytes)
    return kind(form=form, limits=limits, mask=mask, ours=ours, service_names=service_names)


def ids(records: Sequence[LogRecord]) -> list[str]:
    """The event ids of records."""
    return [record.event_id for record in records]
