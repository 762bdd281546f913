"""Which log the command line asks for, and how it is opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.connections import AwsConnections
from agent.flow.event_log import EventLog
from agent.replay.log_waits import LogWaits
from agent.settings import Settings

OpenLog = Callable[[Settings, AwsConnections, LogWaits, Sequence[str]], EventLog]
"""From the settings, AWS, how to wait, and the places that are wanted; raises as `AwsConnections.connect`."""


@dataclass(frozen=True, slots=True)
class LogWish:
    """The log called `name` in `--from`, and its `places`."""

    name: str
    places: Sequence[str]
    open: OpenLog

    def buckets(self) -> tuple[str, ...]:
        """What stands for a bucket in a checkpoint, for each place."""
        return tuple(sorted(f"{self.name}:{place}" for place in self.places))
