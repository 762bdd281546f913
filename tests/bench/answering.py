"""HTTP/1.1 as the far side speaks it: with as little work for a request as Python can do.

One request at a time on a connection, with `Content-Length` and without chunks; all that is measured asks like that.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

_HEAD_END: Final = b"\r\n\r\n"
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)")
_TARGET: Final = re.compile(rb"\r\nx-amz-target: *amazonsqs\.(\w+)")
_OPERATIONS: Final[Mapping[bytes, str]] = {
    name.lower().encode(): name
    for name in (
        "ReceiveMessage",
        "DeleteMessage",
        "DeleteMessageBatch",
        "ChangeMessageVisibility",
        "ChangeMessageVisibilityBatch",
        "GetQueueAttributes",
        "GetQueueUrl",
        "SendMessage",
    )
}


@dataclass(frozen=True, slots=True)
class Request:
    """A request, with the SQS operation that it asks for, if any. `reply` sends the answer, now or later.

    `is_gone` tells whether who sent it has closed the connection.
    """

    method: str
    path: str
    operation: str
    body: bytes
    reply: Callable[[bytes], None]
    is_gone: Callable[[], bool]


class Answers(Protocol):
    """Who answers requests."""

    def answer(self, asked: Request) -> None:
        """Reply to one request."""
        ...


def wire(status: int, body: bytes, content_type: str, head: str = "") -> bytes:
    """An answer as it is sent; `head` has further header lines."""
    first = f"HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\n{head}"
    return f"{first}Content-Length: {len(body)}\r\n\r\n".encode() + body


class Connection(asyncio.Protocol):
    """One connection of whoever is measured."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._transport: asyncio.Transport | None = None
        self._arrived = bytearray()
        self._told_to_go_on = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """What asyncio calls."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, _error: Exception | None) -> None:
        """What asyncio calls."""
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """What asyncio calls: answers the request, if all of it is there."""
        self._arrived += data
        end = self._arrived.find(_HEAD_END)
        if end < 0:
            return
        head = bytes(self._arrived[:end])
        lowered = head.lower()
        length = _LENGTH.search(lowered)
        start = end + len(_HEAD_END)
        whole = start + (int(length[1]) if length else 0)
        if len(self._arrived) < whole:
            self._go_on(lowered)
            return
        body = bytes(self._arrived[start:whole])
        self._arrived.clear()
        self._told_to_go_on = False
        method, path, _ = head[: head.find(b"\r\n")].decode("latin-1").split(" ")
        target = _TARGET.search(lowered)
        operation = _OPERATIONS[target[1]] if target else ""
        self._answers.answer(Request(method, path, operation, body, self._reply, lambda: self._transport is None))

    def _go_on(self, head: bytes) -> None:
        if b"\r\nexpect:" in head and not self._told_to_go_on:
            self._told_to_go_on = True
            self._reply(_CONTINUE)

    def _reply(self, answer: bytes) -> None:
        if self._transport:
            self._transport.write(answer)
