"""What a soak run is asked to do, and the objects it writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from agent.demo.bystanders import Bystanders
from agent.demo.generator import Generator
from agent.demo.trail_objects import Press, TrailObject

_NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
_BATCH = 120  # events over a dozen accounts and regions: some ten in each object
_NOISE = 20


@dataclass(frozen=True, slots=True)
class Plan:
    """`kills` ends the rough part; so does `seconds`, where it is not 0. Lives last from `shortest` to `longest`
    seconds. `early` and `late` are the shares of the objects that are written before the first life and in the last.
    """

    kills: int = 40
    events: int = 4000
    seconds: float = 0
    seed: int = 1
    shortest: float = 1.5
    longest: float = 4.0
    early: float = 0.1
    late: float = 0.3

    def progress(self, kills: int, elapsed: float) -> float:
        """How much of the rough part is over, from 0 to 1."""
        by_time = elapsed / self.seconds if self.seconds else 0.0
        by_kills = kills / self.kills if self.kills else 1.0
        return min(1.0, max(by_time, by_kills))

    def due(self, progress: float) -> float:
        """The share of the objects that is to be written by then."""
        return self.early + progress * (1 - self.early - self.late)


def objects(plan: Plan) -> list[TrailObject]:
    """Objects of real noise with `plan.events` generated events in them; the same seed gives the same bytes."""
    return list(_objects(plan, Random(plan.seed)))


def _objects(plan: Plan, rng: Random) -> Iterator[TrailObject]:
    generator, press = Generator(rng, _NOW), Press(rng, Bystanders(), noise=_NOISE)
    for begin in range(0, plan.events, _BATCH):
        yield from press.objects(generator.generate(min(_BATCH, plan.events - begin), _NOW), _NOW)
