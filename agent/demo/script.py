"""What the demo writes: generated events, in objects full of noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from agent.demo.bystanders import Bystanders
from agent.demo.cast import LEFT, SPACES, Space
from agent.demo.generator import OPENING_SIZE, GeneratedEvent, Generator
from agent.demo.scenes import opening
from agent.demo.trail_objects import Press, TrailObject
from agent.demo.visitors import Visitors
from agent.records.profiles import named
from agent.records.selection import Selector

_NOISE = 60
_A_DAY = next(play for play in opening() if "CreateDevEnvironment" in play.scene.events)


@dataclass(frozen=True, slots=True)
class Act:
    """Events, and the objects that hold them."""

    events: Sequence[GeneratedEvent]
    objects: Sequence[TrailObject]


class Script:
    """What is written: CodeCatalyst's events, those of some other profiles, and noise between them."""

    def __init__(self, rng: Random, profiles: Sequence[str]) -> None:
        self._rng = rng
        self.what = "events" if profiles else "CodeCatalyst events"
        self._generator = Generator(rng, datetime.now(UTC))
        self._visitors = Visitors(rng, profiles)
        self._press = Press(rng, Bystanders(besides=Selector(profiles=named(profiles))), noise=_NOISE)

    def past(self) -> Act:
        """What happened in the days before, oldest first: in a space that has been silent since, and yesterday."""
        now = datetime.now(UTC)
        acts = [self._day(now - timedelta(days=3), (LEFT,)), self._day(now - timedelta(days=1), SPACES)]
        return Act([one for act in acts for one in act.events], [one for act in acts for one in act.objects])

    def opening(self) -> Act:
        """What is written first: a whole story, and one of each event of the others."""
        return self._act(OPENING_SIZE, self._visitors.round_size)

    def next(self) -> Act:
        """What is written some seconds later: a few events."""
        return self._act(self._rng.randint(1, 4), self._rng.randint(0, 2))

    def _day(self, then: datetime, spaces: Sequence[Space]) -> Act:
        events = Generator(self._rng, then, spaces=spaces, first=[_A_DAY]).generate(len(_A_DAY.scene.events))
        return Act(events, self._press.objects(events, then))

    def _act(self, count: int, of_visitors: int) -> Act:
        now = datetime.now(UTC)
        events = self._generator.generate(count, now) + self._visitors.generate(of_visitors, now)
        return Act(events, self._press.objects(events, now))
