"""What a step costs, against the plainest way to do it, in one run on one machine.

Quote the ratios: times differ from machine to machine and from minute to minute.
"""

from __future__ import annotations

import gzip
import json
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random

from opentelemetry._logs import LogRecord as SdkRecord
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from agent.demo.bystanders import Bystanders
from agent.demo.generator import Generator
from agent.model import LogRecord, ObjectSource
from agent.records.selection import Selector
from agent.sink.otlp.encode import Encoder
from agent.trail import reader
from agent.trail.inflate import InflateLimits, inflate
from tests.support.records import open_mapper

_ROUNDS = 7
_NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
_LIMITS = InflateLimits(67_108_864, 134_217_728, 200)
_SELECTOR = Selector(["codecatalyst.amazonaws.com"])
_RECORDS = 500
_NOISE = 170


def _median_seconds(work: Callable[[], object]) -> float:
    work()
    times = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def _compare(name: str, ours: Callable[[], object], plain: Callable[[], object], unit: str, per: int) -> None:
    mine, theirs = _median_seconds(ours) / per * 1e6, _median_seconds(plain) / per * 1e6
    print(f"{name:<46}{mine:>9.1f} µs   plain {theirs:>9.1f} µs   ratio {mine / theirs:>5.2f}   per {unit}")


def _noise_object() -> bytes:
    noise = Bystanders().sample(Random(1), _NOISE, "111122223333", "us-west-2", _NOW)
    return gzip.compress(b'{"Records":[' + b",".join(noise) + b"]}", mtime=0)


def _read_plainly(body: bytes) -> int:
    records = json.loads(gzip.decompress(body))["Records"]
    return sum(record["eventSource"] == "codecatalyst.amazonaws.com" for record in records)


def _sdk_record(record: LogRecord) -> ReadableLogRecord:
    plain = SdkRecord(
        timestamp=record.time_unix_nano,
        observed_timestamp=record.observed_time_unix_nano,
        body=record.body,
        event_name=record.event_name,
        attributes=dict(record.attributes),
    )
    return ReadableLogRecord(plain, Resource({"service.name": "x"}), InstrumentationScope("trail-agent"))


def main() -> None:
    """Print one line per step."""
    body = _noise_object()
    _compare(
        f"read {len(body) / 1024:.0f} KiB of noise, {_NOISE} events, none ours",
        lambda: reader.read(inflate([body], _LIMITS).text, _SELECTOR, 200_000),
        lambda: _read_plainly(body),
        "object",
        1,
    )
    raws = [event.record for event in Generator(Random(1), _NOW).generate(_RECORDS, _NOW)]
    source = ObjectSource("bucket", "AWSLogs/x.json.gz", "111122223333", 1_700_000_000_000_000_000)
    mapper, encoder = open_mapper(), Encoder({}, "0")
    records = [mapper.to_record(raw, source) for raw in raws]
    sdk_records = [_sdk_record(record) for record in records]
    _compare(
        "map one CodeCatalyst event",
        lambda: [mapper.to_record(raw, source) for raw in raws],
        lambda: [json.loads(raw) for raw in raws],
        "event (plain: json.loads)",
        _RECORDS,
    )
    _compare(
        "encode one record",
        lambda: encoder.payload(records),
        lambda: encode_logs(sdk_records).SerializeToString(),
        "record (plain: the SDK's encode_logs)",
        _RECORDS,
    )


if __name__ == "__main__":
    main()
