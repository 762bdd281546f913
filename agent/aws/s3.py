"""The object store: S3, read with boto3. Page: S3 API reference, "GetObject"."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from agent.aws.error_response import words_of_no_object
from agent.aws.failure import AWS_ERRORS, asking
from agent.aws.gets import Gets
from agent.aws.store_policy import failed_read, no_object
from agent.model import ObjectRef, OpenObject

_CHUNK_BYTES: Final = 1 << 18


class S3:
    """Reads objects of the buckets it has clients for.

    `clients` maps each bucket to its boto3 S3 client, `owners` to the account id that must own it, where one is given.
    """

    witnesses: Callable[[ObjectRef], Iterable[ObjectRef]] = staticmethod(lambda _: ())
    """Other objects of the bucket of one: if S3 gives any of them, it does not refuse the whole bucket.

    A queue tells of none. Whoever can list the buckets puts something in the place of this.
    """

    def __init__(self, clients: Mapping[str, Any], owners: Mapping[str, str | None]) -> None:
        self._clients = clients
        self._owners = owners
        self._gets = Gets(clients, owners)

    def give(
        self, refs: Sequence[ObjectRef], most: int, patience: Callable[[], float]
    ) -> Iterator[tuple[int, OpenObject | None]]:
        """Those of `refs` that S3 gives at once and whole, as they come, each with its number among them.

        At most `most` are asked for side by side. Nothing is said of the others: each of them is to be opened.
        `patience` is asked several times a second: infinity, or for how many seconds one that brings nothing is still
        waited for. Then it comes as None, and no other is asked for. If it is 0, nothing more comes.
        """
        return self._gets.read(refs, most, patience)

    @contextmanager
    def open(self, ref: ObjectRef) -> Iterator[OpenObject]:
        """Ask for one object; returns when its head has arrived, and closes its body at the end of the block.

        Raises `StoreError`, with what is to follow; so does reading the chunks.
        """
        owner = self._owners[ref.bucket]
        demand = {"ExpectedBucketOwner": owner} if owner else {}
        try:
            with asking():
                answer = self._clients[ref.bucket].get_object(Bucket=ref.bucket, Key=ref.key, **demand)
        except AWS_ERRORS as error:
            raise failed_read(error) from error
        body = answer["Body"]
        try:
            if words := words_of_no_object(answer):  # a proxy's page, say: it must not count as the object
                raise no_object(words)
            written: datetime | None = answer["LastModified"]
            last_modified_ns = int(written.timestamp()) * 1_000_000_000 if written else None
            yield OpenObject(answer.get("ContentLength"), last_modified_ns, _chunks(body))
        finally:
            body.close()


def _chunks(body: Any) -> Iterator[bytes]:
    try:
        with asking():
            yield from body.iter_chunks(_CHUNK_BYTES)
    except AWS_ERRORS as error:
        raise failed_read(error) from error
