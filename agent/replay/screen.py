"""What somebody sees who waits for a replay: a bar on a terminal, a line now and then elsewhere. On standard error.

A terminal that cannot place text (`TERM=dumb`) has the lines, too.

It is text for people. With the setting `log.format: json`, and no terminal, each line of it is a line of the log.
"""

from __future__ import annotations

import errno
import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self, TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Column
from rich.text import Text

from agent.errors import number_of
from agent.pulse import Clock
from agent.replay.looks import ReplayFigures
from agent.telemetry.logs import open_log
from agent.telemetry.safetext import clean
from agent.telemetry.wording import number, span

_LINE_SECONDS: Final = 10.0
_BAR_WIDTH: Final = 12
_NARROW_BAR_WIDTH: Final = 6
_NARROW: Final = 80
_PERCENT_WIDTH: Final = 4
_BETWEEN: Final = "  "
_LONGEST_LINE: Final = 2000
_LEVELS: Final = {"!": logging.WARNING, "✗": logging.ERROR}


class Screen:
    """Shows progress on `stream` while the block runs; what is said or logged meanwhile stands above the bar.

    `layout` is the setting `log.format`, and `log_layout` that of a log that stands among these lines.
    """

    def __init__(self, stream: TextIO, clock: Clock, layout: str = "auto") -> None:
        self._stream = stream
        self._clock = clock
        self._console = Console(file=stream, highlight=False, soft_wrap=True)
        is_terminal = self._console.is_terminal
        self._bar = _open_bar(self._console) if is_terminal and not self._console.is_dumb_terminal else None
        self._task: TaskID | None = None
        self._line_due = 0.0
        self._last = ""
        self.log_layout = "json" if layout == "json" and not is_terminal else "console"
        self._log = open_log("info", "json", stream, clock) if self.log_layout == "json" else None

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
        """One line of plain text; `!` or `✗` at its beginning says how bad it is. A full disk shows it later."""
        if self._log:
            self._log.log(_LEVELS.get(line[:1], logging.INFO), "replay_said", text=line)
            return
        try:
            self._console.print(Text(clean(line, _LONGEST_LINE)))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise

    def show(self, figures: ReplayFigures) -> None:
        """How far it is: the bar at once, a line only if the last one is some seconds old."""
        self.count(figures.share, self._brief(figures))

    def count(self, share: float, text: str) -> None:
        """The same of what is only counted."""
        if self._bar:
            self._move(self._bar, share, _whole_words(text, self._room()))
        elif self._clock.monotonic() >= self._line_due:
            self._tell(share, text)

    def show_last(self, figures: ReplayFigures) -> None:
        """How far it came."""
        self.count_last(figures.share, self._brief(figures))

    def count_last(self, share: float, text: str) -> None:
        """The same of what was only counted. Whatever was shown last, it is this, and nothing moves any more."""
        if self._bar:
            self._move(self._bar, share, _whole_words(text, self._room()))
        elif self._last != _line(share, text):
            self._tell(share, text)
        self.stop()

    def stop(self) -> None:
        """Leave the bar as it is."""
        if self._bar and self._task is not None:
            self._bar.stop()
            self._task = None

    def _brief(self, figures: ReplayFigures) -> str:
        """As many parts as there is room for beside a bar, none of them cut; a line has room for all."""
        parts = _parts(figures)
        if self._bar:
            parts = _fitting(parts, self._room())
        return _BETWEEN.join(part.text for part in parts)

    def _room(self) -> int:
        """How many columns there are beside a bar."""
        return self._console.width - _bar_width(self._console) - _PERCENT_WIDTH - 2

    def _tell(self, share: float, text: str) -> None:
        self._line_due = self._clock.monotonic() + _LINE_SECONDS
        self._last = _line(share, text)
        if self._log:
            self._log.info("replay_progress", share=round(share, 4), text=text)
        else:
            self.say(self._last)

    def _move(self, bar: Progress, share: float, text: str) -> None:
        if self._task is None:
            self._task = bar.add_task("", total=1.0, text=text, percent="")
            bar.update(self._task, completed=share)
            bar.start()
        bar.update(self._task, completed=share, text=text, percent=_percent(share), refresh=True)


def _open_bar(console: Console) -> Progress:
    rest = Column(ratio=1, no_wrap=True, overflow="ellipsis")
    return Progress(
        BarColumn(_bar_width(console)),
        TextColumn("{task.fields[percent]:>4}", markup=False),
        TextColumn("{task.fields[text]}", markup=False, table_column=rest),
        console=console,
        auto_refresh=False,
        expand=True,
    )


def _line(share: float, text: str) -> str:
    return f"{_percent(share)} {text}"


def _percent(share: float) -> str:
    """Rounded down: 100 % is the end, and nothing before it."""
    return f"{int(round(100 * share, 6))}%"


def _bar_width(console: Console) -> int:
    return _BAR_WIDTH if console.width >= _NARROW else _NARROW_BAR_WIDTH


@dataclass(frozen=True, slots=True)
class _Part:
    """One thing to say. `rank` is 0 for what matters most; `shorter` says less where there is less room."""

    rank: int
    text: str
    shorter: Sequence[str] = ()


def _parts(figures: ReplayFigures) -> list[_Part]:
    parts = [_Part(2, f"{figures.day}")] if figures.day else []
    if figures.waits_for:
        parts.append(_waiting(figures.waits_for))
    elif figures.seconds_left is not None:
        left = span(max(round(figures.seconds_left), 1))
        roughly = " ".join(left.split()[:2])
        parts.append(_Part(0, f"{left} left", (f"{roughly} left", roughly)))
    if figures.unshipped:
        unshipped = number(figures.unshipped)
        parts.append(_Part(1, f"not shipped {unshipped}", (f"unshipped {unshipped}", f"✗ {unshipped}")))
    return [
        *parts,
        _Part(3, number_of(figures.objects, figures.things[:-1])),
        _Part(5, f"{number(figures.rate)}/s"),
        _Part(6, f"found {number(figures.found)}"),
        _Part(4, f"shipped {number(figures.shipped)}"),
    ]


def _waiting(what: str) -> _Part:
    """Several faults are named by the first of them, and how many others there are."""
    first, *others = what.split("; ")
    short = f"{first} +{len(others)}" if others else first.partition(" that ")[0]
    return _Part(0, f"waits: {what}", (f"waits: {short}", f"waits: {short.split()[0]}", "waits"))


def _fitting(parts: Sequence[_Part], width: int) -> list[_Part]:
    """Those of `parts` that matter most, in their order, as many as fit into so many columns; one at least.

    Each says as much as there is room for.
    """
    chosen: dict[int, _Part] = {}
    room = width
    for place, part in sorted(enumerate(parts), key=lambda one: one[1].rank):
        texts = (part.text, *part.shorter)
        text = next((each for each in texts if cell_len(each) <= room), "" if chosen else texts[-1])
        if text:
            chosen[place] = _Part(part.rank, text)
            room -= cell_len(text) + len(_BETWEEN)
    return [part for _, part in sorted(chosen.items())]


def _whole_words(text: str, width: int) -> str:
    """The first words of `text`, as many as fit into so many columns; one at least."""
    while cell_len(text) > width and " " in text:
        text = text.rpartition(" ")[0].rstrip()
    return text


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
