"""Which log the command line asks for, and how it is opened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from agent.connections import AwsConnections
from agent.errors import number_of
from agent.faults.of_replay import has_all_from
from agent.flow.event_log import EventLog
from agent.flow.log_waits import LogWaits
from agent.replay.span import Span, SpanError, shown
from agent.settings import Settings

_MARGIN: Final = timedelta(minutes=5)  # `90d` was as long ago when the command began

OpenLog = Callable[[Settings, AwsConnections, LogWaits, Sequence[str]], EventLog]
"""From the settings, AWS, how to wait, and the places that are wanted; raises as `AwsConnections.connect`."""


@dataclass(frozen=True, slots=True)
class LogWish:
    """The log called `name` in `--from`, and its `places`.

    It has what happened `kept` ago and later, and may have lost what happened more than `promised` ago; None: all. What
    happened less than `late` ago may still be missing.
    Settings that name no region get their credentials in the region `home`.
    """

    name: str
    places: Sequence[str]
    open: OpenLog
    kept: timedelta | None = None
    late: timedelta = timedelta(0)
    home: str = ""
    promised: timedelta | None = None

    def buckets(self) -> tuple[str, ...]:
        """What stands for a bucket in a checkpoint, for each place."""
        return tuple(sorted(f"{self.name}:{place}" for place in self.places))

    def within(self, span: Span, now: datetime) -> Span:
        """What of `span` the log has for certain at the time `now`; raises `SpanError` if it is too old or too young.

        It ends early enough: nothing that comes late may be left out, for no other replay goes back behind this one.
        """
        if self.kept and span.since < now - self.kept - _MARGIN:
            days, first = self.kept.days, shown(now - self.kept)
            raise SpanError(
                "--since", f"{self.name} has the last {number_of(days, 'day')} only: begin at {first} or later"
            )
        until = min(span.until, (now - self.late).replace(second=0, microsecond=0)) if self.late else span.until
        if span.since >= until:
            raise self._too_young(span, now)
        return replace(span, until=until)

    def unpromised(self, since: datetime, now: datetime) -> Sequence[str]:
        """That some of what is read, from `since` on, may be lost at the time `now`: one sentence, or none."""
        if self.promised is None or since >= now - self.promised - _MARGIN:
            return []
        days, before = number_of(self.promised.days, "day"), shown(now - self.promised)
        told = f"{self.name} are promised for the last {days} only: of what happened before {before} UTC"
        return [f"{told} some or all may be missing, and nobody can tell"]

    def _too_young(self, span: Span, now: datetime) -> SpanError:
        """A span that ends now is asked for too soon; one that has ended is all there after a while."""
        late = self.late.total_seconds()
        told = f"events of the last {number_of(round(late / 60), 'minute')} may still be missing in {self.name}"
        if span.until >= now.replace(microsecond=0):
            return SpanError("--since", f"{told}: begin before {shown(now - self.late)} UTC, or run this later")
        return SpanError(
            "--until", f"{told}: run this at {shown(has_all_from(span.until.timestamp(), late))} UTC or later"
        )
