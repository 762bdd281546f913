"""How far a command is, for people and for files."""

from __future__ import annotations

import io
import re
import sys
import time

import pytest

from agent.cli.progress import advancing


class _Terminal(io.StringIO):
    """What says of itself that it is a terminal."""

    def isatty(self) -> bool:
        """It does."""
        return True


@pytest.fixture
def moments(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock's answers, in their order; the last one is repeated."""
    answers = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: answers.pop(0) if len(answers) > 1 else answers[0])
    return answers


def test_in_a_file_a_line_stands_every_ten_seconds(moments: list[float], capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing of what is over sooner, and nothing on standard output."""
    moments[:] = [0, 9, 10, 19, 25]
    with advancing("sending", 1200) as advance:
        for done in (300, 600, 900, 1200):
            advance(done)
    assert capsys.readouterr() == ("", "sending: 600 of 1,200\nsending: 1,200 of 1,200\n")


def test_where_the_total_is_not_known_the_number_stands_alone(
    moments: list[float], capsys: pytest.CaptureFixture[str]
) -> None:
    """So many were looked at."""
    moments[:] = [0, 10]
    with advancing("looking") as advance:
        advance(1500)
    assert capsys.readouterr().err == "looking: 1,500\n"


@pytest.mark.parametrize(("total", "words"), [(30, "20 of 30"), (None, "looking 20")])
def test_on_a_terminal_it_moves_and_is_gone_afterwards(
    monkeypatch: pytest.MonkeyPatch, total: int | None, words: str
) -> None:
    """One place that is written anew; at the end it is wiped."""
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    with advancing("looking", total) as advance:
        advance(20)
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.getvalue())
    assert words in re.sub(r"\s+", " ", shown)
    assert terminal.getvalue().endswith("\x1b[2K")
