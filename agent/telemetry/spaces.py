"""When something last happened in each CodeCatalyst space, and which spaces nobody uses any more.

The alert about a space that fell silent rests on both. A process knows only the spaces whose events it shipped itself,
so a reader takes the maximum over all replicas and over some days.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Final

from prometheus_client import Gauge

from agent.model import LogRecord
from agent.telemetry.labels import OTHER, Room

_ATTRIBUTE: Final = "aws.codecatalyst.space.name"
_END: Final = "DeleteSpace"
_SUCCESS: Final = "success"
_MOST: Final = 100


class Spaces:
    """Sets two gauges by space. `retired` are the spaces that the settings name. Thread-safe.

    A space is retired, too, while its newest event that succeeded is its deletion: whoever still asks for it is
    refused. A process names its first hundred spaces; further ones are `other` together.
    """

    def __init__(self, last_event: Gauge, gone: Gauge, retired: Iterable[str]) -> None:
        self._last = last_event
        self._gone = gone
        self._retired = frozenset(retired)
        self._room = Room(frozenset(), _MOST)
        self._ended: set[str] = set()
        self._newest: dict[str, float] = {}
        self._shown: dict[str, Gauge] = {}
        self._lock = threading.Lock()
        for name in self._retired:
            self._gone.labels(name).set(1)

    def observe(self, record: LogRecord, time: float) -> bool:
        """The sink accepted `record` of `time` in Unix seconds; returns whether its space counts as `other`."""
        if record.labels.event_source:  # not CodeCatalyst's
            return False
        name = record.attributes.get(_ATTRIBUTE)
        if not isinstance(name, str):
            return False
        with self._lock:
            shown = name if self._room.admit(name) else OTHER
            if time >= self._newest.get(shown, 0.0):
                self._newest[shown] = time
                self._series(shown).set(time)
                if record.labels.outcome == _SUCCESS:
                    self._tell_end(shown, ended=record.labels.event_name == _END)
        return shown != name

    def _series(self, name: str) -> Gauge:
        """The gauge of one space, looked up once: by way of its labels it costs as much as all else here."""
        if name not in self._shown:
            self._shown[name] = self._last.labels(name)
        return self._shown[name]

    def _tell_end(self, name: str, *, ended: bool) -> None:
        if name in self._retired or name == OTHER or ended == (name in self._ended):
            return
        if ended:
            self._ended.add(name)
            self._gone.labels(name).set(1)
        else:
            self._ended.discard(name)
            self._gone.remove(name)
