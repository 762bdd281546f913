"""What each bucket has given so far, and what that says about a failed read: is it the object's, or the whole bucket's?

S3 answers 403 for a missing object too, to whoever may not list the bucket. Page: S3 API reference, "GetObject".
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager
from typing import Final, Protocol

from agent.errors import PermanentError, RetryReason, TransientError
from agent.model import ObjectRef, OpenObject

_FIRST_PATIENCE_SECONDS: Final = 300.0
_LONGEST_PATIENCE_SECONDS: Final = 4 * 3600.0


class ObjectStore(Protocol):
    """Where objects are read."""

    def open(self, ref: ObjectRef) -> AbstractContextManager[OpenObject]:
        """Ask for one object; returns when its head has arrived.

        Raises `TransientError` (`object_missing`, `access_denied`, `store_unavailable`) or `PermanentError`; so does
        reading the chunks.
        """
        ...


class Access:
    """Remembers the last object that each bucket of `store` has given. Safe to call from many threads at once."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._last_read: dict[str, ObjectRef] = {}
        self._patience: dict[str, float] = {}
        self._lock = threading.Lock()

    def given(self, ref: ObjectRef) -> None:
        """This object was read, with whatever it holds."""
        with self._lock:
            self._last_read[ref.bucket] = ref
            self._patience.pop(ref.bucket, None)

    def is_of_bucket(self, ref: ObjectRef, reason: RetryReason) -> bool:
        """Whether the bucket fails in this way for what it gave before, too; it does if it gave nothing else yet."""
        before = self._last_read.get(ref.bucket)
        if before is None or before == ref:
            return True
        try:
            with self._store.open(before) as body:
                next(body.chunks, b"")
        except TransientError as error:
            return error.reason is reason
        except PermanentError:
            return False
        return False

    def is_worth_another(self, ref: ObjectRef, waited_seconds: float) -> bool:
        """Whether another object should be tried in place of `ref`, which has waited for so long for its bucket.

        If `ref` alone fails, because it is gone or is not for us, all others would wait for it in vain. So one may go
        after five minutes, and the next one after twice as long: an outage of a day costs a few receives.
        """
        with self._lock:
            if self._last_read.get(ref.bucket) not in (None, ref):
                return False  # another one that was given before is not now, either
            patience = self._patience.get(ref.bucket, _FIRST_PATIENCE_SECONDS)
            if waited_seconds < patience:
                return False
            self._patience[ref.bucket] = min(2 * patience, _LONGEST_PATIENCE_SECONDS)
            return True
