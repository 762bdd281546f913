"""Transports: one that needs no network and answers by script, and real ones that are closed at the end of a test."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from typing import Any, TypeVar

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from agent.sink.answer import Accepted, Answer
from agent.sink.otlp.decode import ReceivedRecord, records
from agent.sink.wire import Transport

_Real = TypeVar("_Real", bound=Transport)
_SETTINGS: Mapping[str, Any] = {
    "timeout": 10,
    "compression": "gzip",
    "ca_file": None,
    "cert_file": None,
    "key_file": None,
    "user_agent": "trail-agent/9",
}


class FakeTransport:
    """Answers by script, then by rule, then accepts; `stored` is what a store would hold that drops repeats.

    The script is for requests with records; `empty` is the answer to each without, in place of the rule's.
    """

    def __init__(
        self,
        answers: Iterable[Answer] = (),
        rule: Callable[[list[ReceivedRecord]], Answer] = lambda _: Accepted(),
        empty: Answer | None = None,
    ) -> None:
        self.payloads: list[bytes] = []
        self.empty = empty
        self.stored: set[str] = set()
        self._answers = deque(answers)
        self._rule = rule

    def send(self, payload: bytes) -> Answer:
        """Answer, and store what is accepted."""
        self.payloads.append(payload)
        received = list(records(ExportLogsServiceRequest.FromString(payload)))
        answer = self._answer(received)
        if isinstance(answer, Accepted):
            self.stored |= {record.body for record in received}
        return answer

    def with_records(self) -> list[bytes]:
        """The requests that had records."""
        return [payload for payload in self.payloads if payload]

    def _answer(self, received: list[ReceivedRecord]) -> Answer:
        if not received and self.empty is not None:
            return self.empty
        return self._answers.popleft() if received and self._answers else self._rule(received)

    def close(self) -> None:
        """Nothing to close."""


@contextmanager
def opening(make: Callable[..., _Real]) -> Iterator[Callable[..., _Real]]:
    """Opens real transports while the block lasts: called with an address, headers and other settings."""
    with ExitStack() as opened:

        def build(address: str, headers: Mapping[str, str] | None = None, **settings: object) -> _Real:
            return opened.enter_context(closing(make(address, headers or {}, **{**_SETTINGS, **settings})))

        yield build
