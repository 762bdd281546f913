"""The object store: S3, read with boto3. Page: S3 API reference, "GetObject"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from agent.aws.failure import AWS_ERRORS, FailureKind, explain
from agent.errors import PermanentError, Reason, RetryReason, TransientError
from agent.model import ObjectRef, OpenObject

_CHUNK_BYTES: Final = 1 << 18
_ARCHIVED: Final = "InvalidObjectState"


class S3:
    """Reads objects of the buckets it has clients for.

    `clients` maps each bucket to its boto3 S3 client, `owners` to the account id that must own it, where one is given.
    """

    def __init__(self, clients: Mapping[str, Any], owners: Mapping[str, str | None]) -> None:
        self._clients = clients
        self._owners = owners

    @contextmanager
    def open(self, ref: ObjectRef) -> Iterator[OpenObject]:
        """Ask for one object; returns when its head has arrived, and closes its body at the end of the block.

        Raises `TransientError` (`object_missing`, `access_denied`, `store_unavailable`) or `PermanentError`
        (`object_unreadable`, `object_corrupt`); so does reading the chunks.
        """
        owner = self._owners[ref.bucket]
        demand = {"ExpectedBucketOwner": owner} if owner else {}
        try:
            answer = self._clients[ref.bucket].get_object(Bucket=ref.bucket, Key=ref.key, **demand)
        except AWS_ERRORS as error:
            raise _mapped(error) from error
        body = answer["Body"]
        try:
            last_modified_ns = int(answer["LastModified"].timestamp()) * 1_000_000_000
            yield OpenObject(answer.get("ContentLength"), last_modified_ns, _chunks(body))
        finally:
            body.close()


def _chunks(body: Any) -> Iterator[bytes]:
    try:
        yield from body.iter_chunks(_CHUNK_BYTES)
    except AWS_ERRORS as error:
        raise _mapped(error) from error


def _mapped(error: BaseException) -> TransientError | PermanentError:
    failure = explain(error)
    if failure.code == _ARCHIVED:
        return PermanentError(Reason.OBJECT_UNREADABLE, f"the object is archived: restore it ({failure.detail})")
    if failure.kind is FailureKind.MISSING:
        return TransientError(RetryReason.OBJECT_MISSING, f"S3 has no such object ({failure.detail})")
    if failure.kind is FailureKind.DENIED:
        return TransientError(RetryReason.ACCESS_DENIED, f"S3 refused the read ({failure.detail})")
    if failure.kind is FailureKind.CORRUPT:
        return PermanentError(Reason.OBJECT_CORRUPT, f"the object's body did not arrive whole ({failure.detail})")
    return TransientError(RetryReason.STORE_UNAVAILABLE, f"S3 did not answer the read ({failure.detail})")
