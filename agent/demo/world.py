"""The emulated account: an S3 bucket that notifies an SQS queue with a dead-letter queue, in a process of its own."""

from __future__ import annotations

import importlib.util
import selectors
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from agent.demo.child import Child
from agent.demo.environment import isolated
from agent.demo.scratch import scratch
from agent.errors import DependencyError

if TYPE_CHECKING:
    from agent.aws.emulated import Depth, EmulatedAccount

REGION = "us-west-2"
BUCKET = "demo-trail-111122223333"
QUEUE = "trail-agent-demo"
PREFIX = "AWSLogs/"
_MODULES = ("moto", "flask", "flask_cors")
_START_SECONDS = 30.0


class World:
    """What a deployment has in AWS: `bucket`, `queue_url` and `dead_letter_url`, all behind `endpoint`."""

    region = REGION

    def __init__(self, account: EmulatedAccount, endpoint: str) -> None:
        self.account = account
        self.endpoint = endpoint
        self.bucket = BUCKET
        self.dead_letter_url = account.create_queue(f"{QUEUE}-dead", retention_days=14)
        self.queue_url = account.create_queue(
            QUEUE, dead_letter_url=self.dead_letter_url, retention_days=10, admits=BUCKET
        )
        account.create_bucket(BUCKET, notifies=self.queue_url, prefix=PREFIX)

    @classmethod
    @contextmanager
    def start(cls, address: str = "127.0.0.1", port: int = 0) -> Iterator[Self]:
        """Run the emulator on `address` and `port` while the block runs; port 0 is a free one.

        Raises DependencyError when it is not installed, or does not listen within half a minute.
        """
        missing = [name for name in _MODULES if not importlib.util.find_spec(name)]
        if missing:
            raise DependencyError(
                f"the demo needs an emulator of S3 and SQS, and {', '.join(missing)} is not installed: "
                "pip install 'trail-agent[demo]'"
            )
        with scratch("emulator") as folder:
            log = folder / "emulator.log"
            command = ["-m", "agent.demo.emulator", address, str(port)]
            with Child.start(command, isolated(), log, speaks=True) as child:
                from agent.aws.emulated import EmulatedAccount  # noqa: PLC0415 - boto3 loads while moto does

                endpoint = f"http://{_own(address)}:{_port(child)}"
                yield cls(EmulatedAccount(endpoint, REGION), endpoint)

    def put(self, key: str, body: bytes) -> None:
        """Write an object of gzipped trail JSON; the queue gets a notification."""
        self.account.put_object(self.bucket, key, body)

    def delete(self, key: str) -> None:
        """Remove an object."""
        self.account.delete_object(self.bucket, key)

    def send(self, body: str) -> None:
        """Put a message into the queue as it is."""
        self.account.send(self.queue_url, body)

    def queue_depth(self) -> Depth:
        """What is in the queue."""
        return self.account.depth(self.queue_url)

    def dead_letter_depth(self) -> Depth:
        """What is in the dead-letter queue."""
        return self.account.depth(self.dead_letter_url)


def _own(address: str) -> str:
    """The host at which this process finds what listens on `address`: loopback, if that is every address."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104 - nothing is bound here
    return f"[{host}]" if ":" in host else host


def _port(child: Child) -> int:
    """The port that the emulator says it listens on."""
    assert child.process.stdout is not None  # opened by Child
    with selectors.DefaultSelector() as selector:
        selector.register(child.process.stdout, selectors.EVENT_READ)
        line = child.process.stdout.readline() if selector.select(_START_SECONDS) else b""
    if not line.strip().isdigit():
        last = "\n".join(child.last_lines())
        raise DependencyError(f"the emulator of S3 and SQS did not start; it said:\n{last}")
    return int(line)
