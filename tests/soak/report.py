"""What a soak run found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from agent.demo.generator import GeneratedEvent
from tests.soak.memory import Memory, across
from tests.soak.sink import Archive, Mood, digest
from tests.support.edges import Edge

_LISTED = 20


@dataclass(slots=True)
class Report:
    """The balance of a run. `faults` are sentences; none: nothing was lost, and nothing else was wrong.

    `is_early`: fewer kills or events than planned. `is_cut_off`: what was written had no time to arrive, and what
    is missing is not called lost.
    """

    events: int = 0
    objects: int = 0
    doubled: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    crashes: Counter[Edge] = field(default_factory=Counter)
    requests: Counter[Mood] = field(default_factory=Counter)
    stored: int = 0
    repeats: int = 0
    lost: int = 0
    missing: int = 0
    foreign: int = 0
    altered: int = 0
    refused: int = 0
    exhausted: int = 0
    unexpected: int = 0
    seconds: float = 0.0
    is_early: bool = False
    is_cut_off: bool = False
    memories: list[Memory] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        """How often the process was ended, by whatever signal or at an edge of its work, before the last time."""
        return self.ends.total() + self.crashes.total()

    @property
    def exit_code(self) -> int:
        """1 if anything was wrong; else 130 if it was ended early by Ctrl-C, and 0 if not."""
        if self.faults:
            return 1
        return 130 if self.is_early or self.is_cut_off else 0

    @property
    def verdict(self) -> str:
        """How it went, in one line."""
        if self.faults:
            return "✗ see above"
        if self.is_cut_off:
            return "✓ ended at once: nothing foreign, the same bytes each time; whether all would have arrived is open"
        early = "ended early: " if self.is_early else ""
        return f"✓ {early}nothing lost, nothing foreign, the same bytes each time"

    def compare(self, written: Iterable[GeneratedEvent], archive: Archive) -> None:
        """Hold what the sink stored against what was written."""
        expected = {event.event_id: digest(event.record) for event in written}
        missing = expected.keys() - archive.bodies.keys()
        lost = set() if self.is_cut_off else missing
        foreign = archive.bodies.keys() - expected.keys()
        arrived = expected.keys() & archive.bodies.keys()
        altered = archive.altered | {one for one in arrived if expected[one] != archive.bodies[one]}
        self.events, self.stored, self.repeats = len(expected), archive.stored, archive.repeats
        self.missing, self.lost, self.foreign, self.altered = len(missing), len(lost), len(foreign), len(altered)
        self._list("lost", lost)
        self._list("foreign, never written", foreign)
        self._list("altered, or not the same bytes each time", altered)

    def _list(self, what: str, event_ids: Iterable[str]) -> None:
        self.faults += [f"{what}: {event_id or '(no id)'}" for event_id in sorted(event_ids)[:_LISTED]]

    def rows(self) -> Mapping[str, str]:
        """The report line by line: name and value."""
        requests = ", ".join(f"{count} of {mood.value}" for mood, count in self.requests.most_common())
        ends = [f"{count} of {how}" for how, count in self.ends.most_common()]
        ends.append(f"{self.crashes.total()} at an edge")
        edges = "; ".join(f"{count} {edge}" for edge in Edge if (count := self.crashes[edge]))
        return {
            "events": f"{self.events} in {self.objects} objects, {self.doubled} of them notified twice",
            "kills": f"{self.kills} in {self.seconds:.0f} s ({'; '.join(ends)})",
            "at an edge": edges or "none",
            "requests": f"{self.requests.total()} ({requests})",
            "repeats": f"{self.repeats} of {self.stored} records stored",
            "redriven": f"{self.refused} messages refused by partial_success, "
            f"{self.exhausted} received too often, {self.unexpected} unexpected",
            "lost": f"not known: {self.missing} had not arrived yet" if self.is_cut_off else str(self.lost),
            "foreign": str(self.foreign),
            "not the same bytes": str(self.altered),
            "memory": across(self.memories),
            "memory slope": str(max(self.memories, key=lambda each: each.seconds, default=Memory())),
        }
