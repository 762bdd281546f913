"""The figures as tables for people: a row for each contestant or stage, and how it stands to the first."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final

from tests.bench.measures import Figures

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
    """The figures of one load. In brackets: as a multiple of the first one's."""
    names = list(dict.fromkeys(name for one in figures for name in one.values))
    yield (f"{what:<{_NAME}}" + "".join(f"{name:>{_CELL}}" for name in names)).rstrip()
    for one in figures:
        yield (f"  {one.who:<{_NAME - 2}}" + "".join(_cell(one, figures[0], name) for name in names)).rstrip()
        if one.values.get("far side %", 0) > _HOLDS_UP:
            yield f"  The far side held {one.who} up: its objects/s say nothing, its CPU does."


def stage_lines(figures: Sequence[Figures]) -> Iterator[str]:
    """The stages in their order. In brackets: as a multiple of the first column."""
    yield f"{'CPU µs of a stage':<{_STAGE}}" + "".join(f"{name:>{_CELL}}" for name in figures[0].values)
    for one in figures:
        first, *others = one.values.values()
        cells = [number_of(first), *(_with_ratio(value, first) for value in others)]
        yield f"  {one.who:<{_STAGE - 2}}" + "".join(cell.rjust(_CELL) for cell in cells)


def number_of(value: float) -> str:
    """As people read it: no more digits than mean something."""
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _cell(one: Figures, first: Figures, name: str) -> str:
    value, base = one.values.get(name), first.values.get(name)
    if value is None:
        return " " * _CELL
    return (number_of(value) if one is first or not base else _with_ratio(value, base)).rjust(_CELL)


def _with_ratio(value: float, base: float) -> str:
    return f"{number_of(value)}  ({value / base:.2f})"
