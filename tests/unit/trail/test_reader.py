"""Reading: of a log file's text, the events that are ours, and nothing that could hurt."""

from __future__ import annotations

import json
import tracemalloc

import pytest
from msgspec.structs import replace

from agent.errors import PermanentError
from agent.faults.dead_letters import Reason
from agent.records.selection import EveryEvent, Selector
from agent.trail import reader
from agent.trail.reader import SelectedEvents
from agent.trail.selecting import Selection
from agent.trail.usual_event import decode_usual
from tests.support.events import codecatalyst, create_dev_environment, encoded, raw_event
from tests.support.objects import log_file, trail_objects, used_to_most

OURS = Selector(["codecatalyst.amazonaws.com"])
EVERY = EveryEvent()
NOISE = raw_event(eventSource="s3.amazonaws.com", eventName="GetObject")
LIMIT = 200_000


def read(text: bytes | bytearray, selection: Selection = OURS, limit: int = LIMIT) -> SelectedEvents:
    """Read a copy of `text`: reading may change what it is given. Whether it comes decoded is left out."""
    return replace(reader.read(bytearray(text), selection, limit), usual=[])


def refused(text: bytes | bytearray, limit: int = LIMIT, selection: Selection = OURS) -> Reason:
    """Why this text is refused."""
    with pytest.raises(PermanentError) as refusal:
        read(text, selection, limit)
    return refusal.value.reason


def test_ours_are_copied_out_in_file_order() -> None:
    """Selected entries come out byte for byte in their order; the others are counted."""
    raws = [raw_event(eventID=str(i), requestParameters={"n": 1.50, "e": "é\n"}) for i in range(5)]
    text = log_file(raws[3], NOISE, raws[0], raws[4], NOISE, raws[2])
    assert read(text) == SelectedEvents((raws[3], raws[0], raws[4], raws[2]), skipped=2, malformed=0)


def test_a_file_without_ours_is_just_counted() -> None:
    """Noise is skipped."""
    assert read(log_file(NOISE, NOISE)) == SelectedEvents((), 2, 0)
    assert read(b'{"Records":[]}') == SelectedEvents((), 0, 0)


def test_white_space_and_other_members_do_not_matter() -> None:
    """A file that a person has formatted, or to which AWS adds a member, is read all the same."""
    raw = codecatalyst("docs-example-CreateDevEnvironment.json")
    text = b'\n{ "new": [1, {}], "Records" : [\n' + raw + b'\n] , "more": 7}\n'
    assert read(text).raws == (raw,)


def test_a_byte_order_mark_is_no_harm() -> None:
    """A file that a Windows editor has saved is read."""
    assert read(b"\xef\xbb\xbf" + log_file(raw_event())).raws == (raw_event(),)


@pytest.mark.parametrize("text", trail_objects().values(), ids=trail_objects())
def test_real_objects_hold_nothing_for_us(text: bytes) -> None:
    """Of a real account's noise nothing is taken for CodeCatalyst's, and all of it can be read."""
    number = len(json.loads(text)["Records"])
    assert read(text) == SelectedEvents((), number, 0)
    every = read(text, EVERY)
    assert [json.loads(raw) for raw in every.raws] == json.loads(text)["Records"]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"7",
        b"null",
        b'{"Records": 7}',
        b'{"Records": null}',
        b'{"Records": {}}',
        b'{"records": []}',
        b'{"Records": [{}]',
        b'{"Records": [{}]} x',
        b'{"Records": [{"a": NaN}]}',
        b'{"Records": [{"a": Infinity}]}',
        b'{"Records": [{"a": 01}]}',
        b'{"Records": [{"a": "\x01"}]}',
        b"{'Records': []}",
        b'{"Records": [{"eventSource": "codecatalyst.amazonaws.com", "a": "\xff"}]}',
        b'{"Records": [{"eventSource": "codecatalyst.amazonaws.com", "a": "\xed\xa0\x80"}]}',
        '{"Records": []}'.encode("utf-16"),
        codecatalyst("docs-list-event-logs-example.json"),
    ],
    ids=lambda text: repr(text[:60]),
)
def test_what_is_not_cloudtrails_json_is_malformed(text: bytes) -> None:
    """Anything but `{"Records": […]}` in valid JSON and UTF-8 is refused whole."""
    assert refused(text) is Reason.OBJECT_MALFORMED


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"Records":['])
def test_depth_is_refused(opening: bytes) -> None:
    """Two hundred thousand open brackets end in a refusal, not in a stack overflow."""
    refusal = refused(opening * 200_000)
    assert refusal in {Reason.OBJECT_TOO_LARGE, Reason.OBJECT_MALFORMED}


def test_one_deep_event_is_refused() -> None:
    """An event nested beyond what any JSON reader takes is refused, wherever its depth shows."""
    deep = b'{"eventSource":"codecatalyst.amazonaws.com","a":' + b"[" * 5000 + b"]" * 5000 + b"}"
    assert refused(bytes(log_file(deep))) is Reason.OBJECT_TOO_LARGE


@pytest.mark.parametrize("unit", [b"{},", b"{ },", b"0,", b'"",'])
def test_millions_of_entries_are_refused_before_they_are_decoded(unit: bytes) -> None:
    """Nineteen million entries of next to nothing cost one count, no gigabyte."""
    text = bytearray(b'{"Records":[' + unit * 19_000_000)
    text[-1:] = b"]}"
    tracemalloc.start()
    try:
        with pytest.raises(PermanentError) as refusal:
            reader.read(text, OURS, LIMIT)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert refusal.value.reason is Reason.OBJECT_TOO_LARGE
    assert peak < 100_000


@pytest.mark.parametrize("entry", [b"{}", b"0", raw_event()])
def test_more_entries_than_the_limit_are_refused(entry: bytes) -> None:
    """The limit on entries holds exactly, whatever they are."""
    assert refused(bytes(log_file(*[entry] * 8)), limit=7) is Reason.OBJECT_TOO_LARGE
    assert read(log_file(*[raw_event()] * 7), limit=7).raws == (raw_event(),) * 7


@pytest.mark.parametrize("odd", [b"", b',"odd":"\\ud800"'])
def test_one_giant_event_is_refused_if_it_is_ours(odd: bytes) -> None:
    """Four times CloudTrail's own limit is more than an event of ours can be; noise of any size is skipped."""
    giant = raw_event(requestParameters="x" * (1 << 20))[:-1] + odd + b"}"
    assert refused(bytes(log_file(raw_event(), giant))) is Reason.OBJECT_TOO_LARGE
    noise = giant.replace(b"codecatalyst", b"s3")
    assert read(log_file(raw_event(), noise)) == SelectedEvents((raw_event(),), 1, 0)


def test_an_event_of_a_mebibyte_is_read() -> None:
    """The limit itself is allowed."""
    raw = raw_event(requestParameters="")
    raw = raw_event(requestParameters="x" * ((1 << 20) - len(raw)))
    assert read(log_file(raw)).raws == (raw,)


@pytest.mark.parametrize("bad", [b"7", b"null", b'"x"', b"[]", b"[{}]", b"true", b"1e999"])
def test_an_entry_that_is_no_object_is_malformed_alone(bad: bytes) -> None:
    """One bad entry among good ones is counted, and the good ones come out."""
    first, last = raw_event(eventID="1"), raw_event(eventID="2")
    assert read(log_file(first, bad, NOISE, last)) == SelectedEvents((first, last), 1, 1)
    assert read(log_file(first, bad), EVERY) == SelectedEvents((first,), 0, 1)


@pytest.mark.parametrize("unit", [b"0,", b'"a]",', b"[[],{}],"])
def test_entries_that_are_no_objects_are_counted_before_they_are_decoded(unit: bytes) -> None:
    """Hundreds of thousands of numbers, texts and arrays have no braces to be counted by, and cost no memory either."""
    text = bytearray(b'{"Records":[' + unit * 200_000)
    text[-1:] = b"]}"
    tracemalloc.start()
    try:
        with pytest.raises(PermanentError) as refusal:
            reader.read(text, OURS, 20_000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert refusal.value.reason is Reason.OBJECT_TOO_LARGE
    assert peak < 1 << 20


def test_commas_inside_entries_are_not_entries() -> None:
    """A file with more members and list items than entries allowed is read, odd entries or not."""
    raw = raw_event(requestParameters={"a": list(range(30)), "b": '],[,,,\\"}'})
    assert read(log_file(raw, b"7", raw), limit=3) == SelectedEvents((raw, raw), 0, 1)


HIGH, LOW = b"\\ud83d", b"\\ude00"


@pytest.mark.parametrize(
    ("written", "mended"),
    [
        (HIGH, b"\\ufffd"),
        (LOW, b"\\ufffd"),
        (b"\\uD83D", b"\\ufffd"),
        (HIGH + LOW, HIGH + LOW),
        (HIGH + HIGH + LOW, b"\\ufffd" + HIGH + LOW),
        (LOW + HIGH, b"\\ufffd\\ufffd"),
        (HIGH + b"\\u0041", b"\\ufffd\\u0041"),
        (HIGH + b"x" + LOW, b"\\ufffdx\\ufffd"),
        (b"\\\\ud83d " + HIGH, b"\\\\ud83d \\ufffd"),
        (b"\\\\" + HIGH, b"\\\\\\ufffd"),
        (b"\\n" + HIGH + b"\\\\", b"\\n\\ufffd\\\\"),
        (b"\\\\\\n" + HIGH, b"\\\\\\n\\ufffd"),
        (b'\\"' + LOW, b'\\"\\ufffd'),
    ],
)
def test_lone_surrogates_are_mended_in_place(written: bytes, mended: bytes) -> None:
    """Half a surrogate pair becomes U+FFFD; whole pairs, escaped backslashes and all else stay."""
    raw = raw_event(requestParameters="@").replace(b"@", written)
    expected = raw_event(requestParameters="@").replace(b"@", mended)
    if written == mended:
        assert read(log_file(raw, HALF_NOISE)).raws == (raw,)
    assert read(log_file(HALF_NOISE, raw)).raws == (expected,)


HALF_NOISE = NOISE[:-1] + b',"userAgent":"\\udfff"}'


@pytest.mark.parametrize("place", [b'"\\ud800":1', b'"eventName":"a\\ud800"', b'"a":["\\ud800",{"\\udc00":"\\udc00"}]'])
def test_a_surrogate_costs_nothing_wherever_it_stands(place: bytes) -> None:
    """In a key, in the event's name, deep inside, in noise: all other events come out, and this one too."""
    odd = b'{"eventSource":"codecatalyst.amazonaws.com",' + place + b"}"
    found = read(log_file(raw_event(), odd, NOISE))
    assert found.skipped == 1
    assert found.malformed == 0
    assert found.raws == (raw_event(), odd.replace(b"\\ud800", b"\\ufffd").replace(b"\\udc00", b"\\ufffd"))


def test_mending_costs_no_memory() -> None:
    """A file of millions of escapes is mended where it stands."""
    text = log_file(b'{"a":"' + b"\\n" * (2 << 20) + b'\\ud800"}')
    tracemalloc.start()
    try:
        found = reader.read(text, OURS, LIMIT)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found == SelectedEvents((), 1, 0)
    assert peak < 1 << 20


@pytest.mark.parametrize("number", [b"1e999", b"-1e999", b"9" * 400, b"9" * 5000, b"0.1000", b"-0", b"1E5"])
def test_numbers_are_left_as_they_are(number: bytes) -> None:
    """Numbers of any size pass, verbatim, even where text should be."""
    raw = raw_event(requestParameters="@", eventTime="#").replace(b'"@"', number).replace(b'"#"', number)
    assert read(log_file(raw, NOISE)) == SelectedEvents((raw,), 1, 0)
    odd = raw_event(eventSource="@").replace(b'"@"', number)
    assert read(log_file(odd)) == SelectedEvents((), 1, 0)


SOURCE, S3 = b'"eventSource":"codecatalyst.amazonaws.com"', b'"eventSource":"s3.amazonaws.com"'


HIDING = [
    b"{" + S3 + b"," + SOURCE + b"}",
    b"{" + SOURCE + b"," + S3 + b"}",
    b"{" + SOURCE + b', "eventSource" : null}',
    b"{" + SOURCE + b',"a":{"eventSource":"}"},' + S3 + b"}",
    b'{"eventName":"ListConnections","eventName":"x"}',
    b'{"eventName":1e999,"eventName":"ListConnections","eventName":1e999}',
    b"{" + SOURCE + b',"eventName":"a","eventSource":1e999,"eventName":"b"}',
]
LONG = encoded(create_dev_environment())


@pytest.mark.row(67)
@pytest.mark.parametrize("odd", [(), (b"7",)])
@pytest.mark.parametrize("raw", HIDING)
def test_no_second_value_hides_an_event(raw: bytes, odd: tuple[bytes, ...]) -> None:
    """An event with two sources or names is shipped if any of them is ours, on both ways through a file."""
    assert read(log_file(raw, *odd, NOISE)) == SelectedEvents((raw,), 1, len(odd))


@pytest.mark.parametrize(
    ("raws", "come_decoded"),
    [
        ([LONG] * 3, 3),
        ([raw_event(readOnly=7), LONG, NOISE], 1),
        ([raw_event()] * 3, 0),
        ([LONG] * ((1 << 20) // len(LONG) + 1), 0),
        ([], 0),
    ],
    ids=["usual", "unusual", "short", "large", "empty"],
)
def test_only_usual_events_of_a_small_file_come_decoded(raws: list[bytes], come_decoded: int) -> None:
    """All others are selected without: what is decoded of very many, or of odd ones, might take too much memory."""
    found = reader.read(log_file(*raws), used_to_most(Selector(), LONG), LIMIT)
    assert found.raws == tuple(raw for raw in raws if raw != NOISE)
    assert [each for each in found.usual if each] == [decode_usual(raw) for raw in raws if raw == LONG][:come_decoded]
    assert len(found.usual) == (len(found.raws) if come_decoded else 0)


def test_a_file_whose_events_come_decoded_is_refused_as_any_other() -> None:
    """For too many events, and for a character that is none, wherever in a selected event it stands."""
    assert (
        refused(log_file(LONG, LONG, LONG), limit=2, selection=used_to_most(Selector(), LONG))
        is Reason.OBJECT_TOO_LARGE
    )
    odd = LONG[:-1] + b',"new":"\xff"}'
    assert refused(log_file(LONG, odd), selection=used_to_most(Selector(), LONG)) is Reason.OBJECT_MALFORMED


@pytest.mark.row(67)
@pytest.mark.parametrize("raw", HIDING)
def test_no_second_value_hides_an_event_among_many_that_are_kept(raw: bytes) -> None:
    """Likewise in a file whose events come decoded."""
    selection = used_to_most(Selector(), LONG)
    found = reader.read(log_file(LONG, raw, LONG, NOISE), selection, LIMIT)
    usual = [] if b"1e999" in raw else [*map(decode_usual, found.raws)]
    assert replace(found, usual=[*found.usual]) == SelectedEvents((LONG, raw, LONG), 1, 0, usual)


@pytest.mark.row(67)
@pytest.mark.parametrize("other", [b"{}", b'{"a":1}', NOISE[:1] + b'"eventTime":1}'])
def test_events_without_names_do_not_hide_a_second_value(other: bytes) -> None:
    """As many names as events do not prove that each event has one of them."""
    raw = b"{" + SOURCE + b"," + S3 + b',"eventName":"a"}'
    assert read(log_file(raw, other)) == SelectedEvents((raw,), 1, 0)
    named = b'{"eventSource":"x","eventName":"ListConnections","eventName":"x"}'
    assert read(log_file(named, other)) == SelectedEvents((named,), 1, 0)


@pytest.mark.row(67)
@pytest.mark.parametrize(
    "raw",
    [
        b"{" + S3 + b"," + S3 + b',"eventName":"a","eventName":"b"}',
        b"{" + S3 + b',"a":{' + SOURCE + b'},"eventSource":"x"}',
        b"{" + S3 + b',"requestParameters":{"eventSource":"codecatalyst.amazonaws.com","eventName":"x"}}',
        b"{" + S3 + b',"' + b"x" * (1 << 20) + b'":[' + SOURCE.replace(b":", b",") + b"]}",
    ],
    ids=lambda raw: raw[:60].decode(),
)
def test_a_name_deeper_inside_selects_nothing(raw: bytes) -> None:
    """Only an event's own members decide; parameters that have the same names do not."""
    assert read(log_file(raw_event(), raw)) == SelectedEvents((raw_event(),), 1, 0)


ONE, TWO = raw_event(eventID="1"), raw_event(eventID="2")


@pytest.mark.row(67)
@pytest.mark.parametrize(
    ("text", "raws"),
    [
        (b'{"Records":[%s],"Records":[%s]}' % (ONE, TWO), (ONE, TWO)),
        (b'{"Records":[%s],"Records":[%s]}' % (ONE, ONE), (ONE, ONE)),
        (b'{"Records":[%s],"Records":[]}' % ONE, (ONE,)),
        (b'{"Records":[],"Records":[%s]}' % ONE, (ONE,)),
        (b'{ "Records" : [ %s ]\n,\t"a":[{"Records":[7]}], "Records": [%s] }\n' % (ONE, TWO), (ONE, TWO)),
        (b'{"Records":[%s],"Records":[%s],"Records":[%s]}' % (ONE, TWO, ONE), (ONE, TWO, ONE)),
        (b'{"records":7,"Records":[%s]}' % ONE, (ONE,)),
        (b'{"a":{"Records":[%s]},"Records":[%s]}' % (TWO, ONE), (ONE,)),
        (b'{"a":[{"records":[]}],"Records":[%s]}' % ONE, (ONE,)),
        (b'{"a":",\\"Records\\":[","Records":[%s]}' % ONE, (ONE,)),
    ],
    ids=lambda value: repr(value[:40]),
)
@pytest.mark.parametrize("odd", [b"", b',"Records":[7]'])
def test_every_array_of_records_is_read(text: bytes, raws: tuple[bytes, ...], odd: bytes) -> None:
    """A second member `Records` does not replace the first: the events of both come out, and all are counted."""
    assert read(text.rstrip()[:-1] + odd + b"}") == SelectedEvents(raws, 0, 1 if odd else 0)


@pytest.mark.row(67)
@pytest.mark.parametrize(
    "text",
    [
        b'{"Records":[%s],"records":[]}',
        b'{"RECORDS":{},"Records":[%s],"Records":[]}',
        b'{"records":[%s],"Records":[]}',
        b'{"records":[%s]}',
        b'{"Records":[%s],"Records":null}',
        b'{"Records":null,"Records":[%s]}',
        b'{"Records":{},"Records":[%s]}',
        b'{"detail":{"Records":[%s]}}',
        b'{"Records":{"Records":[%s]}}',
    ],
)
def test_what_may_hold_events_elsewhere_is_never_an_empty_file(text: bytes) -> None:
    """Other letters, another type or another depth: the file is refused, and nothing in it is passed over."""
    assert refused(text % ONE) is Reason.OBJECT_MALFORMED


@pytest.mark.row(67)
def test_the_limit_on_entries_is_of_all_arrays() -> None:
    """Two arrays are no way round `limits.events_per_object`."""
    text = b'{"Records":[%s],"Records":[%s]}' % (ONE, TWO)
    assert read(text, limit=2).raws == (ONE, TWO)
    assert refused(text, limit=1) is Reason.OBJECT_TOO_LARGE


ESCAPED = b'"\\u0052ecords"'


@pytest.mark.row(81)
@pytest.mark.parametrize(
    ("text", "raws"),
    [
        (b'{"Records":[],%s:[%s]}' % (ESCAPED, ONE), (ONE,)),
        (b'{%s:[%s],"Records":[]}' % (ESCAPED, ONE), (ONE,)),
        (b'{"Records":[%s],%s:[%s]}' % (ONE, ESCAPED, TWO), (ONE, TWO)),
        (b"{%s:[%s]}" % (ESCAPED, ONE), (ONE,)),
        (b"{%s:[%s],%s:[%s]}" % (ESCAPED, ONE, ESCAPED, TWO), (ONE, TWO)),
        (b'{"R\\u0065cord\\u0073":[%s],"Records":[%s]}' % (ONE, TWO), (ONE, TWO)),
        (b'{"Records":[%s],"\\\\u0052ecords":[%s]}' % (ONE, TWO), (ONE,)),
    ],
    ids=lambda value: repr(value[:40]),
)
def test_a_name_with_escapes_is_the_same_name(text: bytes, raws: tuple[bytes, ...]) -> None:
    """`Records` is `Records` however its letters are written: every array of that name is read."""
    assert read(text) == SelectedEvents(raws, 0, 0)
    assert read(text[:-1] + b',"lone":"\\ud800"}') == SelectedEvents(raws, 0, 0)


@pytest.mark.row(81)
def test_other_letters_in_escapes_are_refused_too() -> None:
    """A name that only looks like `Records` once it is decoded, and could hold events, refuses the file."""
    assert refused(b'{"Records":[],"\\u0072ecords":[%s]}' % ONE) is Reason.OBJECT_MALFORMED
    assert refused(b'{"Records":[],"RECORDS":[%s]}' % ONE) is Reason.OBJECT_MALFORMED


@pytest.mark.row(81)
@pytest.mark.parametrize("name", [b"event\\u0053ource", b"\\u0065ventSource", b"eventSourc\\u0065"])
@pytest.mark.parametrize(
    "entry",
    [
        b'{"%s":"codecatalyst.amazonaws.com"}',
        b'{"eventSource":"s3.amazonaws.com","%s":"codecatalyst.amazonaws.com"}',
        b'{"%s":"codecatalyst.amazonaws.com","eventSource":"s3.amazonaws.com"}',
        b'{"%s":"codecatalyst.amazonaws.com","eventSource":"s3.amazonaws.com","lone":"\\ud800"}',
    ],
)
def test_a_deciding_name_with_escapes_decides(entry: bytes, name: bytes) -> None:
    """An event whose `eventSource` is written with escapes is not passed over, alone or beside a plain one."""
    assert read(log_file(entry % name)).skipped == 0
    assert read(log_file(entry % name, NOISE)).skipped == 1
    assert read(log_file(NOISE, b'{"%s":"s3.amazonaws.com"}' % name)).skipped == 2


@pytest.mark.parametrize("member", [b'"a":"\xff"', b'"eventName":"\xff"'])
@pytest.mark.parametrize("beside", [b"", b'{"eventSource":7}', b'{"eventSource":"\\ud800"}'])
def test_invalid_utf_8_in_noise_costs_nothing(member: bytes, beside: bytes) -> None:
    """Only what is selected has to be text: the rest is not looked at, also where each event is looked at alone."""
    odd = [beside] if beside else []
    noise = b'{"eventSource":"s3.amazonaws.com",%b}' % member
    assert read(log_file(raw_event(), noise, *odd)) == SelectedEvents((raw_event(),), 1 + len(odd), 0)


@pytest.mark.parametrize(
    "entry",
    [
        b'{"eventSource":"codecatalyst.amazonaws.com","eventName":"\xff"}',
        b'{"eventSource":"codecatalyst.amazonaws.com","eventSource":"s3.amazonaws.com","eventName":"\xff"}',
    ],
)
def test_a_name_of_ours_that_is_not_utf_8_is_never_passed_over(entry: bytes) -> None:
    """Whether the event is kept hangs on its name: the file is refused, and becomes a dead letter."""
    with pytest.raises(PermanentError, match="not UTF-8"):
        read(log_file(NOISE, entry))


@pytest.mark.parametrize("depth", range(900, 1010))
def test_an_odd_event_that_is_nested_as_deep_as_can_be_is_read_or_refused(depth: int) -> None:
    """Wherever the stack ends: it is kept, malformed, or its file is refused."""
    nested = b"[" * depth + b"]" * depth
    sources = b'"eventSource":"codecatalyst.amazonaws.com","eventSource":"s3.amazonaws.com"'
    text = log_file(b'{%b,"eventName":1e999,"a":%b}' % (sources, nested))
    assert outcome(text) in {(1, 0), (0, 1), Reason.OBJECT_TOO_LARGE}


def outcome(text: bytes | bytearray) -> tuple[int, int] | Reason:
    """How many events of a text are kept, and how many malformed; or why it is refused."""
    try:
        found = read(text)
    except PermanentError as refusal:
        return refusal.reason
    return len(found.raws), found.malformed


@pytest.mark.parametrize("wrong", [None, 7, [], {}, True])
def test_odd_types_in_noise_are_just_skipped(wrong: object) -> None:
    """A source or name of another type selects nothing and breaks nothing."""
    raws = [encoded({"eventSource": wrong, "eventName": "x"}), encoded({"eventSource": "x", "eventName": wrong})]
    assert read(log_file(*raws)) == SelectedEvents((), 2, 0)


@pytest.mark.parametrize("name", [b"[1]", b'{"a": 1}', b"null", b"7"])
def test_a_strangers_name_that_is_no_text_keeps_nothing_from_being_read(name: bytes) -> None:
    """Beside an event that is ours, another service's may have anything for a name, and is skipped."""
    other = b'{"eventSource":"s3.amazonaws.com","eventName":' + name + b"}"
    ours = b'{"eventSource":"codecatalyst.amazonaws.com","eventName":"CreateProject"}'
    assert read(b'{"Records":[' + other + b"," + ours + b"]}") == SelectedEvents((ours,), 1, 0)
    assert read(b'{"Records":[' + other + b"]}") == SelectedEvents((), 1, 0)


def test_a_large_file_gives_the_same_when_few_events_were_ours_before() -> None:
    """Each event of ours comes out of it, wherever it stands, and each other one is counted."""
    selection, noise = Selector(["codecatalyst.amazonaws.com"]), [NOISE[:-1] + b',"a":"%b"}' % (b"x" * 2000)] * 99
    for place in range(100):
        ours = raw_event(eventID=str(place), eventName="x" * place)
        text = log_file(*noise[:place], ours, *noise[place:])
        assert read(text, selection) == SelectedEvents((ours,), 99, 0)


@pytest.mark.row(67)
def test_an_event_that_hides_in_a_large_file_is_found() -> None:
    """A second source among many usual events, before or after an event of ours."""
    hidden = b'{"eventVersion":"1","eventSource":"codecatalyst.amazonaws.com","event\\u0053ource":"s3.amazonaws.com"}'
    ours = raw_event()
    for kept in ((hidden,), (hidden, ours), (ours, hidden), (ours, hidden, hidden, ours)):
        selection, noise = Selector(["codecatalyst.amazonaws.com"]), [NOISE[:-1] + b',"a":"%b"}' % (b"x" * 500)] * 100
        for _ in range(3):
            assert read(log_file(*noise, *kept, *noise), selection) == SelectedEvents(kept, 200, 0)
