"""The figures as tables for people: a row for each contestant, and how it stands to the first one."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from tests.bench.measures import Figures

_NAME: Final = 26
_CELL: Final = 16


def show(figures: Iterable[Figures]) -> list[Figures]:
    """Print each as it comes, under a heading for each kind of load; returns them all."""
    seen: list[Figures] = []
    for what, group in groupby(figures, key=lambda one: one.what):
        of_this = list(group)
        seen += of_this
        sys.stdout.write("\n".join(_lines(what, of_this)) + "\n\n")
        sys.stdout.flush()
    return seen


def _lines(what: str, figures: list[Figures]) -> Iterator[str]:
    names = list(figures[0].values)
    yield f"{what:<{_NAME}}" + "".join(f"{name:>{_CELL}}" for name in names)
    for one in figures:
        yield f"  {one.who:<{_NAME - 2}}" + "".join(_cell(one, figures[0], name) for name in names)


def _cell(one: Figures, first: Figures, name: str) -> str:
    value = one.values.get(name)
    if value is None:
        return " " * _CELL
    ratio = "" if one is first or not first.values[name] else f"  ({value / first.values[name]:.2f})"
    return f"{_number(value)}{ratio}".rjust(_CELL)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
