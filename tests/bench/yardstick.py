"""The plain way to do the same: boto3, gzip, json and the OpenTelemetry SDK's own exporter, one message after another.

`python -m tests.bench.yardstick ENDPOINT` runs until it is killed. It has no limits, no leases, no retries of its own
and no metrics; it is what one would write in an afternoon, and what the agent is measured against. A record has the
event as its body, and each of its members as an attribute with a dotted name. Requests are compressed, as the agent's.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final
from urllib.parse import unquote_plus

import boto3
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from tests.bench.load import ACCOUNT, QUEUE, SOURCE

_MOST: Final = 500
_AS_JSON: Final = frozenset(
    """
    requestParameters responseElements additionalEventData serviceEventDetails eventContext edgeDeviceDetails
    insightDetails
    """.split()
)
"""Members in which each service has names of its own."""
_SCOPE: Final = InstrumentationScope("yardstick")


def main(endpoint: str, selects_all: str) -> None:
    """Receive, read, export and delete, for ever."""
    sqs = boto3.client("sqs", endpoint_url=endpoint)
    s3 = boto3.client("s3", endpoint_url=endpoint)
    exporter = OTLPLogExporter(f"{endpoint}/v1/logs", compression=Compression.Gzip)
    queue_url = f"{endpoint}/{ACCOUNT}/{QUEUE}"
    while True:
        messages = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=10)
        for message in messages.get("Messages", []):
            records = [
                _record(event, path)
                for event, path in _events(s3, json.loads(message["Body"]))
                if selects_all or event.get("eventSource") == SOURCE
            ]
            for start in range(0, len(records), _MOST):
                exporter.export(records[start : start + _MOST])
            sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])


def _events(s3: Any, notification: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Each event, and the path of its object."""
    for entry in notification["Records"]:
        bucket, key = entry["s3"]["bucket"]["name"], unquote_plus(entry["s3"]["object"]["key"])
        body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        for event in json.loads(gzip.decompress(body))["Records"]:
            yield event, f"s3://{bucket}/{key}"


def _record(event: Mapping[str, Any], path: str) -> ReadableLogRecord:
    attributes = {"log.file.path": path, "log.file.name": path.rpartition("/")[2]}
    _flatten("aws.cloudtrail", event, attributes)
    at = datetime.fromisoformat(event["eventTime"])
    plain = LogRecord(
        timestamp=int(at.timestamp() * 1e9),
        observed_timestamp=time.time_ns(),
        severity_number=SeverityNumber.WARN if event.get("errorCode") else SeverityNumber.INFO,
        body=json.dumps(event, separators=(",", ":")),
        event_name=str(event.get("eventName")),
        attributes=attributes,
    )
    return ReadableLogRecord(plain, _resource(event.get("recipientAccountId", ""), event["awsRegion"]), _SCOPE)


def _flatten(prefix: str, members: Mapping[str, Any], into: dict[str, Any]) -> None:
    for name, value in members.items():
        path = f"{prefix}.{name}"
        if value is None:
            continue
        if name in _AS_JSON or isinstance(value, list):
            into[path] = json.dumps(value, separators=(",", ":"))
        elif isinstance(value, dict):
            _flatten(path, value, into)
        else:
            into[path] = value


@cache
def _resource(account: str, region: str) -> Resource:
    return Resource(
        {
            "service.name": "aws-codecatalyst",
            "cloud.provider": "aws",
            "cloud.account.id": account,
            "cloud.region": region,
        }
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
