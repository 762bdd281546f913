"""SQS asked past most of boto3: the same answers, the same errors, and boto3 wherever it is not plain."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from agent.aws.quick_queue import QuickQueue
from tests.support.in_thread import in_thread

URL: Final = "https://sqs.us-west-2.amazonaws.com/111122223333/trail-agent"
ASKED: Final[Mapping[str, Any]] = {
    "QueueUrl": URL,
    "MaxNumberOfMessages": 10,
    "WaitTimeSeconds": 0,
    "VisibilityTimeout": 120,
    "MessageSystemAttributeNames": ["ApproximateReceiveCount", "SentTimestamp"],
}
ENTRIES: Final = [{"Id": "0", "ReceiptHandle": "handle ü+/="}]
MESSAGE: Final = {
    "MessageId": "m-1",
    "ReceiptHandle": "h-1",
    "Body": 'a "body"',
    "Attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1795176000000"},
}


@dataclass(frozen=True)
class Reply:
    """One answer of SQS."""

    body: bytes = b"{}"
    status: int = 200


@dataclass(frozen=True)
class Seen:
    """One request: what was asked, and whether boto3 asked it."""

    operation: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]
    by_boto3: bool


@dataclass(frozen=True)
class Rig:
    """A client past boto3, boto3's own, and what the server saw."""

    client: Any
    quick: QuickQueue
    seen: list[Seen]


def open_client(url: str, **config: Any) -> Any:
    """boto3's client for the server at `url`."""
    return boto3.client(
        "sqs",
        region_name="us-west-2",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        endpoint_url=url,
        config=Config(retries={"total_max_attempts": 1}, **config),
    )


@contextmanager
def serving(*replies: Reply) -> Iterator[Rig]:
    """A server on loopback that answers with `replies` in turn, the last one again and again."""
    left, seen = list(replies or [Reply()]), list[Seen]()

    class Handler(BaseHTTPRequestHandler):
        """One connection."""

        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """One request."""
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            headers = {name.lower(): value for name, value in self.headers.items()}
            operation = headers["x-amz-target"].removeprefix("AmazonSQS.")
            seen.append(Seen(operation, body, headers, "amz-sdk-request" in headers))
            reply = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(reply.status)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that it overrides
            """Say nothing."""

    with in_thread(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as url:
        client = open_client(url)
        try:
            yield Rig(client, QuickQueue(client), seen)
        finally:
            client.close()


def test_a_receive_asks_and_tells_the_same() -> None:
    """The body of the request, its signed headers and the messages are those of boto3."""
    with serving(Reply(json.dumps({"Messages": [MESSAGE]}).encode())) as rig:
        assert rig.quick.receive_message(**ASKED)["Messages"] == rig.client.receive_message(**ASKED)["Messages"]
        mine, theirs = rig.seen
        assert (mine.by_boto3, theirs.by_boto3) == (False, True)
        assert (mine.operation, mine.body) == (theirs.operation, theirs.body)
        changing = {"amz-sdk-request", "amz-sdk-invocation-id", "x-amz-date", "authorization", "user-agent"}
        assert {name: mine.headers[name] for name in mine.headers.keys() - changing} == {
            name: theirs.headers[name] for name in theirs.headers.keys() - changing
        }


def test_a_delete_tells_which_entries_failed() -> None:
    """What SQS says of each entry reaches the caller."""
    failed = {"Successful": [], "Failed": [{"Id": "0", "Code": "ReceiptHandleIsInvalid", "SenderFault": True}]}
    with serving(Reply(json.dumps(failed).encode())) as rig:
        asked = {"QueueUrl": URL, "Entries": ENTRIES}
        mine, theirs = rig.quick.delete_message_batch(**asked), rig.client.delete_message_batch(**asked)
        assert mine["Failed"] == theirs["Failed"] == failed["Failed"]
        assert rig.seen[0].body == rig.seen[1].body == asked
        assert [one.by_boto3 for one in rig.seen] == [False, True]


@pytest.mark.parametrize(
    "answer",
    [
        {"Messages": None},
        {"Messages": [{**MESSAGE, "Attributes": None, "MD5OfBody": None}], "Other": None},
        {"Messages": [{**MESSAGE, "Body": "null", "MessageAttributes": None}]},
    ],
)
def test_a_null_is_no_member_of_what_is_received(answer: Mapping[str, Any]) -> None:
    """As boto3 has it, at every level; some servers write null for what is not there."""
    with serving(Reply(json.dumps(answer).encode())) as rig:
        mine, theirs = rig.quick.receive_message(**ASKED), rig.client.receive_message(**ASKED)
        assert mine.get("Messages", ()) == theirs.get("Messages", ())
        assert mine.keys() == theirs.keys() - {"ResponseMetadata"}
        assert [one.by_boto3 for one in rig.seen] == [False, True]


@pytest.mark.parametrize("failed", [None, [{"Id": "0", "Code": "InternalError", "Message": None, "SenderFault": None}]])
def test_a_null_is_no_member_of_what_a_delete_tells(failed: object) -> None:
    """Nothing failed, or failed without a message."""
    with serving(Reply(json.dumps({"Successful": [{"Id": "1"}], "Failed": failed}).encode())) as rig:
        asked = {"QueueUrl": URL, "Entries": ENTRIES}
        mine, theirs = rig.quick.delete_message_batch(**asked), rig.client.delete_message_batch(**asked)
        assert mine == {name: theirs[name] for name in theirs.keys() - {"ResponseMetadata"}}


@pytest.mark.parametrize("status", [400, 403, 503])
def test_what_is_no_success_is_asked_again_by_boto3(status: int) -> None:
    """The error that counts is the one that boto3 makes of its own answer."""
    refusal = json.dumps({"__type": "com.amazonaws.sqs#RequestThrottled", "message": "slow down"}).encode()
    with serving(Reply(refusal, status)) as rig:
        with pytest.raises(ClientError) as caught:
            rig.quick.receive_message(**ASKED)
        assert caught.value.response["Error"]["Code"] == "RequestThrottled"
        assert [one.by_boto3 for one in rig.seen] == [False, True]


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]", b"\xff"])
def test_an_answer_that_is_not_of_sqs_is_left_to_boto3(body: bytes) -> None:
    """A page in place of messages is no empty queue."""
    with serving(Reply(body), Reply(json.dumps({"Messages": [MESSAGE]}).encode())) as rig:
        assert rig.quick.receive_message(**ASKED)["Messages"] == [MESSAGE]
        assert [one.by_boto3 for one in rig.seen] == [False, True]


def test_a_server_that_is_not_there_is_told_as_boto3_tells_it() -> None:
    """A refused connection is no answer, and the error is boto3's."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # and does not listen
        client = open_client(f"http://127.0.0.1:{reserved.getsockname()[1]}")
        with pytest.raises(EndpointConnectionError):
            QuickQueue(client).receive_message(**ASKED)


def test_a_server_that_is_silent_is_asked_once() -> None:
    """The client's time-out holds, and is not waited for twice; the error is the one that boto3 has for it."""
    go_on, asked = threading.Event(), list[str]()

    class Silent(BaseHTTPRequestHandler):
        """Answers when the test is over."""

        def do_POST(self) -> None:
            """One request."""
            asked.append(self.headers["X-Amz-Target"])
            go_on.wait(20)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that it overrides
            """Say nothing."""

    with in_thread(ThreadingHTTPServer(("127.0.0.1", 0), Silent)) as url:
        client = open_client(url, connect_timeout=0.2, read_timeout=0.1)
        with pytest.raises(ReadTimeoutError):
            QuickQueue(client).receive_message(**ASKED)
        assert asked == ["AmazonSQS.ReceiveMessage"]
        go_on.set()


def test_everything_else_is_the_clients() -> None:
    """Other operations, and what a client tells of itself, come from boto3."""
    with serving(Reply(json.dumps({"Attributes": {"QueueArn": "arn"}}).encode())) as rig:
        assert rig.quick.get_queue_attributes(QueueUrl=URL, AttributeNames=["All"])["Attributes"] == {"QueueArn": "arn"}
        assert rig.quick.meta is rig.client.meta
        assert rig.seen[0].by_boto3
