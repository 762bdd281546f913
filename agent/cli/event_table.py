"""Events as a table for people: a line for each, and only the longest columns are cut where a line is too long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from agent.cli.output import wide_console

_TIME: Final = "time"
_GAP: Final = 2


class EventTable:
    """Lines of cells under `headings`, printed together."""

    def __init__(self, *headings: str) -> None:
        self._headings = headings
        self._lines: list[Sequence[Text]] = []
        self._widths = [cell_len(heading) for heading in headings]

    def add(self, *cells: str, failed: bool) -> None:
        """One event, a cell for each heading; in red, if it `failed`."""
        self._lines.append([Text(cell, "red" if failed else "") for cell in cells])
        self._widths = [max(width, cell_len(cell)) for width, cell in zip(self._widths, cells, strict=True)]

    def show(self) -> None:
        """Print it, as wide as the terminal at most."""
        console = wide_console()
        table = Table(box=None, pad_edge=False, header_style="dim")
        most = self._longest(console.width - _GAP * (len(self._headings) - 1))
        for heading in self._headings:
            table.add_column(heading, no_wrap=True, max_width=None if heading == _TIME else most)
        for line in self._lines:
            table.add_row(*line)
        console.print(table)

    def _longest(self, room: int) -> int:
        """How wide a column may be, so that all fit into `room`. Shorter ones stay whole, and the time always does."""
        whole = sum(width for heading, width in zip(self._headings, self._widths, strict=True) if heading == _TIME)
        others = sorted(width for heading, width in zip(self._headings, self._widths, strict=True) if heading != _TIME)
        room -= whole
        for place, width in enumerate(others):
            share = room // (len(others) - place)
            if width > share:
                return max(share, 1)
            room -= width
        return others[-1]
