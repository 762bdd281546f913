"""A sink that behaves, for what stands before it; and the real one over a transport, with everything else faked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from agent.errors import Fault
from agent.faults.dead_letters import Reason
from agent.faults.retries import RetryReason
from agent.model import ACCEPTED, UNANSWERED, LogRecord, Verdict
from agent.pulse import Pulse
from agent.sink.answer import Accepted, Answer, Meaning, Refusal, refusal
from agent.sink.otlp.decode import ReceivedRecord
from agent.sink.otlp.encode import Encoder
from agent.sink.sink import Sink
from agent.sink.wire import Transport
from agent.waiting.gate import Gate
from tests.support.clock import FakeClock
from tests.support.records import NOON, log_record
from tests.support.telemetry import FakeTelemetry

REFUSED = Fault(Reason.SINK_REJECTED, "the sink said no")


class FakeSink:
    """Stores what it accepts. `refused` holds event ids it will not take, and `unsettled` those that it never answers;
    while `down` it waits as the real one does; while `refused_for_good` it takes nothing, and does not say which record
    it means; while `is_set_wrongly` it takes nothing either. What it refuses, if not with a `refusal` of its own, is
    suspect as long as it has accepted nothing since it began to refuse. As the real one does, it looks once more at
    what it refused before it accepted others.

    `exports` lists every call's event ids; `on_export` is called at the start of each.
    """

    def __init__(self, pulse: Pulse, halt: threading.Event) -> None:
        self.stored: list[LogRecord] = []
        self.exports: list[list[str]] = []
        self.refused: set[str] = set()
        self.unsettled: set[str] = set()
        self.refusal: Fault | None = None
        self.may_pass: RetryReason | None = None
        self.refused_for_good = False
        self.is_set_wrongly = False
        self._accepted_since = True
        self.down = False
        self.on_export: Callable[[], object] = lambda: None
        self._pulse = pulse
        self._halt = halt
        self._lock = threading.Lock()

    def export(self, records: Sequence[LogRecord]) -> list[Verdict]:
        """One verdict per record, once the sink is up; none was answered if told to halt before."""
        with self._lock:
            self.exports.append([record.event_id for record in records])
        self.on_export()
        while self.down:
            if self._pulse.wait(self._halt, 30.0):
                return [UNANSWERED for _ in records]
        verdicts = [(record, self._judge(record)) for record in records]
        return [self._judge(record) if self._is_overtaken(verdict) else verdict for record, verdict in verdicts]

    def _is_overtaken(self, verdict: Verdict) -> bool:
        return bool(self._accepted_since and verdict.fault and verdict.fault.is_suspect)

    def _judge(self, record: LogRecord) -> Verdict:
        if self.refused_for_good:
            return Verdict(accepted=False, fault=replace(REFUSED, is_final=True))
        if self.is_set_wrongly:
            self._accepted_since = False
            return Verdict(accepted=False, fault=replace(REFUSED, is_suspect=True))
        if record.event_id in self.unsettled:
            return Verdict(accepted=False, retry=RetryReason.SINK_UNSETTLED, retry_detail="no answer")
        if record.event_id in self.refused:
            fault = self.refusal or replace(REFUSED, is_suspect=not self._accepted_since)
            return Verdict(accepted=False, fault=fault, retry=self.may_pass, retry_detail=fault.detail)
        with self._lock:
            self.stored.append(record)
            self._accepted_since = True
        return ACCEPTED


def open_sink(
    transport: Transport,
    *,
    telemetry: FakeTelemetry | None = None,
    clock: FakeClock | None = None,
    pulse: Pulse | None = None,
    halt: threading.Event | None = None,
    shrink: Callable[[LogRecord], LogRecord | None] = lambda _: None,
    max_batch_bytes: int = 3_145_728,
    max_batch_records: int = 500,
    random: Callable[[], float] = lambda: 0.5,
) -> Sink:
    """A sink over `transport`, with everything else faked unless given."""
    pulse, halt = pulse or Pulse(clock or FakeClock()), halt or threading.Event()
    return Sink(
        encoder=Encoder({}, "1.2.3"),
        transport=transport,
        telemetry=telemetry or FakeTelemetry(),
        gate=Gate(pulse, halt),
        pulse=pulse,
        halt=halt,
        shrink=shrink,
        max_batch_bytes=max_batch_bytes,
        max_batch_records=max_batch_records,
        random=random,
    )


def http_refusal(status: int, text: str = "", meaning: Meaning = Meaning.REFUSED, *, is_page: bool = False) -> Answer:
    """What an HTTP sink answers with this status and this text."""
    return refusal(meaning, Refusal(str(status), f"answered {status}", text, text, is_page=is_page))


def numbered(count: int, size: int = 20) -> list[LogRecord]:
    """So many records of so many bytes, one nanosecond apart."""
    return [log_record(f"{number:03d}".ljust(size, "x"), at=NOON + number) for number in range(count)]


def halved(record: LogRecord) -> LogRecord | None:
    """The first half of a record; None of one with a body of 40 characters or fewer."""
    body = record.body
    return log_record(body[: len(body) // 2], at=record.time_unix_nano) if len(body) > 40 else None


def reasons(verdicts: list[Verdict]) -> list[Reason | None]:
    """Why each record was refused; None of one that was not."""
    return [verdict.fault.reason if verdict.fault else None for verdict in verdicts]


def stops_after(seconds: float, clock: FakeClock) -> tuple[threading.Event, FakeTelemetry]:
    """A halt that is set when the sink was said to be down so long, and the telemetry that does it."""
    halt = threading.Event()
    end = clock.monotonic() + seconds
    return halt, FakeTelemetry(on_down=lambda: halt.set() if clock.monotonic() > end else None)


def limited(most: int, answer: Answer) -> Callable[[list[ReceivedRecord]], Answer]:
    """Accepts requests whose bodies have so many characters at most."""

    def rule(received: list[ReceivedRecord]) -> Answer:
        return answer if sum(len(each.body) for each in received) > most else Accepted()

    return rule


def suspects(verdicts: list[Verdict]) -> list[bool]:
    """Of each record whether the sink is suspected of what it says."""
    return [bool(verdict.fault and verdict.fault.is_suspect) for verdict in verdicts]
