"""A telemetry whose time stands still, whose log is read line by line, and samples of the nouns that it is told of."""

from __future__ import annotations

import io
import json
import threading
from dataclasses import dataclass, field

from agent.model import Delivery, EventLabels, LogRecord, ObjectSource
from agent.pulse import Pulse
from agent.telemetry.events import Telemetry, open_telemetry
from agent.telemetry.logs import open_log
from agent.telemetry.metrics import Build
from agent.telemetry.snapshot import Snapshot

NOW = 1_790_000_000.0
NANO = 1_000_000_000


class StillClock:
    """A clock that moves only when told, or when somebody waits."""

    def __init__(self) -> None:
        self.elapsed = 0.0

    def monotonic(self) -> float:
        """Seconds since the test began."""
        return 1000.0 + self.elapsed

    def time(self) -> float:
        """Unix seconds."""
        return NOW + self.elapsed

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Let `seconds` pass at once."""
        if not event.is_set():
            self.elapsed += seconds
        return event.is_set()


@dataclass(slots=True)
class Rig:
    """A telemetry, its clock and its log."""

    telemetry: Telemetry
    clock: StillClock
    pulse: Pulse
    stream: io.StringIO = field(default_factory=io.StringIO)

    def value(self, name: str, **labels: str) -> float:
        """The value of a metric now."""
        return Snapshot.of(self.telemetry.metrics.registry).value(name, **labels)

    def lines(self) -> list[dict[str, object]]:
        """The log's lines since the last look."""
        text = self.stream.getvalue()
        self.stream.seek(0)
        self.stream.truncate()
        return [json.loads(line) for line in text.splitlines()]


def rig(*, level: str = "info", event_name_labels: int = 200) -> Rig:
    """A telemetry that nothing has been told yet."""
    clock, stream = StillClock(), io.StringIO()
    pulse = Pulse(clock)
    log = open_log(level, "json", stream, clock)
    build = Build("1.2.3", "abcdef", "3.11.0")
    telemetry = open_telemetry(log, pulse, build, event_name_labels)
    return Rig(telemetry, clock, pulse, stream)


def delivery(message_id: str = "m-1", *, sent_at: float = NOW - 30) -> Delivery:
    """A message as SQS hands it out."""
    return Delivery(message_id, "handle", "{}", receive_count=2, sent_at=sent_at, received_at=0.0)


def record(
    event_id: str = "e-1",
    *,
    age: float = 300.0,
    name: str = "CreateProject",
    identity_type: str = "IdentityCenterUser",
    key: str = "key",
    truncated: bool = False,
) -> LogRecord:
    """A record of an event that is `age` seconds old, from an object that was written ten seconds ago."""
    written = int((NOW - 10) * NANO)
    return LogRecord(
        account="111122223333",
        region="us-west-2",
        time_unix_nano=int((NOW - age) * NANO),
        observed_time_unix_nano=written,
        severity_number=9,
        event_name=f"codecatalyst.{name}",
        body="{}",
        attributes={},
        event_id=event_id,
        labels=EventLabels(name, identity_type, "success"),
        source=ObjectSource("bucket", key, "111122223333", written),
        digest=event_id.encode(),
        truncated=truncated,
    )
