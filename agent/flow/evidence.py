"""What each bucket has given so far, and what that says about a failed read: is it this object, or the whole bucket?

S3 answers 403 for a missing object too, to whoever may not list the bucket. Page: S3 API reference, "GetObject".
What follows from the answer stands in `agent.aws.store_policy`.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from agent.aws.s3 import S3
from agent.aws.store_policy import Blame, StoreError, WholeBucket
from agent.faults.environment_faults import EnvironmentFault
from agent.model import ObjectRef

_FIRST_PATIENCE_SECONDS: Final = 30.0
_LONGEST_PATIENCE_SECONDS: Final = 4 * 3600.0
_LONGEST_BESIDE_OTHERS_SECONDS: Final = 300.0
_PROBE_BYTES: Final = 1 << 20
_SEVERAL: Final = 3  # objects that are refused alike: then it is not one odd object
_MOST_ANSWERS: Final = 8


class Culprit(Enum):
    """Whose fault a failed read is."""

    OBJECT = auto()
    """This object's alone."""
    BUCKET = auto()
    """The whole bucket's, or it may be: the read waits."""
    UNKNOWN = auto()
    """Nothing else of the bucket is known yet. The message comes again when more is known, and nothing is decided."""


@dataclass(slots=True)
class _Known:
    """What is known of one bucket.

    `given` holds the last two objects that it has given, the latest first. `refused` counts, for each answer, how often
    which objects got it. `patience` is how long the next message waits in vain; the last one made way at `made_way_at`.
    """

    given: tuple[ObjectRef, ...] = ()
    refused: dict[str, Counter[str]] = field(default_factory=dict)
    patience: float = _FIRST_PATIENCE_SECONDS
    made_way_at: float | None = None

    def note_given(self, ref: ObjectRef) -> None:
        """It has given this object: what was refused before that says nothing any more."""
        is_same = bool(self.given) and self.given[0].key == ref.key
        self.given = (ref, *(self.given[1:] if is_same else self.given[:1]))
        self.refused.clear()
        self.patience, self.made_way_at = _FIRST_PATIENCE_SECONDS, None

    def other_than(self, ref: ObjectRef) -> ObjectRef | None:
        """The last object that the bucket has given, apart from `ref`."""
        return next((each for each in self.given if each.key != ref.key), None)


class Evidence:
    """Remembers what the buckets of `store` have given and refused. Safe to call from many threads at once."""

    def __init__(self, store: S3) -> None:
        self._store = store
        self._buckets: dict[str, _Known] = {}
        self._lock = threading.Lock()

    def note_given(self, ref: ObjectRef) -> None:
        """The bucket has given this object, whatever it holds."""
        with self._lock:
            known = self._buckets.pop(ref.bucket, None) or _Known()
            known.note_given(ref)
            self._buckets[ref.bucket] = known  # so that the latest bucket stands last

    def note_refused(self, ref: ObjectRef, error: StoreError) -> None:
        """A read of this object has failed; counts if it takes other reads to tell whose fault `error` is."""
        if error.policy.bucket is None or error.policy.bucket.blame is not Blame.PROVEN:
            return
        with self._lock:
            refused = self._known(ref).refused
            objects = refused.setdefault(error.answer, Counter())
            if ref.key in objects or len(objects) < _SEVERAL:
                objects[ref.key] += 1
            if len(refused) > _MOST_ANSWERS:
                del refused[next(iter(refused))]

    def ask_bucket(self, ref: ObjectRef, error: StoreError) -> Culprit:
        """Whose fault `error` is: the bucket is asked again for what it gave before.

        If it gave nothing else, others are asked for that the store knows of. Asks nothing where the failure tells
        already, or where no other is known.
        """
        whole = error.policy.bucket
        if whole is None:
            return Culprit.OBJECT
        if whole.blame is Blame.CERTAIN:
            return Culprit.BUCKET
        with self._lock:
            before = self._known(ref).other_than(ref)
        if before is not None:
            again = self._read_again(before)
            return Culprit.BUCKET if again is not None and again.policy.bucket is whole else Culprit.OBJECT
        if self._finds_witness(ref, whole):
            return Culprit.OBJECT
        return Culprit.BUCKET if whole.blame is Blame.PRESUMED else self._culprit_of_refusals(ref, error)

    def spend_patience(self, ref: ObjectRef, whole: WholeBucket, *, began: float, now: float) -> bool:
        """True if another object is tried now instead of `ref`, which has waited since `began`: long enough.

        If only `ref` fails, because it is gone or forbidden, all others would wait for it in vain. So one message is
        given back after half a minute, the next one after a minute, and so on: an outage of a day uses up few receives.
        If there is no such bucket, all messages that waited together are given back; and if another bucket gives its
        objects, they wait five minutes at most. So a bucket that was deleted does not hold up the others for long.
        """
        is_certain = whole.blame is Blame.CERTAIN
        others_give = is_certain and now - began >= _LONGEST_BESIDE_OTHERS_SECONDS and self._ask_another_bucket(ref)
        with self._lock:
            known = self._known(ref)
            if not is_certain and known.other_than(ref):
                return False  # another one that was given before is not given now, either
            if is_certain and known.made_way_at is not None and began < known.made_way_at:
                return True
            if now - began < known.patience and not others_give:
                return False
            known.patience = min(2 * known.patience, _LONGEST_PATIENCE_SECONDS)
            known.made_way_at = now
            return True

    def _known(self, ref: ObjectRef) -> _Known:
        return self._buckets.setdefault(ref.bucket, _Known())

    def _finds_witness(self, ref: ObjectRef, whole: WholeBucket) -> bool:
        """Whether the bucket gives another object now. One that gets no answer at all is the last that is asked for."""
        for other in self._store.witnesses(ref):
            error = self._read_again(other)
            if error is None:
                self.note_given(other)
                return True
            if whole.fault is EnvironmentFault.BUCKET_UNAVAILABLE and error.policy.bucket is whole:
                return False
        return False

    def _ask_another_bucket(self, ref: ObjectRef) -> bool:
        """Read again what another bucket gave last: True if it gives that now."""
        with self._lock:
            given = [known.given[0] for bucket, known in self._buckets.items() if known.given and bucket != ref.bucket]
        return bool(given) and self._read_again(given[-1]) is None

    def _culprit_of_refusals(self, ref: ObjectRef, error: StoreError) -> Culprit:
        """Several objects are refused alike: presumably all are. One that was refused alone, and again later, is."""
        with self._lock:
            objects = self._known(ref).refused.get(error.answer, Counter())
            if len(objects) >= _SEVERAL:
                return Culprit.BUCKET
            return Culprit.OBJECT if objects[ref.key] > 1 else Culprit.UNKNOWN

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
