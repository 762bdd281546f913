"""GetObject of many small objects at once, at a twentieth of what boto3's costs; what is no plain success is left out.

Whoever asks here reads what is left out with boto3, whose answer or error counts. Page: S3 API reference, "GetObject".
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from agent.aws.learnt import Form, Forms, Stack, utc_now
from agent.aws.plain_object import path_end, plain_object
from agent.aws.transfers import HttpRequest, Transfers
from agent.model import ObjectRef, OpenObject

MOST_BYTES: Final = 1 << 20
"""Of one object: so many wait in memory until they are inflated. What is larger is asked for once more, by itself."""

_OPERATION: Final = "GetObject"
_SAMPLE: Final = "k"


class Gets:
    """Reads with the boto3 S3 clients of some buckets, past most of them. Safe to use from many threads at once.

    `owners` has the account id that must own a bucket, where one is given.
    """

    def __init__(
        self,
        clients: Mapping[str, Any],
        owners: Mapping[str, str | None],
        now: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clients = clients
        self._owners = owners
        self._now = now
        self._forms = {id(client): Forms(client, monotonic) for client in clients.values()}
        self._transfers = Transfers(MOST_BYTES)

    def read(
        self, refs: Sequence[ObjectRef], most: int, patience: Callable[[], float]
    ) -> Iterator[tuple[int, OpenObject | None]]:
        """Those of `refs` that S3 gives whole, as they come, by their number; at most `most` are asked for at a time.

        What is large, odd or refused is left out. What brings nothing comes as None when `patience` ends, as in
        `Transfers.ask_all`.
        """
        for number, reply in self._transfers.ask_all(self._requests(refs), most, patience):
            if reply is None:
                yield number, None
                continue
            try:
                found = plain_object(reply)
            except Exception:  # noqa: BLE001 - whatever is odd about one answer is boto3's to tell, and holds up no other
                found = None
            if found:
                yield number, found

    def _requests(self, refs: Sequence[ObjectRef]) -> Callable[[int], Sequence[tuple[int, HttpRequest]]]:
        """What gives the next few requests for `refs`, each time it is asked.

        Those few are sent at once, so botocore is asked once for their credentials, and renews them in time.
        """
        left = iter(enumerate(refs))

        def following(most: int) -> Sequence[tuple[int, HttpRequest]]:
            now, stacks = self._now(), dict[str, Stack | None]()
            asked: list[tuple[int, HttpRequest]] = []
            for number, ref in left:
                bucket, tail = ref.bucket, path_end(ref.key)
                if bucket not in stacks:
                    stacks[bucket] = self._stack(bucket, now)
                if tail and (stack := stacks[bucket]):
                    asked.append((number, stack.request(tail)))
                    if len(asked) == most:
                        break
            return asked

        return following

    def _stack(self, bucket: str, now: datetime) -> Stack | None:
        try:
            form = self._form(bucket)
            return form.stack(now) if form else None
        except Exception:  # noqa: BLE001 - no credentials, say: whoever reads it with boto3 hears of it
            return None

    def _form(self, bucket: str) -> Form | None:
        client, owner = self._clients[bucket], self._owners[bucket]
        demand = {"ExpectedBucketOwner": owner} if owner else {}

        def sample() -> object:
            return client.get_object(Bucket=bucket, Key=_SAMPLE, **demand)

        return self._forms[id(client)].of((bucket, owner), _OPERATION, sample, _SAMPLE)
