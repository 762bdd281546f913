"""The objects of each mix: 170 events an object, some 28 KB; the selected ones lie within ten minutes."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from agent.demo.bystanders import Bystanders
from agent.demo.generator import Generator
from agent.demo.trail_objects import trail_key

EVENTS: Final = 170
VARIANTS: Final = 24
"""So many different objects of a mix are made; more objects are the same bytes under other keys."""

_ACCOUNT: Final = "111122223333"
_REGION: Final = "us-west-2"


@dataclass(frozen=True, slots=True)
class Mix:
    """What an object holds: `ours` of its events are CodeCatalyst's. `selects_all`: the agent ships the whole trail."""

    name: str
    ours: int
    selects_all: bool = False

    @property
    def shipped(self) -> int:
        """How many events of an object are shipped."""
        return EVENTS if self.selects_all else self.ours


NOISE: Final = Mix("noise", 0)
MIXED: Final = Mix("mixed", 2)
OURS: Final = Mix("ours", EVENTS)
WHOLE: Final = Mix("whole trail", 0, selects_all=True)
MIXES: Final = (NOISE, MIXED, OURS, WHOLE)


def bodies(mix: Mix, *, events: int = EVENTS, variants: int = VARIANTS) -> list[bytes]:
    """Gzipped objects of `mix`, `events` records each; the same bytes for the same arguments on the same day."""
    now = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return [_body(mix, Random(seed), events, now) for seed in range(variants)]


def _body(mix: Mix, rng: Random, events: int, now: datetime) -> bytes:
    ours = mix.ours * events // EVENTS
    selected = [one.record for one in Generator(rng, now).generate(ours, now)] if ours else []
    records = Bystanders().sample(rng, events - ours, _ACCOUNT, _REGION, now) + selected
    rng.shuffle(records)
    return gzip.compress(b'{"Records":[' + b",".join(records) + b"]}", 6, mtime=0)


def keys(count: int, seed: int) -> list[str]:
    """So many keys, as CloudTrail makes them."""
    rng, start = Random(seed), datetime(2026, 3, 4, tzinfo=UTC)
    return [trail_key(rng, _ACCOUNT, _REGION, start + timedelta(seconds=number)) for number in range(count)]
