"""An emulated AWS account for tests: moto's S3, SQS and STS over HTTP on a free port of loopback.

In a process of its own, or in that of the tests, which can then end its leases and empty it.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from moto.cloudtrail.models import cloudtrail_backends
from moto.events.models import events_backends
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from werkzeug.serving import make_server

from agent.demo.world import REGION, World
from tests.support.clock import DEADLINE_SECONDS

ACCOUNT = "123456789012"  # moto's own
_NO_FILE = (None, None, "/dev/null", None)
_NO_VALUE = (None, None, None, None)
_READ_SECONDS = 100  # a stack takes the emulator a minute on a busy machine


class Emulator:
    """The emulated account at `endpoint`; queues and buckets are made with names of their own."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.sqs = self.client("sqs")
        self.s3 = self.client("s3")

    def client(self, service: str) -> Any:
        """A boto3 client that nothing in the environment can lead elsewhere."""
        deaf = botocore.session.Session(session_vars={"profile": _NO_VALUE, "config_file": _NO_FILE})
        session = boto3.Session("test", "test", region_name=REGION, botocore_session=deaf)
        config = Config(
            proxies={},
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"},
            read_timeout=_READ_SECONDS,
        )
        return session.client(service, endpoint_url=self.endpoint, config=config)

    def queue(self, *, dead_letter_arn: str = "", max_receives: int = 20) -> str:
        """Make a queue, with a redrive policy if a dead-letter queue is named, and return its URL."""
        policy = {"deadLetterTargetArn": dead_letter_arn, "maxReceiveCount": max_receives}
        attributes = {"RedrivePolicy": json.dumps(policy)} if dead_letter_arn else {}
        return str(self.sqs.create_queue(QueueName=f"queue-{uuid.uuid4().hex}", Attributes=attributes)["QueueUrl"])

    def arn(self, queue_url: str) -> str:
        """The ARN of a queue."""
        answer = self.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
        return str(answer["Attributes"]["QueueArn"])

    def bucket(self) -> str:
        """Make a bucket and return its name."""
        name = f"bucket-{uuid.uuid4().hex}"
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        return name


@contextmanager
def running() -> Iterator[Emulator]:
    """Run the emulator while the block runs."""
    with World.start() as world:
        yield Emulator(world.endpoint)


@contextmanager
def in_this_process() -> Iterator[str]:
    """Run the emulator in threads of this process while the block runs, and yield its endpoint."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # else a line for every request
    server = make_server(
        "127.0.0.1",
        0,
        DomainDispatcherApplication(create_backend_app),
        threaded=True,
        request_handler=MotoRequestHandler,
    )
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(DEADLINE_SECONDS)
    server.server_close()


def forget() -> None:
    """Empty the emulator in this process: no queue and no bucket is left, and nothing that leads to them."""
    for backends in (sqs_backends, s3_backends, sns_backends, events_backends, cloudtrail_backends):
        backends.reset()


def lapse() -> None:
    """Let the time pass in which its queues hide what a process that is gone had received."""
    for queue in sqs_backends[ACCOUNT][REGION].queues.values():
        for message in list(queue.pending_messages):
            message.change_visibility(0)
