"""An emulated account: makes the queue, bucket and notification that a deployment has, and puts objects into it.

Nothing here can reach a real account: endpoint and credentials are given, profiles and proxies are not looked at.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from agent.errors import DependencyError

_NO_VALUE = (None, None, None, None)
_NO_FILE = (None, None, "/dev/null", None)
_CREDENTIAL = "demo"
_DEPTHS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


@dataclass(frozen=True, slots=True)
class Depth:
    """How many messages a queue holds."""

    visible: int
    in_flight: int
    delayed: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.visible + self.in_flight + self.delayed


class EmulatedAccount:
    """S3 and SQS of an emulator at `endpoint_url`, over HTTP.

    Once it is set up, every method raises DependencyError when the emulator does not answer as it should.
    """

    def __init__(self, endpoint_url: str, region: str) -> None:
        self._region = region
        self._s3 = _client("s3", endpoint_url, region)
        self._sqs = _client("sqs", endpoint_url, region)

    def create_queue(
        self,
        name: str,
        *,
        dead_letter_url: str | None = None,
        max_receives: int = 20,
        retention_days: int = 4,
        admits: str = "",
    ) -> str:
        """Make a queue, with a redrive policy if a dead-letter queue is named, and return its URL.

        `admits` names the bucket that its access policy lets send to it.
        """
        attributes = {"MessageRetentionPeriod": str(retention_days * 86_400)}
        if admits:
            attributes["Policy"] = _policy(admits)
        if dead_letter_url:
            policy = {"deadLetterTargetArn": self._arn(dead_letter_url), "maxReceiveCount": max_receives}
            attributes["RedrivePolicy"] = json.dumps(policy)
        return str(self._sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])

    def create_bucket(self, name: str, *, notifies: str, prefix: str) -> None:
        """Make a bucket that notifies the queue at URL `notifies` of every object created under `prefix`."""
        self._s3.create_bucket(Bucket=name, **self._location())
        rule = {
            "Id": "trail-agent",
            "QueueArn": self._arn(notifies),
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}},
        }
        self._s3.put_bucket_notification_configuration(
            Bucket=name, NotificationConfiguration={"QueueConfigurations": [rule]}
        )

    def put_object(self, bucket: str, key: str, body: bytes) -> None:
        """Write one object; its notification is in the queue when this returns."""
        self._s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json", ContentEncoding="gzip")

    def delete_object(self, bucket: str, key: str) -> None:
        """Remove one object."""
        with _answering("deleting an object"):
            self._s3.delete_object(Bucket=bucket, Key=key)

    def send(self, queue_url: str, body: str) -> None:
        """Send one message."""
        with _answering("sending a message"):
            self._sqs.send_message(QueueUrl=queue_url, MessageBody=body)

    def depth(self, queue_url: str) -> Depth:
        """How many messages the queue holds now."""
        with _answering("asking for the depth of a queue"):
            attributes = self._sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=list(_DEPTHS))["Attributes"]
        visible, in_flight, delayed = (int(attributes[name]) for name in _DEPTHS)
        return Depth(visible, in_flight, delayed)

    def _arn(self, queue_url: str) -> str:
        wanted = ["QueueArn"]
        return str(self._sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=wanted)["Attributes"]["QueueArn"])

    def _location(self) -> dict[str, dict[str, str]]:
        if self._region == "us-east-1":  # the one region that must not be named
            return {}
        return {"CreateBucketConfiguration": {"LocationConstraint": self._region}}


def _policy(bucket: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "*",
        "Condition": {"ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@contextmanager
def _answering(doing: str) -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise DependencyError(f"the emulated account failed while {doing}: {error}") from error


@cache
def _session(region: str) -> boto3.Session:
    """One for all clients: each session reads botocore's models of the services anew."""
    deaf = botocore.session.Session(session_vars={"profile": _NO_VALUE, "config_file": _NO_FILE})
    return boto3.Session(
        aws_access_key_id=_CREDENTIAL, aws_secret_access_key=_CREDENTIAL, region_name=region, botocore_session=deaf
    )


def _client(service: str, endpoint_url: str, region: str) -> Any:
    config = Config(proxies={}, connect_timeout=5, read_timeout=10, retries={"max_attempts": 2, "mode": "standard"})
    return _session(region).client(service, endpoint_url=endpoint_url, config=config)
