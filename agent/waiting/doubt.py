"""Is it me? When nearly everything becomes a dead letter, the agent's own settings or version may be what is wrong.

Ten dead letters in a row, or more than half of the last hundred deliveries, and the agent doubts itself. It doubts the
sink at the first record that the sink refuses, or does not settle, while it accepts no other (`is_suspect`): then the
sink's settings or a clock may be what is wrong. The rest of this page, from top to bottom, is what happens then:

- Nothing more is buried, the gate is closed, and each worker holds its dead letters back.
- One worker at a time tries other messages: some hundred from the queue, then one at a time, up to a minute apart.
- The first delivery with events in it ends the doubt; if it is about the sink, the first one with records for the sink.
- What is held is then worked on once more, and what is a dead letter still is buried.
- Until then one that is held is buried from time to time, first often, later once an hour: a burst of forged messages
  must not hold the agent up for long, and the queue must not drain into the dead-letter queue. What the sink refused is
  never buried in this way while the doubt is about the sink.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from agent.errors import DrainedError
from agent.faults.environment_faults import EnvironmentFault
from agent.model import Reading, Settlement
from agent.pulse import Pulse
from agent.waiting.backoff import doubled
from agent.waiting.gate import AtFaultError, Gate, GateTelemetry
from agent.waiting.held import OF_THE_CLOCKS, AnyWorker, Held, is_final, is_suspect

IN_A_ROW: Final = 10
OF_THE_LAST: Final = 100
_PART: Final = "doubt"
_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 60.0
_LONGEST_KEEP_SECONDS: Final = 3600.0


class _Tried(Enum):
    """What came of trying other messages."""

    MORE = auto()
    """They were held back or delivered. There may be more to try at once."""
    IN_VAIN = auto()
    """There is nothing else to try now."""
    NONE_HELD = auto()
    """Nothing is held back any more."""


class _NoneHeldError(Exception):
    """A worker holds nothing back any more, but the doubt goes on."""


@dataclass(frozen=True, slots=True)
class _Accusation:
    """What seems to be wrong, and why."""

    fault: EnvironmentFault
    detail: str

    @property
    def is_of_sink(self) -> bool:
        """Whether the sink's settings seem to be wrong, and not our own."""
        return self.fault is EnvironmentFault.SINK_REFUSES

    def is_refuted_by(self, delivered: Reading) -> bool:
        """Whether a delivery that held this, and was delivered, shows that nothing is wrong."""
        return bool(delivered.records) if self.is_of_sink else delivered.found_events


class Doubt:
    """What the deliveries of all workers say about the agent. Thread-safe; waits end when `drain` is set."""

    def __init__(self, *, gate: Gate, telemetry: GateTelemetry, pulse: Pulse, drain: threading.Event) -> None:
        self._gate = gate
        self._telemetry = telemetry
        self._pulse = pulse
        self._drain = drain
        self._lock = threading.Lock()
        self._is_dead: deque[bool] = deque(maxlen=OF_THE_LAST)
        self._in_a_row = 0
        self._accusation: _Accusation | None = None
        self._tried_in_vain = 0
        self._try_due = 0.0
        self._given_up = 0
        self._give_up_due = 0.0
        self._telling = threading.Lock()
        self._told: EnvironmentFault | None = None

    def bury(self, letters: Sequence[Settlement], worker: AnyWorker) -> None:
        """Have `worker` bury `letters`, or hold them back as long as there is doubt, and judge them anew.

        Returns when each of them is buried, delivered, or back in the queue.
        """
        with ExitStack() as leases:
            held = Held(worker, leases)
            self._bury_or_hold(letters, held)
            try:
                while held:
                    self._await_end(held)
                    self._judge_anew(held)
            except DrainedError:
                held.give_all_back()

    def delivered(self, reading: Reading) -> None:
        """A delivery that held this has been delivered: if there were events in it, it says that the agent works."""
        if not reading.found_events:
            return
        with self._lock:
            self._is_dead.append(False)
            self._in_a_row = 0
            is_refuted = self._accusation is not None and self._accusation.is_refuted_by(reading)
            if is_refuted:
                self._accusation = None
        if is_refuted:
            self._gate.mend(_PART)
            self._tell()

    def _bury_or_hold(self, letters: Sequence[Settlement], held: Held) -> None:
        """Count `letters` as long as there is no doubt, and bury them; hold back the rest."""
        to_bury: list[Settlement] = []
        has_counted_final = False
        with self._lock:
            for letter in sorted(letters, key=lambda each: not is_suspect(each)):
                # What the sink refused in one request counts as one: it does not say which record it means.
                counts = not (is_final(letter) and has_counted_final)
                has_counted_final |= is_final(letter)
                if self._weigh(letter, counts=counts):
                    to_bury.append(letter)
                else:
                    held.add([letter])
        self._tell()
        held.worker.bury(to_bury)

    def _weigh(self, letter: Settlement, *, counts: bool) -> bool:
        """Count one letter, and begin to doubt if it is one too many. Returns whether the letter may be buried."""
        if letter.fault and letter.fault.is_suspect:
            self._accuse(EnvironmentFault.SINK_REFUSES, letter.fault.detail)
            return False
        is_of_clocks = letter.fault is not None and letter.fault.reason in OF_THE_CLOCKS
        if is_of_clocks and not (self._accusation and self._accusation.is_of_sink):
            return True  # says something about the sink and the event's age, and nothing about the agent
        latest = f", the latest of them {letter.fault.reason}: {letter.fault.detail}" if letter.fault else ""
        if not self._accusation and sum(self._is_dead) > OF_THE_LAST // 2:
            sentence = f"more than half of the last {OF_THE_LAST} messages were dead letters"
            self._accuse(EnvironmentFault.DEAD_LETTERS, sentence + latest)
        if self._accusation:
            return False
        if counts:
            self._in_a_row += 1
            self._is_dead.append(True)
        if self._in_a_row >= IN_A_ROW:
            self._accuse(EnvironmentFault.DEAD_LETTERS, f"the last {IN_A_ROW} messages were dead letters" + latest)
        return True

    def _accuse(self, fault: EnvironmentFault, detail: str) -> None:
        """Begin to doubt, unless the same doubt is there already. What is said of the sink weighs more."""
        if self._accusation and self._accusation.fault is fault:
            return
        self._accusation = _Accusation(fault, detail)
        self._tried_in_vain = self._given_up = 0
        self._put_off()
        self._give_up_due = self._try_due

    def _await_end(self, held: Held) -> None:
        """Try other messages until there is no doubt, or nothing is held; raises `DrainedError` at a drain."""
        with suppress(_NoneHeldError):
            self._gate.through(_PART, lambda: self._attempt(held), opened=self._tell, stop=self._drain)

    def _attempt(self, held: Held) -> None:
        if not self._accusation:
            return
        if self._pulse.clock.monotonic() >= self._try_due:
            tried = self._try_others(held)
            self._tried_in_vain += tried is not _Tried.MORE
            self._put_off()
            if tried is _Tried.NONE_HELD and self._accusation:
                raise _NoneHeldError
        self._tell()
        if self._accusation:
            raise AtFaultError(lambda _attempt: max(self._try_due - self._pulse.clock.monotonic(), 0.0))

    def _try_others(self, held: Held) -> _Tried:
        """Try some messages from the queue, else one that is held. What is a dead letter (again) is held."""
        if self._drain.is_set():
            raise DrainedError("the daemon is stopping, and receives nothing more")
        held.drop_lost()
        fresh = held.receive()
        self._bury_or_hold(held.worker.work_on(fresh or held.take_one_to_try()), held)
        if fresh and held.has_room():
            return _Tried.MORE
        held.make_room()
        self._give_one_up(held)
        return _Tried.IN_VAIN if held else _Tried.NONE_HELD

    def _give_one_up(self, held: Held) -> None:
        """After a trial in vain, bury one letter that is held, if that is due."""
        now = self._pulse.clock.monotonic()
        with self._lock:
            if not self._accusation or now < self._give_up_due:
                return
            letters = held.take_one_to_bury(is_sink_in_doubt=self._accusation.is_of_sink)
            if letters:
                self._given_up += 1
                self._give_up_due = now + doubled(_FIRST_PAUSE_SECONDS, self._given_up, _LONGEST_KEEP_SECONDS)
        held.worker.bury(letters)

    def _judge_anew(self, held: Held) -> None:
        """Work once more on what is held, except what the sink has judged for good; stop if there is doubt again.

        Another message was delivered, so a letter that fails again is itself to blame and is buried. But what the sink
        refuses with the same words as everything else is held again.
        """
        while held and not self._accusation:
            letters = held.take_some()
            final = [letter for letter in letters if is_final(letter)]
            again = held.worker.work_on([letter.delivery for letter in letters if not is_final(letter)])
            self._bury_or_hold([letter for letter in again if is_suspect(letter)], held)
            held.worker.bury(final + [letter for letter in again if not is_suspect(letter)])

    def _put_off(self) -> None:
        now = self._pulse.clock.monotonic()
        self._try_due = now + doubled(_FIRST_PAUSE_SECONDS, self._tried_in_vain, _LONGEST_PAUSE_SECONDS)

    def _tell(self) -> None:
        """Report the present state. One thread at a time does this, so the latest state is reported last."""
        with self._telling:
            accusation = self._accusation
            if self._told and not (accusation and accusation.fault is self._told):
                self._telemetry.gate_opened(self._told)
            if accusation:
                self._telemetry.gate_closed(accusation.fault, accusation.fault, accusation.detail)
            self._told = accusation.fault if accusation else None


class NoDoubt:
    """For a dry run, which buries nothing."""

    def bury(self, letters: Sequence[Settlement], worker: AnyWorker) -> None:
        """Hold nothing back."""
        worker.bury(letters)

    def delivered(self, reading: Reading) -> None:
        """Nothing to end."""
