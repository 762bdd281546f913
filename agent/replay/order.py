"""Which of all listed objects comes next: the oldest of all streams, so that no store finds one too far behind.

Loki puts what differs only in its account into one stream, and refuses there what is more than an hour behind the
newest. So streams go on side by side: nothing is handed out that is more than half an hour younger than something of
another stream that is not settled. A day ends for all streams before the next one begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from agent.replay.lane import Lane, Listed

AHEAD: Final = timedelta(minutes=30)
"""How far apart in time the objects may be that are in hand, of different streams."""


@dataclass(frozen=True, slots=True)
class Turn:
    """An object that is handed out now, and the lane that waits for it."""

    lane: Lane
    listed: Listed


def next_turns(lanes: Sequence[Lane], most: int, now: float) -> list[Turn]:
    """Up to `most` objects of the first day among `lanes`, which are in the order of their days; oldest first.

    None until all lanes of that day are known. `now` is monotonic seconds.
    """
    first = [lane for lane in lanes if lane.day == lanes[0].day]
    if not all(lane.is_known() for lane in first):
        return []
    turns: list[Turn] = []
    for lane, before in _in_order(first):
        if len(turns) == most:
            break
        turns += [Turn(lane, each) for each in lane.take(most - len(turns), now, before)]
    return turns


def _in_order(lanes: Sequence[Lane]) -> Iterator[tuple[Lane, datetime | None]]:
    """Each lane that has something unsettled, oldest first, and before when its objects must have been written."""
    aged = sorted(
        ((oldest, lane) for lane in lanes if (oldest := lane.oldest()) is not None),
        key=lambda one: (one[0], one[1].stream),
    )
    for number, (_, lane) in enumerate(aged):
        others = aged[1:2] if number == 0 else aged[:1]
        yield lane, others[0][0] + AHEAD if others else None
