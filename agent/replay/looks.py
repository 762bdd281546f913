"""How far a replay is, in numbers: what the bar, the plain lines and the report show."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from agent.pulse import Clock
from agent.replay.listed_source import ListedSource
from agent.telemetry.events import Telemetry
from agent.telemetry.metric_names import EVENTS, OBJECT_BYTES
from agent.telemetry.snapshot import Snapshot

_RATE_SECONDS: Final = 15.0
_GUESS_AFTER_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class ReplayFigures:
    """One look at a replay. `rate` is objects a second of late, `seconds_left` None while nobody can tell.

    `found` counts selected events, each once, and `shipped` those that the sink took, also beside refused ones;
    `known` are repeats of these that were recognised: the same event in two places, or read twice.
    `waits_for` names what is at fault, if anything is. `things` is the word for what is counted in `objects`.
    """

    day: date | None
    share: float
    objects: int
    rate: float
    object_bytes: int
    found: int
    shipped: int
    known: int
    unshipped: int
    seconds: float
    seconds_left: float | None
    waits_for: str
    things: str = "objects"


class Looks:
    """Looks at one replay again and again."""

    def __init__(self, source: ListedSource, telemetry: Telemetry, clock: Clock, things: str = "objects") -> None:
        self._source = source
        self._telemetry = telemetry
        self._clock = clock
        self._things = things
        self._began = clock.monotonic()
        self._first_share = source.standing().share
        self._seen: deque[tuple[float, int]] = deque()

    def look(self) -> ReplayFigures:
        """The figures now."""
        seen = Snapshot.of(self._telemetry.metrics.registry, only=(EVENTS, OBJECT_BYTES))
        fates = {fate: int(count) for fate, count in seen.by(EVENTS, "fate").items()}
        standing, seconds = self._source.standing(), self._clock.monotonic() - self._began
        exported = fates.get("exported", 0)
        return ReplayFigures(
            day=standing.day,
            share=standing.share,
            objects=standing.settled,
            rate=self._rate(seconds, standing.settled),
            object_bytes=int(seen.value(OBJECT_BYTES)),
            found=exported + fates.get("dead_lettered", 0),
            shipped=exported + self._telemetry.activity.taken_unnamed(),
            known=fates.get("duplicate", 0),
            unshipped=len(self._source.unshipped),
            seconds=seconds,
            seconds_left=self._left(seconds, standing.share),
            waits_for="; ".join(sorted({str(each.fault) for each in self._telemetry.health.waiting()})),
            things=self._things,
        )

    def look_back(self) -> ReplayFigures:
        """The figures at the end: `rate` is that of the whole time, and there is nothing left to guess."""
        now = self.look()
        return replace(now, rate=now.objects / now.seconds if now.seconds else 0.0, seconds_left=None)

    def _rate(self, seconds: float, objects: int) -> float:
        self._seen.append((seconds, objects))
        while seconds - self._seen[0][0] > _RATE_SECONDS:
            self._seen.popleft()
        then, before = self._seen[0]
        return (objects - before) / (seconds - then) if seconds > then else 0.0

    def _left(self, seconds: float, share: float) -> float | None:
        done = share - self._first_share
        if seconds < _GUESS_AFTER_SECONDS or done <= 0 or share >= 1:
            return None
        return seconds * (1 - share) / done
