"""What a local file is that holds no trail events, in a sentence for the person who named it.

Told by its first bytes, by the members of its JSON, or by why it is no JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Final, NoReturn

from agent.cli.json_parts import elements_of, json_in, members_of
from agent.trail.first_bytes import named

_ACCEPTED: Final = (
    "a CloudTrail log file, one record, an array or lines of records, LookupEvents output, EventBridge events, "
    "CloudWatch Logs messages, CloudTrail Lake rows, CodeCatalyst's own event log (list-event-logs); gzip or plain, "
    "UTF-8 or UTF-16"
)
_NOTIFICATIONS: Final = (
    "notifications, which name objects and hold no events: copy each object that they name "
    "(aws s3 cp s3://BUCKET/KEY .) and inspect the copy"
)
_OF_A_QUEUE: Final = f"these are the messages of a queue (aws sqs receive-message). They are {_NOTIFICATIONS}"
_OF_SNS: Final = f"these are messages of SNS. They are {_NOTIFICATIONS}"
# Members by which something else gives itself away, and what it is then.
_OTHERS: Final = {
    "digestS3Object": "this is a CloudTrail digest file: it holds the hashes of log files and no events",
    "fileVersion": "this is an AWS Config file: it holds no trail events",
    "configurationItems": "this is an AWS Config file: it holds no trail events",
    "s3": "this is an S3 event notification, as it stands on the queue: copy the object that it names "
    "(aws s3 cp s3://BUCKET/KEY .) and inspect the copy",
    "s3ObjectKey": "this is CloudTrail's notification of new log files: copy the objects that it names "
    "(aws s3 cp s3://BUCKET/KEY .) and inspect the copies",
    "eventname": "these are records with names in lower case, as Athena writes them: they are no longer CloudTrail's "
    "JSON",
    "ReceiptHandle": _OF_A_QUEUE,
    "receiptHandle": _OF_A_QUEUE,
    "Sns": _OF_SNS,
    "TopicArn": _OF_SNS,
}
_OF_EVENTS_ALONE: Final = frozenset({"eventName", "eventID"})  # a record in a notification of S3 has no eventID
_MARK: Final = b"\xef\xbb\xbf"
_BY_FIRST_WORDS: Final = (
    (re.compile(rb"<(?:!doctype html|html|head|body)\b", re.IGNORECASE), "a web page (HTML), not the file behind it"),
    (re.compile(rb"<Error>|<\?xml[^>]*>\s*<Error>"), "an error of S3 (XML), not the object that was asked for"),
    (re.compile(rb"<"), "XML"),
    (re.compile(rb"//|/\*"), "text that begins with a comment, and JSON has no comments: delete it"),
    (re.compile(rb"(?:#[^\n]*\n\s*)*(?:---|- |[A-Za-z_][\w.-]*:(?:\s|$))"), "YAML, or text like it"),
    (re.compile(rb'"?[\w .@/:-]+"?(?:[,;\t]"?[\w .@/:-]*"?)+\r?\n'), "CSV: a table of values, not JSON"),
)
_FIRST: Final = 512
_CONTROL: Final = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]")
_JSON: Final = frozenset(b'{["-0123456789tfn')
_SHOWN: Final = 5
_LONGEST_SHOWN: Final = 40


def is_something_else(members: Mapping[str, object]) -> bool:
    """Whether a JSON object has a member of another format, and is no trail event that happens to have it, too."""
    return bool(_OTHERS.keys() & members.keys()) and not members.keys() >= _OF_EVENTS_ALONE


def known_other(value: bytes, deepest: int = 3) -> str:
    """What a JSON value is that holds no trail events and can be told by its members; empty if it cannot."""
    members = members_of(value)
    if is_something_else(members):
        return next(what for name, what in _OTHERS.items() if name in members)
    if not deepest or "eventName" in members:
        return ""
    parts = (value, *members.values())
    firsts = [bytes(array[0]) for part in parts if (array := elements_of(part))]
    texts = [text for part in parts for text in json_in(part)]
    return next(filter(None, (known_other(part, deepest - 1) for part in firsts + texts)), "")


def refusal(text: bytes, values: list[bytes]) -> str:
    """Why nothing in `text` is a trail event; `values` are the JSON objects and arrays in it."""
    if other := next(filter(None, map(known_other, values)), ""):
        return other
    if not values and (kind := kind_of(text)):
        return kind
    return f"{_described(text, values)}; {_accepted()}"


def kind_of(text: bytes) -> str:
    """What a file or an unpacked text is that cannot be JSON, told by how it begins; empty if it may be JSON."""
    if kind := _kind(text):
        return f"this is {kind}; {_accepted()}"
    return ""


def _accepted() -> str:
    return f"what is accepted: {_ACCEPTED}"


def _kind(text: bytes) -> str:
    first = text[:_FIRST]
    if known := named(first):
        return known
    words = first.removeprefix(_MARK).lstrip()
    if known := next((what for pattern, what in _BY_FIRST_WORDS if pattern.match(words)), ""):
        return known
    if not words or words[0] in _JSON or first.startswith((b"\xff\xfe", b"\xfe\xff", b"\0{", b"\0[")):
        return ""
    return "neither gzip nor text" if _CONTROL.search(words) else "text, but not JSON"


def _described(text: bytes, values: list[bytes]) -> str:
    if not text.strip():
        return "the file holds only blanks"
    if not values or _fault(values[0]):
        return f"this is not CloudTrail's JSON: {_fault(text) or 'neither an object nor an array'}"
    members = [name[:_LONGEST_SHOWN] for name in members_of(values[0])]
    shown = ", ".join(filter(str.isprintable, members[:_SHOWN])) + (", …" if len(members) > _SHOWN else "")
    found = f"an object with {shown or 'no members'}" if values[0].startswith(b"{") else "an array without events"
    return f"this is not CloudTrail's JSON but {found}"


def _fault(text: bytes) -> str:
    """Why a text is no JSON; empty if it is."""
    try:
        json.loads(text.decode("utf-8-sig"), parse_constant=_refuse, parse_int=len)
    except UnicodeDecodeError as error:
        return f"the file is not UTF-8: byte {error.object[error.start]:#04x} at {error.start}; save it as UTF-8"
    except RecursionError:
        return "the file is nested too deep"
    except ValueError as error:
        return str(error)
    return ""


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"it holds {constant}, which JSON does not know")
