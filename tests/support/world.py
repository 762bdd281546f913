"""The whole flow of the agent between a queue, buckets and a sink that misbehave on demand, on a clock that is told.

Real are worker, pipeline, shipping, gate, leases, `Source`, `Sqs`, `S3`, `Sink` and telemetry; faked are boto3's
clients and what the sink answers. `World.truth` knows what was produced, by eventID, and accuses whoever loses any.
"""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from agent.aws.sqs import Sqs
from agent.faults.dead_letters import Reason
from agent.flow.objects import ReadLimits
from agent.model import ObjectRef
from agent.pulse import Pulse
from agent.records.fitting import halved
from agent.sink.answer import Accepted, Answer
from agent.sink.otlp.decode import ReceivedRecord, records
from agent.sink.otlp.encode import Encoder
from agent.sink.sink import Sink
from agent.sink.wire import Transport
from agent.telemetry.events import open_telemetry
from agent.telemetry.labels import vocabulary
from agent.telemetry.logs import open_log
from agent.telemetry.metrics import Build
from agent.telemetry.pages import Pages, Request
from agent.telemetry.snapshot import Snapshot
from agent.trail.admission import Admission
from agent.waiting.gate import Gate
from tests.support.boto import ClientStore, S3Client, SqsClient
from tests.support.clock import FakeClock
from tests.support.events import event, noise
from tests.support.far_side import FarSide, event_id
from tests.support.messages import notification
from tests.support.objects import BUCKET, ref, trail_object
from tests.support.one_worker import LIMITS, RECORD_BYTES, OneWorker
from tests.support.queue import QUEUE_URL, DeadLetter, FakeQueue
from tests.support.records import record_limits
from tests.support.store import FakeStore
from tests.support.truth import Sent, Truth, Written

MINUTE: Final = 60.0
HOUR: Final = 3600.0
OTHER_BUCKET: Final = "acme-trail-other"
VERSION: Final = "1.2.3"


@dataclass(frozen=True, slots=True)
class Glance:
    """What the outside sees of an agent at one moment."""

    ready: Sequence[str]
    live: Sequence[str]
    metrics: Snapshot
    receives: int


@dataclass
class World:
    """A queue, two buckets and a sink, which agents share; every message and object that a test makes is known."""

    clock: FakeClock = field(default_factory=FakeClock)
    store: FakeStore = field(default_factory=FakeStore)
    max_receives: int = 20

    def __post_init__(self) -> None:
        self.queue = FakeQueue(self.clock, max_receives=self.max_receives)
        self.truth = Truth(self.queue)
        self.sink = FarSide(self.truth, self.clock)
        self.agents: list[Agent] = []

    def put(self, one: ObjectRef, *entries: object, body: bytes | None = None, flaw: Reason | None = None) -> Written:
        """Write an object of `entries`, or of another `body` that should be read as those; `flaw` is what it lacks."""
        self.store.put(one, trail_object(*entries) if body is None else body)
        ours = [each for each in entries if isinstance(each, dict) and _is_ours(each)]
        self.truth.written |= {str(each["eventID"]): each for each in ours}
        return Written(one, tuple(str(each["eventID"]) for each in ours), flaw)

    def notify(self, *objects: Written, body: str = "", flaw: Reason | None = None) -> str:
        """Tell the queue of objects in one message, in S3's words unless `body` has others; returns its id."""
        text = body or notification(*(one.ref for one in objects))
        message_id = self.queue.send(text)
        self.truth.sends(message_id, Sent(text, objects, flaw))
        return message_id

    def send(self, body: str, flaw: Reason | None = None) -> str:
        """Put a message into the queue that names no object of ours; returns its id."""
        return self.notify(body=body, flaw=flaw)

    def produce(self, count: int = 1, *, prefix: str = "o", bucket: str = BUCKET) -> list[Written]:
        """Write so many objects of two events each, and notify each in a message of its own."""
        written = []
        for number in range(count):
            name = f"{prefix}{number}"
            entries = (event(f"{name}-a"), noise("n"), event(f"{name}-b", minute=1))
            written.append(self.put(ref(name, bucket=bucket), *entries))
            self.notify(written[-1])
        return written

    def agent(
        self,
        name: str = "agent",
        *,
        admission: Admission | None = None,
        transport: Transport | None = None,
        limits: ReadLimits = LIMITS,
        log: str = "json",
        is_new: bool = False,
    ) -> Agent:
        """A replica of the agent; `transport` is a way to another sink than the world's.

        One that `is_new` has settled nothing yet, and receives one message first.
        """
        chosen = admission or Admission({BUCKET: None, OTHER_BUCKET: None})
        self.agents.append(
            Agent(name, self, admission=chosen, transport=transport, limits=limits, log=log, is_new=is_new)
        )
        return self.agents[-1]

    def letters(self) -> list[tuple[str, str]]:
        """Reason and key of each dead letter, in order of burial."""
        return [(each.attributes["reason"], each.attributes.get("key", "")) for each in self.queue.dead_letters]

    def letter(self) -> DeadLetter:
        """The only dead letter."""
        (letter,) = self.queue.dead_letters
        return letter

    def check_end(self) -> None:
        """Nothing is lost, the queue is empty, and what is dead-lettered says why; no agent holds anything."""
        self.truth.check_end()
        for agent in self.agents:
            agent.check_idle()

    def check_all_delivered(self) -> None:
        """The same, and every event that was produced is with the sink, and nothing is dead-lettered."""
        self.check_end()
        assert self.sink.stored == self.truth.produced
        assert self.queue.dead_letters == []


class Agent:
    """One process of the agent, as its operator sees it, and what it asked of AWS and of the sink."""

    def __init__(
        self,
        name: str,
        world: World,
        *,
        admission: Admission,
        transport: Transport | None,
        limits: ReadLimits,
        log: str,
        is_new: bool,
    ) -> None:
        self.name = name
        self.drain, self.halt = threading.Event(), threading.Event()
        self.sqs = SqsClient(name, world.queue, world.clock, world.truth)
        self.s3 = S3Client(world.store)
        self.line = Line(name, world, transport)
        self._world = world
        self._log = io.StringIO()
        pulse = Pulse(world.clock)
        self.telemetry = open_telemetry(
            open_log("info", log, self._log, world.clock), pulse, Build(VERSION, "abcdef", "3.11.0"), 200, vocabulary()
        )
        self.telemetry.sink_up()  # the daemon starts its workers once an empty request has passed
        self.sqs_queue = self._open_queue()
        self.inside = OneWorker(
            pulse=pulse,
            queue=self.sqs_queue,
            store=ClientStore(self.s3, admission.buckets),
            make_sink=self._open_sink,
            telemetry=self.telemetry,
            drain=self.drain,
            halt=self.halt,
            admission=admission,
            limits=limits,
            is_new=is_new,
        )
        self.stop_keeping = world.clock.every(5, self.inside.leases.extend_due)  # often enough for two minutes

    def run(self, seconds: float) -> None:
        """Work for so long, then drain: what is in hand is finished."""
        self._world.clock.at(seconds, self.drain.set)
        self.inside.worker.run()
        self.drain.clear()

    def work(self) -> None:
        """One unit of work."""
        self.inside.worker.run_once()

    def work_beside(self, seconds: float) -> None:
        """Have another worker try a unit of work so many seconds from now, amid a wait of this one; then drain it."""
        for later, do in ((0, self.work), (30, self.drain.set), (31, self.drain.clear)):
            self._world.clock.at(seconds + later, do)

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples that have these labels, now."""
        return Snapshot.of(self.telemetry.metrics.registry).value(name, **labels)

    def by(self, name: str, label: str) -> Mapping[str, float]:
        """The values of a metric by one label, where they are not 0."""
        found = Snapshot.of(self.telemetry.metrics.registry).by(name, label)
        return {value: count for value, count in found.items() if count}

    def settled(self) -> Mapping[str, float]:
        """How many deliveries were settled how."""
        return self.by("trail_agent_deliveries_settled_total", "outcome")

    def glance(self) -> Glance:
        """What the outside sees now."""
        health = self.telemetry.health
        metrics = Snapshot.of(self.telemetry.metrics.registry)
        return Glance(health.ready(), health.live(), metrics, len(self.sqs.times("ReceiveMessage")))

    def observe(self, *times: float) -> dict[float, Glance]:
        """Glances that are taken so many seconds from now."""
        seen: dict[float, Glance] = {}
        for time in times:
            self._world.clock.at(time, lambda time=time: seen.__setitem__(time, self.glance()))  # type: ignore[misc]
        return seen

    def get(self, path: str) -> str:
        """What its HTTP port answers."""
        telemetry = self.telemetry
        pages = Pages(telemetry.metrics, telemetry.health, telemetry.activity, self._world.clock)
        return pages.answer(Request(path)).body.decode()

    def log_text(self) -> str:
        """Everything that it has written."""
        return self._log.getvalue()

    def said(self, name: str) -> list[dict[str, object]]:
        """The log's lines of one event."""
        lines: list[dict[str, object]] = [json.loads(line) for line in self.log_text().splitlines()]
        return [line for line in lines if line["event"] == name]

    def check_idle(self) -> None:
        """Every event that was read has one fate, and neither messages nor memory are held."""
        assert self.metric("trail_agent_events_read_total") == self.metric("trail_agent_events_total")
        assert self.metric("trail_agent_in_flight_deliveries") == 0
        assert self.metric("trail_agent_in_flight_bytes") == 0
        assert self.said("worker_failed") == []

    def _open_queue(self) -> Sqs:
        return Sqs(
            self.sqs,
            url=QUEUE_URL,
            wait_seconds=10,
            visibility_timeout_seconds=120,
            version=VERSION,
            telemetry=self.telemetry,
            clock=self._world.clock,
        )

    def _open_sink(self, gate: Gate, pulse: Pulse, halt: threading.Event) -> Sink:
        return Sink(
            encoder=Encoder({}, VERSION),
            transport=self.line,
            telemetry=self.telemetry,
            gate=gate,
            pulse=pulse,
            halt=halt,
            shrink=partial(halved, limits=record_limits(RECORD_BYTES)),
            max_batch_bytes=3 << 20,
            max_batch_records=500,
            random=lambda: 1.0,
        )


class Line:
    """One agent's way to the sink: to the world's, or over a real transport. `sent` and `times` list its requests with
    records.
    """

    def __init__(self, name: str, world: World, transport: Transport | None) -> None:
        self.sent: list[bytes] = []
        self.times: list[float] = []
        self._name = name
        self._world = world
        self._transport = transport

    def send(self, payload: bytes) -> Answer:
        """As a transport does."""
        if payload:
            self.sent.append(payload)
            self.times.append(self._world.clock.elapsed)
        if self._transport:
            return self._send_for_real(self._transport, payload)
        answer = self._world.sink.take(self._name, payload)
        self._world.sink.answered(self._name, payload)
        return answer

    def lead_to(self, transport: Transport) -> None:
        """Send over another transport from now on."""
        self._transport = transport

    def records(self) -> list[ReceivedRecord]:
        """What was sent, in order."""
        return [record for payload in self.sent for record in _records(payload)]

    def close(self) -> None:
        """Nothing to close."""

    def _send_for_real(self, transport: Transport, payload: bytes) -> Answer:
        answer = transport.send(payload)
        if isinstance(answer, Accepted):
            names = [event_id(record) for record in _records(payload)]
            self._world.sink.stored.update(names)
            self._world.truth.yes(self._name, names)
        return answer


def _records(payload: bytes) -> list[ReceivedRecord]:
    return list(records(ExportLogsServiceRequest.FromString(payload)))


def _is_ours(entry: Mapping[str, object]) -> bool:
    return entry.get("eventSource") == "codecatalyst.amazonaws.com"
