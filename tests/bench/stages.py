"""What each stage of the hot path costs in CPU time, beside the plainest way to do the same, in one run.

`python -m tests.bench.stages PORT` measures against a far side at that port, and prints JSON. The stages stand in the
order in which an object passes them. Only the parts that the agent is put together of are called, so that stages stay.
"""

from __future__ import annotations

import gzip
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from math import inf
from typing import Any, Final
from urllib.parse import unquote_plus

import boto3
import requests
from opentelemetry._logs import LogRecord as SdkRecord
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from agent.assembly import Assembly
from agent.choices import make_admission, make_mapper, make_read_limits, make_selector
from agent.connections import AwsConnections
from agent.flow.crew import Stops
from agent.flow.remembered import Remembered
from agent.flow.shipping import Shipping
from agent.model import Delivery, LogRecord, ObjectRef, ObjectSource, Reading, Settlement
from agent.pulse import Pulse
from agent.settings import load
from agent.sink.opening import open_wire
from agent.trail import notification, reader
from agent.trail.inflate import inflate
from tests.bench.corpus import EVENTS, NOISE, OURS, bodies, keys
from tests.bench.load import ACCOUNT, BUCKET, QUEUE, SOURCE, Load
from tests.bench.processes import Service
from tests.support.events import create_dev_environment, encoded
from tests.support.objects import used_to_most
from tests.support.telemetry import FakeTelemetry, observed

_ROUNDS: Final = 7
_ROUND_SECONDS: Final = 0.05
_BATCH: Final = 10
_MESSAGES: Final = 50_000
_REGION: Final = "us-west-2"


@dataclass(frozen=True, slots=True)
class Stage:
    """One step: what it does, for one of what, and how often `ours` and `plain` each do it in one call."""

    name: str
    unit: str
    ours: Callable[[], object]
    plain: Callable[[], object] | None = None
    per_call: int = 1


@dataclass(frozen=True, slots=True)
class StageFigures:
    """CPU microseconds of a stage, for one `unit`; `plain` is None where there is no plainer way."""

    name: str
    unit: str
    ours: float
    plain: float | None


def measure(stages: Iterator[Stage], *, rounds: int = _ROUNDS, seconds: float = _ROUND_SECONDS) -> list[StageFigures]:
    """Each stage, in `rounds` rounds of some `seconds`; the median counts."""
    told = []
    for stage in stages:
        mine = _microseconds(stage.ours, rounds, seconds) / stage.per_call
        plain = _microseconds(stage.plain, rounds, seconds) / stage.per_call if stage.plain else None
        told.append(StageFigures(stage.name, stage.unit, mine, plain))
    return told


def _microseconds(work: Callable[[], object], rounds: int, seconds: float) -> float:
    began = time.process_time()
    work()
    calls = max(1, int(seconds / max(time.process_time() - began, 1e-6)))
    times = []
    for _ in range(rounds):
        began = time.process_time()
        for _ in range(calls):
            work()
        times.append((time.process_time() - began) / calls * 1e6)
    return statistics.median(times)


class Stages:
    """The stages of one far side, with the parts of the agent that its default settings ask for."""

    def __init__(self, service: Service) -> None:
        endpoint = service.endpoint
        self._service = service
        self._queue_url = f"{endpoint}/{ACCOUNT}/{QUEUE}"
        given = {
            "TRAIL_AGENT_QUEUE__URL": self._queue_url,
            "TRAIL_AGENT_QUEUE__REGION": _REGION,
            "TRAIL_AGENT_BUCKETS": BUCKET,
            "TRAIL_AGENT_AWS__ENDPOINT_URL": endpoint,
            "TRAIL_AGENT_OTLP__ENDPOINT": endpoint,
        }
        self._settings = load(None, given)
        self._key = keys(1, 1)[0]
        self._noise, self._ours = bodies(NOISE, 1)[0], bodies(OURS, 1)[0]

    def all(self) -> Iterator[Stage]:
        """In the order in which an object passes them."""
        yield from self._queue()
        yield from self._notification()
        yield from self._object()
        yield from self._text()
        yield from self._records()

    def _queue(self) -> Iterator[Stage]:
        """The far side has more messages than are ever asked for."""
        self._service.put(Load([b""], [str(n) for n in range(_MESSAGES)]))
        sqs = boto3.client("sqs", region_name=_REGION, endpoint_url=self._service.endpoint)
        queue = self._aws().queue
        yield Stage(
            "SQS: receive and delete, by tens",
            "message",
            lambda: queue.delete(queue.receive()),
            partial(_receive_and_delete, sqs, self._queue_url),
            _BATCH,
        )

    def _notification(self) -> Iterator[Stage]:
        event = {"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": _REGION, "eventName": "ObjectCreated:Put"}
        named = {"bucket": {"name": BUCKET}, "object": {"key": self._key, "size": len(self._noise)}}
        body = json.dumps({"Records": [{**event, "s3": named}]})
        yield Stage("decode a notification", "message", lambda: notification.decode(body), lambda: _key_of(body))
        admission, entry = make_admission(self._settings), ObjectRef(BUCKET, self._key)
        yield Stage("decide whether it may be read", "object", lambda: admission.admit(entry))

    def _object(self) -> Iterator[Stage]:
        self._service.put(Load([self._noise], [self._key]))
        store, ref = self._aws().store, ObjectRef(BUCKET, self._key)
        s3 = boto3.client("s3", region_name=_REGION, endpoint_url=self._service.endpoint)

        def read() -> int:
            given = store.give([ref] * _BATCH, _BATCH, lambda: inf)
            return sum(len(chunk) for _, body in given if body for chunk in body.chunks)

        yield Stage(
            "S3: get ten objects at once", "object", read, lambda: [_get(s3, self._key) for _ in range(_BATCH)], _BATCH
        )

    def _text(self) -> Iterator[Stage]:
        limits, selector = make_read_limits(self._settings.limits), make_selector(self._settings.select)
        noise, text = self._noise, gzip.decompress(self._noise)
        most = limits.events_per_object
        yield Stage("inflate it", "object", lambda: inflate([noise], limits.inflate), lambda: gzip.decompress(noise))
        yield Stage(
            f"scan its {EVENTS} events: none is ours",
            "object",
            lambda: reader.read(bytearray(text), selector, most),
            lambda: [one for one in json.loads(text)["Records"] if one["eventSource"] == SOURCE],
        )
        full = gzip.decompress(self._ours)
        yield Stage(
            "scan them: all are ours",
            "event",
            lambda: reader.read(bytearray(full), selector, most),
            lambda: [one for one in json.loads(full)["Records"] if one["eventSource"] == SOURCE],
            EVENTS,
        )

    def _records(self) -> Iterator[Stage]:
        settings = self._settings
        mapper = make_mapper(settings.record, settings.limits, settings.service_names)
        wire = open_wire(settings.otlp, settings.resource, "0")
        source = ObjectSource(BUCKET, self._key, ACCOUNT, 1_700_000_000_000_000_000)
        selector = used_to_most(make_selector(settings.select), encoded(create_dev_environment()))
        selected = reader.read(bytearray(gzip.decompress(self._ours)), selector, EVENTS)
        events = list(zip(selected.raws, selected.usual, strict=True))

        def mapped() -> list[LogRecord]:
            return [mapper.to_record(raw, source, event) for raw, event in events]

        records = mapped()
        plain_records = [_sdk_record(record) for record in records]
        yield Stage("map it", "event", mapped, lambda: [json.loads(raw) for raw, _ in events], EVENTS)
        yield from self._shipping(records)
        yield Stage(
            "encode the records of a request",
            "event",
            lambda: wire.encoder.payload(records),
            lambda: encode_logs(plain_records).SerializeToString(),
            EVENTS,
        )
        payload, one = wire.encoder.payload(records), wire.encoder.payload(records[:1])
        post = partial(_post, requests.Session(), self._service.endpoint)
        send = wire.transport.send
        yield Stage("compress and send it", "event", lambda: send(payload), lambda: post(payload), EVENTS)
        yield Stage("send a request of one record", "request", lambda: send(one), lambda: post(one))

    def _shipping(self, records: list[LogRecord]) -> Iterator[Stage]:
        """As a worker ships them, with what is counted and remembered; each time as if they were new."""
        seen, halt = observed(), threading.Event()
        sink = Assembly(self._settings, seen.telemetry, seen.pulse, Stops()).sink
        delivery = Delivery("1", "1", "{}", receive_count=1, sent_at=0, received_at=0)
        readings = [Reading(delivery, tuple(records))]

        def ship() -> list[Settlement]:
            shipping = Shipping(
                sink=sink,
                remembered=Remembered(len(records)),
                telemetry=seen.telemetry,
                pulse=seen.pulse,
                halt=halt,
            )
            return shipping.ship(readings)

        yield Stage("ship it, with all that is in the lines below", "event", ship, None, EVENTS)

    def _aws(self) -> Any:
        return AwsConnections(self._settings, FakeTelemetry(), Pulse()).connect()


def _receive_and_delete(sqs: Any, url: str) -> None:
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=_BATCH, WaitTimeSeconds=1)["Messages"]
    entries = [{"Id": str(n), "ReceiptHandle": one["ReceiptHandle"]} for n, one in enumerate(messages)]
    sqs.delete_message_batch(QueueUrl=url, Entries=entries)


def _get(s3: Any, key: str) -> bytes:
    content: bytes = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return content


def _key_of(body: str) -> str:
    return unquote_plus(json.loads(body)["Records"][0]["s3"]["object"]["key"])


def _post(session: requests.Session, endpoint: str, payload: bytes) -> int:
    headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"}
    return session.post(f"{endpoint}/v1/logs", gzip.compress(payload, mtime=0), headers=headers).status_code


def _sdk_record(record: LogRecord) -> ReadableLogRecord:
    plain = SdkRecord(
        timestamp=record.time_unix_nano,
        observed_timestamp=record.observed_time_unix_nano,
        body=record.body,
        event_name=record.event_name,
        attributes=dict(record.attributes),
    )
    return ReadableLogRecord(plain, Resource({"service.name": "x"}), InstrumentationScope("trail-agent"))


if __name__ == "__main__":
    sys.stdout.write(json.dumps([asdict(one) for one in measure(Stages(Service(int(sys.argv[1]))).all())]) + "\n")
