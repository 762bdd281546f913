"""An emulated AWS over HTTP on loopback, with the queue and the bucket that a daemon is set to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

import boto3

from agent.aws.emulated import EmulatedAccount
from agent.demo.world import REGION, World
from tests.support.otlp_receiver import GrpcReceiver, HttpReceiver

ACME = "acme-trail-111122223333"


class Cloud:
    """The emulated AWS, and what only a test asks of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.account = world.account
        credentials = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        self.sqs = boto3.client("sqs", region_name=REGION, endpoint_url=world.endpoint, **credentials)

    @classmethod
    @contextmanager
    def start(cls) -> Iterator[Self]:
        """Run the emulator while the block runs."""
        with World.start() as world:
            yield cls(world)

    @classmethod
    def at(cls, endpoint: str) -> Self:
        """Lay a queue and a bucket in an emulator that runs."""
        return cls(World(EmulatedAccount(endpoint, REGION), endpoint))

    def add_bucket(self, name: str) -> None:
        """A bucket that notifies nobody."""
        self.account.create_bucket(name, notifies=self.world.queue_url, prefix="nothing-is-written-here/")

    def is_idle(self) -> bool:
        """Whether the queue holds nothing, visible or hidden."""
        return self.world.queue_depth().total == 0

    def dead_letters(self) -> list[Mapping[str, Any]]:
        """What the dead-letter queue holds, with its attributes."""
        found: list[Mapping[str, Any]] = []
        while batch := self._receive_dead_letters():
            found += batch
        return found

    def _receive_dead_letters(self) -> Sequence[Mapping[str, Any]]:
        answer = self.sqs.receive_message(
            QueueUrl=self.world.dead_letter_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        messages: Sequence[Mapping[str, Any]] = answer.get("Messages", [])
        return messages

    def settings(self, sink: HttpReceiver | GrpcReceiver | str, **changes: Any) -> dict[str, Any]:
        """Settings for this cloud and `sink`; `changes` replace whole sections."""
        endpoint = sink if isinstance(sink, str) else sink.url
        protocol = "grpc" if isinstance(sink, GrpcReceiver) else "http/protobuf"
        plain: dict[str, Any] = {
            "queue": {"url": self.world.queue_url, "region": REGION, "wait_seconds": 1},
            "buckets": [{"name": self.world.bucket}],
            "otlp": {"endpoint": endpoint, "protocol": protocol},
            "http": {"listen": "127.0.0.1:0"},
            "log": {"format": "json"},
            "aws": {"endpoint_url": self.world.endpoint},
            "shutdown_grace_seconds": 8,
        }
        return plain | changes
