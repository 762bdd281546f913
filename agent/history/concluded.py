"""What follows for a region from what became of a window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.errors import Fault
from agent.telemetry.history_events import PassedOver


@dataclass(frozen=True, slots=True)
class Moved:
    """The place was at `was`, and is at `to` (Unix seconds). If that is later, what happened between is not in Event
    history any more. If it is earlier, the place was ahead of the clock.
    """

    was: int
    to: int


@dataclass(frozen=True, slots=True)
class Concluded:
    """What followed from a settlement. `is_again`: the same window is due again, after a pause if it `was_tried`.

    `has_learnt`: more is known than before. `suspect` is what the sink says of what is held back, and may say
    of all records alike. `has_moved`: the beginning of the region, which nobody had read, was that of a wrong clock.
    """

    is_again: bool = False
    was_tried: bool = True
    has_learnt: bool = False
    unshipped: Sequence[PassedOver] = ()
    suspect: Fault | None = None
    has_moved: bool = False
