"""The records that this process has delivered, and those that one of its workers is delivering now.

A repeat (a duplicate notification, one object in two notifications, one record in two objects) is recognised by the
digest of its body, and is neither exported nor counted again. A record is remembered only once its export is confirmed.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Claim:
    """What one worker may do with the digests it asked for.

    `ours` are its own to export; `known` have been delivered; `theirs` are being exported by another worker, and
    `resolved` is set when the first of those workers has finished.
    """

    ours: tuple[bytes, ...]
    known: tuple[bytes, ...]
    theirs: tuple[bytes, ...]
    resolved: threading.Event


class Remembered:
    """At most `capacity` digests, the least recently seen forgotten first; 0 turns remembering off."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._delivered: OrderedDict[bytes, None] = OrderedDict()
        self._claimed: dict[bytes, threading.Event] = {}
        self._lock = threading.Lock()

    def claim(self, digests: Collection[bytes]) -> Claim:
        """Sort `digests` (each once) into ours, known and theirs; what is ours stays so until `resolve`."""
        resolved = threading.Event()
        with self._lock:
            if self._are_new(digests):
                self._claimed.update(dict.fromkeys(digests, resolved))
                return Claim(tuple(digests), (), (), resolved)
            ours, known, theirs = [], [], []
            for digest in digests:
                if digest in self._delivered:
                    self._delivered.move_to_end(digest)
                    known.append(digest)
                elif digest in self._claimed:
                    theirs.append(digest)
                else:
                    ours.append(digest)
            waiting_for = self._claimed[theirs[0]] if theirs else resolved
            self._claimed.update(dict.fromkeys(ours, resolved))
        return Claim(tuple(ours), tuple(known), tuple(theirs), waiting_for)

    def resolve(self, claim: Claim, delivered: Iterable[bytes]) -> None:
        """Give up what `claim` held, and remember those of it that were `delivered`."""
        with self._lock:
            events = set(map(self._claimed.pop, claim.ours))
            for digest in delivered:  # update() of an OrderedDict takes twice as long
                self._delivered[digest] = None
            while len(self._delivered) > self._capacity:
                self._delivered.popitem(last=False)
        for event in events:
            event.set()

    def _are_new(self, digests: Iterable[bytes]) -> bool:
        """Whether nothing is known of any of them, as is usual: to see this costs less than to sort them."""
        return self._delivered.keys().isdisjoint(digests) and self._claimed.keys().isdisjoint(digests)
