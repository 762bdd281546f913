"""A sink may quote what it refuses, our credentials included; what it says is shown to people and pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final
from urllib.parse import unquote, urlsplit

from agent.otlp.answer import Accepted, Answer, PartlyRejected
from agent.otlp.endpoint import http_endpoint
from agent.otlp.sink import Transport

_HIDDEN: Final = "[redacted]"
_SHORTEST: Final = 8  # a tenant's name, say, is no secret, and its place in a message helps


class Discreet:
    """`transport`, with each of `secrets` taken out of what the other side says."""

    def __init__(self, transport: Transport, secrets: Iterable[str]) -> None:
        self._transport = transport
        self._secrets = sorted({secret for secret in secrets if len(secret) >= _SHORTEST}, key=len, reverse=True)

    def send(self, payload: bytes) -> Answer:
        """As the transport does."""
        match self._transport.send(payload):
            case Accepted(warning):
                return Accepted(self._hide(warning))
            case PartlyRejected(count, message):
                return PartlyRejected(count, self._hide(message))
            case answer:
                return replace(answer, detail=self._hide(answer.detail))

    def close(self) -> None:
        """Give up all connections."""
        self._transport.close()

    def _hide(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, _HIDDEN)
        return text


def secrets_of(endpoint: str, headers: Iterable[str]) -> Iterator[str]:
    """What is secret in an endpoint and in header values, in every form in which it may be quoted."""
    for value in (*headers, http_endpoint(endpoint).authorization):
        yield value
        yield value.rpartition(" ")[2]  # the token of "Bearer …"
    parts = urlsplit(endpoint)
    yield unquote(parts.password or "")
    yield parts.query
    yield from (pair.partition("=")[2] for pair in parts.query.split("&"))
