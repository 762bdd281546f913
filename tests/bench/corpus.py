"""The objects of each mix: 170 events an object, about 30 KB; the selected ones lie within ten minutes.

No two objects hold the same event, where events are shipped: the agent ships an event once, and drops its repeats.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count as numbers
from random import Random
from typing import Final

from agent.demo.bystanders import Bystanders
from agent.demo.generator import Generator
from agent.demo.trail_objects import trail_key
from tests.bench.load import ACCOUNT, SOURCE

EVENTS: Final = 170
_VARIANTS: Final = 24
_EVENT_ID: Final = re.compile(rb'("eventID": ?")[0-9a-f]{8}(?=-)')

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


def bodies(mix: Mix, count: int, *, events: int = EVENTS) -> list[bytes]:
    """Gzipped objects of `mix`, `events` records each, to be used by turns for `count` keys.

    Where events are shipped, there are `count` of them; where all are, no two were made alike.
    """
    now = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    variants = count if mix.shipped == EVENTS else min(_VARIANTS, count)
    texts = [_text(mix, Random(seed), events, now) for seed in range(variants)]
    if mix.shipped:
        fresh = numbers(1)
        texts = [_with_other_ids(texts[n % variants], fresh) for n in range(count)]
    return [gzip.compress(text, 6, mtime=0) for text in texts]


def shipped_ids(mix: Mix, made: Iterable[bytes]) -> frozenset[str]:
    """The ids of the events that whoever is measured has to ship of such objects."""
    if not mix.shipped:
        return frozenset()
    events = (one for body in made for one in json.loads(gzip.decompress(body))["Records"])
    return frozenset(one["eventID"] for one in events if mix.selects_all or one["eventSource"] == SOURCE)


def large_bodies(count: int, *, events: int, characters: int) -> list[bytes]:
    """Gzipped objects of CodeCatalyst's events with so long a text in each, which Python holds with four bytes each."""
    fresh, text = numbers(1), "x" * characters + "😀"
    base = json.loads(_text(OURS, Random(0), EVENTS, datetime.now(UTC)))["Records"][0]
    made = []
    for _ in range(count):
        entries = [base | {"eventID": f"event-{next(fresh)}", "requestParameters": {"t": text}} for _ in range(events)]
        made.append(gzip.compress(json.dumps({"Records": entries}, ensure_ascii=False).encode(), 1, mtime=0))
    return made


def _text(mix: Mix, rng: Random, events: int, now: datetime) -> bytes:
    ours = mix.ours * events // EVENTS
    selected = _ours(ours, rng, now) if ours else []
    records = Bystanders().sample(rng, events - ours, ACCOUNT, _REGION, now) + selected
    rng.shuffle(records)
    return b'{"Records":[' + b",".join(records) + b"]}"


def _ours(count: int, rng: Random, now: datetime) -> list[bytes]:
    """Events of CodeCatalyst itself: all contestants select these, and only the agent its connections' events, too."""
    some = [one.record for one in Generator(rng, now).generate(2 * count + 8, now)]
    return [record for record in some if json.loads(record)["eventSource"] == SOURCE][:count]


def _with_other_ids(text: bytes, fresh: Iterator[int]) -> bytes:
    return _EVENT_ID.sub(lambda found: found[1] + b"%08x" % next(fresh), text)


def keys(count: int, seed: int) -> list[str]:
    """So many keys, as CloudTrail makes them."""
    rng, start = Random(seed), datetime(2026, 3, 4, tzinfo=UTC)
    return [trail_key(rng, ACCOUNT, _REGION, start + timedelta(seconds=number)) for number in range(count)]
