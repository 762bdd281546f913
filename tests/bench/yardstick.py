"""The plain way to do the same: boto3, gzip, json and the OpenTelemetry SDK's own exporter, one message after another.

`python -m tests.bench.yardstick ENDPOINT` runs until it is killed. It has no limits, no leases, no retries of its own
and no metrics; it is what one would write in an afternoon, and what the agent is measured against.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote_plus

import boto3
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from tests.bench.load import ACCOUNT, QUEUE, SOURCE

_MOST: Final = 500
_RESOURCE: Final = Resource({"service.name": "aws-codecatalyst"})
_SCOPE: Final = InstrumentationScope("yardstick")


def main(endpoint: str, selects_all: str) -> None:
    """Receive, read, export and delete, for ever."""
    sqs = boto3.client("sqs", endpoint_url=endpoint)
    s3 = boto3.client("s3", endpoint_url=endpoint)
    exporter = OTLPLogExporter(f"{endpoint}/v1/logs")
    queue_url = f"{endpoint}/{ACCOUNT}/{QUEUE}"
    while True:
        messages = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=10)
        for message in messages.get("Messages", []):
            records = [
                _record(event)
                for event in _events(s3, json.loads(message["Body"]))
                if selects_all or event.get("eventSource") == SOURCE
            ]
            for start in range(0, len(records), _MOST):
                exporter.export(records[start : start + _MOST])
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])


def _events(s3: Any, notification: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for entry in notification["Records"]:
        bucket, key = entry["s3"]["bucket"]["name"], unquote_plus(entry["s3"]["object"]["key"])
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        yield from json.loads(gzip.decompress(body))["Records"]


def _record(event: Mapping[str, Any]) -> ReadableLogRecord:
    at = datetime.fromisoformat(event["eventTime"])
    attributes = {f"aws.cloudtrail.{name}": value for name, value in event.items() if isinstance(value, str | bool)}
    identity = event.get("userIdentity") or {}
    attributes |= {f"aws.user_identity.{name}": value for name, value in identity.items() if isinstance(value, str)}
    plain = LogRecord(
        timestamp=int(at.timestamp() * 1e9),
        body=json.dumps(event, separators=(",", ":")),
        event_name=str(event.get("eventName")),
        attributes=attributes,
    )
    return ReadableLogRecord(plain, _RESOURCE, _SCOPE)


if __name__ == "__main__":
    main(*sys.argv[1:])
