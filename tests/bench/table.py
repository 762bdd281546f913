"""The figures as tables for people: a row for each contestant or stage, and how it stands to the first."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from tests.bench.contestants import AGENT
from tests.bench.measures import STAGES, Figures

_NAME: Final = 30
_STAGE: Final = 56
_CELL: Final = 17
_HOLDS_UP: Final = 70
"""A far side that is busy for so much of the time, in percent, is what was measured."""


def show(figures: Iterable[Figures]) -> list[Figures]:
    """Print each as it comes, under a heading for each kind of load; returns them all."""
    seen: list[Figures] = []
    for what, group in groupby(figures, key=lambda one: one.what):
        of_this = list(group)
        seen += of_this
        put(lines(what, of_this))
    return seen


def put(printed: Iterable[str]) -> None:
    """Print lines, and an empty one."""
    sys.stdout.write("\n".join(printed) + "\n\n")
    sys.stdout.flush()


def lines(what: str, figures: Sequence[Figures]) -> Iterator[str]:
    """The figures of one load. In brackets: the ratios."""
    names = list(dict.fromkeys(name for one in figures for name in one.values))
    yield (f"{what:<{_NAME}}" + "".join(f"{name:>{_CELL}}" for name in names)).rstrip()
    for one in figures:
        of_this = ratios(one, figures)
        cells = (_cell(one.values.get(name), of_this.get(name)).rjust(_CELL) for name in names)
        yield (f"  {one.who:<{_NAME - 2}}" + "".join(cells)).rstrip()
        if one.values.get("far side %", 0) > _HOLDS_UP:
            yield f"  The far side held {one.who} up: its objects/s say nothing, its CPU does."


def ratios(one: Figures, figures: Sequence[Figures]) -> Mapping[str, float]:
    """Each figure as a multiple of the same one of whom it is compared with; of a stage, as one of the agent's."""
    if one.what == STAGES:
        base = one.values.get(AGENT)
        return {name: value / base for name, value in one.values.items() if base and name != AGENT}
    if one.who == one.beside:
        return {}
    with_it = next((each.values for each in figures if (each.what, each.who) == (one.what, one.beside)), {})
    return {name: value / with_it[name] for name, value in one.values.items() if with_it.get(name)}


def stage_lines(figures: Sequence[Figures]) -> Iterator[str]:
    """The stages in their order. In brackets: as a multiple of the first column."""
    names = list(dict.fromkeys(name for one in figures for name in one.values))
    yield f"{'CPU µs of a stage':<{_STAGE}}" + "".join(f"{name:>{_CELL}}" for name in names)
    for one in figures:
        of_this = ratios(one, figures)
        cells = (_cell(one.values.get(name), of_this.get(name)).rjust(_CELL) for name in names)
        yield (f"  {one.who:<{_STAGE - 2}}" + "".join(cells)).rstrip()


def number_of(value: float) -> str:
    """As people read it: no more digits than mean something."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _cell(value: float | None, ratio: float | None) -> str:
    if value is None:
        return ""
    return number_of(value) if ratio is None else f"{number_of(value)}  ({ratio:.2f})"
