"""A sink that behaves: it accepts, refuses, is down for a while, and stops when told to halt."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from agent.errors import Fault, Reason
from agent.model import ACCEPTED, UNANSWERED, LogRecord, Verdict
from agent.pulse import Pulse

REFUSED = Fault(Reason.SINK_REJECTED, "the sink said no")


class FakeSink:
    """Stores what it accepts. `refused` holds event ids it will not take; while `down` it waits as the real one does;
    while `refused_for_good` it takes nothing, and does not say which record it means.

    `exports` lists every call's event ids; `on_export` is called at the start of each.
    """

    def __init__(self, pulse: Pulse, halt: threading.Event) -> None:
        self.stored: list[LogRecord] = []
        self.exports: list[list[str]] = []
        self.refused: set[str] = set()
        self.refused_for_good = False
        self.down = False
        self.on_export: Callable[[], object] = lambda: None
        self._pulse = pulse
        self._halt = halt
        self._lock = threading.Lock()

    def export(self, records: Sequence[LogRecord]) -> list[Verdict]:
        """One verdict per record, once the sink is up; none was answered if told to halt before."""
        with self._lock:
            self.exports.append([record.event_id for record in records])
        self.on_export()
        while self.down:
            if self._pulse.wait(self._halt, 30.0):
                return [UNANSWERED for _ in records]
        return [self._judge(record) for record in records]

    def _judge(self, record: LogRecord) -> Verdict:
        if self.refused_for_good:
            return Verdict(accepted=False, fault=replace(REFUSED, is_final=True))
        if record.event_id in self.refused:
            return Verdict(accepted=False, fault=REFUSED)
        with self._lock:
            self.stored.append(record)
        return ACCEPTED
