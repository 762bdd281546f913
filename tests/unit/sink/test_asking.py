"""How patiently the sink is asked, and what it is asked with while it is busy, down or silent."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from agent.model import ACCEPTED
from agent.sink.answer import (
    Accepted,
    Answer,
    Later,
    Meaning,
    Refusal,
    refusal,
)
from agent.sink.otlp.decode import ReceivedRecord
from tests.support.clock import FakeClock
from tests.support.records import NOON, log_record
from tests.support.sink import halved, numbered, open_sink
from tests.support.telemetry import FakeTelemetry
from tests.support.transport import FakeTransport

Rule = Callable[[list[ReceivedRecord]], Answer]
BUSY = "data refused due to high memory usage"


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
    assert open_sink(transport, clock=clock, telemetry=telemetry, shrink=halved).export(numbered(20)) == [ACCEPTED] * 20
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
    sink = open_sink(transport, clock=clock, telemetry=telemetry, shrink=halved)
    assert sink.export(numbered(20, 100)) == [ACCEPTED] * 20
    assert telemetry.count("record_shrunk") == 0
    assert transport.stored == {record.body for record in numbered(20, 100)}


@pytest.mark.row(36)
def test_a_sink_that_is_busy_most_of_the_time_gets_whole_records() -> None:
    """Seven of ten requests are refused, at random: everything arrives, and nothing is cut, held or refused."""
    refused = iter([number % 10 not in {3, 6, 9} for number in range(100_000)])
    busy = refusal(Meaning.THROTTLED, Refusal("RESOURCE_EXHAUSTED", "exhausted", BUSY, BUSY))
    transport = FakeTransport(rule=lambda received: busy if next(refused) else Accepted(), empty=Accepted())
    telemetry = FakeTelemetry()
    sink = open_sink(transport, telemetry=telemetry, shrink=halved, max_batch_records=3)
    for _ in range(5):
        assert sink.export(numbered(20, 100)) == [ACCEPTED] * 20
    assert telemetry.count("record_shrunk") == 0


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
    first = sink.export(numbered(8))
    assert [verdict.accepted for verdict in first] == [number != 3 for number in range(8)]
    assert asked_until[-1] > clock.monotonic()
    assert sink.export([log_record("another", at=NOON)]) == [ACCEPTED]
    assert too_soon == []
