"""Is it me? When nearly everything becomes a dead letter, the agent's own settings or version may be what is wrong.

Ten dead letters in a row, or more than half of the last hundred deliveries, and the agent doubts itself: it buries
nothing more and holds back what it has. To learn more it tries what else the queue has, up to some hundred messages,
and then one at a time, up to a minute apart. The first one that is delivered ends the doubt. One of those that are held
back is given up now and then, ever more seldom, at last once an hour: a burst of forged messages must not hold the
agent up for long, and the queue must not drain into the dead-letter queue.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Protocol

from agent.errors import EnvironmentFault, Reason
from agent.model import Settlement
from agent.pulse import Pulse
from agent.waiting.gate import AtFaultError, Gate

PART: Final = str(EnvironmentFault.DEAD_LETTERS)
IN_A_ROW: Final = 10
OF_THE_LAST: Final = 100
_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 60.0
_LONGEST_KEEP_SECONDS: Final = 3600.0


class DoubtTelemetry(Protocol):
    """What doubting tells the outside."""

    def gate_closed(self, part: str, fault: EnvironmentFault, detail: str) -> None:
        """`part` is at fault, and the work waits."""
        ...

    def gate_opened(self, part: str) -> None:
        """`part` works again."""
        ...


class Probed(Enum):
    """What came of trying another message."""

    MORE = auto()
    """It is held back too, and there may be others to try at once."""
    IN_VAIN = auto()
    """There is nothing else to try now."""
    NONE_HELD = auto()
    """Nothing is held back any more."""


@dataclass(frozen=True, slots=True)
class Sorted:
    """Dead letters: those that may be `buried`, and those that are to be `held` back."""

    buried: list[Settlement]
    held: list[Settlement]


class _NoneHeldError(Exception):
    """A worker has nothing to hold back any more; the doubt goes on."""


class Doubt:
    """What the settlements of all workers say about the agent. Thread-safe; waits end when `drain` is set."""

    def __init__(self, *, gate: Gate, telemetry: DoubtTelemetry, pulse: Pulse, drain: threading.Event) -> None:
        self._gate = gate
        self._telemetry = telemetry
        self._pulse = pulse
        self._drain = drain
        self._lock = threading.Lock()
        self._is_dead: deque[bool] = deque(maxlen=OF_THE_LAST)
        self._in_a_row = 0
        self._accusation = ""
        self._tried_in_vain = 0
        self._probe_due = 0.0
        self._given_up = 0
        self._give_up_due = 0.0

    def reassure(self) -> None:
        """A delivery in which events were found has been delivered: whatever went before, the agent works."""
        with self._lock:
            self._is_dead.append(False)
            self._in_a_row = 0
            was_in_doubt, self._accusation = self._accusation, ""
        if was_in_doubt:
            self._gate.mend(PART)
            self._tell_end()

    def sort(self, letters: Sequence[Settlement]) -> Sorted:
        """Count `letters`, which are about to be buried, as long as there is no doubt; and hold back the rest.

        What the sink refused together counts as one: it does not say which of them it means.
        """
        found, counted = Sorted([], []), False
        with self._lock:
            for letter in letters:
                is_final = letter.fault is not None and letter.fault.is_final
                is_admitted = self._admits(letter, counts=not (is_final and counted))
                counted |= is_final
                (found.buried if is_admitted else found.held).append(letter)
        self._tell_accusation()
        return found

    def outlast(self, probe: Callable[[], Probed]) -> None:
        """Return when there is no doubt any more, or when nothing is held back any more.

        `probe` tries other messages, when it is time to. Raises `DrainedError` if the daemon has to stop first.
        """
        with suppress(_NoneHeldError):
            self._gate.through(PART, lambda: self._attempt(probe), opened=self._tell_end, stop=self._drain)

    def gives_one_up(self) -> bool:
        """Whether one letter that is held back may be buried now, after a trial in vain."""
        now = self._pulse.clock.monotonic()
        with self._lock:
            if not self._accusation or now < self._give_up_due:
                return False
            self._given_up += 1
            self._give_up_due = now + _doubled(self._given_up, _LONGEST_KEEP_SECONDS)
            return True

    def _admits(self, letter: Settlement, *, counts: bool) -> bool:
        if letter.fault and letter.fault.reason is Reason.SINK_TOO_OLD:
            return True  # says something about the sink and the event's age, and nothing about us
        if not self._accusation and sum(self._is_dead) > OF_THE_LAST // 2:
            self._accuse(f"more than half of the last {OF_THE_LAST} messages were dead letters", letter)
        if self._accusation:
            return False
        if counts:
            self._in_a_row += 1
            self._is_dead.append(True)
        if self._in_a_row >= IN_A_ROW:
            self._accuse(f"the last {IN_A_ROW} messages were dead letters", letter)
        return True

    def _accuse(self, sentence: str, letter: Settlement) -> None:
        fault = letter.fault
        self._accusation = f"{sentence}, the latest of them {fault.reason}: {fault.detail}" if fault else sentence
        self._tried_in_vain = self._given_up = 0
        self._put_off()
        self._give_up_due = self._probe_due

    def _attempt(self, probe: Callable[[], Probed]) -> None:
        if not self._accusation:
            return
        if self._pulse.clock.monotonic() >= self._probe_due:
            probed = probe()
            self._tried_in_vain += probed is not Probed.MORE
            self._put_off()
            if probed is Probed.NONE_HELD and self._accusation:
                raise _NoneHeldError
        if self._tell_accusation():
            raise AtFaultError(lambda _attempt: max(self._probe_due - self._pulse.clock.monotonic(), 0.0))

    def _put_off(self) -> None:
        now = self._pulse.clock.monotonic()
        self._probe_due = now + _doubled(self._tried_in_vain, _LONGEST_PAUSE_SECONDS)

    def _tell_accusation(self) -> bool:
        """Whether there is one."""
        if accusation := self._accusation:
            self._telemetry.gate_closed(PART, EnvironmentFault.DEAD_LETTERS, accusation)
        return bool(accusation)

    def _tell_end(self) -> None:
        """Also called when nobody holds anything back any more, which is no end."""
        if not self._accusation:
            self._telemetry.gate_opened(PART)


class NoDoubt:
    """Of a dry run, which buries nothing."""

    def reassure(self) -> None:
        """Nothing to end."""

    def sort(self, letters: Sequence[Settlement]) -> Sorted:
        """Nothing is held back."""
        return Sorted(list(letters), [])

    def outlast(self, probe: Callable[[], Probed]) -> None:
        """At once."""

    def gives_one_up(self) -> bool:
        """Never asked: nothing is held."""
        return False


def _doubled(times: int, longest: float) -> float:
    """Seconds: the first pause, doubled so many times."""
    return min(longest, _FIRST_PAUSE_SECONDS * 2.0 ** min(times, 20))
