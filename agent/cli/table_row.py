"""A line of `inspect`'s table: who did what, on what, from where, and whether it worked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from agent.model import LogRecord
from agent.records.actor import ActorKind
from agent.records.summary import Summary
from agent.trail.moment import iso


@dataclass(frozen=True, slots=True)
class TableRow:
    """One line. An empty place is shown as a dash."""

    HEADINGS: ClassVar = ("time", "actor", "event", "on what", "from", "outcome")

    time: str
    actor: str
    event: str
    where: str
    source: str
    outcome: str
    failed: bool

    @classmethod
    def of(cls, record: LogRecord) -> Self:
        """The line for `record`; control characters of its event are shown as escapes."""
        told = Summary.of(record.event_name, record.attributes)
        return cls(
            time=iso(record.time_unix_nano),
            actor=_printable(_actor(told)) or "-",
            event=_printable(told.event) or "-",
            where=_printable(told.where) or "-",
            source=_printable(told.source) or "-",
            outcome=_printable(told.error or told.outcome) or "-",
            failed=told.has_failed,
        )

    def cells(self) -> tuple[str, ...]:
        """One text per heading."""
        return (self.time, self.actor, self.event, self.where, self.source, self.outcome)


def _actor(told: Summary) -> str:
    """Who acted and, in brackets, what kind of identity that is; empty if the record tells neither."""
    if not told.actor and told.actor_kind in {"", ActorKind.UNKNOWN}:
        return ""
    return f"{told.actor or '-'} ({told.actor_kind or ActorKind.UNKNOWN})"


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)
