"""The forms in which people have trail events on a disk → the text of a log file that holds them.

Only `inspect` reads these: the daemon takes log files alone. They come from a console, a command line or another tool.
Pages: CloudTrail API reference, `LookupEvents`; EventBridge user guide, "Events via CloudTrail"; CloudWatch Logs user
guide, "Subscription filters".
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from agent.cli.json_parts import elements_of, json_in, members_of, text_of
from agent.cli.no_events import is_something_else, known_other, refusal
from agent.errors import PermanentError
from agent.faults.dead_letters import Reason
from agent.trail import reader
from agent.trail.event import MalformedEventError
from agent.trail.log_item import as_trail_event, is_item

LOG_FILE: Final = "a log file"
_RECORD: Final = "one record"
_ARRAY: Final = "an array of records"
_LOOKUP: Final = "LookupEvents output"
_LOGS: Final = "CloudWatch Logs messages"
_QUEUE: Final = "SQS messages"
_ITEMS: Final = "CodeCatalyst's own event log"
_ARRAYS: Final = {"Records": LOG_FILE, "Events": _LOOKUP, "Messages": _QUEUE, "logEvents": _LOGS, "events": _LOGS}
_TEXTS: Final = {
    "CloudTrailEvent": _LOOKUP,
    "message": _LOGS,
    "@message": _LOGS,
    "Message": "SNS messages",
    "Body": _QUEUE,
    "body": _QUEUE,
    "eventJson": "CloudTrail Lake rows",
    "_raw": "Splunk results",
}
_OBJECTS: Final = {"detail": "EventBridge events", "result": "Splunk results", "_source": "Elasticsearch hits"}
_PAGE: Final = "items"
_OF_PAGES: Final = frozenset({_PAGE, "nextToken", "NextToken"})
_ROWS: Final = {"QueryResultRows": "CloudTrail Lake rows", "results": "CloudWatch Logs Insights results"}
_DEEPEST: Final = 8
_LONGEST_NOTIFICATION: Final = 1 << 20
_OF_RECORDS: Final = frozenset({"eventName", "eventSource", "eventID"})
_TOKENS: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)
_BETWEEN: Final = re.compile(rb"(?:[\s,\x1e]|\xef\xbb\xbf)*")
_UTF_16: Final = {
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    b"{\0": "utf-16-le",
    b"\0{": "utf-16-be",
    b"\0[": "utf-16-be",
    b"[\0": "utf-16-le",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """`text` is a log file with the events of a file that was taken for `form`.

    `strange` is the number of entries beside them that are no records, and are left out.
    """

    form: str
    text: bytearray
    strange: int = 0

    @property
    def is_event_log(self) -> bool:
        """Whether it is CodeCatalyst's own event log, as the service prints it."""
        return self.form.startswith(_ITEMS)


def take(text: bytearray) -> Taken:
    """What `text` holds, as a log file; a log file comes back as it is.

    Raises `PermanentError` (`object_malformed`) with a sentence that says what was found, and what is accepted.
    """
    encoding = _UTF_16.get(bytes(text[:2]))
    plain = text.decode(encoding, errors="replace").encode() if encoding else bytes(text)
    written = " in UTF-16" if encoding else ""
    mended = bytearray(plain)
    reader.mend_surrogates(mended)
    if _is_log_file(plain) or _is_log_file(bytes(mended)):
        return Taken(LOG_FILE + written, bytearray(plain))
    values = list(_values(bytes(mended)))
    found = [each for value in values for each in _events(value, _DEEPEST)]
    form = next((form for form, _ in found if form), "")
    if values and all(map(_is_empty_page, values)):
        form, found = _ITEMS, []
    if not form:
        raise PermanentError(Reason.OBJECT_MALFORMED, refusal(plain, values))
    entries = [_as_record(raw) for form, raw in found if form or _may_be_record(raw)]
    if len(values) > 1:
        form = "records one after another" if form == _RECORD else f"{form}, {len(values)} JSON texts one after another"
    text = bytearray(b'{"Records":[' + b",".join(entries) + b"]}")
    return Taken(form + written, text, len(found) - len(entries))


def _values(text: bytes) -> Iterator[bytes]:
    """Each JSON object or array of a text that holds one or several: one after another, or one a line.

    Nothing if something else stands between them, or the last one does not end.
    """
    found, depth, begin, end = [], 0, 0, 0
    for match in _TOKENS.finditer(text):
        token = text[match.start()]
        if depth == 0 and (token not in b"[{" or not _BETWEEN.fullmatch(text, end, match.start())):
            return
        begin = match.start() if depth == 0 else begin
        depth += (token in b"[{") - (token in b"]}")
        if depth == 0:
            end = match.end()
            found.append(text[begin:end])
    if depth == 0 and _BETWEEN.fullmatch(text, end):
        yield from found


def _is_log_file(text: bytes) -> bool:
    records = bytes(members_of(text.strip().removeprefix(codecs.BOM_UTF8)).get("Records", b""))
    if not records.startswith(b"["):
        return False
    if len(text) > _LONGEST_NOTIFICATION or not known_other(text.strip()):
        return True
    return any(_is_record(members_of(bytes(entry))) for entry in elements_of(records))


def _events(value: bytes, deepest: int) -> Iterator[tuple[str, bytes]]:
    """Each event in a JSON value, with the form in which it stands there; the form is empty for what is no event."""
    members = members_of(value) if deepest else {}
    if is_item(members):
        yield _ITEMS, value
    elif _is_record(members):
        yield _RECORD, value
    elif inside := list(_inside(value, members)):
        for form, raw in inside:
            for inner, event in _events(raw, deepest - 1):
                yield inner and (form or (_ARRAY if inner == _RECORD else inner)), event
    else:
        yield "", value


def _inside(value: bytes, members: Mapping[str, msgspec.Raw]) -> Iterator[tuple[str, bytes]]:
    """What a value holds that may be an event or hold some, with the name of the value's form."""
    yield from (("", bytes(element)) for element in elements_of(value))
    yield from (("", text) for text in json_in(value))
    yield from (("", bytes(element)) for element in elements_of(members.get(_PAGE)))
    for name, form in _ARRAYS.items():
        yield from ((form, bytes(element)) for element in elements_of(members.get(name)))
    for name, form in _TEXTS.items():
        yield from ((form, text) for text in json_in(members.get(name)))
    for name in _OBJECTS.keys() & members.keys():
        yield _OBJECTS[name], bytes(members[name])
    for name, form in _ROWS.items():
        yield from ((form, text) for row in elements_of(members.get(name)) for text in _cells(bytes(row)))


def _cells(row: bytes) -> Iterator[bytes]:
    """The events among the columns of a query's row: of Lake `eventJson`, of Logs Insights `@message`."""
    for cell in map(bytes, elements_of(row)):
        members = members_of(cell)
        yield from json_in(members.get("value" if text_of(members.get("field")) == "@message" else "eventJson"))


def _is_empty_page(value: bytes) -> bool:
    """Whether this is an answer of `ListEventLogs` without any item: nothing happened, which is no fault."""
    members = members_of(value)
    return members.keys() <= _OF_PAGES and bytes(members.get(_PAGE, b"")).split() in ([b"[]"], [b"[", b"]"])


def _as_record(entry: bytes) -> bytes:
    try:
        return as_trail_event(entry) if is_item(members_of(entry)) else entry
    except MalformedEventError:  # whoever reads the log file will say so
        return entry


def _is_record(members: Mapping[str, msgspec.Raw]) -> bool:
    return "eventName" in members and not is_something_else(members)


def _may_be_record(value: bytes) -> bool:
    members = members_of(value)
    return bool(_OF_RECORDS & members.keys()) and not is_something_else(members)
