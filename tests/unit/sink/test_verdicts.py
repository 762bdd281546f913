"""What becomes of each record, by what the sink said of it and of the others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.faults.dead_letters import Reason
from agent.faults.retries import RetryReason
from agent.model import ACCEPTED
from agent.sink.answer import (
    Accepted,
    PartlyRejected,
)
from tests.support.loki import MINUTE, FakeLoki
from tests.support.records import NOON, SECOND, ago, log_record
from tests.support.sink import http_refusal, numbered, open_sink, reasons, suspects
from tests.support.transport import FakeTransport


@given(st.lists(st.integers(0, 20), max_size=60), st.integers(0, 20))
def test_exactly_the_records_too_old_are_refused_for_their_age(minutes: list[int], cut: int) -> None:
    """Whatever the order they come in, records beyond the sink's horizon are dead letters and all others are stored."""
    oldest = NOON + cut * MINUTE
    records = [log_record(str(n), at=NOON + minute * MINUTE, region=f"r{n % 3}") for n, minute in enumerate(minutes)]
    transport = FakeTransport(rule=FakeLoki(oldest=oldest).rule)
    verdicts = open_sink(transport).export(records)
    assert reasons(verdicts) == [Reason.SINK_TOO_OLD if record.time_unix_nano < oldest else None for record in records]
    assert all(verdict.accepted or verdict.fault for verdict in verdicts)


def test_records_of_one_instant_share_the_proof() -> None:
    """What is exactly as old as a record refused for its age is refused with it, unsent."""
    transport = FakeTransport(rule=FakeLoki(oldest=NOON + 1).rule)
    verdicts = open_sink(transport).export([log_record(str(n), at=NOON) for n in range(500)])
    assert set(reasons(verdicts)) == {Reason.SINK_TOO_OLD}
    assert len(transport.payloads) <= 11


def test_a_proof_counts_for_its_own_stream_only() -> None:
    """A region whose newest record is far ahead says nothing about another region's older ones."""
    loki = FakeLoki()
    loki._newest["us-west-2"] = NOON + 300 * MINUTE
    records = [log_record("a", at=NOON), log_record("b", at=NOON - MINUTE, region="eu-west-1")]
    verdicts = open_sink(FakeTransport(rule=loki.rule)).export(records)
    assert reasons(verdicts) == [Reason.SINK_TOO_OLD, None]


NO_METADATA = "stream '{a=\"b\"}' includes structured metadata, but this feature is disallowed."


def test_a_record_that_is_refused_as_an_empty_request_is_held_if_none_was_ever_accepted() -> None:
    """After five minutes of asking in vain records are sent; that they are refused alike proves nothing."""
    sink = open_sink(FakeTransport(rule=lambda _: http_refusal(400, "bad")))
    assert sink.await_up()
    [verdict] = sink.export([log_record()])
    assert verdict.fault
    assert verdict.fault.is_suspect


@pytest.mark.row(39)
@pytest.mark.parametrize("count", [2, 3, 45, 500])
def test_a_sink_that_refuses_every_record_is_to_blame_itself(count: int) -> None:
    """All in the same words, and none accepted: they are held, and only so many are asked about."""
    transport = FakeTransport(rule=lambda _: http_refusal(400, NO_METADATA), empty=Accepted())
    verdicts = open_sink(transport).export(numbered(count))
    assert all(verdict.fault and verdict.fault.is_suspect for verdict in verdicts)
    assert len(transport.payloads) <= 2 * 32 + 20


@pytest.mark.row(39)
def test_a_setting_is_told_from_bad_records_by_one_that_passes() -> None:
    """The same words for half of the records are about those, also when they come again alone."""
    transport = FakeTransport(
        rule=lambda received: http_refusal(400, "bad") if any("bad" in each.body for each in received) else Accepted()
    )
    sink = open_sink(transport)
    records = [log_record(f"{'bad' if number % 2 else 'good'} {number}", at=NOON + number) for number in range(20)]
    verdicts = sink.export(records)
    assert reasons(verdicts) == [Reason.SINK_REJECTED if number % 2 else None for number in range(20)]
    assert not any(verdict.fault and verdict.fault.is_suspect for verdict in verdicts)
    again = sink.export(records[1::2])
    assert not any(verdict.fault and verdict.fault.is_suspect for verdict in again)


@pytest.mark.row(39)
def test_what_was_held_is_bad_once_another_is_accepted() -> None:
    """Two bad records in a row look like a setting; after one that passes they are judged anew, and refused."""
    transport = FakeTransport(
        rule=lambda received: http_refusal(400, "bad") if any("bad" in each.body for each in received) else Accepted()
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
    verdicts = sink.export(numbered(3))
    assert all(verdict.fault and verdict.fault.is_suspect and verdict.fault.is_final for verdict in verdicts)


@pytest.mark.row(42)
def test_a_record_too_new_is_found_and_the_others_are_delivered() -> None:
    """As for age: the oldest that is too new condemns the newer ones of its stream."""
    transport = FakeTransport(
        rule=lambda received: (
            http_refusal(400, "entry for stream '{}' has timestamp too new: 2")
            if any(each.time_unix_nano >= NOON + 300 for each in received)
            else Accepted()
        )
    )
    verdicts = open_sink(transport).export(numbered(400))
    assert reasons(verdicts) == [None] * 300 + [Reason.SINK_TOO_NEW] * 100
    assert len(transport.payloads) < 30


TOO_OLD = "entry for stream '{}' has timestamp too old: 1, oldest acceptable timestamp is: 2"


TOO_NEW = "entry for stream '{}' has timestamp too new: 2"


_DAY = 24 * 3600 * SECOND


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
    transport = FakeTransport(rule=lambda received: http_refusal(400, text) if received else Accepted())
    verdicts = open_sink(transport).export([log_record("a", at=at), log_record("b", at=at)])
    assert suspects(verdicts) == [is_suspect] * 2
    assert len(transport.with_records()) <= 3
    for verdict in verdicts:
        assert verdict.fault
        assert ("clock" in verdict.fault.detail) is is_suspect


@pytest.mark.row(42)
@pytest.mark.row(83)
@pytest.mark.parametrize(
    ("text", "at", "retry"),
    [
        (TOO_OLD, ago(3599), RetryReason.SINK_TOO_OLD),
        (TOO_OLD, ago(3600), None),
        (TOO_NEW, ago(300), RetryReason.SINK_TOO_NEW),
        (TOO_NEW, NOON + _DAY, RetryReason.SINK_TOO_NEW),
    ],
)
def test_what_a_wrong_clock_may_refuse_may_pass_later(text: str, at: int, retry: RetryReason | None) -> None:
    """Though others are accepted. What is an hour old or older by our clock too will not get younger."""
    transport = FakeTransport(
        rule=lambda received: http_refusal(400, text) if any(each.body == "odd" for each in received) else Accepted()
    )
    records = [log_record("odd", at=at), log_record("good", at=ago(200), region="eu-west-1")]
    odd, good = open_sink(transport).export(records)
    assert good == ACCEPTED
    assert odd.fault
    assert not odd.fault.is_suspect
    assert (odd.retry, bool(odd.retry_detail)) == (retry, retry is not None)


@pytest.mark.row(83)
def test_a_doubtful_refusal_proves_nothing_of_older_records_either() -> None:
    """A record of last week that was not sent, because a fresh one was called too old, is held like that."""
    transport = FakeTransport(rule=lambda received: http_refusal(400, TOO_OLD) if received else Accepted())
    records = [log_record("old", at=NOON - 7 * _DAY), log_record("fresh", at=ago(300))]
    sink = open_sink(transport)
    assert suspects(sink.export(records)) == [False, True]
    assert suspects(sink.export([log_record("older", at=ago(1000)), log_record("a", at=ago(300))])) == [True, True]


@pytest.mark.row(83)
@pytest.mark.row(85)
@pytest.mark.parametrize("text", [TOO_OLD, TOO_NEW])
def test_what_was_held_for_its_time_is_refused_once_another_is_accepted(text: str) -> None:
    """Then the sink takes records, and it is the record's own time; a mended sink takes it, too."""
    bad = {"bad"}
    transport = FakeTransport(
        rule=lambda received: http_refusal(400, text) if any(each.body in bad for each in received) else Accepted()
    )
    sink = open_sink(transport)
    odd = log_record("bad", at=ago(300))
    for _ in range(3):
        assert suspects(sink.export([odd])) == [True]
    assert sink.export([log_record("good", at=ago(200), region="eu-west-1")]) == [ACCEPTED]
    [verdict] = sink.export([odd])
    assert suspects([verdict]) == [False]
    assert verdict.retry is (RetryReason.SINK_TOO_OLD if text is TOO_OLD else RetryReason.SINK_TOO_NEW)
    bad.clear()
    assert sink.export([odd]) == [ACCEPTED]


@pytest.mark.row(83)
@pytest.mark.row(85)
@pytest.mark.parametrize("text", [TOO_OLD, TOO_NEW])
@pytest.mark.parametrize("mended_after", [1, 2, 3, 4, 5])
def test_a_clock_that_is_set_right_amid_an_export_costs_no_record(text: str, mended_after: int) -> None:
    """What was refused before others were accepted is sent once more."""
    transport = FakeTransport([http_refusal(400, text)] * mended_after)
    records = [log_record(f"{n}", at=ago(300 - n // 2), region=f"region-{n % 2}") for n in range(16)]
    verdicts = open_sink(transport).export(records)
    assert verdicts == [ACCEPTED] * 16 or all(suspects([each])[0] or each == ACCEPTED for each in verdicts)


@pytest.mark.row(39)
def test_a_setting_that_is_mended_amid_an_export_costs_no_record() -> None:
    """What was refused before others were accepted is sent once more, before it is called bad."""
    answers = [http_refusal(400, NO_METADATA)] * 9
    for count in range(1, len(answers)):
        transport = FakeTransport(answers[:count])
        assert open_sink(transport).export(numbered(12)) == [ACCEPTED] * 12
        assert transport.stored == {record.body for record in numbered(12)}
