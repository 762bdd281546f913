"""A record that does not pass, though it is alone in its request."""

from __future__ import annotations

import pytest

from agent.errors import Fault
from agent.faults.retries import RetryReason
from agent.model import ACCEPTED
from agent.sink.answer import (
    Accepted,
    Answer,
    Later,
    Misconfigured,
)
from agent.sink.otlp.decode import ReceivedRecord
from tests.support.clock import FakeClock
from tests.support.records import NOON, log_record
from tests.support.sink import halved, numbered, open_sink
from tests.support.telemetry import FakeTelemetry
from tests.support.transport import FakeTransport


@pytest.mark.row(45)
def test_one_record_that_never_passes_does_not_hold_the_others_up() -> None:
    """A sink that breaks at one record gets the others within two minutes, and that one is to come again."""
    clock = FakeClock()
    began = clock.monotonic()
    transport = FakeTransport(
        rule=lambda received: Later("500", slow=True) if any("005" in r.body for r in received) else Accepted()
    )
    sink = open_sink(transport, clock=clock)
    verdicts = sink.export(numbered(12))
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
    sink = open_sink(FakeTransport(rule=rule), clock=clock, telemetry=telemetry, shrink=halved)
    faults: list[Fault] = []
    late, exports = [log_record("poison " * 20), log_record("y" * 150, at=NOON + 1)], 0
    while late:
        verdicts, exports = sink.export([*late, *numbered(3)]), exports + 1
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
    sink = open_sink(transport, clock=clock, shrink=halved)
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
    sink = open_sink(transport, clock=clock, telemetry=telemetry, shrink=halved)
    odd = log_record("odd " * 40)
    while clock.monotonic() < until:
        verdicts = sink.export([odd, *numbered(3)])
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
    verdicts = open_sink(transport).export(numbered(12))
    assert [number for number, verdict in enumerate(verdicts) if verdict.retry] == [place]
    assert verdicts.count(ACCEPTED) == 11


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
    sink.export([*odd, *numbered(3)])
    for _ in range(4):
        clock.advance(150)
        began = clock.monotonic()
        verdicts = sink.export([*odd, *numbered(3)])
        assert verdicts[-3:] == [ACCEPTED] * 3
        assert clock.monotonic() - began <= 75
    assert any(verdict.fault for verdict in verdicts)
