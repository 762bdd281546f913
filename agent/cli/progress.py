"""How far a command is: a bar or a line that moves on a terminal, else a plain line from time to time.

All of it goes to standard error, so that the output can be piped.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from agent.cli.output import say

_PLAIN_SECONDS: Final = 10.0


@contextmanager
def advancing(doing: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show how far `doing` is while the block runs; it gets what to call with the number of those that are done.

    Where `total` is not known, the number alone is shown.
    """
    if sys.stderr is not None and sys.stderr.isatty():
        with _on_terminal(doing, total) as advance:
            yield advance
    else:
        yield _Plain(doing, total).advance


@contextmanager
def _on_terminal(doing: str, total: int | None) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

    counted = "{task.completed:,}" if total is None else "{task.completed:,} of {task.total:,}"
    columns = [SpinnerColumn(), TextColumn("{task.description}", markup=False), TextColumn(counted)]
    more = [] if total is None else [BarColumn(), TimeRemainingColumn()]
    with Progress(*columns, *more, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(doing, total=total)
        yield lambda done: progress.update(task, completed=done)


class _Plain:
    """A line every few seconds; nothing of what is over sooner."""

    def __init__(self, doing: str, total: int | None) -> None:
        self._doing = doing
        self._of = "" if total is None else f" of {total:,}"
        self._told_at = time.monotonic()

    def advance(self, done: int) -> None:
        """So many are done."""
        now = time.monotonic()
        if now - self._told_at >= _PLAIN_SECONDS:
            self._told_at = now
            say(f"{self._doing}: {done:,}{self._of}")
