"""Faults of the environment. No message is to blame for them, so none is given back, and no others are received.

A sink is down, or a bucket refuses every read: the thread that meets such a fault waits here for its turn to try again,
and keeps its leases. One probe at a time goes out for each part that is at fault. The first success lets all go on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from agent.errors import DrainedError
from agent.faults.environment_faults import EnvironmentFault
from agent.pulse import SLICE_SECONDS, Pulse

_Result = TypeVar("_Result")
_LOOK_AGAIN_SECONDS: Final = 1.0


Patience = Callable[[int], float]
"""Given the number of earlier failures in a row (0 at the first), the seconds until the next probe."""


class GateTelemetry(Protocol):
    """What the outside is told of a part that is waited for."""

    def gate_closed(self, part: str, fault: EnvironmentFault, detail: str) -> None:
        """`part` is at fault, and the work waits."""
        ...

    def gate_opened(self, part: str) -> None:
        """`part` works again."""
        ...


class AtFaultError(Exception):
    """Raised by an attempt: a part of the environment is at fault, and `patience` says when to try it again."""

    def __init__(self, patience: Patience) -> None:
        super().__init__("a part of the environment is at fault")
        self.patience = patience


@dataclass(slots=True)
class _Part:
    """Something that may be at fault: it is while it has `failures`. `prober` is the thread that tries it now."""

    failures: int = 0
    probe_at: float = 0.0
    dependents: int = 0
    prober: int = 0


class Gate:
    """Open while nothing is at fault. Shared by all threads; waits end when `halt` is set."""

    def __init__(self, pulse: Pulse, halt: threading.Event) -> None:
        self._pulse = pulse
        self._halt = halt
        self._parts: dict[str, _Part] = {}
        self._lock = threading.Lock()

    def await_open(self, unless: threading.Event, part: str = "") -> None:
        """Return when nothing is at fault any more, or `part` alone if it is given; or when `unless` is set."""
        while (self.is_at_fault(part) if part else self.is_closed()) and not self._pulse.wait(
            unless, _LOOK_AGAIN_SECONDS
        ):
            pass

    def is_closed(self) -> bool:
        """Whether anything is at fault."""
        with self._lock:
            return any(part.failures for part in self._parts.values())

    def is_at_fault(self, name: str) -> bool:
        """Whether the part called `name` is."""
        with self._lock:
            part = self._parts.get(name)
            return part is not None and part.failures > 0

    def through(
        self,
        name: str,
        attempt: Callable[[], _Result],
        opened: Callable[[], None],
        stop: threading.Event | None = None,
    ) -> _Result:
        """What `attempt` returns, or raises, as soon as the part called `name` is not at fault.

        `attempt` raises `AtFaultError` while it is. `opened` is called when a part works again, or
        when nobody is left who could find that out. Raises `DrainedError` if `stop` is set first, or `halt` where that
        is not given.
        """
        part = self._enter(name)
        was_closed = False
        try:
            while True:
                self._await_turn(part, stop or self._halt)
                try:
                    result = attempt()
                except AtFaultError as fault:
                    self._close(part, fault.patience)
                else:
                    was_closed = self._open(part)
                    return result
                finally:
                    self._end_turn(part)
        finally:
            if self._leave(name, part) or was_closed:
                opened()

    def mend(self, name: str) -> None:
        """The part called `name` works again: somebody found out who did not wait at this gate."""
        with self._lock:
            if part := self._parts.get(name):
                part.failures = 0

    def _enter(self, name: str) -> _Part:
        with self._lock:
            part = self._parts.setdefault(name, _Part())
            part.dependents += 1
            return part

    def _leave(self, name: str, part: _Part) -> bool:
        """Forget a part on which nobody depends: nobody could find out that it works again. True if it was at fault."""
        with self._lock:
            part.dependents -= 1
            if not part.dependents:
                del self._parts[name]
            return not part.dependents and part.failures > 0

    def _await_turn(self, part: _Part, stop: threading.Event) -> None:
        """Return when the part is not at fault, or when it is this thread's turn to probe it."""
        while (seconds := self._take_turn(part)) > 0:
            if self._pulse.wait(stop, min(seconds, SLICE_SECONDS)):
                raise DrainedError("the daemon had to stop while something that it needs was at fault")

    def _take_turn(self, part: _Part) -> float:
        """0 if this thread may go on now, as the prober if the part is at fault; else the seconds to wait."""
        with self._lock:
            if not part.failures:
                return 0.0
            if part.prober:
                return _LOOK_AGAIN_SECONDS
            left = part.probe_at - self._pulse.clock.monotonic()
            if left <= 0:
                part.prober = threading.get_ident()
            return max(left, 0.0)

    def _end_turn(self, part: _Part) -> None:
        with self._lock:
            if part.prober == threading.get_ident():
                part.prober = 0

    def _close(self, part: _Part, patience: Patience) -> None:
        """A request that was under way when the fault was met delays the next probe, but is no probe itself."""
        with self._lock:
            counts = not part.failures or part.prober == threading.get_ident()
            seconds = patience(part.failures if counts else 0)
            part.failures += counts
            part.probe_at = max(part.probe_at, self._pulse.clock.monotonic() + seconds)

    def _open(self, part: _Part) -> bool:
        with self._lock:
            was_closed = part.failures > 0
            part.failures = 0
            return was_closed
