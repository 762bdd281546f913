"""A request that never passes is searched for what does not pass."""

from __future__ import annotations

import pytest

from agent.model import ACCEPTED, UNANSWERED
from agent.sink.answer import (
    Answer,
    Later,
    Misconfigured,
)
from tests.support.clock import FakeClock
from tests.support.sink import halved, limited, numbered, open_sink, stops_after
from tests.support.transport import FakeTransport


@pytest.mark.row(44)
@pytest.mark.parametrize(
    "answer",
    [Later("reset"), Later("502"), Later("500", slow=True), Later("429", throttled=True), Misconfigured("403")],
    ids=lambda answer: type(answer).__name__,
)
def test_a_size_that_never_passes_is_found_whatever_the_code(answer: Answer) -> None:
    """A proxy that resets or answers 502 to large requests gets smaller ones, and every record arrives whole."""
    clock = FakeClock()
    transport = FakeTransport(rule=limited(200, answer))
    halt, telemetry = stops_after(3600, clock)
    sink = open_sink(transport, clock=clock, telemetry=telemetry, halt=halt, shrink=halved)
    began = clock.monotonic()
    assert sink.export(numbered(40, 50)) == [ACCEPTED] * 40
    assert (5 if isinstance(answer, Misconfigured) else 30) <= clock.monotonic() - began < 900
    assert telemetry.count("record_shrunk") == 0
    assert telemetry.sink_states()[-1] == "up"


@pytest.mark.row(44)
def test_what_was_learned_of_the_size_is_kept_for_a_while() -> None:
    """The next requests are as small as the one that passed: nobody waits for half a minute each time."""
    clock = FakeClock()
    transport = FakeTransport(rule=limited(200_000, Later("reset")))
    sink = open_sink(transport, clock=clock)
    assert sink.export(numbered(40, 20_000)) == [ACCEPTED] * 40
    began, requests = clock.monotonic(), len(transport.payloads)
    assert sink.export(numbered(40, 20_001)) == [ACCEPTED] * 40
    assert clock.monotonic() == began
    assert len(transport.payloads) - requests < 12


@pytest.mark.row(44)
def test_a_sink_that_is_down_is_not_asked_for_parts() -> None:
    """Where an empty request does not pass either, the same bytes wait."""
    clock = FakeClock()
    halt, telemetry = stops_after(3600, clock)
    transport = FakeTransport(rule=lambda _: Later("503"))
    assert open_sink(transport, clock=clock, halt=halt, telemetry=telemetry).export(numbered(8)) == [UNANSWERED] * 8
    assert len(set(transport.with_records())) == 1
