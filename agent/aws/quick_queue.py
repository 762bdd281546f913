"""SQS's ReceiveMessage and DeleteMessageBatch at a third of what boto3's cost, with the same answers and errors.

Only a plain success is taken past boto3. Anything else is asked again through boto3, whose answer or error counts: a
second receive takes no more than the first would have, and to delete again is no error. What is not answered in time is
not asked again: a worker that hangs for a minute would count as stuck. Page: SQS developer guide,
"Making Query API requests using AWS JSON protocol".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, Final

import msgspec

from agent.aws.learnt import OK, Forms, utc_now
from agent.aws.transfers import Transfers

_MOST_BYTES: Final = 16 << 20  # ten messages of 1 MiB each, and what JSON adds
_DELETE: Final = b"\x7f"  # the only character of ASCII for which they have other escapes
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder().decode


class QuickQueue:
    """The boto3 SQS `client`, asked past most of it for what is asked most. Safe to use from many threads at once."""

    def __init__(self, client: Any, now: Callable[[], datetime] = utc_now) -> None:
        self._client = client
        self._now = now
        self._forms = Forms(client)
        self._transfers = Transfers(_MOST_BYTES)

    def receive_message(self, **arguments: Any) -> Mapping[str, Any]:
        """As boto3's; raises what boto3 raises."""
        return self._ask("ReceiveMessage", self._client.receive_message, arguments)

    def delete_message_batch(self, **arguments: Any) -> Mapping[str, Any]:
        """As boto3's; raises what boto3 raises."""
        return self._ask("DeleteMessageBatch", self._client.delete_message_batch, arguments)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the client's."""
        return getattr(self._client, name)

    def _ask(
        self, operation: str, call: Callable[..., Mapping[str, Any]], arguments: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        form = self._forms.of((operation, arguments["QueueUrl"]), operation, partial(call, **arguments))
        if form and form.headers.get("Content-Type") == "application/x-amz-json-1.0":
            reply = self._transfers.ask(form.request(self._now(), body=written(arguments)))
            if reply and reply.status == OK and (found := read_object(reply.body)) is not None:
                return found
        return call(**arguments)


def written(arguments: Mapping[str, Any]) -> bytes:
    """The body of a request, byte for byte as the standard library and boto3 write it."""
    with suppress(UnicodeEncodeError):
        text = msgspec.json.format(_encode(arguments), indent=0)  # as they do, it sets a blank behind commas and colons
        if text.isascii() and _DELETE not in text:
            return text
    return json.dumps(arguments).encode()


def read_object(content: bytes) -> Mapping[str, Any] | None:
    """The JSON object that `content` is, without its null members: boto3 has no such member either. None if it is none.

    It is what the standard library reads, which is asked where msgspec would read less.
    """
    try:
        found = _decode(content) if b"null" not in content else _read_exactly(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        found = _read_exactly(content)
    return found if isinstance(found, dict) else None


def _read_exactly(content: bytes) -> object:
    try:
        return json.loads(content, object_pairs_hook=_without_nulls)
    except ValueError:
        return None


def _without_nulls(members: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in dict(members).items() if value is not None}
