"""Whether the daemon is alive, and whether it is ready: lists of problems, as sentences for the operator.

Liveness asks only whether every thread beats. It never depends on AWS or on the sink, because a restart repairs
neither. Readiness says whether events flow now.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from agent.faults.environment_faults import EnvironmentFault
from agent.pulse import Clock, Pulse
from agent.telemetry.safetext import clean

STILL_SECONDS: Final = 60.0
QUEUE_PATIENCE_SECONDS: Final = 120.0
_SINK: Final = "sink"
HOLDS_UP_NOTHING: Final = frozenset({EnvironmentFault.CHECKPOINT_UNWRITTEN})
"""With these, events flow; somebody has to act all the same."""

_OF_THE_SINK: Final = frozenset({_SINK, EnvironmentFault.SINK_REFUSES.value})


@dataclass(frozen=True, slots=True)
class Failing:
    """Something that has failed since `since` (monotonic seconds); `detail` says how, and `fault` names the kind."""

    since: float
    detail: str
    fault: EnvironmentFault


@dataclass(frozen=True, slots=True)
class Waiting:
    """What the work waits for: `part` has failed for so many seconds."""

    part: str
    fault: EnvironmentFault
    detail: str
    seconds: float


class Pending(StrEnum):
    """Why no events flow although nothing is at fault."""

    DRAINING = "draining"
    QUEUE = "queue has not answered yet"
    SINK = "sink has not answered yet"


class Health:
    """What is wrong now. Thread-safe."""

    def __init__(self, clock: Clock, pulse: Pulse) -> None:
        self._clock = clock
        self._pulse = pulse
        self._lock = threading.Lock()
        self.has_queue = True
        self._queue_answered = False
        self._queue: Failing | None = None
        self._sink_accepted = False
        self._held: dict[str, Failing] = {}
        self._draining = False
        self._pending_since = dict.fromkeys(Pending, clock.monotonic())

    def work_without_queue(self) -> None:
        """The settings name no queue: no answer of one is awaited, and there is nothing to tell of it."""
        self.has_queue = False
        self.queue_up()

    def live(self) -> list[str]:
        """One sentence per thread that has not beaten for a minute; none: alive."""
        names = self._pulse.still(STILL_SECONDS)
        return [f"thread {name} has not moved for more than {STILL_SECONDS:.0f} s" for name in names]

    def ready(self) -> list[str]:
        """One sentence per reason why no events flow; none: ready."""
        with self._lock:
            held = [
                f"{part}: {self._told(failing)}"
                for part, failing in self._held.items()
                if failing.fault not in HOLDS_UP_NOTHING
            ]
            return [*self._pending(), *self._queue_problems(), *held]

    def pending(self) -> list[Pending]:
        """The reasons of `ready` that are no fault: a first answer is awaited, or the daemon is stopping."""
        with self._lock:
            return self._pending()

    def pending_seconds(self, pending: Pending) -> float:
        """For how long this has been so: since the request to stop, else since the start."""
        with self._lock:
            return self._clock.monotonic() - self._pending_since[pending]

    def waiting(self) -> list[Waiting]:
        """Everything that the work waits for now, or goes on without; a queue that has only just failed as well."""
        with self._lock:
            parts = {**({"queue": self._queue} if self._queue else {}), **self._held}
            now = self._clock.monotonic()
            return [Waiting(part, one.fault, one.detail, now - one.since) for part, one in parts.items()]

    @property
    def sink_up(self) -> bool:
        """Whether the sink accepts: its latest answer said so, and it does not refuse every record."""
        with self._lock:
            return self._sink_accepted and self._held.keys().isdisjoint(_OF_THE_SINK)

    @property
    def draining(self) -> bool:
        """Whether the daemon has been asked to stop."""
        with self._lock:
            return self._draining

    def sink_accepts(self) -> float | None:
        """The sink accepted a request. Returns the seconds for which it had failed, or None if it had not."""
        with self._lock:
            self._sink_accepted = True
        return self.release(_SINK)

    def sink_fails(self, detail: str, fault: EnvironmentFault) -> None:
        """The sink did not accept a request; `detail` says why."""
        self.hold(_SINK, detail, fault)

    def queue_up(self) -> float | None:
        """The queue has answered. Returns the seconds for which it had failed, or None if it had not."""
        with self._lock:
            self._queue_answered = True
            ended, self._queue = self._queue, None
            return self._seconds(ended)

    def queue_down(self, detail: str, fault: EnvironmentFault) -> bool:
        """The queue did not answer, or refused. Returns whether the agent still counts as ready (two minutes)."""
        with self._lock:
            self._queue = self._still(self._queue, detail, fault)
            return not self._queue_problems()

    def hold(self, part: str, detail: str, fault: EnvironmentFault) -> None:
        """Nothing flows because of `part` ("bucket acme", "dead letters", …); `detail` says why."""
        with self._lock:
            self._held[part] = self._still(self._held.get(part), detail, fault)

    def release(self, part: str) -> float | None:
        """`part` works again. Returns the seconds for which it had failed, or None if it had not."""
        with self._lock:
            return self._seconds(self._held.pop(part, None))

    def drain(self) -> None:
        """The daemon is stopping: it will not be ready again."""
        with self._lock:
            if not self._draining:
                self._pending_since[Pending.DRAINING] = self._clock.monotonic()
            self._draining = True

    def _pending(self) -> list[Pending]:
        return [*([Pending.DRAINING] if self._draining else []), *self._unheard()]

    def _unheard(self) -> list[Pending]:
        """At a start the queue is asked first; a queue that is at fault is told alone."""
        if self._queue is None and not self._queue_answered:
            return [Pending.QUEUE]
        heard = self._sink_accepted or _SINK in self._held
        return [] if heard or self._queue_problems() else [Pending.SINK]

    def _queue_problems(self) -> list[str]:
        if self._queue is None:
            return []
        lasted = self._clock.monotonic() - self._queue.since
        if self._queue_answered and lasted < QUEUE_PATIENCE_SECONDS:
            return []
        return [f"queue: {self._told(self._queue)}"]

    def _told(self, failing: Failing) -> str:
        return f"{failing.detail} (for {self._clock.monotonic() - failing.since:.0f} s)"

    def _still(self, failing: Failing | None, detail: str, fault: EnvironmentFault) -> Failing:
        since = failing.since if failing else self._clock.monotonic()
        return Failing(since, clean(detail), fault)

    def _seconds(self, failing: Failing | None) -> float | None:
        return None if failing is None else self._clock.monotonic() - failing.since
