"""Requests that are refused are taken apart until each bad record is alone; what is too large is made smaller."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.faults.dead_letters import Reason
from agent.model import ACCEPTED, LogRecord
from agent.sink.answer import (
    Accepted,
    Answer,
    TooLarge,
)
from agent.sink.otlp.decode import ReceivedRecord
from tests.support.loki import MINUTE, FakeLoki
from tests.support.records import NOON, SECOND, log_record
from tests.support.sink import open_sink, reasons
from tests.support.telemetry import FakeTelemetry
from tests.support.transport import FakeTransport


@given(st.lists(st.booleans(), min_size=1, max_size=40), st.integers(1, 9))
def test_exactly_the_bad_records_are_refused(good: list[bool], max_records: int) -> None:
    """Whatever the mix, each bad record has its own fault and each good one is accepted and stored."""
    loki = FakeLoki()
    records = [log_record(f"{'ok' if ok else 'long'} {n}", at=NOON + n) for n, ok in enumerate(good)]
    verdicts = open_sink(FakeTransport(rule=loki.rule), max_batch_records=max_records).export(records)
    assert [verdict == ACCEPTED for verdict in verdicts] == good
    assert {reason for reason in reasons(verdicts) if reason} <= {Reason.SINK_REJECTED}
    assert set(loki.stored) == {record.body for record, ok in zip(records, good, strict=True) if ok}


@pytest.mark.parametrize("old", [0, 1, 250, 499, 500])
def test_a_horizon_is_found_in_few_requests(old: int) -> None:
    """Of 500 records in time order the boundary of what is too old takes some twenty requests, not a thousand."""
    records = [log_record(str(n), at=NOON + n * SECOND) for n in range(500)]
    transport = FakeTransport(rule=FakeLoki(oldest=NOON + old * SECOND).rule)
    verdicts = open_sink(transport).export(records)
    assert reasons(verdicts).count(Reason.SINK_TOO_OLD) == old
    assert len(transport.payloads) <= 20


def test_hours_of_records_survive_one_bad_among_them() -> None:
    """Isolating a bad record resends its neighbours only, so that a sink with a moving horizon does not refuse them."""
    loki = FakeLoki()
    records = [log_record(str(n), at=NOON + n * 10 * MINUTE) for n in range(60)]
    records[37] = log_record("long", at=NOON + 370 * MINUTE)
    verdicts = open_sink(FakeTransport(rule=loki.rule)).export(records)
    assert [place for place, verdict in enumerate(verdicts) if not verdict.accepted] == [37]


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
    assert reasons(verdicts) == [None, None, None, Reason.RECORD_TOO_LARGE, None]
    assert transport.stored == {"a" * 60, "b" * 60, "c" * 50, "d"}
    assert telemetry.count("record_shrunk") == 1
