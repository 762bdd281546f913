"""What each bucket has allowed so far, and what that says about a refusal: is it the object's, or the whole bucket's?

S3 answers 403 for a missing object too, to whoever may not list the bucket. Page: S3 API reference, "GetObject".
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Final, Protocol

from agent.errors import PermanentError, RetryReason, TransientError
from agent.model import ObjectRef, OpenObject

_FIRST_PATIENCE_SECONDS: Final = 300.0


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
        self._doubted: set[str] = set()

    def allowed(self, ref: ObjectRef) -> None:
        """This object was opened."""
        self._last_read[ref.bucket] = ref

    def is_denied(self, ref: ObjectRef) -> bool:
        """Whether the bucket that refuses `ref` refuses what it allowed before too; it does if it never allowed any."""
        before = self._last_read.get(ref.bucket)
        if before is None or before == ref:
            return True
        try:
            with self._store.open(before):
                return False
        except TransientError as error:
            return error.reason is RetryReason.ACCESS_DENIED
        except PermanentError:
            return False

    def is_worth_another(self, ref: ObjectRef, waited_seconds: float) -> bool:
        """Whether, of a bucket that never allowed any, another object should be tried in place of `ref`, once.

        If `ref` alone is refused, because it is gone or is not for us, all others would wait for it in vain.
        """
        if ref.bucket in self._last_read or ref.bucket in self._doubted or waited_seconds < _FIRST_PATIENCE_SECONDS:
            return False
        self._doubted.add(ref.bucket)
        return True
