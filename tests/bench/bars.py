"""What the agent wants to show, and whether it does: the figures of a run against its bars.

A bar is a wish, no test: times differ from machine to machine, and nothing fails for them. Ratios hold everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tests.bench.contestants import AGENT
from tests.bench.measures import CPU, FLOOD_MIB, FLOOR, GROWN, Figures
from tests.bench.table import number_of

Found = Callable[[str, str, str], float]
"""The figure of a load, of somebody, by its name; raises KeyError if it was not measured."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure that is wanted at least or at most, and a better one that would be welcome."""

    name: str
    value: Callable[[Found], float]
    goal: float
    stretch: float
    at_least: bool = False

    def is_met(self, measured: float, wanted: float) -> bool:
        """Whether `measured` is as good as `wanted`."""
        return measured >= wanted if self.at_least else measured <= wanted


@dataclass(frozen=True, slots=True)
class Held:
    """A bar, and what was measured."""

    bar: Bar
    measured: float

    @property
    def meets_goal(self) -> bool:
        """Whether the goal is reached."""
        return self.bar.is_met(self.measured, self.bar.goal)

    @property
    def meets_stretch(self) -> bool:
        """Whether the better one is reached."""
        return self.bar.is_met(self.measured, self.bar.stretch)


def held(figures: Sequence[Figures]) -> Iterator[Held]:
    """Each bar of which something was measured."""
    values = {(one.what, one.who): one.values for one in figures}

    def found(what: str, who: str, name: str) -> float:
        return values[what, who][name]

    for bar in BARS:
        try:
            yield Held(bar, bar.value(found))
        except KeyError:
            continue


def _of_agent(what: str, name: str) -> Callable[[Found], float]:
    return lambda found: found(what, AGENT, name)


def _cpu_of(mix: str, who: str, other: str) -> Callable[[Found], float]:
    """The CPU of `who` as a multiple of that of `other`."""
    return lambda found: found(mix, who, CPU) / found(mix, other, CPU)


def _most_memory(found: Found) -> float:
    return max(found(mix, AGENT, "peak MiB") for mix in ("noise", "mixed", "ours", "whole trail"))


def _of_slow_store(found: Found) -> float:
    return found(GROWN, "S3 with 20 ms", "objects/s")


BARS: Final = (
    Bar("noise: CPU ms an object", _of_agent("noise", CPU), 1.0, 0.8),
    Bar("noise: CPU as a part of the Collector's", _cpu_of("noise", AGENT, "Collector"), 0.3, 0.3),
    Bar("noise: the yardstick's CPU ÷ ours", _cpu_of("noise", "yardstick", AGENT), 4, 5, at_least=True),
    Bar("noise: the floor ÷ our CPU", _cpu_of("noise", FLOOR, AGENT), 0.65, 0.85, at_least=True),
    Bar("mixed: CPU ms an object", _of_agent("mixed", CPU), 1.3, 1.0),
    Bar("mixed: CPU as a part of the Collector's", _cpu_of("mixed", AGENT, "Collector"), 0.4, 0.4),
    Bar("ours: events a CPU second", _of_agent("ours", "events/CPU s"), 22_000, 37_000, at_least=True),
    Bar("ours: the yardstick's CPU ÷ ours", _cpu_of("ours", "yardstick", AGENT), 4, 7, at_least=True),
    Bar("unloaded: p50 ms until accepted", _of_agent("notification to accepted", "p50 ms"), 25, 10),
    Bar("unloaded: p99 ms until accepted", _of_agent("notification to accepted", "p99 ms"), 100, 40),
    Bar("S3 with 20 ms: objects a second", _of_slow_store, 800, 1200, at_least=True),
    Bar("idle: CPU %", _of_agent("idle", "CPU %"), 0.5, 0.2),
    Bar("most memory of all mixes, MiB", _most_memory, 130, 110),
    Bar(
        f"flood, {FLOOD_MIB} MiB in flight: MiB above idle",
        _of_agent("flood, slow sink", "MiB above idle"),
        FLOOD_MIB + 64,
        FLOOD_MIB,
    ),
    Bar("start until ready, s", _of_agent("noise", "ready s"), 1.0, 0.6),
)
"""In the order in which they are shown."""
_NAMES: Final[Mapping[bool, str]] = {True: "≥", False: "≤"}


def lines(of: Sequence[Held]) -> Iterator[str]:
    """The bars as a table for people."""
    yield f"{'what it wants to show':<44}{'measured':>10}{'goal':>12}{'':>5}{'stretch':>12}"
    for one in of:
        sign = _NAMES[one.bar.at_least]
        goal, stretch = f"{sign} {one.bar.goal:,g}", f"{sign} {one.bar.stretch:,g}"
        yield (
            f"  {one.bar.name:<42}{number_of(one.measured):>10}{goal:>12} {_word(met=one.meets_goal)}"
            f"{stretch:>12} {_word(met=one.meets_stretch)}"
        )


def _word(*, met: bool) -> str:
    return "yes " if met else "no  "
