"""What a protocol gives the sink: how records become the bytes of a request, and how those get to the other side.

These are Protocols because the sink knows none of their implementations: each protocol is a package beside this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from agent.model import LogRecord
from agent.sink.answer import Answer


@dataclass(frozen=True, slots=True)
class Batch:
    """The records of one request, and the request's bytes before compression."""

    records: tuple[LogRecord, ...]
    payload: bytes


class WireEncoder(Protocol):
    """Writes requests. The same records always become the same bytes."""

    def payload(self, records: Sequence[LogRecord]) -> bytes:
        """The bytes of one request of all `records`; of an empty request, if there are none."""
        ...

    def batches(
        self, records: Iterable[LogRecord], max_bytes: int, max_records: int, max_span_nano: int | None = None
    ) -> Iterator[Batch]:
        """Cut `records` into requests, in their order, each within the limits unless its only record is above them."""
        ...


class Transport(Protocol):
    """Carries the bytes of one request to the other side and tells what it said."""

    def send(self, payload: bytes) -> Answer:
        """Return the answer; whatever goes wrong on the way is an answer, too. Called by many threads at once."""
        ...

    def close(self) -> None:
        """Give up all connections."""
        ...


@dataclass(frozen=True, slots=True)
class Wire:
    """All that one protocol gives."""

    encoder: WireEncoder
    transport: Transport
