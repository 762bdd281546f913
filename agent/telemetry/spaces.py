"""When something last happened in each CodeCatalyst space, and which spaces nobody uses any more.

The alert about a space that fell silent rests on both. A process knows only the spaces whose events it shipped itself,
so a reader takes the maximum over all replicas and over some days.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from prometheus_client import Gauge

from agent.model import LogRecord
from agent.telemetry.labels import OTHER, Room

_END: Final = "DeleteSpace"
_SUCCESS: Final = "success"
_MOST: Final = 100
_NANOSECONDS: Final = 1e9


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

    def observe(self, records: Sequence[LogRecord], now: float) -> int:
        """The sink accepted `records`, the oldest first; `now` is in Unix seconds. None happened later than that.

        Returns how many of them are of a space that counts as `other`.
        """
        overflowed = 0
        for name, of_space in _by_space(records).items():
            with self._lock:
                shown = name if self._room.admit(name) else OTHER
                self._observe_space(shown, of_space, now)
            overflowed += len(of_space) if shown != name else 0
        return overflowed

    def _observe_space(self, shown: str, records: Sequence[LogRecord], now: float) -> None:
        before, newest = self._newest.get(shown, 0.0), _seconds(records[-1], now)
        if newest < before:
            return
        self._newest[shown] = newest
        self._series(shown).set(newest)
        succeeded = next((record for record in reversed(records) if record.labels.outcome == _SUCCESS), None)
        if succeeded and _seconds(succeeded, now) >= before:
            self._tell_end(shown, ended=succeeded.labels.event_name == _END)

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


def _by_space(records: Iterable[LogRecord]) -> Mapping[str, Sequence[LogRecord]]:
    """CodeCatalyst's events by the name of their space; those without one are left out."""
    found: dict[str, list[LogRecord]] = defaultdict(list)
    for record in records:
        if record.space:
            found[record.space].append(record)
    return found


def _seconds(record: LogRecord, now: float) -> float:
    """When it happened, but not in the future."""
    return min(record.time_unix_nano / _NANOSECONDS, now)
