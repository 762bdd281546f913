"""How far a replay is, in numbers: what the bar, the plain lines and the report show."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from agent.errors import number_of
from agent.pulse import Clock
from agent.replay.listed_source import ListedSource
from agent.telemetry.events import Telemetry
from agent.telemetry.metric_names import EVENTS, OBJECT_BYTES
from agent.telemetry.snapshot import Snapshot

_RATE_SECONDS: Final = 15.0
_GUESS_SECONDS: Final = 60.0
_GUESS_AFTER_SECONDS: Final = 3.0


@dataclass(frozen=True, slots=True)
class ReplayFigures:
    """One look at a replay. `rate` is objects a second of late, `seconds_left` None while nobody can tell, or it waits.

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


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a look saw, so many seconds after the beginning."""

    seconds: float
    objects: int
    share: float


class Looks:
    """Looks at one replay again and again."""

    def __init__(self, source: ListedSource, telemetry: Telemetry, clock: Clock, things: str = "objects") -> None:
        self._source = source
        self._telemetry = telemetry
        self._clock = clock
        self._things = things
        self._began = clock.monotonic()
        self._seen: deque[_Seen] = deque()

    def look(self) -> ReplayFigures:
        """The figures now."""
        seen = Snapshot.of(self._telemetry.metrics.registry, only=(EVENTS, OBJECT_BYTES))
        fates = {fate: int(count) for fate, count in seen.by(EVENTS, "fate").items()}
        standing, seconds = self._source.standing(), self._clock.monotonic() - self._began
        exported, waits_for = fates.get("exported", 0), self._waits_for(standing.again)
        self._seen.append(_Seen(seconds, standing.settled, standing.share))
        while seconds - self._seen[0].seconds > _GUESS_SECONDS:
            self._seen.popleft()
        return ReplayFigures(
            day=standing.day,
            share=standing.share,
            objects=standing.settled,
            rate=self._rate(),
            object_bytes=int(seen.value(OBJECT_BYTES)),
            found=exported + fates.get("dead_lettered", 0),
            shipped=exported + self._telemetry.activity.taken_unnamed(),
            known=fates.get("duplicate", 0),
            unshipped=len(self._source.unshipped),
            seconds=seconds,
            seconds_left=None if waits_for else self._left(),
            waits_for=waits_for,
            things=self._things,
        )

    def look_back(self) -> ReplayFigures:
        """The figures at the end: `rate` is that of the whole time, and there is nothing left to guess."""
        now = self.look()
        return replace(now, rate=now.objects / now.seconds if now.seconds else 0.0, seconds_left=None)

    def _waits_for(self, again: int) -> str:
        """What is at fault; else that something comes again, and holds back what follows it."""
        faults = sorted({str(each.fault) for each in self._telemetry.health.waiting()})
        if not faults and again:
            word = self._things[:-1]
            return number_of(again, f"{word} that comes again", f"{self._things} that come again")
        return "; ".join(faults)

    def _rate(self) -> float:
        now = self._seen[-1]
        then = next(each for each in self._seen if now.seconds - each.seconds <= _RATE_SECONDS)
        return (now.objects - then.objects) / (now.seconds - then.seconds) if now.seconds > then.seconds else 0.0

    def _left(self) -> float | None:
        """By the way of the last minute, since the first object: days in which there is nothing tell nothing."""
        now = self._seen[-1]
        then = next((each for each in self._seen if each.objects), now)
        seconds, done = now.seconds - then.seconds, now.share - then.share
        if seconds < _GUESS_AFTER_SECONDS or done <= 0 or now.share >= 1:
            return None
        return seconds * (1 - now.share) / done
