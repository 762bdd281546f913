"""Why each event of a local file is shipped or not, as the daemon itself decides it, and what becomes of it then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from agent.errors import Fault
from agent.faults.dead_letters import Reason
from agent.model import Ignored, LogRecord, ObjectRef, ObjectSource
from agent.records.decision import Decision
from agent.records.fitting import TRUNCATED
from agent.records.mapping import MALFORMED_MEMBER, Mapper
from agent.records.profiles.profile import service
from agent.records.selection import EveryEvent, Selector
from agent.telemetry.labels import LabelLimits, Series
from agent.telemetry.safetext import clean
from agent.trail import reader
from agent.trail.admission import Admission, Admitted
from agent.trail.event import MalformedEventError, TrailEvent, decode, text
from agent.trail.key import names_log_file
from agent.trail.moment import iso, unix_nanoseconds

SHIPPED: Final = "shipped"
SKIPPED: Final = "skipped"
MALFORMED: Final = "malformed"
NOT_READ: Final = "not read"
_FATES: Final = {SHIPPED: "exported", SKIPPED: "skipped", MALFORMED: "malformed"}
_ANY_BUCKET: Final = ""
_LAYOUT: Final = "AWSLogs/"


@dataclass(frozen=True, slots=True)
class Named:
    """How an event calls itself, fit to be shown; all empty for an entry that is no event."""

    event_id: str = ""
    time: str = ""
    source: str = ""
    name: str = ""

    @classmethod
    def of(cls, event: TrailEvent) -> Self:
        """From its members, whatever their types are."""
        moment = unix_nanoseconds(event.event_time)
        time = clean(text(event.event_time)) if moment is None else iso(moment)
        return cls(clean(text(event.event_id)), time, clean(text(event.event_source)), clean(text(event.event_name)))

    def __str__(self) -> str:
        """The short name of the service, and the event's name: `s3.GetObject`."""
        return ".".join(part for part in (service(self.source) or self.source, self.name) if part) or "-"


@dataclass(frozen=True, slots=True)
class Shipment:
    """What is made of a shipped event.

    `masks` has for each path of `record.mask` how many values it replaces. `cut` names the attributes and members that
    are shortened, `unreadable` the members whose values mean nothing, and are taken from elsewhere.
    """

    profile: str
    masks: Mapping[str, int]
    cut: tuple[str, ...]
    unreadable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExplainedEvent:
    """One entry of `Records[]`, the `entry`th of its file, and what becomes of it.

    `fate` is one of the words above, and `why` a sentence. `decision` is None where no rule of selection decides.
    `counted` are the series that count the event, if the sink accepts it.
    """

    file: str
    entry: int
    named: Named
    fate: str
    why: str
    decision: Decision | None = None
    shipment: Shipment | None = None
    counted: tuple[Series, ...] = ()


class Explainer:
    """Asks the daemon's own selection, mapping, mask and label limits about each event. Decides nothing.

    `labels` is used up as the daemon uses it: the first names beyond the known ones get series of their own.
    """

    def __init__(self, *, selection: Selector | EveryEvent, mapper: Mapper, labels: LabelLimits) -> None:
        self._selection = selection
        self._mapper = mapper
        self._labels = labels

    def explain(self, file: str, text: bytearray, source: ObjectSource, unread: str) -> list[ExplainedEvent]:
        """Each entry of a file that could be read, in the order of the file; `unread` is as `why_unread` says."""
        entries = enumerate(reader.entries(text), start=1)
        return [self._explain(file, number, raw, source, unread) for number, raw in entries]

    def _explain(self, file: str, number: int, raw: bytes, source: ObjectSource, unread: str) -> ExplainedEvent:
        named, raw = Named(), _as_text(raw)
        try:
            named, decision = Named.of(decode(raw)), self._selection.explain(raw)
            if unread:
                return ExplainedEvent(file, number, named, NOT_READ, unread)
            if not decision.is_kept:
                return ExplainedEvent(file, number, named, SKIPPED, decision.why, decision, counted=_counted(SKIPPED))
            record = self._mapper.to_record(raw, source)
            shipment = self._shipment(raw, record)
        except MalformedEventError as error:
            if unread:
                return ExplainedEvent(file, number, named, NOT_READ, unread)
            return ExplainedEvent(file, number, named, MALFORMED, str(error), counted=_counted(MALFORMED))
        counted = (Series.of(self._labels.limit(record.labels).labels), *_counted(SHIPPED))
        return ExplainedEvent(file, number, named, SHIPPED, decision.why, decision, shipment, counted)

    def _shipment(self, raw: bytes, record: LogRecord) -> Shipment:
        return Shipment(
            profile=self._mapper.profile_of(raw).name,
            masks=self._mapper.masks(raw),
            cut=_listed(record, TRUNCATED),
            unreadable=_listed(record, MALFORMED_MEMBER),
        )


def _as_text(raw: bytes) -> bytes:
    """An entry that can be shown. One that is no UTF-8, in a file that could be read, is left out for its source."""
    return raw.decode(errors="replace").encode()


def why_unread(file: str, admission: Admission) -> str:
    """Why the daemon would not read an object of this name; empty if it would, or if the name tells nothing.

    `admission` must allow the bucket without a name: of a local file nobody knows the bucket.
    """
    key = key_in(file)
    if not key:
        return ""
    match admission.admit(ObjectRef(_ANY_BUCKET, key)):
        case Fault(reason=reason, detail=detail):
            return dead_letter(reason, detail)
        case Ignored(reason=reason):
            return f"the object is ignored ({reason}), as its name tells"
        case Admitted():
            return ""


def key_in(file: str) -> str:
    """The key of an object, as far as a file's name tells that it is a copy of one; empty if it does not."""
    layout = file.rfind(_LAYOUT)
    key = file[layout:] if layout >= 0 else file.rpartition("/")[2]
    return key if layout >= 0 or names_log_file(key) else ""


def dead_letter(reason: Reason, detail: str) -> str:
    """What becomes of the message about an object, in a sentence."""
    return f"the object is a dead letter ({reason}): {detail}"


def _counted(fate: str) -> tuple[Series, ...]:
    return (Series.of_fate(_FATES[fate]),)


def _listed(record: LogRecord, attribute: str) -> tuple[str, ...]:
    value = record.attributes.get(attribute, ())
    return tuple(clean(str(one)) for one in (value if isinstance(value, tuple) else (value,)))
