"""Every row of the answer table, over a fake transport, a real HTTP receiver and a real gRPC receiver."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import pytest
from grpc import StatusCode

from agent.faults.dead_letters import Reason
from agent.model import ACCEPTED, UNANSWERED
from agent.sink.answer import Accepted, Answer, Later, Misconfigured, PartlyRejected, Refused, TooLarge, Why
from agent.sink.otlp.decode import ReceivedRecord
from agent.sink.otlp.grpc import GrpcTransport
from agent.sink.otlp.http import HttpTransport
from agent.sink.wire import Transport
from tests.support.clock import FakeClock
from tests.support.objects import BUCKET
from tests.support.otlp_receiver import GrpcReceiver, GrpcReply, HttpReceiver, HttpReply, partial_success
from tests.support.records import log_record
from tests.support.sink import open_sink
from tests.support.telemetry import FakeTelemetry
from tests.support.transport import FakeTransport

TEXT = "text/plain"


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that a sink can say, in the three languages."""

    fake: Answer
    http: HttpReply
    grpc: GrpcReply


@dataclass(frozen=True, slots=True)
class Bench:
    """A transport, and the payloads that arrived at its other end, those without records left out."""

    transport: Transport
    arrived: Callable[[], list[bytes]]

    def payloads(self) -> list[bytes]:
        """The requests with records."""
        return [payload for payload in self.arrived() if payload]


Open = Callable[..., AbstractContextManager[Bench]]


class _EmptyScript(FakeTransport):
    """Answers requests without records by its script."""

    def _answer(self, received: list[ReceivedRecord]) -> Answer:
        return self._answers.popleft() if self._answers else Accepted()


@contextmanager
def _fake(said: Sequence[Said], *, scripts_empty: bool = False) -> Iterator[Bench]:
    transport = (_EmptyScript if scripts_empty else FakeTransport)([one.fake for one in said])
    yield Bench(transport, lambda: transport.payloads)


@contextmanager
def _http(said: Sequence[Said], *, scripts_empty: bool = False) -> Iterator[Bench]:
    with HttpReceiver([one.http for one in said]) as receiver:
        receiver.scripts_empty = scripts_empty
        transport = HttpTransport(
            f"{receiver.url}/v1/logs",
            {},
            timeout=10,
            compression="gzip",
            ca_file=None,
            cert_file=None,
            key_file=None,
            user_agent="test",
        )
        yield Bench(transport, lambda: [export.payload for export in receiver.exports])
        transport.close()


@contextmanager
def _grpc(said: Sequence[Said], *, scripts_empty: bool = False) -> Iterator[Bench]:
    with GrpcReceiver([one.grpc for one in said]) as receiver:
        receiver.scripts_empty = scripts_empty
        transport = GrpcTransport(
            receiver.url,
            {},
            timeout=10,
            compression="gzip",
            ca_file=None,
            cert_file=None,
            key_file=None,
            user_agent="test",
        )
        yield Bench(transport, lambda: [export.payload for export in receiver.exports])
        transport.close()


@pytest.fixture(params=[_fake, _http, _grpc], ids=["fake", "http", "grpc"])
def opened(request: pytest.FixtureRequest) -> Open:
    """Opens a bench with a script."""
    chosen: Open = request.param
    return chosen


def _partial(count: int, message: str) -> Said:
    body = partial_success(count, message)
    fake = PartlyRejected(count, message) if count else Accepted(message)
    return Said(fake, HttpReply(body=body), GrpcReply(body=body))


def _later(status: int, code: StatusCode, *, slow: bool = False) -> Said:
    return Said(Later("busy", slow=slow), HttpReply(status, b"busy", TEXT), GrpcReply(code, "busy"))


def _misconfigured(status: int, code: StatusCode) -> Said:
    return Said(Misconfigured("who?"), HttpReply(status, b"who?", TEXT), GrpcReply(code, "who?"))


THROTTLED = Said(
    Later("slower", retry_after=17, throttled=True),
    HttpReply(429, b"slower", TEXT, {"Retry-After": "17"}),
    GrpcReply(StatusCode.RESOURCE_EXHAUSTED, "slower", retry_delay=17),
)
PATIENT = Said(
    Later("slower", retry_after=300),
    HttpReply(503, b"slower", TEXT, {"Retry-After": "86400"}),
    GrpcReply(StatusCode.UNAVAILABLE, "slower", retry_delay=86400),
)
REFUSED = Said(
    Refused("400", "no such label"),
    HttpReply(400, b"no such label", TEXT),
    GrpcReply(StatusCode.INVALID_ARGUMENT, "no such label"),
)
EMPTY = "error at least one valid stream is required for ingestion"
REFUSED_FOR_EMPTINESS = Said(
    Refused("422", EMPTY), HttpReply(422, EMPTY.encode(), TEXT), GrpcReply(StatusCode.INVALID_ARGUMENT, EMPTY)
)
LATE = "entry for stream '{}' has timestamp too old: 1, oldest acceptable timestamp is: 2"
TOO_OLD = Said(
    Refused("400", LATE, Why.TOO_OLD), HttpReply(400, LATE.encode(), TEXT), GrpcReply(StatusCode.INVALID_ARGUMENT, LATE)
)
LARGER = "Received message exceeds the maximum configured message size."
TOO_LARGE = Said(
    TooLarge("too big"), HttpReply(413, b"too big", TEXT), GrpcReply(StatusCode.RESOURCE_EXHAUSTED, LARGER)
)


def test_accepted_records_are_sent_once(opened: Open) -> None:
    """A plain success is the proof of delivery for every record of the request."""
    telemetry = FakeTelemetry()
    with opened([]) as bench:
        verdicts = open_sink(bench.transport, telemetry=telemetry).export([log_record("a"), log_record("b")])
        assert len(bench.payloads()) == 1
    assert verdicts == [ACCEPTED, ACCEPTED]
    assert telemetry.answers() == {"ok": 1}
    assert telemetry.sink_states() == ["up"]


def test_a_message_without_rejections_is_a_warning(opened: Open) -> None:
    """rejected = 0 with a message is accepted. That there was one reaches the operator; its words may quote records."""
    telemetry = FakeTelemetry()
    with opened([_partial(0, "use a newer protocol")]) as bench:
        assert open_sink(bench.transport, telemetry=telemetry).export([log_record()]) == [ACCEPTED]
    assert telemetry.named("sink_warned") == [()]


def test_partial_success_refuses_the_whole_request_and_is_not_resent(opened: Open) -> None:
    """rejected > 0 does not say which records, and the protocol forbids a second attempt."""
    telemetry = FakeTelemetry()
    with opened([_partial(1, "no such index")]) as bench:
        verdicts = open_sink(bench.transport, telemetry=telemetry).export([log_record("a"), log_record("b")])
        assert len(bench.payloads()) == 1
    faults = [verdict.fault for verdict in verdicts]
    assert all(fault and fault.reason is Reason.SINK_REJECTED and "no such index" in fault.said for fault in faults)
    assert telemetry.answers() == {"partial": 1}
    assert telemetry.named("records_taken_unnamed") == [(1,)]


@pytest.mark.parametrize(
    "said",
    [
        _later(502, StatusCode.CANCELLED),
        _later(503, StatusCode.UNAVAILABLE),
        _later(504, StatusCode.DEADLINE_EXCEEDED),
        _later(429, StatusCode.ABORTED),
        _later(503, StatusCode.OUT_OF_RANGE),
        _later(503, StatusCode.DATA_LOSS),
    ],
)
def test_what_may_pass_is_resent_with_the_same_bytes_and_growing_waits(opened: Open, said: Said) -> None:
    """A sink that is busy gets the same request again, after full-jitter waits from half a second up."""
    clock, telemetry = FakeClock(), FakeTelemetry()
    with opened([said] * 3) as bench:
        assert open_sink(bench.transport, clock=clock, telemetry=telemetry).export([log_record()]) == [ACCEPTED]
        assert len(bench.payloads()) == 4
        assert len(set(bench.payloads())) == 1
    assert clock.waits == [0.25, 0.5, 1.0]
    assert telemetry.sink_states()[-1] == "up"
    assert "up" not in telemetry.sink_states()[:-1]


@pytest.mark.parametrize(
    "said",
    [
        _later(500, StatusCode.INTERNAL, slow=True),
        _later(408, StatusCode.UNKNOWN, slow=True),
        _later(260, StatusCode.UNKNOWN, slow=True),
        _later(507, StatusCode.INTERNAL, slow=True),
    ],
)
def test_what_is_no_acceptance_is_resent_slowly(opened: Open, said: Said) -> None:
    """500, 408, 260 and an unlisted 5xx prove nothing; the waits begin at five seconds."""
    clock = FakeClock()
    with opened([said] * 2) as bench:
        assert open_sink(bench.transport, clock=clock).export([log_record()]) == [ACCEPTED]
        assert len(set(bench.payloads())) == 1
    assert clock.waits[0] == 2.5
    assert sum(clock.waits) == 7.5


def test_the_wait_that_the_sink_asks_for_is_kept_exactly(opened: Open) -> None:
    """Retry-After and RetryInfo replace the backoff, and the answer counts as throttled."""
    clock, telemetry = FakeClock(), FakeTelemetry()
    with opened([THROTTLED]) as bench:
        assert open_sink(bench.transport, clock=clock, telemetry=telemetry).export([log_record()]) == [ACCEPTED]
    assert sum(clock.waits) == 17
    assert telemetry.answers() == {"throttled": 1, "ok": 1}


def test_no_wait_is_longer_than_five_minutes(opened: Open) -> None:
    """A sink that asks for a day is asked again after five minutes."""
    clock = FakeClock()
    with opened([PATIENT]) as bench:
        assert open_sink(bench.transport, clock=clock).export([log_record()]) == [ACCEPTED]
    assert sum(clock.waits) == 300


@pytest.mark.parametrize(
    "said",
    [
        _misconfigured(401, StatusCode.UNAUTHENTICATED),
        _misconfigured(403, StatusCode.PERMISSION_DENIED),
        _misconfigured(404, StatusCode.NOT_FOUND),
        _misconfigured(405, StatusCode.UNIMPLEMENTED),
        _misconfigured(415, StatusCode.FAILED_PRECONDITION),
        _misconfigured(302, StatusCode.UNAUTHENTICATED),
        _misconfigured(409, StatusCode.ALREADY_EXISTS),
    ],
)
def test_a_misconfigured_destination_keeps_everything(opened: Open, said: Said) -> None:
    """Wrong credentials or address are an operator's to mend: nothing is refused, the waits grow from 5 to 60 s."""
    clock, telemetry = FakeClock(), FakeTelemetry()
    with opened([said] * 12, scripts_empty=True) as bench:  # empty requests are answered so, too
        sink = open_sink(bench.transport, clock=clock, telemetry=telemetry, random=lambda: 0.999999)
        assert sink.export([log_record()]) == [ACCEPTED]
        assert len(bench.payloads()) == 7
        assert len(set(bench.payloads())) == 1
    assert telemetry.answers() == {"misconfigured": 12, "ok": 1}
    assert telemetry.sink_states() == ["misconfigured"] * 6 + ["up"]
    assert sum(clock.waits) == pytest.approx(5 + 10 + 20 + 40 + 60 + 60, abs=0.01)


def test_a_refused_record_alone_is_a_fault_with_the_sinks_words(opened: Open) -> None:
    """400 and INVALID_ARGUMENT for one record condemn it, and name the object it came from."""
    with opened([REFUSED]) as bench:
        [verdict] = open_sink(bench.transport).export([log_record(key="AWSLogs/k.json.gz")])
    assert verdict.fault
    assert verdict.fault.reason is Reason.SINK_REJECTED
    assert "no such label" in verdict.fault.said
    assert (verdict.fault.bucket, verdict.fault.key) == (BUCKET, "AWSLogs/k.json.gz")


def test_one_refused_record_of_a_batch_is_isolated(opened: Open) -> None:
    """A refused request is halved until the bad record is alone; the others are delivered, and it is sent again."""
    with opened([REFUSED, REFUSED, REFUSED, _partial(0, ""), _partial(0, ""), REFUSED]) as bench:
        verdicts = open_sink(bench.transport).export([log_record(name, at=n) for n, name in enumerate("abcd")])
        assert len(bench.payloads()) == 6
    assert [verdict.accepted for verdict in verdicts] == [False, True, True, True]


def test_records_too_old_are_not_tried_one_by_one(opened: Open) -> None:
    """The newest record refused for its age condemns all older ones of its stream without sending them."""
    records = [log_record(str(n), at=n * 10**9) for n in range(64)]
    with opened([TOO_OLD] * 7) as bench:
        verdicts = open_sink(bench.transport).export(records)
        assert len(bench.payloads()) == 7
    assert all(verdict.fault and verdict.fault.reason is Reason.SINK_TOO_OLD for verdict in verdicts)


def test_a_request_too_large_is_halved(opened: Open) -> None:
    """413, and RESOURCE_EXHAUSTED with a text about size, are answered with smaller requests."""
    with opened([TOO_LARGE]) as bench:
        verdicts = open_sink(bench.transport).export([log_record(name, at=n) for n, name in enumerate("ab")])
        assert len(bench.payloads()) == 3
    assert verdicts == [ACCEPTED, ACCEPTED]


def test_a_record_too_large_is_shrunk_once(opened: Open) -> None:
    """A single record too large is sent again with something left out, once another was accepted."""
    telemetry = FakeTelemetry()
    with opened([TOO_LARGE, _partial(0, ""), TOO_LARGE]) as bench:
        sink = open_sink(bench.transport, telemetry=telemetry, shrink=lambda _: log_record("small"))
        assert sink.export([log_record("a", at=1), log_record("x" * 1000, at=2)]) == [ACCEPTED] * 2
        assert len(bench.payloads()[3]) < len(bench.payloads()[2])
    assert telemetry.count("record_shrunk") == 1


def test_a_record_that_stays_too_large_is_a_fault(opened: Open) -> None:
    """A record is shrunk as long as something can be left out, and no more than eight times."""
    with opened([TOO_LARGE, _partial(0, ""), *[TOO_LARGE] * 9]) as bench:
        sink = open_sink(bench.transport, shrink=lambda record: record)
        verdict = sink.export([log_record("a", at=1), log_record("b", at=2)])[1]
        sizes = [len(payload) for payload in bench.payloads()]
        assert len(sizes) == 11
    assert verdict.fault
    assert verdict.fault.reason is Reason.RECORD_TOO_LARGE
    assert f"{sizes[-1]} bytes" in verdict.fault.said
    assert not verdict.fault.is_suspect


@pytest.mark.row(76)
def test_a_sink_that_finds_all_too_large_gets_whole_records_when_it_recovers(opened: Open) -> None:
    """Nothing was accepted, so that its own limit may be to blame: held, never shrunk, and delivered whole later."""
    records, telemetry = [log_record(name * 50, at=n) for n, name in enumerate("abcdef")], FakeTelemetry()
    with opened([TOO_LARGE] * 11) as bench:
        sink = open_sink(bench.transport, telemetry=telemetry, shrink=lambda _: log_record("small"))
        verdicts = sink.export(records)
        assert all(verdict.fault and verdict.fault.is_suspect for verdict in verdicts)
        assert sink.export(records) == [ACCEPTED] * 6
    assert telemetry.count("record_shrunk") == 0


def test_a_halt_leaves_the_rest_unanswered(opened: Open) -> None:
    """When the daemon halts during a wait, the export returns, raises nothing and claims nothing."""
    halt = threading.Event()
    telemetry = FakeTelemetry(on_down=halt.set)
    with opened([_later(503, StatusCode.UNAVAILABLE)] * 3) as bench:
        verdicts = open_sink(bench.transport, halt=halt, telemetry=telemetry).export([log_record(), log_record()])
        assert len(bench.payloads()) == 1
    assert verdicts == [UNANSWERED, UNANSWERED]


@pytest.mark.parametrize(
    ("said", "up"),
    [
        (_partial(0, ""), True),
        (_partial(0, "empty?"), True),
        (_partial(1, "empty?"), True),
        (REFUSED_FOR_EMPTINESS, True),
        (REFUSED, False),
        (TOO_LARGE, False),
        (THROTTLED, False),
        (_later(503, StatusCode.UNAVAILABLE), False),
        (_misconfigured(401, StatusCode.UNAUTHENTICATED), False),
    ],
)
def test_a_probe_is_one_empty_request(opened: Open, said: Said, up: bool) -> None:
    """Whoever refuses a request without records judges none, unless for its emptiness; a probe never waits."""
    clock, telemetry = FakeClock(), FakeTelemetry()
    with opened([said], scripts_empty=True) as bench:
        assert open_sink(bench.transport, clock=clock, telemetry=telemetry).probe() is up
        assert bench.arrived() == [b""]
    assert clock.waits == []
    assert (telemetry.sink_states() == ["up"]) is up


def test_a_sink_that_is_down_is_asked_as_patiently_as_for_an_export(opened: Open) -> None:
    """Empty requests go out, as far apart as the sink asks, until it judges one; then it was just heard of."""
    clock, telemetry = FakeClock(), FakeTelemetry()
    with opened([THROTTLED, THROTTLED, REFUSED_FOR_EMPTINESS], scripts_empty=True) as bench:
        sink = open_sink(bench.transport, clock=clock, telemetry=telemetry)
        clock.advance(40)
        unheard = sink.unheard_seconds()
        assert sink.await_up()
        assert bench.arrived() == [b""] * 3
    assert (unheard, sum(clock.waits), sink.unheard_seconds()) == (40, 34, 0)
    assert telemetry.sink_states() == ["throttled", "throttled", "up"]


def test_a_halt_ends_the_wait_for_a_sink(opened: Open) -> None:
    """Whoever waits for the sink without a record in hand is told that it is not up."""
    halt = threading.Event()
    with opened([_later(503, StatusCode.UNAVAILABLE)] * 2, scripts_empty=True) as bench:
        sink = open_sink(bench.transport, halt=halt, telemetry=FakeTelemetry(on_down=halt.set))
        assert not sink.await_up()


def test_a_sink_that_only_dislikes_empty_requests_gets_records() -> None:
    """After five minutes without a judgement the records themselves are sent; that they are judged is remembered."""
    clock, telemetry = FakeClock(), FakeTelemetry()
    transport = FakeTransport(rule=lambda received: Accepted() if received else Misconfigured("no body"))
    sink = open_sink(transport, clock=clock, telemetry=telemetry)
    assert sink.await_up()
    assert 300 <= sum(clock.waits) <= 400
    assert sink.export([log_record()]) == [ACCEPTED]
    assert telemetry.sink_states()[-1] == "up"
    clock.advance(3600)
    assert sink.unheard_seconds() == 0


def test_a_sink_that_was_down_for_long_is_asked_again_in_quiet_times() -> None:
    """After an outage of more than five minutes, a sink that judges empty requests again is watched as before."""
    clock = FakeClock()
    transport = FakeTransport(rule=lambda _received: Accepted() if clock.monotonic() > 1400 else Later("down"))
    sink = open_sink(transport, clock=clock)
    assert sink.await_up()
    assert sink.export([log_record()]) == [ACCEPTED]
    clock.advance(3600)
    assert sink.unheard_seconds() == 3600
