"""Who works on what, and how all of it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from agent.aws.lease import InHand
from agent.aws.source import AnySource
from agent.flow.thread_each import ThreadEach
from agent.flow.worker import Worker

Keepers = Mapping[str, Callable[[threading.Event], None]]
"""What looks after something until an event is set, each in a thread of its own, by name."""


@dataclass(frozen=True, slots=True)
class Stops:
    """How a daemon comes to its end, in this order."""

    drain: threading.Event = field(default_factory=threading.Event)
    """Set: receive nothing more."""
    halt: threading.Event = field(default_factory=threading.Event)
    """Set: wait for nothing more."""
    end: threading.Event = field(default_factory=threading.Event)
    """Set: nothing is left to keep or to watch."""


@dataclass(frozen=True, slots=True)
class Supply:
    """Where deliveries come from, and what is in hand of them. `keepers` look after both."""

    source: AnySource
    in_hand: InHand
    keepers: Keepers


@dataclass(frozen=True, slots=True)
class Team:
    """Everybody who works on one supply, by name."""

    supply: Supply
    workers: Mapping[str, Worker]


@dataclass(frozen=True, slots=True)
class Crew:
    """What runs in threads: the workers of all `teams` until they are drained, `keepers` until the end."""

    teams: Sequence[Team]
    keepers: Keepers
    pool: ThreadEach

    def in_hand(self) -> int:
        """How many deliveries are held."""
        return sum(team.supply.in_hand.count() for team in self.teams)

    def give_back(self) -> None:
        """Nobody works on what is held any more."""
        for team in self.teams:
            team.supply.source.give_back(team.supply.in_hand.held())
