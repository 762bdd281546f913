"""One export of a sink: order, waits and halts, and one verdict for each record whatever it says."""

from __future__ import annotations

import threading

from hypothesis import given
from hypothesis import strategies as st

from agent.model import UNANSWERED
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
from tests.support.clock import FakeClock
from tests.support.loki import BAD, BEHIND, MINUTE, FakeLoki, refused
from tests.support.records import NOON, log_record
from tests.support.sink import open_sink
from tests.support.telemetry import FakeTelemetry
from tests.support.transport import FakeTransport

NEW = "entry for stream '{}' has timestamp too new: 2"


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
