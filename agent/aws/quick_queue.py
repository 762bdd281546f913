"""SQS's ReceiveMessage and DeleteMessageBatch at a third of what boto3's cost, with the same answers and errors.

Only a plain success is taken past boto3. Anything else is asked again through boto3, whose answer or error counts: a
second receive takes no more than the first would have, and to delete again is no error. What is not answered in time is
not asked again: a worker that hangs for a minute would count as stuck. Page: SQS developer guide,
"Making Query API requests using AWS JSON protocol".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, Final

from agent.aws.learnt import OK, Forms, utc_now
from agent.aws.transfers import Transfers

_MOST_BYTES: Final = 16 << 20  # ten messages of 1 MiB each, and what JSON adds


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
            reply = self._transfers.ask(form.request(self._now(), body=json.dumps(arguments).encode()))
            if reply and reply.status == OK and (found := _object(reply.body)) is not None:
                return found
        return call(**arguments)


def _object(content: bytes) -> Mapping[str, Any] | None:
    """The JSON object that `content` is, without its null members: boto3 has no such member either."""
    try:
        found = json.loads(content, object_pairs_hook=_without_nulls if b"null" in content else None)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _without_nulls(members: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, value in dict(members).items() if value is not None}
