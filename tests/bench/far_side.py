"""SQS, S3 and an OTLP endpoint in one process of their own, fast enough to wait for whoever is measured.

`python -m tests.bench.far_side` prints its port and answers HTTP/1.1 on loopback until its standard input closes. What
is put into it comes over `/control/`, as pickles: only the bench, on this machine, talks to it. SQS speaks its JSON
protocol (SQS API reference), S3 path-style GETs.
"""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

from tests.bench.load import ACCOUNT, BUCKET, QUEUE, Load, State

DEAD: Final = "bench-dead"
_EMPTY: Final = 64  # a request without records, which asks whether the sink is there
_HEAD_END: Final = b"\r\n\r\n"
_STORED: Final = "Wed, 04 Mar 2026 12:00:00 GMT"
_ARN: Final = f"arn:aws:sqs:us-west-2:{ACCOUNT}:"


class FarSide:
    """The three services, over one load."""

    def __init__(self) -> None:
        self.state = State()
        self._load = Load([b""], [])
        self._objects: dict[str, bytes] = {}
        self._visible: deque[int] = deque()
        self._arrived = asyncio.Event()
        self._sent_at: dict[int, float] = {}

    def put(self, load: Load) -> None:
        """Forget everything, and show the messages of `load`: all at once, or the next when one is deleted."""
        self.state = State(put_at=time.monotonic())
        self._load = load
        self._objects = {key: load.bodies[n % len(load.bodies)] for n, key in enumerate(load.keys)}
        self._visible.clear()
        self._show(range(1 if load.one_by_one else len(load.keys)))

    def _show(self, numbers: range) -> None:
        now = time.monotonic()
        self._sent_at.update(dict.fromkeys(numbers, now))
        self._visible.extend(numbers)
        self._arrived.set()

    async def answer(self, asked: Request) -> Answer:
        """The answer to one request."""
        method, path, headers, body = asked.method, asked.path, asked.headers, asked.body
        if target := headers.get("x-amz-target"):
            self.state.sqs_requests += 1
            return _json(await self._sqs(target.partition(".")[2], json.loads(body), asked.is_gone))
        if path.startswith("/control/"):
            return self._control(path, body)
        if method == "POST":
            return self._post(body)
        return await self._get(path)

    def _control(self, path: str, body: bytes) -> Answer:
        if path.endswith("put"):
            self.put(pickle.loads(body))
        return Answer(200, pickle.dumps(self.state), "application/octet-stream")

    def _post(self, body: bytes) -> Answer:
        if len(body) > _EMPTY:
            self.state.posts += 1
            self.state.posted_bytes += len(body)
            if self._load.one_by_one and self.state.posts > len(self.state.waits):
                number = len(self.state.waits)
                if number in self._sent_at:
                    self.state.waits.append(time.monotonic() - self._sent_at[number])
        return Answer(200, b"", "application/x-protobuf")

    async def _get(self, path: str) -> Answer:
        self.state.gets += 1
        if self._load.latency_seconds:
            await _pause(self._load.latency_seconds)
        body = self._objects.get(unquote(path.partition("?")[0]).removeprefix(f"/{BUCKET}/"))
        if body is None:
            return Answer(404, b"<Error><Code>NoSuchKey</Code></Error>", "application/xml")
        return Answer(200, body, "application/json", _OBJECT_HEAD)

    async def _sqs(self, operation: str, asked: Mapping[str, Any], is_gone: Callable[[], bool]) -> Mapping[str, Any]:
        operations: Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
            "DeleteMessageBatch": self._delete,
            "ChangeMessageVisibilityBatch": _all_well,
            "GetQueueAttributes": self._attributes,
            "GetQueueUrl": lambda one: {"QueueUrl": _url(str(one["QueueName"]))},
            "SendMessage": self._bury,
            "DeleteMessage": lambda one: self._delete({"Entries": [{"Id": "0", **one}]}),
        }
        if operation == "ReceiveMessage":
            return await self._receive(asked, is_gone)
        return operations[operation](asked)

    async def _receive(self, asked: Mapping[str, Any], is_gone: Callable[[], bool]) -> Mapping[str, Any]:
        deadline = time.monotonic() + float(asked.get("WaitTimeSeconds", 0))
        while not self._visible:
            self._arrived.clear()
            try:
                await asyncio.wait_for(self._arrived.wait(), max(deadline - time.monotonic(), 0.0))
            except TimeoutError:
                return {}
        if is_gone():  # who polled was ended: what he would get is lost
            return {}
        most = min(int(asked.get("MaxNumberOfMessages", 1)), len(self._visible))
        return {"Messages": [self._message(self._visible.popleft()) for _ in range(most)]}

    def _message(self, number: int) -> Mapping[str, Any]:
        key = self._load.keys[number]
        body = self._objects[key]
        event = {
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": "us-west-2",
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": BUCKET}, "object": {"key": key, "size": len(body)}},
        }
        return {
            "MessageId": str(number),
            "ReceiptHandle": str(number),
            "Body": json.dumps({"Records": [event]}),
            "Attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": str(int(time.time() * 1000))},
        }

    def _delete(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        self.state.deleted += len(asked["Entries"])
        if self.state.deleted >= len(self._load.keys):
            self.state.done_at = time.monotonic()
        elif self._load.one_by_one:
            self._show(range(self.state.deleted, self.state.deleted + 1))
        return _all_well(asked)

    def _bury(self, _asked: Mapping[str, Any]) -> Mapping[str, Any]:
        self.state.dead += 1
        return {"MessageId": "dead", "MD5OfMessageBody": ""}

    def _attributes(self, asked: Mapping[str, Any]) -> Mapping[str, Any]:
        name = str(asked["QueueUrl"]).rpartition("/")[2]
        redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": _ARN + DEAD, "maxReceiveCount": 20})}
        depth = {"ApproximateNumberOfMessages": str(len(self._visible)), "MessageRetentionPeriod": "864000"}
        return {"Attributes": {"QueueArn": _ARN + name, **depth, **(redrive if name == QUEUE else {})}}


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request; `is_gone` tells whether who sent it has closed the connection."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    is_gone: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer; `head` has further header lines."""

    status: int
    body: bytes
    content_type: str
    head: str = ""

    def wire(self) -> bytes:
        """As it is sent."""
        head = f"HTTP/1.1 {self.status} X\r\nContent-Type: {self.content_type}\r\n{self.head}"
        return f"{head}Content-Length: {len(self.body)}\r\n\r\n".encode() + self.body


_OBJECT_HEAD: Final = (
    f'Last-Modified: {_STORED}\r\nETag: "0"\r\nAccept-Ranges: bytes\r\nServer: AmazonS3\r\nx-amz-request-id: 0\r\n'
)


async def _pause(seconds: float) -> None:
    loop = asyncio.get_running_loop()
    over = loop.create_future()
    loop.call_later(seconds, over.set_result, None)
    await over


def _all_well(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"Successful": [{"Id": entry["Id"]} for entry in asked["Entries"]], "Failed": []}


def _json(told: Mapping[str, Any]) -> Answer:
    return Answer(200, json.dumps(told).encode(), "application/x-amz-json-1.0", "x-amzn-RequestId: 0\r\n")


def _url(name: str) -> str:
    return f"http://127.0.0.1/{ACCOUNT}/{name}"


async def _serve_one(far_side: FarSide, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := (await reader.readuntil(_HEAD_END)).decode("latin-1"):
            first, *lines = head.split("\r\n")
            method, path, _ = first.split(" ")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
            }
            if headers.get("expect"):
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            writer.write((await far_side.answer(Request(method, path, headers, body, reader.at_eof))).wire())
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def _main() -> None:
    far_side = FarSide()
    server = await asyncio.start_server(lambda r, w: _serve_one(far_side, r, w), "127.0.0.1", 0, limit=1 << 24)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    loop, closed = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), lambda: closed.set() if not os.read(sys.stdin.fileno(), 1) else None)
    await closed.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(_main())
