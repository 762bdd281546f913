"""SQS, S3 and an OTLP endpoint in one process of their own, fast enough to wait for whoever is measured.

`python -m tests.bench.far_side` prints its port and answers HTTP/1.1 on loopback until its standard input closes. What
is put into it comes over `/control/`, as pickles: only the bench, on this machine, talks to it. SQS speaks its JSON
protocol (SQS API reference): a message that is not deleted in time is shown again. S3 speaks path-style GETs. Bodies
and messages are made when a load is put in, not when they are asked for.
"""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from hashlib import md5
from typing import Any, Final
from urllib.parse import unquote

from tests.bench.answering import Connection, Request, wire
from tests.bench.load import ACCOUNT, BUCKET, QUEUE, Load, Proof, State
from tests.bench.proof import arrived
from tests.bench.visibility import Visibility

DEAD: Final = "bench-dead"
_SETTLED_SECONDS: Final = 0.02
_HIDDEN_SECONDS: Final = 10.0
"""The longest that a message is hidden by a receive: whoever died with it must not stop the bench for minutes."""
_RECEIVED_ONCE: Final = b'"ApproximateReceiveCount": "1"'
_EMPTY: Final = 64  # a request without records, which asks whether the sink is there
_ARN: Final = f"arn:aws:sqs:us-west-2:{ACCOUNT}:"
_JSON: Final = "application/x-amz-json-1.0"
_STORED: Final = (
    'Last-Modified: Wed, 04 Mar 2026 12:00:00 GMT\r\nETag: "0"\r\nAccept-Ranges: bytes\r\nServer: AmazonS3\r\n'
    "x-amz-request-id: 0\r\n"
)
_MISSING: Final = wire(404, b"<Error><Code>NoSuchKey</Code></Error>", "application/xml")
_ACCEPTED: Final = wire(200, b"", "application/x-protobuf")
_NOTHING: Final = wire(200, b"{}", _JSON)
_STALE: Final = wire(400, b'{"__type": "com.amazonaws.sqs#MessageNotInflight"}', _JSON)
_NOT_IN_FLIGHT: Final = {"Code": "MessageNotInflight", "Message": "It is not hidden.", "SenderFault": True}


class FarSide:
    """The three services, over one load."""

    def __init__(self, later: Callable[[float, Callable[[], None]], object]) -> None:
        self._later = later
        self.state = State()
        self._busy_before = 0.0
        self._load = Load([b""], [])
        self._objects: dict[str, bytes] = {}
        self._messages: list[bytes] = []
        self._visibility = Visibility(later, self._serve)
        self._puts = 0
        self._pollers: deque[tuple[Request, int, float]] = deque()
        self._awaiting: tuple[Request, int] | None = None
        self._shown_at = 0.0
        self._posted: list[bytes] = []
        self._got: set[str] = set()

    def put(self, load: Load) -> None:
        """Forget everything, and show the messages of `load`: all at once, or the first."""
        self._load = load
        self._puts += 1
        answers = [wire(200, body, "application/json", _STORED) for body in load.bodies]
        self._objects = {f"/{BUCKET}/{key}": answers[n % len(answers)] for n, key in enumerate(load.keys)}
        self._messages = [
            _message(n, f"{self._puts}-{n}", key, load.bodies[n % len(load.bodies)]) for n, key in enumerate(load.keys)
        ]
        self._visibility.clear()
        self._posted, self._got = [], set()
        self.state, self._busy_before = State(put_at=time.monotonic()), time.process_time()
        self._show(range(len(load.keys) if load.pause_seconds is None else min(1, len(load.keys))))

    def answer(self, asked: Request) -> None:
        """Reply to one request."""
        if asked.operation:
            self.state.sqs_requests += 1
            self._sqs(asked)
        elif asked.method == "GET":
            self._get(asked)
        elif asked.path.startswith("/control/"):
            self._control(asked)
        else:
            self._post(asked)

    def _show(self, numbers: Iterable[int]) -> None:
        self._shown_at = time.monotonic()
        self._visibility.show(numbers)
        self._serve()

    def _serve(self) -> None:
        while self._visibility.shown and self._pollers:
            self._hand_out(*self._pollers.popleft())

    def _show_next(self, of: State) -> None:
        if of is self.state:  # else another load was put in meanwhile
            self._show([of.deleted])

    def _control(self, asked: Request) -> None:
        what = asked.path.rpartition("/")[2]
        if what == "put":
            # Not before the loop has seen the end of a process that was killed: its poll would swallow messages.
            self._later(_SETTLED_SECONDS, lambda: self._put(asked))
            return
        if what == "await" and self.state.deleted < (count := int(asked.body)):
            self._awaiting = asked, count
            self._later(1.0, lambda: self._end_wait(asked))
            return
        if what == "proof":
            proof = Proof(len(self._got), arrived(self._posted))
            asked.reply(wire(200, pickle.dumps(proof), "application/octet-stream"))
            return
        if what == "count":
            self.state.records = arrived(self._posted).total()
        self._tell(asked)

    def _put(self, asked: Request) -> None:
        self.put(pickle.loads(asked.body))
        self._tell(asked)

    def _end_wait(self, asked: Request) -> None:
        if self._awaiting and self._awaiting[0] is asked:
            self._awaiting = None
            self._tell(asked)

    def _tell(self, asked: Request) -> None:
        self.state.busy_seconds = time.process_time() - self._busy_before
        asked.reply(wire(200, pickle.dumps(self.state), "application/octet-stream"))

    def _post(self, asked: Request) -> None:
        if len(asked.body) > _EMPTY:
            self.state.posts += 1
            self._posted.append(asked.body)
            self.state.posted_bytes += len(asked.body)
            if self._load.pause_seconds is not None and len(self.state.waits) == self.state.deleted:
                self.state.waits.append(time.monotonic() - self._shown_at)
        if self._load.sink_seconds:
            self._later(self._load.sink_seconds, lambda: asked.reply(_ACCEPTED))
        else:
            asked.reply(_ACCEPTED)

    def _get(self, asked: Request) -> None:
        self.state.gets += 1
        path = asked.path.partition("?")[0]
        if path not in self._objects:
            path = unquote(path)
        found = self._objects.get(path, _MISSING)
        if found is not _MISSING:
            self._got.add(path)
        if self._load.latency_seconds:
            self._later(self._load.latency_seconds, lambda: asked.reply(found))
        else:
            asked.reply(found)

    def _sqs(self, asked: Request) -> None:
        told = json.loads(asked.body)
        match asked.operation:
            case "ReceiveMessage":
                self._receive(asked, told)
            case "DeleteMessageBatch":
                self._delete([entry["ReceiptHandle"] for entry in told["Entries"]])
                asked.reply(_json({"Successful": [{"Id": entry["Id"]} for entry in told["Entries"]], "Failed": []}))
            case "DeleteMessage":
                self._delete([told["ReceiptHandle"]])
                asked.reply(_NOTHING)
            case "ChangeMessageVisibilityBatch":
                asked.reply(_json(self._change(told["Entries"])))
            case "ChangeMessageVisibility":
                asked.reply(_STALE if self._change([{"Id": "0", **told}])["Failed"] else _NOTHING)
            case "GetQueueAttributes":
                asked.reply(_json(self._attributes(str(told["QueueUrl"]))))
            case "GetQueueUrl":
                asked.reply(_json({"QueueUrl": f"http://127.0.0.1/{ACCOUNT}/{told['QueueName']}"}))
            case _:
                self.state.dead += 1
                digest = md5(str(told["MessageBody"]).encode(), usedforsecurity=False).hexdigest()
                asked.reply(_json({"MessageId": "dead", "MD5OfMessageBody": digest}))

    def _receive(self, asked: Request, told: Mapping[str, Any]) -> None:
        most, seconds = int(told.get("MaxNumberOfMessages", 1)), float(told.get("WaitTimeSeconds", 0))
        hidden = min(float(told.get("VisibilityTimeout", _HIDDEN_SECONDS)), _HIDDEN_SECONDS)
        if self._visibility.shown:
            self._hand_out(asked, most, hidden)
        elif seconds:
            self._pollers.append((asked, most, hidden))
            self._later(seconds, lambda: self._end_poll(asked))
        else:
            asked.reply(_NOTHING)

    def _end_poll(self, asked: Request) -> None:
        for poller in self._pollers:
            if poller[0] is asked:
                self._pollers.remove(poller)
                asked.reply(_NOTHING)
                return

    def _hand_out(self, asked: Request, most: int, hidden: float) -> None:
        if asked.is_gone():
            return
        messages = [
            self._messages[number] if times == 1 else _again(self._messages[number], times)
            for number, times in self._visibility.receive(most, hidden)
        ]
        asked.reply(wire(200, b'{"Messages":[' + b",".join(messages) + b"]}", _JSON))

    def _number(self, handle: str) -> int:
        """Of the message that a receipt handle names: -1 for one of a load that is forgotten."""
        put, _, number = handle.partition("-")
        return int(number) if put == str(self._puts) else -1

    def _change(self, entries: Iterable[Mapping[str, Any]]) -> Mapping[str, Any]:
        done: dict[bool, list[Any]] = {True: [], False: []}
        for entry in entries:
            number, seconds = self._number(entry["ReceiptHandle"]), float(entry["VisibilityTimeout"])
            done[self._visibility.change(number, seconds)].append({"Id": entry["Id"]})
        return {"Successful": done[True], "Failed": [{**one, **_NOT_IN_FLIGHT} for one in done[False]]}

    def _delete(self, handles: Iterable[str]) -> None:
        gone = sum(self._visibility.delete(self._number(handle)) for handle in handles)
        if not gone:
            return
        self.state.deleted += gone
        if self.state.deleted >= len(self._load.keys):
            self.state.done_at = time.monotonic()
        elif self._load.pause_seconds is not None:
            self._later(self._load.pause_seconds, partial(self._show_next, self.state))
        if self._awaiting and self.state.deleted >= self._awaiting[1]:
            self._end_wait(self._awaiting[0])

    def _attributes(self, url: str) -> Mapping[str, Any]:
        name = url.rpartition("/")[2]
        redrive = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": _ARN + DEAD, "maxReceiveCount": 20})}
        depth = {
            "ApproximateNumberOfMessages": str(self._visibility.shown),
            "ApproximateNumberOfMessagesNotVisible": str(self._visibility.hidden),
            "MessageRetentionPeriod": "864000",
        }
        return {"Attributes": {"QueueArn": _ARN + name, **depth, **(redrive if name == QUEUE else {})}}


def _message(number: int, handle: str, key: str, body: bytes) -> bytes:
    event = {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-west-2",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": BUCKET}, "object": {"key": key, "size": len(body)}},
    }
    text = json.dumps({"Records": [event]})
    message = {
        "MessageId": str(number),
        "ReceiptHandle": handle,
        "Body": text,
        "MD5OfBody": md5(text.encode(), usedforsecurity=False).hexdigest(),
        "Attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": str(int(time.time() * 1000))},
    }
    return json.dumps(message).encode()


def _again(message: bytes, times: int) -> bytes:
    return message.replace(_RECEIVED_ONCE, b'"ApproximateReceiveCount": "%d"' % times)


def _json(told: Mapping[str, Any]) -> bytes:
    return wire(200, json.dumps(told).encode(), _JSON, "x-amzn-RequestId: 0\r\n")


async def _main() -> None:
    loop, closed = asyncio.get_running_loop(), asyncio.Event()
    far_side = FarSide(loop.call_later)
    server = await loop.create_server(lambda: Connection(far_side), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    loop.add_reader(sys.stdin.fileno(), lambda: closed.set() if not os.read(sys.stdin.fileno(), 1) else None)
    await closed.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(_main())
