"""How the sink finds bad records, keeps order and waits; each answer alone is in the contract suite."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.faults.dead_letters import Reason
from agent.model import ACCEPTED, UNANSWERED, LogRecord, Verdict
from agent.pulse import Pulse
from agent.sink.answer import (
    Accepted,
    Answer,
    Later,
    Misconfigured,
    PartlyRejected,
    TooLarge,
)
from agent.sink.otlp.decode import ReceivedRecord
from agent.sink.patience import patience
from agent.sink.words import are_about_age
from tests.support.clock import FakeClock
from tests.support.loki import BAD, BEHIND, MINUTE, FakeLoki, refused
from tests.support.records import NOON, SECOND, log_record
from tests.support.sink import open_sink
from tests.support.telemetry import FakeTelemetry
from tests.support.transport import FakeTransport

NEW = "entry for stream '{}' has timestamp too new: 2"


def _reasons(verdicts: list[Verdict]) -> list[Reason | None]:
    return [verdict.fault.reason if verdict.fault else None for verdict in verdicts]


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(1, 9))
def test_exactly_the_bad_records_are_refused(good: list[bool], max_records: int) -> None:
    """Whatever the mix, each bad record has its own fault and each good one is accepted and stored."""
    loki = FakeLoki()
    records = [log_record(f"{'ok' if ok else 'long'} {n}", at=NOON + n) for n, ok in enumerate(good)]
    verdicts = open_sink(FakeTransport(rule=loki.rule), max_batch_records=max_records).export(records)
    assert [verdict == ACCEPTED for verdict in verdicts] == good
    assert {reason for reason in _reasons(verdicts) if reason} <= {Reason.SINK_REJECTED}
    assert set(loki.stored) == {record.body for record, ok in zip(records, good, strict=True) if ok}


@given(st.lists(st.integers(0, 20), max_size=60), st.integers(0, 20))
def test_exactly_the_records_too_old_are_refused_for_their_age(minutes: list[int], cut: int) -> None:
    """Whatever the order they come in, records beyond the sink's horizon are dead letters and all others are stored."""
    oldest = NOON + cut * MINUTE
    records = [log_record(str(n), at=NOON + minute * MINUTE, region=f"r{n % 3}") for n, minute in enumerate(minutes)]
    transport = FakeTransport(rule=FakeLoki(oldest=oldest).rule)
    verdicts = open_sink(transport).export(records)
    assert _reasons(verdicts) == [Reason.SINK_TOO_OLD if record.time_unix_nano < oldest else None for record in records]
    assert all(verdict.accepted or verdict.fault for verdict in verdicts)


@pytest.mark.parametrize("old", [0, 1, 250, 499, 500])
def test_a_horizon_is_found_in_few_requests(old: int) -> None:
    """Of 500 records in time order the boundary of what is too old takes some twenty requests, not a thousand."""
    records = [log_record(str(n), at=NOON + n * SECOND) for n in range(500)]
    transport = FakeTransport(rule=FakeLoki(oldest=NOON + old * SECOND).rule)
    verdicts = open_sink(transport).export(records)
    assert _reasons(verdicts).count(Reason.SINK_TOO_OLD) == old
    assert len(transport.payloads) <= 20


def test_records_of_one_instant_share_the_proof() -> None:
    """What is exactly as old as a record refused for its age is refused with it, unsent."""
    transport = FakeTransport(rule=FakeLoki(oldest=NOON + 1).rule)
    verdicts = open_sink(transport).export([log_record(str(n), at=NOON) for n in range(500)])
    assert set(_reasons(verdicts)) == {Reason.SINK_TOO_OLD}
    assert len(transport.payloads) <= 11


def test_a_proof_counts_for_its_own_stream_only() -> None:
    """A region whose newest record is far ahead says nothing about another region's older ones."""
    loki = FakeLoki()
    loki._newest["us-west-2"] = NOON + 300 * MINUTE
    records = [log_record("a", at=NOON), log_record("b", at=NOON - MINUTE, region="eu-west-1")]
    verdicts = open_sink(FakeTransport(rule=loki.rule)).export(records)
    assert _reasons(verdicts) == [Reason.SINK_TOO_OLD, None]


def test_hours_of_records_survive_one_bad_among_them() -> None:
    """Isolating a bad record resends its neighbours only, so that a sink with a moving horizon does not refuse them."""
    loki = FakeLoki()
    records = [log_record(str(n), at=NOON + n * 10 * MINUTE) for n in range(60)]
    records[37] = log_record("long", at=NOON + 370 * MINUTE)
    verdicts = open_sink(FakeTransport(rule=loki.rule)).export(records)
    assert [place for place, verdict in enumerate(verdicts) if not verdict.accepted] == [37]


def test_the_oldest_is_sent_first_and_verdicts_keep_the_callers_order() -> None:
    """Objects come in any order; Loki wants the oldest first, the caller its own order back."""
    loki = FakeLoki()
    records = [
        log_record("new", at=NOON + 300 * MINUTE),
        log_record("long", at=NOON + 150 * MINUTE),
        log_record("old", at=NOON),
    ]
    verdicts = open_sink(FakeTransport(rule=loki.rule)).export(records)
    assert [verdict.accepted for verdict in verdicts] == [True, False, True]
    assert loki.stored == ["old", "new"]


def test_too_large_records_are_halved_shrunk_and_at_last_refused() -> None:
    """A sink with a small limit gets everything that can be made to fit, and names what cannot."""

    def rule(received: list[ReceivedRecord]) -> Answer:
        return TooLarge("limit 100") if sum(len(record.body) for record in received) > 100 else Accepted()

    def shrink(record: LogRecord) -> LogRecord | None:
        return None if record.body.startswith("stone") else log_record(record.body[:50], at=record.time_unix_nano)

    telemetry = FakeTelemetry()
    bodies = ["a" * 60, "b" * 60, "c" * 900, "stone" * 50, "d"]
    records = [log_record(body, at=NOON + n) for n, body in enumerate(bodies)]
    transport = FakeTransport(rule=rule)
    verdicts = open_sink(transport, shrink=shrink, telemetry=telemetry).export(records)
    assert _reasons(verdicts) == [None, None, None, Reason.RECORD_TOO_LARGE, None]
    assert transport.stored == {"a" * 60, "b" * 60, "c" * 50, "d"}
    assert telemetry.count("record_shrunk") == 1


ANSWERS = st.one_of(
    st.builds(Accepted, st.sampled_from(["", "hm"])),
    st.builds(PartlyRejected, st.integers(1, 9), st.just("no")),
    st.builds(Later, st.just("busy"), st.one_of(st.none(), st.floats(0.1, 300)), st.booleans(), st.booleans()),
    st.builds(Misconfigured, st.just("who?")),
    st.sampled_from([refused(BAD), refused(BEHIND), refused(NEW)]),
    st.builds(TooLarge, st.just("big")),
)


@given(st.lists(ANSWERS, max_size=40), st.integers(0, 12), st.integers(1, 4))
def test_whatever_the_sink_says_every_record_gets_one_verdict(
    answers: list[Answer], count: int, max_records: int
) -> None:
    """Accepted means stored; refused means a fault; nothing is left open while the daemon runs."""
    transport = FakeTransport(answers)
    records = [log_record(str(n), at=NOON + n) for n in range(count)]
    verdicts = open_sink(transport, max_batch_records=max_records).export(records)
    assert len(verdicts) == count
    for record, verdict in zip(records, verdicts, strict=True):
        assert verdict.accepted is (record.body in transport.stored)
        assert verdict.accepted is (verdict.fault is None)


@given(st.lists(ANSWERS, max_size=20), st.integers(1, 8), st.integers(0, 5))
def test_a_halt_at_any_time_claims_nothing_that_was_not_accepted(
    answers: list[Answer], count: int, patience_left: int
) -> None:
    """Stopped in the middle, the export returns at once; only what the sink took counts as delivered."""
    halt = threading.Event()
    seen: list[None] = []

    def rule(_: list[ReceivedRecord]) -> Answer:
        return Later("still down")

    def down() -> None:
        seen.append(None)
        if len(seen) > patience_left:
            halt.set()

    transport = FakeTransport([*answers], rule)
    sink = open_sink(transport, halt=halt, telemetry=FakeTelemetry(on_down=down), max_batch_records=2)
    records = [log_record(str(n), at=NOON + n) for n in range(count)]
    for record, verdict in zip(records, sink.export(records), strict=True):
        assert verdict.accepted is (record.body in transport.stored)


def test_a_halted_sink_sends_nothing() -> None:
    """After the halt no request goes out."""
    halt = threading.Event()
    halt.set()
    transport = FakeTransport()
    assert open_sink(transport, halt=halt).export([log_record()]) == [UNANSWERED]
    assert transport.payloads == []


def test_a_waiting_thread_is_alive() -> None:
    """An hour's outage never lets the waiting thread's heart stand still for a minute."""
    clock = FakeClock()
    pulse = Pulse(clock)
    halt = threading.Event()
    still: list[str] = []

    def down() -> None:
        still.extend(pulse.still(60))
        if clock.monotonic() > 3600:
            halt.set()

    telemetry = FakeTelemetry(on_down=down)
    sink = open_sink(FakeTransport(rule=lambda _: Later("down")), halt=halt, telemetry=telemetry, pulse=pulse)
    with pulse.alive():
        assert sink.export([log_record()]) == [UNANSWERED]
    assert clock.monotonic() > 3600
    assert still == []
    assert max(clock.waits) <= 5


def test_an_empty_export_sends_nothing() -> None:
    """No records, no request."""
    transport = FakeTransport()
    assert open_sink(transport).export([]) == []
    assert transport.payloads == []


@pytest.mark.parametrize(
    ("answer", "ceilings"),
    [
        (Later(""), [0.5, 1, 2, 4, 8, 16, 32, 60, 60]),
        (Later("", slow=True), [5, 10, 20, 40, 60, 60]),
        (Later("", retry_after=7), [7, 7, 7]),
        (Misconfigured(""), [5, 10, 20, 40, 60, 60]),
    ],
)
def test_waits_grow_to_a_minute(answer: Later | Misconfigured, ceilings: list[float]) -> None:
    """Full jitter between nothing (5 s for a misconfiguration) and a ceiling that doubles."""
    assert [patience(answer, attempt, 1.0) for attempt in range(len(ceilings))] == ceilings
    assert patience(answer, 10**6, 0.999) <= 60


@given(st.integers(0, 10**9), st.floats(0, 1, exclude_max=True))
def test_an_operators_fault_is_not_hammered(attempt: int, random: float) -> None:
    """Between two attempts at a misconfigured sink there are at least five seconds."""
    assert 5 <= patience(Misconfigured(""), attempt, random) <= 60


@pytest.mark.parametrize(
    ("message", "old"),
    [
        (BEHIND, True),
        ("entry for stream '{a=\"b\"}' has timestamp too old: 1, oldest acceptable timestamp is: 2", True),
        ("Entry out of order", True),
        ("entry for stream '{a=\"b\"}' has timestamp too new: 1", False),
        (BAD, False),
        ("", False),
    ],
)
def test_lokis_words_for_too_old_are_known(message: str, old: bool) -> None:
    """The texts are those of Loki's validation and ingester."""
    assert are_about_age(message) is old
