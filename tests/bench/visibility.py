"""Which messages of the far side's queue can be received, as SQS has it.

A message is shown, or hidden because somebody has received it, or deleted. Who has received it and does not delete it
in time sees it again.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Sequence
from functools import partial


class Visibility:
    """Messages by their numbers. `later(seconds, then)` calls back; `on_shown` is called when some are shown again."""

    def __init__(self, later: Callable[[float, Callable[[], None]], object], on_shown: Callable[[], None]) -> None:
        self._later = later
        self._on_shown = on_shown
        self._shown: OrderedDict[int, None] = OrderedDict()
        self._hidden: dict[int, object] = {}  # with what hid it last: only the end of that shows it again
        self._receives: Counter[int] = Counter()

    @property
    def shown(self) -> int:
        """How many can be received."""
        return len(self._shown)

    @property
    def hidden(self) -> int:
        """How many are received and not deleted."""
        return len(self._hidden)

    def clear(self) -> None:
        """Forget all messages."""
        self._shown.clear()
        self._hidden.clear()
        self._receives.clear()

    def show(self, numbers: Iterable[int]) -> None:
        """New messages."""
        self._shown.update(dict.fromkeys(numbers))

    def receive(self, most: int, seconds: float) -> Sequence[tuple[int, int]]:
        """Up to `most` messages, each with how often it has been received by now. They are hidden for `seconds`."""
        taken = [self._shown.popitem(last=False)[0] for _ in range(min(most, len(self._shown)))]
        self._receives.update(taken)
        self._hide(taken, seconds)
        return [(number, self._receives[number]) for number in taken]

    def change(self, number: int, seconds: float) -> bool:
        """Hide a received message for `seconds` from now; 0 shows it at once. False if it is not hidden."""
        if number not in self._hidden:
            return False
        self._hide([number], seconds)
        return True

    def delete(self, number: int) -> bool:
        """Whether it was there until now; it may be shown again already."""
        there = number in self._shown or number in self._hidden
        self._shown.pop(number, None)
        self._hidden.pop(number, None)
        return there

    def _hide(self, numbers: Sequence[int], seconds: float) -> None:
        by = object()
        self._hidden.update(dict.fromkeys(numbers, by))
        if seconds:
            self._later(seconds, partial(self._show_again, numbers, by))
        else:
            self._show_again(numbers, by)

    def _show_again(self, numbers: Sequence[int], by: object) -> None:
        back = [number for number in numbers if self._hidden.get(number) is by]
        for number in back:
            del self._hidden[number]
        self.show(back)
        if back:
            self._on_shown()
