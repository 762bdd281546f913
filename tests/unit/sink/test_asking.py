"""What an answer is about: the records, or what is answered to an empty request too. And what never passes."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from agent.errors import Fault
from agent.faults.dead_letters import Reason
from agent.faults.retries import RetryReason
from agent.model import ACCEPTED, UNANSWERED, LogRecord, Verdict
from agent.sink.answer import (
    Accepted,
    Answer,
    Later,
    Meaning,
    Misconfigured,
    PartlyRejected,
    Refusal,
    Refused,
    TooLarge,
    http_meaning,
    refusal,
)
from agent.sink.otlp.decode import ReceivedRecord
from tests.support.clock import FakeClock
from tests.support.records import NOON, SECOND, ago, log_record
from tests.support.sink import open_sink
from tests.support.telemetry import FakeTelemetry
from tests.support.transport import FakeTransport

Rule = Callable[[list[ReceivedRecord]], Answer]
BUSY = "data refused due to high memory usage"
PLAIN = "Client sent an HTTP request to an HTTPS server."
NO_METADATA = "stream '{a=\"b\"}' includes structured metadata, but this feature is disallowed."


def _http(status: int, text: str = "", meaning: Meaning = Meaning.REFUSED, *, is_page: bool = False) -> Answer:
    return refusal(meaning, Refusal(str(status), f"answered {status}", text, text, is_page=is_page))


def _records(count: int, size: int = 20) -> list[LogRecord]:
    return [log_record(f"{number:03d}".ljust(size, "x"), at=NOON + number) for number in range(count)]


def _halved(record: LogRecord) -> LogRecord | None:
    body = record.body
    return log_record(body[: len(body) // 2], at=record.time_unix_nano) if len(body) > 40 else None


def _reasons(verdicts: list[Verdict]) -> list[Reason | None]:
    return [verdict.fault.reason if verdict.fault else None for verdict in verdicts]


def _stops_after(seconds: float, clock: FakeClock) -> tuple[threading.Event, FakeTelemetry]:
    """A halt that is set when the sink was said to be down so long, and the telemetry that does it."""
    halt = threading.Event()
    end = clock.monotonic() + seconds
    return halt, FakeTelemetry(on_down=lambda: halt.set() if clock.monotonic() > end else None)


@pytest.mark.row(38)
@pytest.mark.parametrize(
    "answer",
    [
        _http(400, PLAIN),
        _http(400, "<html>400 The plain HTTP request was sent to HTTPS port</html>", is_page=True),
        _http(400, "Bad Request"),
        _http(422, "unprocessable"),
        _http(400),
        _http(400, "request body is empty"),
        _http(413, "too large", Meaning.TOO_LARGE),
    ],
    ids=lambda answer: type(answer).__name__,
)
def test_what_an_empty_request_is_answered_too_is_not_about_a_record(answer: Answer) -> None:
    """Nothing is taken apart, shrunk or refused: everything waits, and is delivered once it is mended."""
    clock = FakeClock()
    mended = clock.monotonic() + 3600
    transport = FakeTransport(rule=lambda _: answer if clock.monotonic() < mended else Accepted())
    telemetry = FakeTelemetry()
    verdicts = open_sink(transport, clock=clock, telemetry=telemetry, shrink=_halved).export(_records(20))
    assert verdicts == [ACCEPTED] * 20
    assert len(set(transport.with_records())) == 1
    assert set(telemetry.sink_states()[:-1]) == {"misconfigured"}
    assert telemetry.count("record_shrunk") == 0
    assert len(transport.payloads) < 300


@pytest.mark.row(38)
def test_an_endpoint_that_refuses_an_empty_request_is_not_up() -> None:
    """At the start, too; but a refusal for its emptiness judges it."""
    telemetry = FakeTelemetry()
    assert not open_sink(FakeTransport(empty=_http(400, PLAIN)), telemetry=telemetry).probe()
    assert telemetry.sink_states() == ["misconfigured"]
    loki = FakeTransport(empty=_http(422, "error at least one valid stream is required for ingestion"))
    assert open_sink(loki).probe()


def test_a_bad_record_is_found_where_empty_requests_are_refused_for_their_emptiness() -> None:
    """The words differ, so that the refusal is about the record."""
    transport = FakeTransport(
        rule=lambda received: _http(400, "bad label") if any("003" in each.body for each in received) else Accepted(),
        empty=_http(400, "no logs in request"),
    )
    verdicts = open_sink(transport).export(_records(8))
    assert _reasons(verdicts) == [Reason.SINK_REJECTED if number == 3 else None for number in range(8)]
    assert not any(verdict.fault and verdict.fault.is_suspect for verdict in verdicts)


def test_a_sink_that_dislikes_empty_requests_judges_records_alike() -> None:
    """It has the same words for an empty request and for a bad record: those that it accepts tell them apart."""
    clock = FakeClock()
    transport = FakeTransport(
        rule=lambda received: _http(400, "bad") if any("003" in each.body for each in received) else Accepted(),
        empty=_http(400, "bad"),
    )
    sink = open_sink(transport, clock=clock)
    assert sink.await_up()
    assert _reasons(sink.export(_records(8))).count(Reason.SINK_REJECTED) == 1
    [lone] = sink.export([log_record("003 again")])
    assert lone.fault
    assert not lone.fault.is_suspect


def test_a_record_that_is_refused_as_an_empty_request_is_held_if_none_was_ever_accepted() -> None:
    """After five minutes of asking in vain records are sent; that they are refused alike proves nothing."""
    sink = open_sink(FakeTransport(rule=lambda _: _http(400, "bad")))
    assert sink.await_up()
    [verdict] = sink.export([log_record()])
    assert verdict.fault
    assert verdict.fault.is_suspect


@pytest.mark.row(36)
def test_an_overload_is_waited_out_with_the_same_bytes() -> None:
    """RESOURCE_EXHAUSTED without RetryInfo and without a word about size is load: nothing is split, nothing is cut."""
    clock = FakeClock()
    over = clock.monotonic() + 20
    busy = refusal(Meaning.THROTTLED, Refusal("RESOURCE_EXHAUSTED", "exhausted", BUSY, BUSY))
    transport = FakeTransport(
        rule=lambda received: busy if received and clock.monotonic() < over else Accepted(), empty=Accepted()
    )
    telemetry = FakeTelemetry()
    assert (
        open_sink(transport, clock=clock, telemetry=telemetry, shrink=_halved).export(_records(20)) == [ACCEPTED] * 20
    )
    assert len(set(transport.with_records())) == 1
    assert telemetry.answers()["throttled"] > 3
    assert telemetry.count("record_shrunk") == 0


@pytest.mark.row(36)
@pytest.mark.parametrize("seconds", [90, 3600, 12 * 3600])
def test_a_long_overload_cuts_and_buries_nothing(seconds: float) -> None:
    """Parts may be tried, records stay whole; a single one that is tried for long is held at most."""
    clock = FakeClock()
    over = clock.monotonic() + seconds
    busy = Later("busy", throttled=True)
    transport = FakeTransport(
        rule=lambda received: busy if received and clock.monotonic() < over else Accepted(), empty=Accepted()
    )
    telemetry = FakeTelemetry()
    sink = open_sink(transport, clock=clock, telemetry=telemetry, shrink=_halved)
    assert sink.export(_records(20, 100)) == [ACCEPTED] * 20
    assert telemetry.count("record_shrunk") == 0
    assert transport.stored == {record.body for record in _records(20, 100)}


@pytest.mark.row(36)
def test_a_sink_that_is_busy_most_of_the_time_gets_whole_records() -> None:
    """Seven of ten requests are refused, at random: everything arrives, and nothing is cut, held or refused."""
    refused = iter([number % 10 not in {3, 6, 9} for number in range(100_000)])
    busy = refusal(Meaning.THROTTLED, Refusal("RESOURCE_EXHAUSTED", "exhausted", BUSY, BUSY))
    transport = FakeTransport(rule=lambda received: busy if next(refused) else Accepted(), empty=Accepted())
    telemetry = FakeTelemetry()
    sink = open_sink(transport, telemetry=telemetry, shrink=_halved, max_batch_records=3)
    for _ in range(5):
        assert sink.export(_records(20, 100)) == [ACCEPTED] * 20
    assert telemetry.count("record_shrunk") == 0


def _limited(most: int, answer: Answer) -> Rule:
    def rule(received: list[ReceivedRecord]) -> Answer:
        return answer if sum(len(each.body) for each in received) > most else Accepted()

    return rule


@pytest.mark.row(44)
@pytest.mark.parametrize(
    "answer",
    [Later("reset"), Later("502"), Later("500", slow=True), Later("429", throttled=True), Misconfigured("403")],
    ids=lambda answer: type(answer).__name__,
)
def test_a_size_that_never_passes_is_found_whatever_the_code(answer: Answer) -> None:
    """A proxy that resets or answers 502 to large requests gets smaller ones, and every record arrives whole."""
    clock = FakeClock()
    transport = FakeTransport(rule=_limited(200, answer))
    halt, telemetry = _stops_after(3600, clock)
    sink = open_sink(transport, clock=clock, telemetry=telemetry, halt=halt, shrink=_halved)
    began = clock.monotonic()
    assert sink.export(_records(40, 50)) == [ACCEPTED] * 40
    assert 30 <= clock.monotonic() - began < 900
    assert telemetry.count("record_shrunk") == 0
    assert telemetry.sink_states()[-1] == "up"


@pytest.mark.row(44)
def test_what_was_learned_of_the_size_is_kept_for_a_while() -> None:
    """The next requests are as small as the one that passed: nobody waits for half a minute each time."""
    clock = FakeClock()
    transport = FakeTransport(rule=_limited(200_000, Later("reset")))
    sink = open_sink(transport, clock=clock)
    assert sink.export(_records(40, 20_000)) == [ACCEPTED] * 40
    began, requests = clock.monotonic(), len(transport.payloads)
    assert sink.export(_records(40, 20_001)) == [ACCEPTED] * 40
    assert clock.monotonic() == began
    assert len(transport.payloads) - requests < 12


@pytest.mark.row(44)
def test_a_sink_that_is_down_is_not_asked_for_parts() -> None:
    """Where an empty request does not pass either, the same bytes wait."""
    clock = FakeClock()
    halt, telemetry = _stops_after(3600, clock)
    transport = FakeTransport(rule=lambda _: Later("503"))
    assert open_sink(transport, clock=clock, halt=halt, telemetry=telemetry).export(_records(8)) == [UNANSWERED] * 8
    assert len(set(transport.with_records())) == 1


@pytest.mark.row(45)
def test_one_record_that_never_passes_does_not_hold_the_others_up() -> None:
    """A sink that breaks at one record gets the others within two minutes, and that one is to come again."""
    clock = FakeClock()
    began = clock.monotonic()
    transport = FakeTransport(
        rule=lambda received: Later("500", slow=True) if any("005" in r.body for r in received) else Accepted()
    )
    sink = open_sink(transport, clock=clock)
    verdicts = sink.export(_records(12))
    assert [verdict == ACCEPTED for verdict in verdicts] == [number != 5 for number in range(12)]
    assert verdicts[5].retry is RetryReason.SINK_UNSETTLED
    assert verdicts[5].fault is None
    assert clock.monotonic() - began < 120


@pytest.mark.row(45)
def test_a_record_that_never_passes_is_cut_and_then_a_dead_letter() -> None:
    """With others that pass meanwhile, for five minutes and a few exports: cut until it passes, else buried."""
    clock = FakeClock()

    def rule(received: list[ReceivedRecord]) -> Answer:
        is_poison = any("poison" in each.body or len(each.body) > 100 for each in received)
        return Later("500", slow=True, said="out of cheese") if is_poison else Accepted()

    telemetry, began = FakeTelemetry(), clock.monotonic()
    sink = open_sink(FakeTransport(rule=rule), clock=clock, telemetry=telemetry, shrink=_halved)
    faults: list[Fault] = []
    late, exports = [log_record("poison " * 20), log_record("y" * 150, at=NOON + 1)], 0
    while late:
        verdicts, exports = sink.export([*late, *_records(3)]), exports + 1
        judged = [*zip(late, verdicts, strict=False)]
        late = [record for record, verdict in judged if verdict.retry]
        faults += [verdict.fault for _, verdict in judged if verdict.fault]
        clock.advance(150)
    [fault] = faults
    assert not fault.is_suspect
    assert exports <= 5
    assert "out of cheese" in fault.said
    assert 300 < clock.monotonic() - began < 3600
    assert telemetry.count("record_shrunk") == 1


@pytest.mark.row(45)
def test_a_record_that_never_passes_is_held_where_nothing_else_is_known() -> None:
    """Alone, it is tried for half a minute and a few times more, and then held: another message may tell."""
    clock = FakeClock()
    transport = FakeTransport(rule=lambda received: Later("500") if received else Accepted())
    began = clock.monotonic()
    sink = open_sink(transport, clock=clock, shrink=_halved)
    for _ in range(10):
        [verdict] = sink.export([log_record("z" * 100)])
        assert verdict.fault
        assert verdict.fault.is_suspect
        assert "refuse" not in verdict.fault.detail
        assert clock.monotonic() - began < 60
        clock.advance(3600)
        began = clock.monotonic()
    assert len(set(transport.with_records())) == 1


@pytest.mark.row(82)
@pytest.mark.parametrize("answer", [Later("429", throttled=True), Later("429", 30.0, throttled=True)])
def test_a_record_that_is_throttled_alone_is_never_to_blame(answer: Answer) -> None:
    """An overload may be that of one stream: for a day the record comes again, whole, and is then delivered."""
    clock, telemetry = FakeClock(), FakeTelemetry()
    until = clock.monotonic() + 24 * 3600

    def rule(received: list[ReceivedRecord]) -> Answer:
        is_odd = any("odd" in each.body for each in received)
        return answer if is_odd and clock.monotonic() < until else Accepted()

    transport = FakeTransport(rule=rule)
    sink = open_sink(transport, clock=clock, telemetry=telemetry, shrink=_halved)
    odd = log_record("odd " * 40)
    while clock.monotonic() < until:
        verdicts = sink.export([odd, *_records(3)])
        assert (verdicts[0].retry, verdicts[1:]) == (RetryReason.SINK_UNSETTLED, [ACCEPTED] * 3)
        clock.advance(900)
    assert sink.export([odd]) == [ACCEPTED]
    assert odd.body in transport.stored
    assert telemetry.count("record_shrunk") == 0


@pytest.mark.row(82)
@pytest.mark.parametrize("place", [0, 7, 11])
@pytest.mark.parametrize("answer", [Later("502"), Later("500", slow=True), Misconfigured("403 with a web page")])
def test_others_that_passed_before_or_after_tell_that_it_is_one_record(place: int, answer: Answer) -> None:
    """Wherever it stands among them: it comes again, and no doubt of the sink begins."""
    transport = FakeTransport(
        rule=lambda received: answer if any(f"{place:03d}" in each.body for each in received) else Accepted()
    )
    verdicts = open_sink(transport).export(_records(12))
    assert [number for number, verdict in enumerate(verdicts) if verdict.retry] == [place]
    assert verdicts.count(ACCEPTED) == 11


@pytest.mark.row(39)
@pytest.mark.parametrize("count", [2, 3, 45, 500])
def test_a_sink_that_refuses_every_record_is_to_blame_itself(count: int) -> None:
    """All in the same words, and none accepted: they are held, and only so many are asked about."""
    transport = FakeTransport(rule=lambda _: _http(400, NO_METADATA), empty=Accepted())
    verdicts = open_sink(transport).export(_records(count))
    assert all(verdict.fault and verdict.fault.is_suspect for verdict in verdicts)
    assert len(transport.payloads) <= 2 * 32 + 20


@pytest.mark.row(39)
def test_a_setting_is_told_from_bad_records_by_one_that_passes() -> None:
    """The same words for half of the records are about those, also when they come again alone."""
    transport = FakeTransport(
        rule=lambda received: _http(400, "bad") if any("bad" in each.body for each in received) else Accepted()
    )
    sink = open_sink(transport)
    records = [log_record(f"{'bad' if number % 2 else 'good'} {number}", at=NOON + number) for number in range(20)]
    verdicts = sink.export(records)
    assert _reasons(verdicts) == [Reason.SINK_REJECTED if number % 2 else None for number in range(20)]
    assert not any(verdict.fault and verdict.fault.is_suspect for verdict in verdicts)
    again = sink.export(records[1::2])
    assert not any(verdict.fault and verdict.fault.is_suspect for verdict in again)


@pytest.mark.row(39)
def test_what_was_held_is_bad_once_another_is_accepted() -> None:
    """Two bad records in a row look like a setting; after one that passes they are judged anew, and refused."""
    transport = FakeTransport(
        rule=lambda received: _http(400, "bad") if any("bad" in each.body for each in received) else Accepted()
    )
    sink = open_sink(transport)
    bad = [log_record("bad one"), log_record("bad two")]
    assert all(verdict.fault and verdict.fault.is_suspect for verdict in sink.export(bad))
    assert sink.export([log_record("good")]) == [ACCEPTED]
    assert all(verdict.fault and not verdict.fault.is_suspect for verdict in sink.export(bad))


@pytest.mark.row(39)
def test_a_setting_that_is_told_in_partial_success_is_held_too() -> None:
    """Every record of every request rejected: the protocol's other way to refuse everything."""
    sink = open_sink(FakeTransport(rule=lambda r: PartlyRejected(len(r), "no") if r else Accepted()))
    verdicts = sink.export(_records(3))
    assert all(verdict.fault and verdict.fault.is_suspect and verdict.fault.is_final for verdict in verdicts)


@pytest.mark.row(42)
def test_a_record_too_new_is_found_and_the_others_are_delivered() -> None:
    """As for age: the oldest that is too new condemns the newer ones of its stream."""
    transport = FakeTransport(
        rule=lambda received: (
            _http(400, "entry for stream '{}' has timestamp too new: 2")
            if any(each.time_unix_nano >= NOON + 300 for each in received)
            else Accepted()
        )
    )
    verdicts = open_sink(transport).export(_records(400))
    assert _reasons(verdicts) == [None] * 300 + [Reason.SINK_TOO_NEW] * 100
    assert len(transport.payloads) < 30


TOO_OLD = "entry for stream '{}' has timestamp too old: 1, oldest acceptable timestamp is: 2"
TOO_NEW = "entry for stream '{}' has timestamp too new: 2"
_DAY = 24 * 3600 * SECOND


def _suspects(verdicts: list[Verdict]) -> list[bool]:
    return [bool(verdict.fault and verdict.fault.is_suspect) for verdict in verdicts]


@pytest.mark.row(82)
def test_many_records_that_do_not_pass_keep_the_others_for_a_minute_at_most() -> None:
    """The most tried are tried first, so that some are to blame after few exports, and not all after very many."""
    clock = FakeClock()
    transport = FakeTransport(
        rule=lambda received: (
            Misconfigured("403 with a web page") if any("odd" in each.body for each in received) else Accepted()
        )
    )
    sink = open_sink(transport, clock=clock, random=lambda: 1.0)
    odd = [log_record(f"odd {number}", at=NOON + number) for number in range(40)]
    sink.export([*odd, *_records(3)])
    for _ in range(4):
        clock.advance(150)
        began = clock.monotonic()
        verdicts = sink.export([*odd, *_records(3)])
        assert verdicts[-3:] == [ACCEPTED] * 3
        assert clock.monotonic() - began <= 75
    assert any(verdict.fault for verdict in verdicts)


@pytest.mark.row(83)
@pytest.mark.row(85)
@pytest.mark.parametrize(
    ("text", "at", "is_suspect"),
    [
        (TOO_OLD, NOON, True),
        (TOO_OLD, ago(3599), True),
        (TOO_OLD, ago(3600), False),
        (TOO_OLD, NOON + _DAY, True),
        (TOO_NEW, ago(300), True),
        (TOO_NEW, ago(-60), True),
        (TOO_NEW, ago(-61), False),
        (TOO_NEW, NOON + _DAY, False),
    ],
)
def test_a_refusal_for_a_time_that_our_clock_contradicts_is_not_trusted(text: str, at: int, is_suspect: bool) -> None:
    """By our clock the record is not an hour old, or not of the future: a clock may be wrong, or a limit."""
    transport = FakeTransport(rule=lambda received: _http(400, text) if received else Accepted())
    verdicts = open_sink(transport).export([log_record("a", at=at), log_record("b", at=at)])
    assert _suspects(verdicts) == [is_suspect] * 2
    assert len(transport.with_records()) <= 3
    for verdict in verdicts:
        assert verdict.fault
        assert ("clock" in verdict.fault.detail) is is_suspect


@pytest.mark.row(83)
def test_a_doubtful_refusal_proves_nothing_of_older_records_either() -> None:
    """A record of last week that was not sent, because a fresh one was called too old, is held like that."""
    transport = FakeTransport(rule=lambda received: _http(400, TOO_OLD) if received else Accepted())
    records = [log_record("old", at=NOON - 7 * _DAY), log_record("fresh", at=ago(300))]
    sink = open_sink(transport)
    assert _suspects(sink.export(records)) == [False, True]
    assert _suspects(sink.export([log_record("older", at=ago(1000)), log_record("a", at=ago(300))])) == [True, True]


@pytest.mark.row(83)
@pytest.mark.row(85)
@pytest.mark.parametrize("text", [TOO_OLD, TOO_NEW])
def test_what_was_held_for_its_time_is_refused_once_another_is_accepted(text: str) -> None:
    """Then the sink takes records, and it is the record's own time; a mended sink takes it, too."""
    bad = {"bad"}
    transport = FakeTransport(
        rule=lambda received: _http(400, text) if any(each.body in bad for each in received) else Accepted()
    )
    sink = open_sink(transport)
    odd = log_record("bad", at=ago(300))
    for _ in range(3):
        assert _suspects(sink.export([odd])) == [True]
    assert sink.export([log_record("good", at=ago(200), region="eu-west-1")]) == [ACCEPTED]
    assert _suspects(sink.export([odd])) == [False]
    bad.clear()
    assert sink.export([odd]) == [ACCEPTED]


@pytest.mark.row(83)
@pytest.mark.row(85)
@pytest.mark.parametrize("text", [TOO_OLD, TOO_NEW])
@pytest.mark.parametrize("mended_after", [1, 2, 3, 4, 5])
def test_a_clock_that_is_set_right_amid_an_export_costs_no_record(text: str, mended_after: int) -> None:
    """What was refused before others were accepted is sent once more."""
    transport = FakeTransport([_http(400, text)] * mended_after)
    records = [log_record(f"{n}", at=ago(300 - n // 2), region=f"region-{n % 2}") for n in range(16)]
    verdicts = open_sink(transport).export(records)
    assert verdicts == [ACCEPTED] * 16 or all(_suspects([each])[0] or each == ACCEPTED for each in verdicts)


@pytest.mark.row(37)
@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("OUT_OF_RANGE", "Error, decoded message length too large: found 9 bytes, the limit is: 8 bytes"),
        ("RESOURCE_EXHAUSTED", "grpc: received message larger than max (9 vs. 8)"),
        ("INTERNAL", "message length too large"),
        ("UNKNOWN", "request body too large"),
        ("INVALID_ARGUMENT", "request body too large"),
        ("400", "http: request body too large"),
        ("500", "message size exceeds the limit"),
        ("422", "payload too large"),
    ],
)
def test_size_is_size_in_any_code(code: str, text: str) -> None:
    """The request is split at once, and a record that is too large alone is shrunk."""
    answer = refusal(Meaning.SLOW, Refusal(code, f"answered {code}", text, text))
    assert isinstance(answer, TooLarge)
    clock, telemetry = FakeClock(), FakeTelemetry()
    records = [*_records(8, 50), log_record("w" * 300, at=NOON + 9)]
    sink = open_sink(FakeTransport(rule=_limited(100, answer)), clock=clock, telemetry=telemetry, shrink=_halved)
    assert sink.export(records) == [ACCEPTED] * 9
    assert telemetry.count("record_shrunk") == 2
    assert clock.waits == []


@pytest.mark.parametrize(
    ("code", "meaning", "text", "kind"),
    [
        ("429", Meaning.THROTTLED, "request body too large", Later),
        ("503", Meaning.LATER, "request body too large", Later),
        ("RESOURCE_EXHAUSTED", Meaning.THROTTLED, "", Later),
        ("400", Meaning.REFUSED, "sending queue is full", Later),
        ("400", Meaning.REFUSED, PLAIN, Misconfigured),
        ("400", Meaning.REFUSED, "bad label", Refused),
    ],
)
def test_a_code_and_its_words_decide_together(code: str, meaning: Meaning, text: str, kind: type[Answer]) -> None:
    """Neither alone says what an answer means."""
    assert isinstance(refusal(meaning, Refusal(code, "", text, text)), kind)


@pytest.mark.row(46)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_what_a_sink_quotes_is_not_told(status: int) -> None:
    """Of an answer to records only our own sentence is told; the sink's words are those to an empty request."""
    secret = "the-record-said-this"
    clock = FakeClock()
    halt, telemetry = _stops_after(600, clock)

    def rule(received: list[ReceivedRecord]) -> Answer:
        return _http(status, f"bad {secret}" if received else "ask for a token", http_meaning(status))

    open_sink(FakeTransport(rule=rule), clock=clock, halt=halt, telemetry=telemetry).export(_records(3))
    told = str(telemetry.named("sink_down"))
    assert secret not in told
    if status in {401, 403, 404}:
        assert "ask for a token" in told


@pytest.mark.row(39)
def test_a_setting_that_is_mended_amid_an_export_costs_no_record() -> None:
    """What was refused before others were accepted is sent once more, before it is called bad."""
    answers = [_http(400, NO_METADATA)] * 9
    for count in range(1, len(answers)):
        transport = FakeTransport(answers[:count])
        assert open_sink(transport).export(_records(12)) == [ACCEPTED] * 12
        assert transport.stored == {record.body for record in _records(12)}


def test_a_wait_that_the_sink_asks_for_is_kept_by_the_records_after_it_too() -> None:
    """One record is answered with Retry-After again and again; what is sent next, in this export or another, waits."""
    clock = FakeClock()
    asked_until: list[float] = []
    too_soon: list[str] = []

    def judge(received: list[ReceivedRecord]) -> Answer:
        if not received:
            return Accepted()
        if asked_until and clock.monotonic() < asked_until[-1]:
            too_soon.append(received[0].body)
        is_stuck = any("003" in each.body for each in received)
        asked_until.append(clock.monotonic() + (50 if is_stuck else 0))
        return Later("answered 503", retry_after=50) if is_stuck else Accepted()

    sink = open_sink(FakeTransport(rule=judge), clock=clock)
    first = sink.export(_records(8))
    assert [verdict.accepted for verdict in first] == [number != 3 for number in range(8)]
    assert asked_until[-1] > clock.monotonic()
    assert sink.export([log_record("another", at=NOON)]) == [ACCEPTED]
    assert too_soon == []
