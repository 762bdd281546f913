"""The forms in which people have events on a disk: each is read, and what is none of them is told apart."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from agent.cli.local_forms import LOG_FILE, take
from agent.errors import PermanentError
from agent.faults.dead_letters import Reason
from tests.support.events import DATA, codecatalyst, raw_event
from tests.support.objects import log_file

ONE, TWO = raw_event(eventID="1"), raw_event(eventID="2")
FORMS = DATA / "faults" / "inspect-forms"
S3_NOTIFICATION = '{"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{"object":{"key":"k"}}}]}'


def queued(text: str) -> bytes:
    """The output of `aws sqs receive-message` for a message of this text."""
    return json.dumps({"Messages": [{"MessageId": "1", "ReceiptHandle": "x", "Body": text}]}).encode()


def sns(text: str) -> bytes:
    """The envelope of SNS around this text."""
    return json.dumps({"Type": "Notification", "TopicArn": "arn:aws:sns:x:1:t", "Message": text}).encode()


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
    assert ("UTF-16" in take(bytearray(mark + text.decode().encode(encoding))).form) is (encoding != "utf-8-sig")


@pytest.mark.parametrize(
    "text",
    [
        log_file(ONE, TWO),
        b'{ "Records": [ ] }',
        b"\xef\xbb\xbf" + log_file(ONE),
        b'{"new":1,"Records":[7]}',
        b'{"Records":[%s],"Records":[%s]}' % (ONE, TWO),
        b'{"Records":["half a pair \\udc00",%s]}' % ONE,
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


@pytest.mark.parametrize("text", [b'[7,%s,{"a":1}]', b'7 %s {"a":1}', b'%s\n{"a":1}\n{"b":{"eventName":2}}'])
def test_what_is_no_record_beside_records_is_left_out_and_counted(text: bytes) -> None:
    """An object that has no member of a record must not come out as an event that nobody knows."""
    if text.startswith(b"7"):
        assert "not CloudTrail's JSON" in refusal(text % ONE)
        return
    taken = take(bytearray(text % ONE))
    assert taken.text == log_file(ONE)
    assert taken.strange == 2


def test_a_record_without_a_name_is_kept_beside_others() -> None:
    """Its source or its id shows that it is one."""
    nameless = b'{"eventSource":"codecatalyst.amazonaws.com","eventID":"2"}'
    taken = take(bytearray(ONE + b"\n" + nameless))
    assert taken.text == log_file(ONE, nameless)
    assert taken.strange == 0


EVENT_LOG = codecatalyst("docs-list-event-logs-example.json")
ITEM = b'{"id":"3","eventName":"createProject","operationType":"MUTATION"}'


@pytest.mark.row(71)
@pytest.mark.parametrize(
    ("text", "form", "found"),
    [
        (EVENT_LOG, "", ["a1b2c3d4-5678-90ab-cdef-EXAMPLE11111", "a1b2c3d4-5678-90ab-cdef-EXAMPLEaaaaa"]),
        (
            b'{"items":[%s]}\n{"items":[%s],"nextToken":"x"}' % (ITEM, ITEM),
            ", 2 JSON texts one after another",
            2 * ["3"],
        ),
        (b'{"items":[%s]}{"items":[]}' % ITEM, ", 2 JSON texts one after another", ["3"]),
        (b'[{"items":[%s]},{"items":[%s]}]' % (ITEM, ITEM), "", ["3", "3"]),
        (b"[%s]" % ITEM, "", ["3"]),
        (ITEM, "", ["3"]),
        (b'{"items":[],"nextToken":"x"}', "", []),
        (b'{ "items": [\n ] }', "", []),
    ],
)
def test_codecatalysts_own_event_log_is_read(text: bytes, form: str, found: list[str]) -> None:
    """Pages of `list-event-logs`, however they were put together; a page without events is one of them."""
    assert events(text) == found
    assert take(bytearray(text)).form == f"CodeCatalyst's own event log{form}"


def test_records_of_a_trail_beside_items_stay_as_they_are() -> None:
    """Both logs in one file are both read."""
    taken = take(bytearray(b'[%s,%s,{"items":[%s]}]' % (ONE, ITEM, ITEM)))
    assert taken.text.startswith(log_file(ONE)[:-2])
    assert [entry["eventID"] for entry in json.loads(taken.text)["Records"]] == ["1", "3", "3"]


def test_what_is_no_item_is_left_out_of_a_page_and_counted() -> None:
    """An entry without a name is no event that anybody knows."""
    taken = take(bytearray(b'{"items":[%s,7,{"id":"4"}]}' % ITEM))
    assert [entry["eventID"] for entry in json.loads(taken.text)["Records"]] == ["3"]
    assert taken.strange == 2


@pytest.mark.parametrize("wrap", [queued, sns])
def test_events_in_messages_are_read(wrap: Callable[[str], bytes]) -> None:
    """A rule of EventBridge can send the events themselves to a queue or a topic."""
    assert events(wrap(json.dumps({"detail-type": "AWS API Call via CloudTrail", "detail": json.loads(ONE)}))) == ["1"]


def test_a_log_file_may_speak_of_notifications() -> None:
    """What a call was about is not what the file is."""
    inside = raw_event(requestParameters={"TopicArn": "t", "s3": 1}, eventContext='{"ReceiptHandle":"x"}')
    assert take(log_file(inside)).form == LOG_FILE


@pytest.mark.parametrize("member", ["s3", "TopicArn", "fileVersion", "operationType"])
def test_a_record_with_a_member_of_another_format_is_a_record(member: str) -> None:
    """A new member of CloudTrail's may have any name: it must cost neither its record nor the others of the file."""
    odd = raw_event(eventID="1", **{member: "x"})
    assert take(log_file(odd)).form == LOG_FILE
    assert events(odd + b"\n" + TWO) == ["1", "2"]
    nameless = raw_event(eventID=None, **{member: "x"})
    whole = log_file(nameless, TWO, b'{"a":1}')
    assert bytes(take(bytearray(whole)).text) == bytes(whole)


@pytest.mark.row(71)
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'{"awsAccountId":"1","digestS3Object":"x","logFiles":[]}', "a CloudTrail digest file"),
        (b'{"fileVersion":"1.0","configurationItems":[]}', "an AWS Config file"),
        (b'{"Records":[{"eventName":"ObjectCreated:Put","s3":{"bucket":{"name":"b"}}}]}', "an S3 event notification"),
        (b'{"s3Bucket":"b","s3ObjectKey":["k"]}', "CloudTrail's notification of new log files"),
        (b'[{"eventname":"x","useridentity":{}}]', "these are records with names in lower case"),
        (b'{"items":[{"operationType":"MUTATION","id":"1"}]}', "an object with items"),
        (
            b'{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}',
            "an object with a, b, c, d, e, …; what is accepted: a CloudTrail log",
        ),
        (b'{"a\\u001b[31m":1}', "an object with no members"),
        (b"{}", "an object with no members"),
        (b"[1,2]", "an array without events"),
        (b"[]", "an array without events"),
        (b'{"detail":{"findings":[]},"source":"aws.guardduty"}', "an object with detail, source"),
        (b" \n", "the file holds only blanks"),
        (b"{", "Expecting property name"),
        (b'{"Records":[{"eventName":"x"}', "not CloudTrail's JSON: Expecting"),
        (b"time,name\n1,2\n", "this is CSV"),
        (b'"time","name"\n"1","2"\n', "this is CSV"),
        (b'"eventName"', "neither an object nor an array"),
        (b"7", "neither an object nor an array"),
        (ONE + b" and more", "not CloudTrail's JSON: Extra data"),
        (b"]", "this is text, but not JSON"),
        (b'{"a":[}]', "not CloudTrail's JSON: Expecting value"),
        (b"[" * 100_000, "the file is nested too deep"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "the file is nested too deep"),
        (ONE[:-1] + b',"a":NaN}', "it holds NaN"),
        (bytes(log_file(ONE[:-1] + b',"a":-Infinity}')), "it holds -Infinity"),
        (b'{"a":"caf\xe9"', "the file is not UTF-8: byte 0xe9 at 9"),
        (queued(S3_NOTIFICATION), "copy each object that they name (aws s3 cp"),
        (json.dumps([S3_NOTIFICATION]).encode(), "this is an S3 event notification"),
        (sns(S3_NOTIFICATION), "these are messages of SNS. They are notifications, which name objects"),
        (b'{"Records":[{"messageId":"1","receiptHandle":"x","body":"{}","eventSource":"aws:sqs"}]}', "of a queue"),
        (b'{"Records":[{"EventSource":"aws:sns","Sns":{"Message":"{}"}}]}', "messages of SNS"),
    ],
    ids=lambda value: repr(value[:30]),
)
def test_what_holds_no_events_is_told(text: bytes, words: str) -> None:
    """The sentence says what was found, by name where it is known, and what is accepted."""
    assert words in refusal(text)
