"""What the demo writes: generated events, in objects full of noise."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random

from agent.demo.bystanders import Bystanders
from agent.demo.generator import GeneratedEvent, Generator
from agent.demo.trail_objects import Press, TrailObject
from agent.demo.visitors import Visitors
from agent.records.profiles import named
from agent.records.selection import Selector

_NOISE = 60


class Script:
    """What is written: CodeCatalyst's events, those of some other profiles, and noise between them."""

    def __init__(self, rng: Random, profiles: Sequence[str]) -> None:
        self.rng = rng
        self.what = "events" if profiles else "CodeCatalyst events"
        self._generator = Generator(rng, datetime.now(UTC))
        self._visitors = Visitors(rng, profiles)
        self._press = Press(rng, Bystanders(besides=Selector(profiles=named(profiles))), noise=_NOISE)
        self.opening_visitors = self._visitors.round_size

    def events(self, count: int, of_visitors: int, now: datetime) -> list[GeneratedEvent]:
        """The next `count` events of CodeCatalyst's, and of the others."""
        return self._generator.generate(count, now) + self._visitors.generate(of_visitors, now)

    def objects(self, events: Sequence[GeneratedEvent], now: datetime) -> list[TrailObject]:
        """The objects that hold `events`."""
        return self._press.objects(events, now)
