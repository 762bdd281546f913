"""What a person sees of a soak run: a bar that stays on a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from tests.soak.plan import Plan
from tests.soak.report import Report
from tests.soak.run import Standing

_LINE_SECONDS: Final = 10.0


class Show:
    """Everything that a run prints goes through here."""

    def __init__(self, console: Console, plan: Plan) -> None:
        self._console = console
        self._plan = plan
        self._told = time.monotonic()
        self._told_early = False
        self._bar = Progress(
            TextColumn("{task.fields[phase]}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %  {task.fields[numbers]}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", total=1.0, phase="starting", numbers="")

    @contextmanager
    def running(self) -> Iterator[None]:
        """Say what is going to happen, and keep the bar while the block runs."""
        plan = self._plan
        span = f" or {plan.seconds:.0f} s" if plan.seconds else ""
        self._say(f"soak: {plan.kills} kills{span}, {plan.events} events, seed {plan.seed}")
        with self._bar:
            yield

    def watch(self, standing: Standing) -> None:
        """Show how far the run is."""
        numbers = (
            f"kills {standing.kills}  objects {standing.written}  stored {standing.stored}  repeats {standing.repeats}"
        )
        self._bar.update(self._task, completed=standing.progress, phase=standing.phase, numbers=numbers)
        if standing.phase == "finishing" and standing.progress < 1 and not self._told_early:
            self._told_early = True
            self._say("Ctrl-C: what was written is still delivered and compared; a second one ends at once", "yellow")
        now = time.monotonic()
        if not self._console.is_terminal and now - self._told >= _LINE_SECONDS:
            self._told = now
            self._say(f"{standing.phase:<9} {standing.progress:>4.0%}  {numbers}")

    def report(self, report: Report) -> None:
        """The balance, what was wrong, and the verdict."""
        self._say("")
        for name, value in report.rows().items():
            self._say(f"{name:<20}{value}")
        for fault in report.faults:
            self._say(f"✗ {fault}", "red")
        self._say(report.verdict, "bold red" if report.faults else "bold green")

    def _say(self, text: str, style: str = "") -> None:
        self._console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)
