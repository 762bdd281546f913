"""What each bucket has given so far, and what that says about a failed read: is it this object, or the whole bucket?

S3 answers 403 for a missing object too, to whoever may not list the bucket. Page: S3 API reference, "GetObject".
What follows from the answer stands in `agent.aws.store_policy`.
"""

from __future__ import annotations

import threading
from typing import Final

from agent.aws.s3 import S3
from agent.aws.store_policy import Blame, StoreError
from agent.model import ObjectRef

_FIRST_PATIENCE_SECONDS: Final = 300.0
_LONGEST_PATIENCE_SECONDS: Final = 4 * 3600.0
_PROBE_BYTES: Final = 1 << 20


class Evidence:
    """Remembers the last object that each bucket of `store` has given. Safe to call from many threads at once."""

    def __init__(self, store: S3) -> None:
        self._store = store
        self._last_given: dict[str, ObjectRef] = {}
        self._patience: dict[str, float] = {}
        self._lock = threading.Lock()

    def note_given(self, ref: ObjectRef) -> None:
        """The bucket has given this object, whatever it holds."""
        with self._lock:
            self._last_given[ref.bucket] = ref
            self._patience.pop(ref.bucket, None)

    def ask_bucket(self, ref: ObjectRef, error: StoreError) -> bool:
        """Read again what the bucket gave before: True if `error` turns out to be the whole bucket's, not only `ref`'s.

        Asks nothing where the failure tells already, or where the bucket has given nothing else.
        """
        whole = error.policy.bucket
        if whole is None or whole.blame is Blame.CERTAIN:
            return whole is not None
        before = self._last_given.get(ref.bucket)
        if before is None or before == ref:
            return whole.blame is Blame.PRESUMED
        again = self._read_again(before)
        return again is not None and again.policy.bucket is whole

    def spend_patience(self, ref: ObjectRef, waited_seconds: float) -> bool:
        """True if another object is tried now instead of `ref`, which has waited long enough for its bucket.

        If only `ref` fails, because it is gone or forbidden, all others would wait for it in vain. So one message is
        given back after five minutes, the next one after ten, and so on: an outage of a day uses up few receives.
        """
        with self._lock:
            if self._last_given.get(ref.bucket) not in (None, ref):
                return False  # another one that was given before is not given now, either
            patience = self._patience.get(ref.bucket, _FIRST_PATIENCE_SECONDS)
            if waited_seconds < patience:
                return False
            self._patience[ref.bucket] = min(2 * patience, _LONGEST_PATIENCE_SECONDS)
            return True

    def _read_again(self, before: ObjectRef) -> StoreError | None:
        """How reading `before` fails now, up to its first MiB; None if it does not."""
        left = _PROBE_BYTES
        try:
            with self._store.open(before) as body:
                while left > 0 and (chunk := next(body.chunks, b"")):
                    left -= len(chunk)
        except StoreError as error:
            return error
        return None
