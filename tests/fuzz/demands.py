"""What has to hold for every input, however it was damaged. Each check names what became of the input.

Nothing but a `PermanentError`, or a `MalformedEventError` where a docstring allows it, may come out of the agent.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import Final

from msgspec.structs import replace
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from agent.cli.local_forms import take
from agent.errors import Fault, PermanentError
from agent.faults.dead_letters import Reason
from agent.model import AttributeValue, Ignored, LogRecord
from agent.records.fitting import size
from agent.records.mapping import Mapper
from agent.records.selection import EveryEvent, Selector
from agent.sink.otlp.decode import ReceivedRecord, ReceivedValue, records
from agent.sink.otlp.encode import Encoder
from agent.sink.safe_text import safe_key, safe_text
from agent.trail import notification, reader
from agent.trail.admission import Admission, Admitted
from agent.trail.edit import Mask
from agent.trail.event import MalformedEventError
from agent.trail.inflate import InflateLimits, inflate
from agent.trail.selecting import Selection
from tests.support.objects import BUCKET, SOURCE, if_usual
from tests.support.records import open_mapper

_LIMITS: Final = InflateLimits(1 << 24, 1 << 22, 100)
_EVENTS: Final = 200
_RECORD_BYTES: Final = 245_760
_TIGHT_BYTES: Final = 3000
_MAPPED: Final = 6  # records of one file; more of the same would cost time
_TRUNCATED: Final = "trail_agent.truncated"
_LONGEST_LISTED: Final = 9000  # thirty members, each named as long as may be
_GZIP_REASONS: Final = frozenset({Reason.OBJECT_CORRUPT, Reason.OBJECT_TOO_LARGE})
_TEXT_REASONS: Final = frozenset({Reason.OBJECT_MALFORMED, Reason.OBJECT_TOO_LARGE})
_MASKED: Final = ("sourceIPAddress", "userIdentity.userName", "requestParameters", "resources.ARN", "a.b")
_OURS: Final = Selector(["codecatalyst.amazonaws.com"])
_EVERYTHING: Final = EveryEvent()
_ADMISSION: Final = Admission({BUCKET: "111122223333"}, accounts={"111122223333"}, regions={"us-west-2"})
_OPEN: Final = Admission({BUCKET: None})


class BrokenDemandError(AssertionError):
    """Something that has to hold does not."""


def demand(holds: object, sentence: str) -> None:
    """Raise `BrokenDemandError` with `sentence` unless it `holds`."""
    if not holds:
        raise BrokenDemandError(sentence)


class Demands:
    """The checks, with the agent's parts as they are in a daemon."""

    def __init__(self) -> None:
        self._mapper = open_mapper(record_bytes=_RECORD_BYTES)
        self._tight = open_mapper(record_bytes=_TIGHT_BYTES)
        self._masking = open_mapper(parameters="omit", record_bytes=_RECORD_BYTES, mask=Mask(_MASKED, b"pepper"))
        self._encoder = Encoder({"deployment.environment": "fuzz"}, "1.2.3")

    def of_stored(self, stored: bytes, original: bytes, rng: Random) -> str:
        """A damaged gzip is refused, or gives the text that it gave before; its chunks make no difference."""
        whole = _inflated([stored])
        step = rng.choice((1, 7, 64, 1000, 1 << 18)) if len(stored) < 4000 else 1000
        demand(_inflated(_chunks(stored, step)) == whole, "other chunks give another answer")
        if isinstance(whole, Reason):
            demand(whole in _GZIP_REASONS, f"inflate gave the reason {whole}")
            return f"gzip {whole}"
        demand(len(whole) <= _LIMITS.most(len(stored)), "inflate passed a limit")
        if whole == original:
            return "gzip same text"
        demand(whole == stored, "a damaged gzip was accepted with another text")
        demand(isinstance(_read(whole, _EVERYTHING), Reason), "a damaged gzip was read as a log file")
        return "gzip taken for JSON, and no log file"

    def of_text(self, text: bytes) -> str:
        """The text of a log file is read or refused, and what is read becomes records that can be sent."""
        found, again = _read(text, _EVERYTHING), _read(text, _EVERYTHING)
        self._demand_taken(text, found)
        demand(found == again, "the same text was read in two ways")
        if isinstance(found, Reason):
            demand(found in _TEXT_REASONS, f"read gave the reason {found}")
            return f"file {found}"
        number = len(found.raws) + found.malformed
        demand(found.skipped == 0, "everything was selected, and something was skipped")
        demand(number <= _EVENTS, "read passed limits.events_per_object")
        demand(_plain_count(text) in (None, number), "the standard library counts other entries")
        self._demand_selection(text, number)
        malformed = self._demand_records(found.raws[:_MAPPED])
        return "file with malformed entries" if found.malformed or malformed else "file read"

    def of_notification(self, body: str) -> str:
        """A notification is understood or refused, and admits nothing that is not listed."""
        entries = _decoded(body)
        demand(entries == _decoded(body), "the same notification was read in two ways")
        if body.startswith("{"):  # only the exact way reads what begins with a blank
            demand(entries == _decoded(f" {body}"), "the quick way and the exact way do not agree")
        if isinstance(entries, Reason):
            demand(entries is Reason.NOTIFICATION_UNKNOWN, f"decode gave the reason {entries}")
            return f"notification {entries}"
        demand(entries, "a notification without an entry was understood")
        admitted = [each for entry in entries for each in (_ADMISSION.admit(entry), _OPEN.admit(entry))]
        for each in admitted:
            _demand_listed(each)
        kinds = {type(each).__name__ for each in admitted}
        return f"notification {'admitted' if 'Admitted' in kinds else 'ignored or refused'}"

    def _demand_taken(self, text: bytes, found: reader.SelectedEvents | Reason) -> None:
        taken = _taken(text)
        demand(isinstance(taken, Reason) or taken == _taken(text), "inspect takes the same text in two ways")
        if not isinstance(taken, Reason) and isinstance(found, reader.SelectedEvents):
            demand(_read(taken, _EVERYTHING) == found, "inspect reads other events than the daemon")

    def _demand_selection(self, text: bytes, number: int) -> None:
        ours = _read(text, _OURS)
        demand(not isinstance(ours, Reason), "a text was read whole, but not in part")
        if not isinstance(ours, Reason):
            counted = len(ours.raws) + ours.skipped + ours.malformed
            demand(counted == number, "another selection counts other entries")

    def _demand_records(self, raws: Sequence[bytes]) -> bool:
        mapped = [self._record(raw) for raw in raws]
        found = [record for record in mapped if record]
        self._demand_sent(found)
        return len(found) < len(mapped)

    def _record(self, raw: bytes) -> LogRecord | None:
        record = _mapped(self._mapper, raw)
        demand(record == _mapped(self._mapper, raw), "the same event was mapped in two ways")
        tight, masked = _mapped(self._tight, raw), _mapped(self._masking, raw)
        if record is None:
            demand(tight is None, "a malformed event became a record under another limit")
            return None
        demand(size(record) <= _RECORD_BYTES, "a record passed limits.record_bytes")
        demand(all(value not in ("", None, (), [], {}) for value in record.attributes.values()), "an empty attribute")
        demand(tight is not None, "a tight limit made an event malformed")
        if tight:
            _demand_tight(tight, record)
        if masked:
            demand(masked.digest == record.digest, "masking changed what tells a repeat")
        return record

    def _demand_sent(self, found: Sequence[LogRecord]) -> None:
        """Encode, parse, compare; and cut into requests of every size."""
        payload = self._encoder.payload(found)
        demand(payload == self._encoder.payload(found), "the same records gave two payloads")
        grouped = sorted(found, key=lambda record: _first_of_origin(record, found))
        for record, received in zip(grouped, records(_parsed(payload)), strict=True):
            _demand_same(record, received)
        for limit in (1, 5000, 1 << 20):
            batches = list(self._encoder.batches(found, limit, 4))
            demand([each for batch in batches for each in batch.records] == list(found), "batches lost a record")
            fit = all(len(batch.payload) <= limit or len(batch.records) == 1 for batch in batches)
            demand(fit, "a request passed its limit")


def _demand_tight(tight: LogRecord, record: LogRecord) -> None:
    """What is cut is the same record, and not longer than before, but for the list of what was cut."""
    same = (tight.digest, tight.event_id, tight.labels) == (record.digest, record.event_id, record.labels)
    demand(same, "a tight limit changed what a record is")
    listed = len(str(tight.attributes.get(_TRUNCATED, ""))) + len(_TRUNCATED)
    demand(listed <= _LONGEST_LISTED, "the list of what was cut is as long as what was cut")
    demand(size(tight) - listed <= max(size(record), _TIGHT_BYTES), "a tight limit made a record larger")


def _chunks(stored: bytes, step: int) -> list[bytes]:
    bounds = [*range(0, len(stored), step), len(stored)]
    return [stored[begin:end] for begin, end in pairwise(bounds)]


def _inflated(chunks: Sequence[bytes]) -> bytes | Reason:
    try:
        return bytes(inflate(chunks, _LIMITS).text)
    except PermanentError as error:
        return error.reason


def _read(text: bytes, selection: Selection) -> reader.SelectedEvents | Reason:
    """Whether it comes decoded is left out: that depends on the texts before. What does, is what was selected."""
    try:
        found = reader.read(bytearray(text), selection, _EVENTS)
    except PermanentError as error:
        return error.reason
    demand(not found.usual or found.usual == [*map(if_usual, found.raws)], "other events come decoded")
    return replace(found, usual=[])


def _taken(text: bytes) -> bytes | Reason:
    try:
        return bytes(take(bytearray(text)).text)
    except PermanentError as error:
        return error.reason


def _decoded(body: str) -> tuple[notification.Entry, ...] | Reason:
    try:
        return notification.decode(body)
    except PermanentError as error:
        return error.reason


def _mapped(mapper: Mapper, raw: bytes) -> LogRecord | None:
    try:
        return mapper.to_record(raw, SOURCE)
    except MalformedEventError:
        return None


class _Object(list[tuple[str, object]]):
    """A JSON object's members, each as often as it stands there."""


def _plain_count(text: bytes) -> int | None:
    """How many entries the standard library finds, where it finds a sound log file."""
    try:
        found = json.loads(text.removeprefix(b"\xef\xbb\xbf"), object_pairs_hook=_Object)
    except (ValueError, RecursionError):
        return None
    arrays = [value for name, value in found if name == "Records"] if isinstance(found, _Object) else []
    counts = [len(array) for array in arrays if isinstance(array, list) and not isinstance(array, _Object)]
    return sum(counts) if counts and len(counts) == len(arrays) else None


def _demand_listed(each: Admitted | Ignored | Fault) -> None:
    if not isinstance(each, Admitted):
        return
    demand(each.ref.bucket == BUCKET, "a bucket was admitted that is not listed")
    demand(".." not in each.ref.key and "\x00" not in each.ref.key, "a forged key was admitted")
    name = f"{each.key.account}_cloudtrail_{each.key.region}_"
    demand(name in each.ref.key.rpartition("/")[2].lower(), "an object was admitted that has no log file's name")
    demand(each.ref.size is None or each.ref.size >= 0, "an object of negative size was admitted")


def _parsed(payload: bytes) -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    request.ParseFromString(payload)
    return request


def _first_of_origin(record: LogRecord, found: Sequence[LogRecord]) -> int:
    origin = (record.account, record.region, record.service_name)
    return next(at for at, each in enumerate(found) if (each.account, each.region, each.service_name) == origin)


def _demand_same(record: LogRecord, received: ReceivedRecord) -> None:
    demand(received.body == safe_text(record.body), "the body was altered on the way")
    demand(received.event_name == safe_text(record.event_name), "the event name was altered on the way")
    demand(received.time_unix_nano == record.time_unix_nano, "the time was altered on the way")
    demand(received.severity_number == record.severity_number, "the severity was altered on the way")
    expected = {safe_key(name): _as_received(value) for name, value in record.attributes.items() if safe_key(name)}
    demand(received.attributes == expected, "the attributes were altered on the way")


def _as_received(value: AttributeValue) -> ReceivedValue:
    if isinstance(value, str):
        return safe_text(value)
    if isinstance(value, bool | int):
        return value
    return [
        safe_text(each) if isinstance(each, str) else {name: safe_text(text) for name, text in each.items()}
        for each in value
    ]
