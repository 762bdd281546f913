"""The forms in which people have trail events on a disk → the text of a log file that holds them.

Only `inspect` reads these: the daemon takes log files alone. They come from a console, a command line or another tool.
Pages: CloudTrail API reference, `LookupEvents`; EventBridge user guide, "Events via CloudTrail"; CloudWatch Logs user
guide, "Subscription filters".
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from agent.errors import PermanentError
from agent.faults.dead_letters import Reason
from agent.trail import reader
from agent.trail.event import MalformedEventError, decode_leniently

LOG_FILE: Final = "a log file"
_RECORD: Final = "one record"
_ARRAY: Final = "an array of records"
_ACCEPTED: Final = (
    "a CloudTrail log file, one record, an array or lines of records, LookupEvents output, EventBridge events, "
    "CloudWatch Logs messages, CloudTrail Lake rows; gzip or plain, UTF-8 or UTF-16"
)
_LOOKUP: Final = "LookupEvents output"
_LOGS: Final = "CloudWatch Logs messages"
_ARRAYS: Final = {"Records": LOG_FILE, "Events": _LOOKUP, "logEvents": _LOGS, "events": _LOGS}
_TEXTS: Final = {
    "CloudTrailEvent": _LOOKUP,
    "message": _LOGS,
    "@message": _LOGS,
    "Message": "SNS messages",
    "eventJson": "CloudTrail Lake rows",
    "_raw": "Splunk results",
}
_OBJECTS: Final = {"detail": "EventBridge events", "result": "Splunk results", "_source": "Elasticsearch hits"}
_ROWS: Final = {"QueryResultRows": "CloudTrail Lake rows", "results": "CloudWatch Logs Insights results"}
# Members by which something else gives itself away, and what it is then.
_OTHERS: Final = {
    "digestS3Object": "a CloudTrail digest file: it holds the hashes of log files and no events",
    "fileVersion": "an AWS Config file: it holds no trail events",
    "configurationItems": "an AWS Config file: it holds no trail events",
    "operationType": "CodeCatalyst's own event log (list-event-logs), which is another format than CloudTrail's",
    "s3": "an S3 event notification, as it stands on the queue: inspect the object that it names",
    "s3ObjectKey": "CloudTrail's notification of new log files: inspect the objects that it names",
    "eventname": "records with names in lower case, as Athena writes them: they are no longer CloudTrail's JSON",
}
_DEEPEST: Final = 8
_LONGEST_NOTIFICATION: Final = 1 << 20
_SHOWN: Final = 5
_LONGEST_SHOWN: Final = 40
_TOKENS: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)
_BETWEEN: Final = re.compile(rb"(?:[\s,\x1e]|\xef\xbb\xbf)*")
_UTF_16: Final = {
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    b"{\0": "utf-16-le",
    b"[\0": "utf-16-le",
}


@dataclass(frozen=True, slots=True)
class Taken:
    """`text` is a log file with the events of a file that was taken for `form`."""

    form: str
    text: bytearray


def take(text: bytearray) -> Taken:
    """What `text` holds, as a log file; a log file comes back as it is.

    Raises `PermanentError` (`object_malformed`) with a sentence that says what was found, and what is accepted.
    """
    encoding = _UTF_16.get(bytes(text[:2]))
    plain = text.decode(encoding, errors="replace").encode() if encoding else bytes(text)
    if _is_log_file(plain):
        return Taken(LOG_FILE, bytearray(plain))
    mended = bytearray(plain)
    reader.mend_surrogates(mended)
    values = list(_values(bytes(mended)))
    found = [each for value in values for each in _events(value, _DEEPEST)]
    form = next((form for form, _ in found if form), "")
    if not form:
        raise PermanentError(Reason.OBJECT_MALFORMED, _refusal(plain, values))
    entries = b",".join(raw for _, raw in found)
    if len(values) > 1:
        form = "records one after another" if form == _RECORD else f"{form}, {len(values)} JSON texts one after another"
    return Taken(form, bytearray(b'{"Records":[' + entries + b"]}"))


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
    records = bytes(_members(text.strip().removeprefix(codecs.BOM_UTF8)).get("Records", b""))
    return records.startswith(b"[") and not (len(text) <= _LONGEST_NOTIFICATION and _other(text.strip()))


def _events(value: bytes, deepest: int) -> Iterator[tuple[str, bytes]]:
    """Each event in a JSON value, with the form in which it stands there; the form is empty for what is no event."""
    members = _members(value) if deepest else {}
    if _is_record(members):
        yield _RECORD, value
    elif inside := list(_inside(value, members)):
        for form, raw in inside:
            for inner, event in _events(raw, deepest - 1):
                yield inner and (form or (_ARRAY if inner == _RECORD else inner)), event
    else:
        yield "", value


def _inside(value: bytes, members: Mapping[str, msgspec.Raw]) -> Iterator[tuple[str, bytes]]:
    """What a value holds that may be an event or hold some, with the name of the value's form."""
    yield from (("", bytes(element)) for element in _array(value))
    yield from (("", text) for text in _text(value))
    for name, form in _ARRAYS.items():
        yield from ((form, bytes(element)) for element in _array(members.get(name)))
    for name, form in _TEXTS.items():
        yield from ((form, text) for text in _text(members.get(name)))
    for name in _OBJECTS.keys() & members.keys():
        yield _OBJECTS[name], bytes(members[name])
    for name, form in _ROWS.items():
        yield from ((form, text) for row in _array(members.get(name)) for text in _cells(bytes(row)))


def _cells(row: bytes) -> Iterator[bytes]:
    """The events among the columns of a query's row: of Lake `eventJson`, of Logs Insights `@message`."""
    for cell in map(bytes, _array(row)):
        members = _members(cell)
        yield from _text(members.get("value" if _text_of(members.get("field")) == "@message" else "eventJson"))


def _is_record(members: Mapping[str, msgspec.Raw]) -> bool:
    return "eventName" in members and not _OTHERS.keys() & members.keys()


def _members(value: bytes) -> dict[str, msgspec.Raw]:
    """The members of a JSON object; none if `value` is none."""
    if not value.startswith(b"{"):
        return {}
    try:
        return msgspec.json.decode(value, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return _members_leniently(value)


def _members_leniently(value: bytes) -> dict[str, msgspec.Raw]:
    try:
        return {name: msgspec.Raw(json.dumps(member).encode()) for name, member in decode_leniently(value).items()}
    except (MalformedEventError, RecursionError):
        return {}


def _array(value: msgspec.Raw | bytes | None) -> list[msgspec.Raw]:
    """The elements of a JSON array; none if `value` is none."""
    try:
        return msgspec.json.decode(value or b"", type=list[msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return []


def _text(value: msgspec.Raw | bytes | None) -> list[bytes]:
    """The JSON object or array that a JSON string holds, if it holds one."""
    text = _text_of(value).strip()
    return [text.encode(errors="replace")] if text.startswith(("{", "[")) else []


def _text_of(value: msgspec.Raw | bytes | None) -> str:
    try:
        return msgspec.json.decode(value or b"", type=str)
    except (msgspec.MsgspecError, UnicodeError):
        return ""


def _refusal(text: bytes, values: list[bytes]) -> str:
    other = next(filter(None, map(_other, values)), "")
    return other or f"{_described(text, values)}; what is accepted: {_ACCEPTED}"


def _other(value: bytes, deepest: int = 2) -> str:
    """What something is that holds no trail events and can be told by its members; empty if it cannot."""
    members = _members(value)
    known = next((what for name, what in _OTHERS.items() if name in members), "")
    firsts = [array[0] for member in (value, *members.values()) if (array := _array(member))]
    deeper = (_other(bytes(first), deepest - 1) for first in firsts if deepest)
    return f"this is {known}" if known else next(filter(None, deeper), "")


def _described(text: bytes, values: list[bytes]) -> str:
    if not values or _fault(values[0]):
        return f"this is not CloudTrail's JSON: {_fault(text) or 'neither an object nor an array'}"
    members = [name[:_LONGEST_SHOWN] for name in _members(values[0])]
    shown = ", ".join(filter(str.isprintable, members[:_SHOWN])) + (", …" if len(members) > _SHOWN else "")
    found = f"an object with {shown or 'no members'}" if values[0].startswith(b"{") else "an array without events"
    return f"this is not CloudTrail's JSON but {found}"


def _fault(text: bytes) -> str:
    """Why a text is no JSON; empty if it is."""
    try:
        json.loads(text.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        return str(error)
    return ""
