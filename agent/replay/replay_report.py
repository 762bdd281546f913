"""What is told at the end of a replay, on standard output: to people, or as one JSON object."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from agent.errors import number_of
from agent.faults.of_replay import what_to_do
from agent.model import is_of_log
from agent.replay.estimate import PRICES, RATE, Counted
from agent.replay.looks import ReplayFigures
from agent.replay.notes import Unshipped
from agent.replay.span import Span
from agent.replay.window_report import WindowCountReport
from agent.telemetry.safetext import clean
from agent.telemetry.wording import number, size, span

_MOST_SHOWN: Final = 50
_LONGEST_LINE: Final = 2000
_CENT: Final = 0.01
_UNAVAILABLE: Final = 69
AFTER_A_SIGNAL: Final = 128
"""What is added to a signal's number, as shells do: a replay that was stopped is not done."""


@dataclass(frozen=True, slots=True)
class CountReport:
    """What a dry run found."""

    span: Span
    streams: int
    workers: int
    counted: Counted
    cautions: Sequence[str] = ()

    exit_code: Final = 0

    def lines(self) -> Iterator[str]:
        """For people."""
        counted = self.counted
        yield f"would ship {number_of(counted.objects, 'object')}, {size(counted.object_bytes)}, of {self.span}"
        yield f"  streams   {number(self.streams)}, {number_of(self.span.day_count(), 'day')}"
        yield f"  requests  {number(counted.lists)} LIST and {number(counted.gets)} GET"
        yield f"  time      about {span(self._seconds())}, {RATE}"
        dollars = counted.dollars()
        cost = f"about {dollars:.2f} USD" if dollars >= _CENT else "less than 0.01 USD"
        yield f"  cost      {cost}, {PRICES}"
        if counted.others:
            yield f"  not read  {number_of(counted.others, 'object')}: by their names no log files, or not allowed"
        if counted.archived:
            archived = number_of(counted.archived, "object is", "objects are")
            yield f"! {archived} archived (GLACIER or DEEP_ARCHIVE): restore them before, else they cannot be shipped"
        yield from (f"! {clean(each, _LONGEST_LINE)}" for each in self.cautions)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        counted = self.counted
        return {
            "result": "counted",
            "since": self.span.since.isoformat(),
            "until": self.span.until.isoformat(),
            "streams": self.streams,
            "objects": counted.objects,
            "object_bytes": counted.object_bytes,
            "archived_objects": counted.archived,
            "other_objects": counted.others,
            "list_requests": counted.lists,
            "get_requests": counted.gets,
            "estimated_seconds": round(self._seconds(), 1),
            "estimated_usd": round(counted.dollars(), 4),
            "cautions": list(self.cautions),
        }

    def _seconds(self) -> float:
        return self.counted.seconds(self.streams, self.workers)


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What became of a replay. `why`: it ended early, because of this; `signal` is the number of one that stopped it.

    `earlier` are the buckets and keys of what could not be shipped by an earlier run, and was not tried to the end now.
    `things` is the word for what was shipped one by one. `resume` says how to go on. `cautions` tell what may be
    missing, one sentence each.
    """

    span: Span
    streams: int
    figures: ReplayFigures
    unshipped: Sequence[Unshipped]
    lists: int
    destination: str
    resume: str
    earlier: Collection[tuple[str, str]] = ()
    things: str = "objects"
    why: str = ""
    signal: int = 0
    cautions: Sequence[str] = ()

    @property
    def exit_code(self) -> int:
        """0: everything was shipped."""
        if self.signal:
            return AFTER_A_SIGNAL + self.signal
        return _UNAVAILABLE if self.why or self.unshipped else 0

    def lines(self) -> Iterator[str]:
        """For people."""
        figures = self.figures
        objects = number_of(figures.objects, self.things[:-1])
        read = f"{objects}, {size(figures.object_bytes)}, in {span(figures.seconds)}"
        if self.why:
            yield f"✗ stopped: {self.why}"
        elif self.signal:
            yield "! stopped by a signal before the end"
        mark = "✗" if self.unshipped else "✓" if not (self.why or self.signal) else "!"
        yield f"{mark} {self.span}: {read}"
        repeats = f"; {number_of(figures.known, 'repeat')} of them left out" if figures.known else ""
        shipped = number(figures.shipped)
        yield f"  {number_of(figures.found, 'event')} found, {shipped} shipped to {self.destination}{repeats}"
        yield from self._unshipped_lines()
        yield from (f"! {clean(each, _LONGEST_LINE)}" for each in self.cautions)
        if self.exit_code:
            yield f"  {self.resume}"

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        figures = self.figures
        result = "stopped" if self.why else "interrupted" if self.signal else "incomplete" if self.unshipped else "done"
        return {
            "result": result,
            "why": self.why,
            "since": self.span.since.isoformat(),
            "until": self.span.until.isoformat(),
            "streams": self.streams,
            "objects": figures.objects,
            "object_bytes": figures.object_bytes,
            "events_found": figures.found,
            "events_shipped": figures.shipped,
            "events_known_already": figures.known,
            "list_requests": self.lists,
            "seconds": round(figures.seconds, 1),
            "unshipped": [
                {
                    "bucket": each.bucket,
                    "key": each.key,
                    "reason": each.reason,
                    "detail": each.detail,
                    "of_earlier_run": self._is_earlier(each),
                    "advice": _advice(each),
                }
                for each in self.unshipped
            ],
            "cautions": list(self.cautions),
        }

    def _is_earlier(self, each: Unshipped) -> bool:
        return (each.bucket, each.key) in self.earlier

    def _unshipped_lines(self) -> Iterator[str]:
        if not self.unshipped:
            return
        yield f"✗ {number_of(len(self.unshipped), self.things[:-1])} could not be shipped:"
        if earlier := sum(map(self._is_earlier, self.unshipped)):
            yield f"  {number(earlier)} of them by an earlier run, and not tried to the end by this one"
        shown = self.unshipped[:_MOST_SHOWN]
        for alike in dict.fromkeys(f"  {each.reason}: {_advice(each)}" for each in shown):
            yield alike
            for each in shown:
                if f"  {each.reason}: {_advice(each)}" == alike:
                    yield f"    {clean(each.address, _LONGEST_LINE)}"
                    yield f"      {'in an earlier run: ' if self._is_earlier(each) else ''}{clean(each.detail)}"
        if more := len(self.unshipped) - len(shown):
            yield f"  and {number(more)} more: --json has them all"


def _advice(each: Unshipped) -> str:
    return what_to_do(each.reason, of_log=is_of_log(each.bucket))


Report = CountReport | WindowCountReport | ReplayReport


def printed(report: Report, *, as_json: bool) -> str:
    """The report as it is printed."""
    if as_json:
        return json.dumps(report.as_json(), ensure_ascii=False)
    return "\n".join(report.lines())


def never_begun(why: str, *, is_stopped: bool) -> str:
    """One JSON object in place of a report; `is_stopped`: by a signal."""
    return json.dumps({"result": "interrupted" if is_stopped else "stopped", "why": why}, ensure_ascii=False)
