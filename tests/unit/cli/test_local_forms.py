"""The forms in which people have events on a disk: each is read, and what is none of them is told apart."""

from __future__ import annotations

import json

import pytest

from agent.cli.local_forms import LOG_FILE, take
from agent.errors import PermanentError
from agent.faults.dead_letters import Reason
from tests.support.events import DATA, codecatalyst, raw_event
from tests.support.objects import log_file

ONE, TWO = raw_event(eventID="1"), raw_event(eventID="2")
FORMS = DATA / "faults" / "inspect-forms"


def as_text(raw: bytes) -> str:
    """The event as a JSON string, as wrappings hold it."""
    return json.dumps(raw.decode())


def wrapped(template: str, *raws: bytes) -> bytes:
    """`template` with each `@` replaced by an event, and each `$` by one as a JSON string."""
    text = template
    for raw in raws:
        mark = min((mark for mark in "@$" if mark in text), key=text.index)
        text = text.replace(mark, raw.decode() if mark == "@" else as_text(raw), 1)
    return text.encode()


def events(text: bytes) -> list[str]:
    """The ids of the events that `text` is taken to hold."""
    return [entry["eventID"] for entry in json.loads(take(bytearray(text)).text)["Records"]]


def refusal(text: bytes) -> str:
    """The sentence with which `text` is refused."""
    with pytest.raises(PermanentError) as error:
        take(bytearray(text))
    assert error.value.reason is Reason.OBJECT_MALFORMED
    return error.value.detail


@pytest.mark.row(71)
@pytest.mark.parametrize(
    ("template", "form"),
    [
        ("[@,@]", "an array of records"),
        ("@\n@\n", "records one after another"),
        ("\n @ @", "records one after another"),
        ("@,\r\n@", "records one after another"),
        ("@\t@", "records one after another"),
        ('{"Records":[@]}\n{"Records":[@]}', "a log file, 2 JSON texts one after another"),
        ('\ufeff{"Records":[@]}\ufeff{"Records":[@]}', "a log file, 2 JSON texts one after another"),
        (
            '{"Events":[{"EventId":"1","CloudTrailEvent":$},{"CloudTrailEvent":$}],"NextToken":"x"}',
            "LookupEvents output",
        ),
        ("[$,$]", "an array of records"),
        ('[{"Id":"1","CloudTrailEvent":$},{"CloudTrailEvent":$}]', "LookupEvents output"),
        ('[{"detail":@},{"detail-type":"AWS API Call via CloudTrail","detail":@}]', "EventBridge events"),
        ('{"version":"0","detail":@}\n{"detail":@}', "EventBridge events, 2 JSON texts one after another"),
        ('{"messageType":"DATA_MESSAGE","logEvents":[{"message":$},{"message":$}]}', "CloudWatch Logs messages"),
        ('{"events":[{"timestamp":1,"message":$},{"message":$}],"searchedLogStreams":[]}', "CloudWatch Logs messages"),
        (
            '{"results":[[{"field":"\\u0040message","value":$},{"field":"x","value":"y"}],[{"field":"\\u0040message","value":$}]]}',
            "CloudWatch Logs Insights results",
        ),
        ('{"QueryResultRows":[[{"eventJson":$},{"eventName":"x"}],[{"eventJson":$}]]}', "CloudTrail Lake rows"),
        ('[{"eventJson":$},{"eventJson":$}]', "CloudTrail Lake rows"),
        (
            '{"preview":false,"result":{"_raw":$}}\n{"result":{"_raw":$}}',
            "Splunk results, 2 JSON texts one after another",
        ),
        ('{"Type":"Notification","Message":$}{"Message":$}', "SNS messages, 2 JSON texts one after another"),
    ],
)
def test_every_form_is_read(template: str, form: str) -> None:
    """Both events come out byte for byte, in order, and the form has a name."""
    taken = take(bytearray(wrapped(template, ONE, TWO)))
    assert taken.text == log_file(ONE, TWO)
    assert taken.form == form


@pytest.mark.row(71)
@pytest.mark.parametrize("name", sorted(path.name for path in FORMS.iterdir()))
def test_the_forms_that_were_refused_are_read(name: str) -> None:
    """Each of the files that operators had and could not show."""
    assert set(events((FORMS / name).read_bytes())) <= {"e-0", "e-1"}


@pytest.mark.row(71)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [bytes(log_file(ONE)), ONE, b"[%s]" % ONE], ids=["log-file", "record", "array"])
def test_windows_encodings_are_read(encoding: str, text: bytes) -> None:
    """What PowerShell writes is UTF-16, what an editor writes begins with a mark."""
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    assert events(mark + text.decode().encode(encoding)) == ["1"]


@pytest.mark.parametrize(
    "text",
    [
        log_file(ONE, TWO),
        b'{ "Records": [ ] }',
        b"\xef\xbb\xbf" + log_file(ONE),
        b'{"new":1,"Records":[7]}',
        b'{"Records":[%s],"Records":[%s]}' % (ONE, TWO),
    ],
)
def test_a_log_file_stays_as_it_is(text: bytes) -> None:
    """What the daemon would read comes back unchanged, oddities included."""
    taken = take(bytearray(text))
    assert (taken.form, bytes(taken.text)) == (LOG_FILE, bytes(text))


def test_an_odd_record_is_read_as_it_stands() -> None:
    """Huge numbers, white space and equal names stay; half a surrogate pair is mended, as in a log file."""
    odd = b'{"eventName":"X", "a":"\\ud800", "n": 1e999, "n": 1}'
    mended = b'{"Records":[' + odd.replace(b"\\ud800", b"\\ufffd") + b"]}"
    for text in (odd, b"[" + odd + b"]", b'{"detail":' + odd + b"}"):
        assert take(bytearray(text)).text == mended


def test_what_is_no_event_beside_events_is_kept_to_be_counted() -> None:
    """Nothing is dropped in silence: the reader counts it as skipped or malformed."""
    assert take(bytearray(b'[7,%s,{"a":1}]' % ONE)).text == b'{"Records":[7,' + ONE + b',{"a":1}]}'


@pytest.mark.row(71)
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'{"awsAccountId":"1","digestS3Object":"x","logFiles":[]}', "a CloudTrail digest file"),
        (b'{"fileVersion":"1.0","configurationItems":[]}', "an AWS Config file"),
        (b'{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"}}}]}', "an S3 event notification"),
        (b'{"s3Bucket":"b","s3ObjectKey":["k"]}', "CloudTrail's notification of new log files"),
        (b'[{"eventname":"x","useridentity":{}}]', "names in lower case"),
        (codecatalyst("docs-list-event-logs-example.json"), "CodeCatalyst's own event log"),
        (
            b'{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}',
            "an object with a, b, c, d, e, …; what is accepted: a CloudTrail log",
        ),
        (b'{"a\\u001b[31m":1}', "an object with no members"),
        (b"{}", "an object with no members"),
        (b"[1,2]", "an array without events"),
        (b"[]", "an array without events"),
        (b'{"detail":{"findings":[]},"source":"aws.guardduty"}', "an object with detail, source"),
        (b"", "Expecting value"),
        (b"{", "Expecting property name"),
        (b'{"Records":[{"eventName":"x"}', "not CloudTrail's JSON: Expecting"),
        (b"time,name\n1,2\n", "not CloudTrail's JSON: Expecting value"),
        (b'"eventName"', "neither an object nor an array"),
        (b"7", "neither an object nor an array"),
        (ONE + b" and more", "not CloudTrail's JSON: Extra data"),
        (b"]", "not CloudTrail's JSON"),
        (b'{"a":[}]', "not CloudTrail's JSON: Expecting value"),
        (b"[" * 100_000, "not CloudTrail's JSON"),
    ],
    ids=lambda value: repr(value[:30]),
)
def test_what_holds_no_events_is_told(text: bytes, words: str) -> None:
    """The sentence says what was found, by name where it is known, and what is accepted."""
    assert words in refusal(text)
