"""An object store that behaves: objects with a time and an owner, and trouble on demand."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from agent.aws.s3 import S3
from agent.aws.store_policy import BROKEN_OFF, DENIED, MISSING, NO_BUCKET, UNAVAILABLE, StoreError
from agent.model import ObjectRef, OpenObject

_CHUNK = 64
_LAST_MODIFIED_NS = 1_790_000_000_000_000_000


def missing() -> StoreError:
    """S3 answers 404."""
    return StoreError(MISSING, "S3 has no such object (NoSuchKey)")


def denied() -> StoreError:
    """S3 answers 403."""
    return StoreError(DENIED, "S3 refused the read (AccessDenied)")


def unavailable() -> StoreError:
    """S3 answers 5xx, or not at all."""
    return StoreError(UNAVAILABLE, "S3 did not answer the read (SlowDown)")


def give_by_opening(
    store: S3,
    gives_whole: Callable[[ObjectRef], bool],
    refs: Sequence[ObjectRef],
    most: int,
    patience: Callable[[], float],
) -> Iterator[tuple[int, OpenObject | None]]:
    """What `store.give` gives, for a store that can only open objects, and knows which of them meet no trouble."""
    for number, ref in enumerate(refs if most else ()):
        if patience() and gives_whole(ref):
            with store.open(ref) as body:
                whole = b"".join(body.chunks)
            yield number, OpenObject(len(whole), body.last_modified_ns, iter([whole] if whole else []))


@dataclass(slots=True)
class _Stored:
    body: bytes
    last_modified_ns: int
    troubles: deque[StoreError | bytes] = field(default_factory=deque)


class FakeStore(S3):
    """Buckets of objects, read as `agent.aws.s3.S3` reads them.

    `requests` lists every object asked for. `on_chunk` is called before each chunk. `owners` holds the account that
    must own a bucket, as the settings have it; `owned_by` the one that does. `absent` names buckets that do not exist.
    """

    def __init__(self, owners: dict[str, str] | None = None) -> None:
        self.requests: list[ObjectRef] = []
        self.open_now = 0
        self.on_chunk: Callable[[], object] = lambda: None
        self.owned_by: dict[str, str] = {}
        self.absent: set[str] = set()
        self._owners = owners or {}
        self._objects: dict[tuple[str, str], _Stored] = {}
        self._troubles: dict[str, StoreError] = {}
        self._lock = threading.Lock()

    def put(self, ref: ObjectRef, body: bytes, *, last_modified_ns: int = _LAST_MODIFIED_NS) -> None:
        """Write an object."""
        self._objects[ref.bucket, ref.key] = _Stored(body, last_modified_ns)

    def delete(self, ref: ObjectRef) -> None:
        """Delete an object."""
        del self._objects[ref.bucket, ref.key]

    def __contains__(self, ref: ObjectRef) -> bool:
        return (ref.bucket, ref.key) in self._objects

    def trouble(self, ref: ObjectRef, *troubles: StoreError | bytes) -> None:
        """What the next reads of an object meet, one each: an error, or another body than the one written."""
        self._objects[ref.bucket, ref.key].troubles.extend(troubles)

    def bucket_trouble(self, bucket: str, problem: StoreError | None) -> None:
        """What every read of a bucket meets from now on; None mends it."""
        if problem:
            self._troubles[bucket] = problem
        else:
            self._troubles.pop(bucket, None)

    def mend(self) -> None:
        """End all trouble."""
        self._troubles.clear()
        for stored in self._objects.values():
            stored.troubles.clear()

    def gives_whole(self, ref: ObjectRef) -> bool:
        """Whether the next read of an object meets no trouble."""
        wanted, actual = self._owners.get(ref.bucket), self.owned_by.get(ref.bucket)
        is_denied = ref.bucket in self._troubles or (wanted and actual and wanted != actual)
        return ref in self and not is_denied and not self._objects[ref.bucket, ref.key].troubles

    def give(
        self, refs: Sequence[ObjectRef], most: int, patience: Callable[[], float]
    ) -> Iterator[tuple[int, OpenObject | None]]:
        """What meets no trouble, one after the other."""
        return give_by_opening(self, self.gives_whole, refs, most, patience)

    @contextmanager
    def open(self, ref: ObjectRef) -> Iterator[OpenObject]:
        """As S3 does: the head first, then chunks; a body that ends early is broken off."""
        with self._lock:
            self.requests.append(ref)
            stored, body = self._answer(ref)
            self.open_now += 1
        try:
            yield OpenObject(len(stored.body), stored.last_modified_ns, self._chunks(body, len(stored.body)))
        finally:
            with self._lock:
                self.open_now -= 1

    def _answer(self, ref: ObjectRef) -> tuple[_Stored, bytes]:
        if problem := self._troubles.get(ref.bucket):
            raise problem
        if ref.bucket in self.absent:
            raise StoreError(NO_BUCKET, "there is no such bucket (NoSuchBucket)")
        wanted, actual = self._owners.get(ref.bucket), self.owned_by.get(ref.bucket)
        if wanted and actual and wanted != actual:
            raise denied()
        stored = self._objects.get((ref.bucket, ref.key))
        if stored is None:
            raise missing()
        trouble = stored.troubles.popleft() if stored.troubles else stored.body
        if isinstance(trouble, Exception):
            raise trouble
        return stored, trouble

    def _chunks(self, body: bytes, length: int) -> Iterator[bytes]:
        for start in range(0, len(body), _CHUNK):
            self.on_chunk()
            yield body[start : start + _CHUNK]
        if len(body) < length:
            raise StoreError(BROKEN_OFF, f"the object did not arrive whole ({len(body)} of {length} bytes)")
