"""What the sink says to empty requests tells whether an answer is about the records."""

from __future__ import annotations

import pytest

from agent.faults.dead_letters import Reason
from agent.model import ACCEPTED
from agent.sink.answer import (
    Accepted,
    Answer,
    Meaning,
    http_meaning,
)
from agent.sink.otlp.decode import ReceivedRecord
from tests.support.clock import FakeClock
from tests.support.records import log_record
from tests.support.sink import halved, http_refusal, numbered, open_sink, reasons, stops_after
from tests.support.telemetry import FakeTelemetry
from tests.support.transport import FakeTransport

PLAIN = "Client sent an HTTP request to an HTTPS server."


@pytest.mark.row(38)
@pytest.mark.parametrize(
    "answer",
    [
        http_refusal(400, PLAIN),
        http_refusal(400, "<html>400 The plain HTTP request was sent to HTTPS port</html>", is_page=True),
        http_refusal(400, "Bad Request"),
        http_refusal(422, "unprocessable"),
        http_refusal(400),
        http_refusal(400, "request body is empty"),
        http_refusal(413, "too large", Meaning.TOO_LARGE),
    ],
    ids=lambda answer: type(answer).__name__,
)
def test_what_an_empty_request_is_answered_too_is_not_about_a_record(answer: Answer) -> None:
    """Nothing is taken apart, shrunk or refused: everything waits, and is delivered once it is mended."""
    clock = FakeClock()
    mended = clock.monotonic() + 3600
    transport = FakeTransport(rule=lambda _: answer if clock.monotonic() < mended else Accepted())
    telemetry = FakeTelemetry()
    verdicts = open_sink(transport, clock=clock, telemetry=telemetry, shrink=halved).export(numbered(20))
    assert verdicts == [ACCEPTED] * 20
    assert len(set(transport.with_records())) == 1
    assert set(telemetry.sink_states()[:-1]) == {"misconfigured"}
    assert telemetry.count("record_shrunk") == 0
    assert len(transport.payloads) < 300


@pytest.mark.row(38)
def test_an_endpoint_that_refuses_an_empty_request_is_not_up() -> None:
    """At the start, too; but a refusal for its emptiness judges it."""
    telemetry = FakeTelemetry()
    assert not open_sink(FakeTransport(empty=http_refusal(400, PLAIN)), telemetry=telemetry).probe()
    assert telemetry.sink_states() == ["misconfigured"]
    loki = FakeTransport(empty=http_refusal(422, "error at least one valid stream is required for ingestion"))
    assert open_sink(loki).probe()


def test_a_bad_record_is_found_where_empty_requests_are_refused_for_their_emptiness() -> None:
    """The words differ, so that the refusal is about the record."""
    transport = FakeTransport(
        rule=lambda received: (
            http_refusal(400, "bad label") if any("003" in each.body for each in received) else Accepted()
        ),
        empty=http_refusal(400, "no logs in request"),
    )
    verdicts = open_sink(transport).export(numbered(8))
    assert reasons(verdicts) == [Reason.SINK_REJECTED if number == 3 else None for number in range(8)]
    assert not any(verdict.fault and verdict.fault.is_suspect for verdict in verdicts)


def test_a_sink_that_dislikes_empty_requests_judges_records_alike() -> None:
    """It has the same words for an empty request and for a bad record: those that it accepts tell them apart."""
    clock = FakeClock()
    transport = FakeTransport(
        rule=lambda received: http_refusal(400, "bad") if any("003" in each.body for each in received) else Accepted(),
        empty=http_refusal(400, "bad"),
    )
    sink = open_sink(transport, clock=clock)
    assert sink.await_up()
    assert reasons(sink.export(numbered(8))).count(Reason.SINK_REJECTED) == 1
    [lone] = sink.export([log_record("003 again")])
    assert lone.fault
    assert not lone.fault.is_suspect


@pytest.mark.row(46)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_what_a_sink_quotes_is_not_told(status: int) -> None:
    """Of an answer to records only our own sentence is told; the sink's words are those to an empty request."""
    secret = "the-record-said-this"
    clock = FakeClock()
    halt, telemetry = stops_after(600, clock)

    def rule(received: list[ReceivedRecord]) -> Answer:
        return http_refusal(status, f"bad {secret}" if received else "ask for a token", http_meaning(status))

    open_sink(FakeTransport(rule=rule), clock=clock, halt=halt, telemetry=telemetry).export(numbered(3))
    told = str(telemetry.named("sink_down"))
    assert secret not in told
    if status in {401, 403, 404}:
        assert "ask for a token" in told
