"""What somebody sees who waits for a replay: a bar on a terminal, a line now and then elsewhere. On standard error."""

from __future__ import annotations

import io
from types import TracebackType
from typing import Final, Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

from agent.pulse import Clock
from agent.replay.looks import ReplayFigures
from agent.telemetry.safetext import clean
from agent.telemetry.wording import number, span

_LINE_SECONDS: Final = 10.0
_BAR_WIDTH: Final = 12
_LONGEST_LINE: Final = 2000


class Screen:
    """Shows progress on `stream` while the block runs; what is said or logged meanwhile stands above the bar."""

    def __init__(self, stream: TextIO, clock: Clock) -> None:
        self._stream = stream
        self._clock = clock
        self._console = Console(file=stream, highlight=False, soft_wrap=True)
        self._bar = _open_bar(self._console) if self._console.is_terminal else None
        self._task: TaskID | None = None
        self._line_due = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def log_stream(self) -> TextIO:
        """Where the log goes."""
        return _AboveTheBar(self._console, self._stream) if self._bar else self._stream

    def say(self, line: str) -> None:
        """One line of plain text."""
        self._console.print(Text(clean(line, _LONGEST_LINE)))

    def show(self, figures: ReplayFigures) -> None:
        """How far it is: the bar at once, a line only if the last one is some seconds old."""
        if self._bar:
            self._move(self._bar, figures.share, _brief(figures))
        elif self._clock.monotonic() >= self._line_due:
            self._line_due = self._clock.monotonic() + _LINE_SECONDS
            self.say(f"{figures.share:.0%} {_brief(figures)}")

    def count(self, share: float, text: str) -> None:
        """The same of what is only counted."""
        if self._bar:
            self._move(self._bar, share, text)
        elif self._clock.monotonic() >= self._line_due:
            self._line_due = self._clock.monotonic() + _LINE_SECONDS
            self.say(f"{share:.0%} {text}")

    def stop(self) -> None:
        """Leave the bar as it is."""
        if self._bar and self._task is not None:
            self._bar.stop()
            self._task = None

    def _move(self, bar: Progress, share: float, text: str) -> None:
        if self._task is None:
            self._task = bar.add_task("", total=1.0, text="")
            bar.start()
        bar.update(self._task, completed=share, text=text, refresh=True)


def _open_bar(console: Console) -> Progress:
    rest = Column(ratio=1, no_wrap=True, overflow="ellipsis")
    return Progress(
        BarColumn(_BAR_WIDTH),
        TextColumn("{task.percentage:>3.0f}%", markup=False),
        TextColumn("{task.fields[text]}", markup=False, table_column=rest),
        console=console,
        auto_refresh=False,
        expand=True,
    )


def _brief(figures: ReplayFigures) -> str:
    """What matters most comes first: a narrow terminal cuts the rest."""
    parts = [f"{figures.day}"] if figures.day else []
    if figures.waits_for:
        parts.append(f"waits: {figures.waits_for}")
    elif figures.seconds_left is not None:
        parts.append(f"{span(max(round(figures.seconds_left), 1))} left")
    if figures.unshipped:
        parts.append(f"not shipped {number(figures.unshipped)}")
    parts += [
        f"{number(figures.objects)} {figures.things}",
        f"{number(figures.rate)}/s",
        f"found {number(figures.found)}",
        f"shipped {number(figures.shipped)}",
    ]
    return "  ".join(parts)


class _AboveTheBar(io.StringIO):
    """A stream whose lines come out above the bar."""

    def __init__(self, console: Console, stream: TextIO) -> None:
        super().__init__()
        self._console = console
        self._stream = stream

    def write(self, text: str) -> int:
        """Print whole lines, as they are."""
        self._console.print(Text.from_ansi(text.rstrip("\n")))
        return len(text)

    def isatty(self) -> bool:
        """As the stream below it."""
        return self._stream.isatty()
