"""How much memory a process takes, and how that grows with the events it has shipped."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression, median
from typing import Final

_RESIDENT: Final = re.compile(r"^VmRSS:\s+(\d+) kB", re.MULTILINE)
_WARM_UP: Final = 0.25  # of the samples: the first records make every cache and pool there will be
_ENOUGH: Final = 3  # points that differ, for a line through them


@dataclass(frozen=True, slots=True)
class Sample:
    """Resident MiB when so many thousand events had been stored."""

    thousands: float
    mib: float


@dataclass(slots=True)
class Memory:
    """The samples of one process, which lived for `seconds`."""

    samples: list[Sample] = field(default_factory=list)
    seconds: float = 0.0

    def sample(self, pid: int, events: int) -> None:
        """Look at process `pid`; nothing happens where it is gone, or the system has no /proc."""
        mib = resident_mib(pid)
        if mib is not None:
            self.samples.append(Sample(events / 1000, mib))

    def slope(self) -> float | None:
        """MiB per 1000 events once warm, by least squares; None where too little was seen."""
        warm = self.samples[int(len(self.samples) * _WARM_UP) :]
        if len({sample.thousands for sample in warm}) < _ENOUGH:
            return None
        return linear_regression([each.thousands for each in warm], [each.mib for each in warm]).slope

    def __str__(self) -> str:
        if not self.samples:
            return "not measured"
        slope, first, last = self.slope(), self.samples[0], self.samples[-1]
        growth = "too short for a slope" if slope is None else f"{slope:+.2f} MiB per 1000 events"
        shipped = (last.thousands - first.thousands) * 1000
        return f"{growth} ({first.mib:.0f} → {last.mib:.0f} MiB over {shipped:.0f} events in {self.seconds:.0f} s)"


def resident_mib(pid: int) -> float | None:
    """The resident memory of a process in MiB, where the system has /proc and the process lives."""
    try:
        found = _RESIDENT.search(Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return None
    return int(found[1]) / 1024 if found else None


def across(memories: Iterable[Memory]) -> str:
    """The memory of all processes together: after their starts, and at their ends."""
    seen = [memory.samples for memory in memories if memory.samples]
    if not seen:
        return "not measured"
    first, last = [samples[0].mib for samples in seen], [samples[-1].mib for samples in seen]
    return (
        f"median {median(first):.0f} MiB after a start, {median(last):.0f} MiB at an end, "
        f"at most {max(last):.0f} MiB; {len(seen)} processes"
    )
