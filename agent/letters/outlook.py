"""What would become of many dead letters if they were sent back now: a few of each reason are read again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from typing import Final

from agent.letters.choosing import by_reason
from agent.letters.rereading import Prospect
from agent.letters.told import ToldLetter
from agent.pulse import Clock

READ_OF_EACH: Final = 3
"""So many letters of each reason are read again: what made them alike makes them alike now, too."""

LONGEST_SECONDS: Final = 20.0
_SLICE_SECONDS: Final = 0.5

_Read = Callable[[ToldLetter], Sequence[Prospect]]


@dataclass(slots=True)
class Outlook:
    """What is so of the letters of one reason: `count` of them, and what was found for each that was read again."""

    reason: str
    count: int
    is_of_the_sink: bool
    found: list[Sequence[Prospect]] = field(default_factory=list)

    @property
    def failing(self) -> list[Prospect]:
        """The first thing that is wrong with each letter that would fail."""
        first = (next((one for one in prospects if not one.is_good), None) for prospects in self.found)
        return [one for one in first if one]


def look_out(
    letters: Sequence[ToldLetter], read: _Read, clock: Clock, meanwhile: Callable[[], bool]
) -> Sequence[Outlook]:
    """Read a few of each reason again with `read`, for `LONGEST_SECONDS` at most.

    `meanwhile` is called twice a second, and says whether the end was asked for. `read` is called in a thread of its
    own, which is left behind if it does not come back. Raises what `read` raises.
    """
    outlooks = [_of_reason(letters, reason, count) for reason, count in by_reason(letters)]
    over, ended = threading.Event(), Future[None]()

    def read_all() -> None:
        try:
            for outlook, told in _samples(outlooks, letters):
                if over.is_set():
                    break
                outlook.found.append(read(told))
            ended.set_result(None)
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            ended.set_exception(error)

    until = clock.monotonic() + LONGEST_SECONDS
    threading.Thread(target=read_all, name="outlook", daemon=True).start()
    while not ended.done() and not meanwhile() and clock.monotonic() < until:
        wait([ended], _SLICE_SECONDS)
    over.set()
    if ended.done():
        ended.result()
    return outlooks


def _of_reason(letters: Sequence[ToldLetter], reason: str, count: int) -> Outlook:
    return Outlook(reason, count, any(told.is_of_the_sink for told in letters if told.reason == reason))


def _samples(outlooks: Sequence[Outlook], letters: Sequence[ToldLetter]) -> Iterator[tuple[Outlook, ToldLetter]]:
    """The first letter of every reason, then the last of every reason, then one between them."""
    groups = [(outlook, [told for told in letters if told.reason == outlook.reason]) for outlook in outlooks]
    for number in range(READ_OF_EACH):
        for outlook, group in groups:
            if number < len(group):
                yield outlook, group[(0, -1, len(group) // 2)[number]]
