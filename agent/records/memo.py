"""What was made of something is kept, within limits, for when the same comes again; as most of a trail does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

_K = TypeVar("_K")
_V = TypeVar("_V")


class Memo(dict[_K, _V]):
    """`memo[key]` is what `make` makes of `key`, which must depend on nothing else; what `make` raises is raised.

    At most `most` keys are kept, and none that is larger than `largest` by `size`: a trail can hold names of a
    megabyte. When it is full, it begins anew. Threads can share it: at worst two make the same.
    """

    __slots__ = ("_largest", "_make", "_most", "_size")

    def __init__(
        self,
        make: Callable[[_K], _V],
        most: int,
        largest: int,
        size: Callable[[_K], int] = len,  # type: ignore[assignment]
    ) -> None:
        super().__init__()
        self._make = make
        self._most = most
        self._largest = largest
        self._size = size

    def __missing__(self, key: _K) -> _V:
        made = self._make(key)
        if self._size(key) <= self._largest:
            if len(self) >= self._most:
                self.clear()
            self[key] = made
        return made


def characters(values: tuple[object, ...]) -> int:
    """How many characters some values have together; what is no text has one."""
    return sum(len(value) if isinstance(value, str) else 1 for value in values)
