"""Is it the record, or is it the sink? What the sink refuses is held back until it has accepted something else.

A sink that refuses everything is set wrongly, and then no event may be passed over because of it. So a record is judged
only when the sink has accepted others since it refused this one, and refuses it still.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from agent.model import LogRecord, Verdict

MOST_SUSPECTS: Final = 10_000
"""So many are known from one try to the next, and so are judged at once. Others are judged when these are."""


class Suspects:
    """`accepted` tells how many records the sink has accepted so far, of whatever region or queue."""

    def __init__(self, accepted: Callable[[], int]) -> None:
        self._accepted = accepted
        self._since: dict[bytes, int] = {}
        self._before = 0

    def __len__(self) -> int:
        return len(self._since)

    def begin(self) -> None:
        """What is handed over from here on is one try."""
        self._before = self._accepted()

    def hold(self, refused: Iterable[tuple[LogRecord, Verdict]]) -> list[tuple[LogRecord, Verdict]]:
        """Those that are not judged yet, of all that the sink has `refused` in this try."""
        return [each for each in refused if not self._judge(*each)]

    def forget(self, digests: Iterable[bytes]) -> None:
        """These are dealt with."""
        for digest in digests:
            self._since.pop(digest, None)

    def clear(self) -> None:
        """Nothing is held back any more."""
        self._since.clear()

    def _judge(self, record: LogRecord, verdict: Verdict) -> bool:
        now, digest, fault = self._accepted(), record.digest, verdict.fault
        is_suspect, is_final = (fault.is_suspect, fault.is_final) if fault else (False, False)
        if not is_suspect and (is_final or now > self._since.get(digest, self._before)):
            return True
        if is_suspect:
            self._since.pop(digest, None)
        if len(self._since) < MOST_SUSPECTS:
            self._since.setdefault(digest, now)
        return False
