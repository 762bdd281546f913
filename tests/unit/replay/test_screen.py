"""What is seen of a replay while it runs."""

from __future__ import annotations

import errno
import io
import json
from dataclasses import replace
from datetime import date

import pytest
from rich.text import Text

from agent.replay.looks import ReplayFigures
from agent.replay.screen import Screen
from agent.telemetry.logs import open_log
from tests.support.clock import FakeClock

FIGURES = ReplayFigures(
    day=date(2026, 10, 7),
    share=0.37,
    objects=12345,
    rate=410.4,
    object_bytes=10**9,
    found=120,
    shipped=118,
    known=0,
    unshipped=0,
    seconds=30.0,
    seconds_left=51.0,
    waits_for="",
)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the terminal of the tests."""
    monkeypatch.setenv("COLUMNS", "150")
    monkeypatch.setenv("TERM", "xterm")


def test_lines_come_now_and_then_where_there_is_no_terminal() -> None:
    """One at once, the next after ten seconds."""
    stream, clock = io.StringIO(), FakeClock()
    with Screen(stream, clock) as screen:
        for _ in range(110):
            screen.show(FIGURES)
            clock.advance(0.1)
    first, _ = stream.getvalue().splitlines()
    assert first == "37% 2026-10-07  51 s left  12,345 objects  410/s  found 120  shipped 118"


@pytest.mark.parametrize("layout", ["auto", "json"])
def test_a_terminal_that_cannot_place_text_has_lines_now_and_then(monkeypatch: pytest.MonkeyPatch, layout: str) -> None:
    """A bar would be seen at the end only; it is text for people, as on any terminal."""
    monkeypatch.setenv("TERM", "dumb")
    stream, clock = Terminal(), FakeClock()
    with Screen(stream, clock, layout) as screen:
        for _ in range(110):
            screen.show(FIGURES)
            clock.advance(0.1)
        shown = stream.getvalue().splitlines()
    assert shown == ["37% 2026-10-07  51 s left  12,345 objects  410/s  found 120  shipped 118"] * 2


class FullDisk(io.StringIO):
    """A file on a disk that is full for a while."""

    is_full = True

    def write(self, text: str) -> int:
        """As the disk has room."""
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)


def test_a_full_disk_below_standard_error_ends_no_replay() -> None:
    """Lines come once there is room, if that comes; the summary is on standard output all the same."""
    stream = FullDisk()
    with Screen(stream, FakeClock()) as screen:
        screen.say("one")
        screen.show(FIGURES)
        stream.is_full = False
        screen.say("two")
    assert stream.getvalue().startswith("one\n37% ")
    assert stream.getvalue().endswith("\ntwo\n")


def test_the_last_line_says_how_far_it_came() -> None:
    """At once, though the line before it is young; and not twice."""
    stream = io.StringIO()
    done = replace(FIGURES, share=1.0, seconds_left=None, day=None)
    with Screen(stream, FakeClock()) as screen:
        screen.show(FIGURES)
        screen.show_last(done)
        screen.show_last(done)
    assert stream.getvalue().splitlines()[1:] == ["100% 12,345 objects  410/s  found 120  shipped 118"]


def test_a_line_that_comes_meanwhile_leaves_one_bar() -> None:
    """Also the last look draws it no second time, and it is never empty."""
    stream = Terminal()
    with Screen(stream, FakeClock()) as screen:
        screen.show(FIGURES)
        screen.say("! stopping")
        screen.show_last(replace(FIGURES, share=0.5))
    text = stream.getvalue()
    assert text.index("37%") < text.index("! stopping") < text.index("50%")
    assert "0%  " not in text.replace("50%  ", "")
    assert text.count("\x1b[1A") == 0, "no second line is drawn anew"


def test_where_the_log_is_json_every_line_is() -> None:
    """So that a program can read all of it, as it reads the daemon's."""
    stream = io.StringIO()
    with Screen(stream, FakeClock(), "json") as screen:
        screen.say("! nothing is there")
        open_log("warning", screen.log_layout, screen.log_stream()).warning("tried_again")
        screen.show(FIGURES)
        screen.show_last(replace(FIGURES, share=1.0))
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(one["event"], one["level"]) for one in told] == [
        ("replay_said", "warning"),
        ("tried_again", "warning"),
        ("replay_progress", "info"),
        ("replay_progress", "info"),
    ]
    assert [one["share"] for one in told if "share" in one] == [0.37, 1.0]


@pytest.mark.parametrize(
    ("stream", "layout"), [(io.StringIO(), "auto"), (io.StringIO(), "console"), (Terminal(), "json")]
)
def test_elsewhere_the_log_is_text_for_people(stream: io.StringIO, layout: str) -> None:
    """A replay is looked at by who began it; JSON of the daemon's settings would stand among plain lines."""
    with Screen(stream, FakeClock(), layout) as screen:
        assert screen.log_layout == "console"


def test_a_terminal_has_a_bar_and_the_log_above_it() -> None:
    """Lines stay, and the bar is drawn below them."""
    stream = Terminal()
    with Screen(stream, FakeClock()) as screen:
        screen.say("s3://acme/AWSLogs/: 9 streams")
        log = open_log("warning", "json", screen.log_stream())
        screen.show(FIGURES)
        log.warning("dead_lettered", key="[bold]a" + "x" * 300)
        screen.show(FIGURES)
    text = stream.getvalue()
    assert "9 streams" in text
    assert "━" in text
    assert "51 s left  12,345 objects  410/s  found 120  shipped 118" in text
    assert '"key": "[bold]a' in text, "what is in a log is no markup"
    assert text.index("dead_lettered") < text.rindex("51 s left")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"waits_for": "sink unavailable"}, "2026-10-07  waits: sink unavailable  12,345"),
        ({"unshipped": 2}, "51 s left  not shipped 2  12,345"),
        ({"seconds_left": None}, "37% 2026-10-07  12,345 objects"),
        ({"seconds_left": 0.4}, "1 s left"),
        ({"day": None, "seconds_left": None, "objects": 0}, "37% 0 objects"),
    ],
)
def test_what_there_is_to_say_is_said(change: dict[str, object], words: str) -> None:
    """What is waited for stands in place of the time left."""
    stream = io.StringIO()
    changed = {name: getattr(FIGURES, name) for name in ReplayFigures.__slots__} | change
    Screen(stream, FakeClock()).show(ReplayFigures(**changed))
    assert words in stream.getvalue()


@pytest.mark.parametrize(
    ("columns", "change", "shown"),
    [
        (60, {}, "2026-10-07  51 s left  12,345 objects  410/s"),
        (60, {"unshipped": 2, "seconds_left": 5025.0}, "2026-10-07  1 h 23 min left  not shipped 2"),
        (60, {"waits_for": "1 object that comes again"}, "2026-10-07  waits: 1 object that comes again"),
        (40, {}, "2026-10-07  51 s left  410/s"),
        (24, {}, "51 s left"),
        (24, {"seconds_left": 257.0}, "4 min left"),
        (24, {"seconds_left": None, "day": None, "unshipped": 3}, "unshipped 3"),
        (24, {"seconds_left": None, "day": None, "unshipped": 123456}, "✗ 123,456"),
        (24, {"waits_for": "sink unavailable"}, "waits: sink"),
        (24, {"waits_for": "12,345 objects that come again"}, "waits  410/s"),
        (40, {"waits_for": "1 object that comes again"}, "2026-10-07  waits: 1 object"),
        (40, {"waits_for": "bucket unavailable; sink unavailable"}, "waits: bucket unavailable +1"),
        (80, {}, "2026-10-07  51 s left  12,345 objects  410/s  shipped 118"),
    ],
)
def test_a_narrow_terminal_shows_what_matters_most_and_cuts_nothing(
    monkeypatch: pytest.MonkeyPatch, columns: int, change: dict[str, object], shown: str
) -> None:
    """What matters less is left out whole."""
    monkeypatch.setenv("COLUMNS", str(columns))
    changed = {name: getattr(FIGURES, name) for name in ReplayFigures.__slots__} | change
    stream = Terminal()
    with Screen(stream, FakeClock()) as screen:
        screen.show(ReplayFigures(**changed))
    lines = [line.rstrip() for line in Text.from_ansi(stream.getvalue()).plain.splitlines() if "%" in line]
    assert [line.partition("% ")[2] for line in lines] == [shown]
    assert all(len(line) <= columns for line in lines)


def test_what_is_counted_is_not_cut_either(monkeypatch: pytest.MonkeyPatch) -> None:
    """The number stands first."""
    monkeypatch.setenv("COLUMNS", "24")
    stream = Terminal()
    with Screen(stream, FakeClock()) as screen:
        screen.count_last(0.5, "1,234,567 objects counted")
    assert Text.from_ansi(stream.getvalue()).plain.rstrip().endswith("50% 1,234,567")


def test_nothing_is_called_whole_before_its_end() -> None:
    """One object that waits may take longer than all others."""
    stream = io.StringIO()
    Screen(stream, FakeClock()).show(replace(FIGURES, share=0.9999))
    assert stream.getvalue().startswith("99% ")


def test_counting_is_shown_alike() -> None:
    """A dry run of a year takes a while, too."""
    stream = io.StringIO()
    Screen(stream, FakeClock()).count(0.5, "1,000 objects counted")
    assert stream.getvalue() == "50% 1,000 objects counted\n"
