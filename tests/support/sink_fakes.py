"""What a sink is tested with: a clock that never really waits, telemetry that remembers, and records to send."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from agent.model import AttributeValue, EventLabels, LogRecord, ObjectSource
from agent.pulse import Pulse
from agent.sink.answer import Accepted, Answer
from agent.sink.otlp.decode import ReceivedRecord, records
from agent.sink.otlp.encode import Encoder
from agent.sink.sink import Sink, Transport
from agent.waiting.gate import Gate

SECOND = 10**9
NOON = 1_750_000_000 * SECOND


def log_record(
    body: str = "{}",
    *,
    at: int = NOON,
    account: str = "111122223333",
    region: str = "us-west-2",
    attributes: Mapping[str, AttributeValue] | None = None,
    key: str = "AWSLogs/a.json.gz",
) -> LogRecord:
    """A record whose body tells it from others."""
    return LogRecord(
        account=account,
        region=region,
        time_unix_nano=at,
        observed_time_unix_nano=at + 300 * SECOND,
        severity_number=9,
        event_name="codecatalyst.CreateProject",
        body=body,
        attributes=attributes if attributes is not None else {"rpc.method": "CreateProject"},
        event_id="e-1",
        labels=EventLabels("CreateProject", "IdentityCenterUser", "success"),
        source=ObjectSource("acme-trail", key, account, at + 300 * SECOND),
        digest=body.encode("utf-8", "surrogatepass")[:16],
    )


class FakeClock:
    """Time that passes at once when somebody waits for it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def monotonic(self) -> float:
        """Seconds."""
        return self.now

    def time(self) -> float:
        """Unix seconds."""
        return self.now

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Let `seconds` pass."""
        self.waits.append(seconds)
        self.now += seconds
        return event.is_set()


@dataclass
class FakeTelemetry:
    """Remembers what it was told. `on_down` is called with each sink_down: tests stop a hopeless export there."""

    results: Counter[str] = field(default_factory=Counter)
    states: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    shrunk: int = 0
    on_down: Callable[[], None] = lambda: None

    def export_answered(self, result: str, seconds: float) -> None:
        """Count."""
        assert seconds >= 0
        self.results[result] += 1

    def sink_up(self) -> None:
        """Remember."""
        self.states.append("up")

    def sink_down(self, kind: str, detail: str) -> None:
        """Remember."""
        self.states.append(kind)
        self.details.append(detail)
        self.on_down()

    def sink_warned(self, message: str) -> None:
        """Remember."""
        self.warnings.append(message)

    def record_shrunk(self) -> None:
        """Count."""
        self.shrunk += 1


class FakeTransport:
    """Answers by script, then by rule, then accepts; `stored` is what a store would hold that drops repeats."""

    def __init__(
        self,
        answers: Iterable[Answer] = (),
        rule: Callable[[list[ReceivedRecord]], Answer] = lambda _: Accepted(),
    ) -> None:
        self.payloads: list[bytes] = []
        self.stored: set[str] = set()
        self._answers = deque(answers)
        self._rule = rule

    def send(self, payload: bytes) -> Answer:
        """Answer, and store what is accepted."""
        self.payloads.append(payload)
        received = list(records(ExportLogsServiceRequest.FromString(payload)))
        answer = self._answers.popleft() if self._answers else self._rule(received)
        if isinstance(answer, Accepted):
            self.stored |= {record.body for record in received}
        return answer

    def close(self) -> None:
        """Nothing to close."""


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
