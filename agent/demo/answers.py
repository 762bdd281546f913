"""What the demo's records answer: three of the questions that people put to an audit trail.

docs/questions.md has the same questions, and many more, as queries for Grafana.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from agent.demo.lines import Line
from agent.errors import number_of
from agent.records.actor import ActorKind
from agent.records.profiles.codecatalyst import SPACE
from agent.records.summary import Summary
from agent.sink.otlp.decode import ReceivedRecord

_SILENT_AFTER: Final = timedelta(days=1)
_SHOWN: Final = 4


@dataclass(frozen=True, slots=True)
class Answer:
    """One question, and what the records say; at least one line, which says so where they say nothing."""

    question: str
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Told:
    """A record with its local time and what it tells."""

    record: ReceivedRecord
    at: datetime
    summary: Summary

    @property
    def space(self) -> str:
        return str(self.record.attributes.get(SPACE, ""))

    def sentence(self) -> str:
        """Time, actor, event, on what, and how it failed if it did."""
        line = Line.of(self.record)
        error = f": {line.failure}" if self.summary.error else ""
        failed = f", failed{error}" if self.summary.has_failed else ""
        return f"{self.at:%a %H:%M}  {line.actor} ({line.who.word}): {line.event} in {line.where}{failed}"


def answers(records: Iterable[ReceivedRecord], now: datetime) -> list[Answer]:
    """The answers of `records` at `now` (aware)."""
    told = sorted((_told(record, now) for record in records), key=lambda one: one.at)
    return [
        _answer("Who created a dev environment yesterday?", _created_yesterday(told, now)),
        _answer("What did root do?", (one.sentence() for one in told if one.summary.actor_kind == ActorKind.ROOT)),
        _answer("Which space fell silent?", _silent(told, now)),
    ]


def _told(record: ReceivedRecord, now: datetime) -> _Told:
    at = datetime.fromtimestamp(record.time_unix_nano / 1e9, now.tzinfo)
    return _Told(record, at, Summary.of(record.event_name, record.attributes))


def _answer(question: str, lines: Iterable[str]) -> Answer:
    found = list(lines) or ["nobody and nothing, in these records"]
    rest = len(found) - _SHOWN
    return Answer(question, [*found[:_SHOWN], *([f"and {rest} more"] if rest > 0 else [])])


def _created_yesterday(told: Sequence[_Told], now: datetime) -> Iterator[str]:
    yesterday = (now - timedelta(days=1)).date()
    for one in told:
        is_such = one.summary.event == "CreateDevEnvironment" and not one.summary.has_failed
        if is_such and one.at.date() == yesterday:
            yield one.sentence()


def _silent(told: Sequence[_Told], now: datetime) -> Iterator[str]:
    last = {one.space: one for one in told if one.space}
    for space, one in last.items():
        if now - one.at > _SILENT_AFTER:
            yield f"{space}: nothing since {one.at:%a %H:%M}, {number_of((now - one.at).days, 'day')} ago"
