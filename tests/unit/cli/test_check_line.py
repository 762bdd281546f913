"""One result of a check, as a terminal, a pipe and a program read it."""

from __future__ import annotations

import json
import os
import re
import sys

import pytest

from agent.checks.finding import Check, Status
from agent.cli.check_line import as_object, as_text, summary

LONG = Check(
    "notifier", Status.FAILED, "nothing tells the queue of new objects", "Let the bucket notify it. " * 6, "acme"
)


class Terminal:
    """Standard output that says that it is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


def test_a_pipe_gets_one_line() -> None:
    """So that grep finds mark, name, what is so and what to do at once."""
    told = Check("queue.delay", Status.CAUTION, "every message is held back for 5 s", "Set DelaySeconds to 0.")
    assert as_text(told) == "! queue.delay: every message is held back for 5 s. Set DelaySeconds to 0."
    assert as_text(Check("queue", Status.OK, "answers")) == "✓ queue: answers."
    assert as_text(LONG).startswith("✗ notifier acme: ")
    assert "\n" not in as_text(LONG)


def test_a_terminal_gets_lines_that_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """What to do stands below, behind an arrow; nothing is wider than the terminal."""
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((80, 24)))
    lines = re.sub(r"\x1b\[\d+m", "", as_text(LONG)).splitlines()
    assert lines[0] == "✗ notifier acme: nothing tells the queue of new objects"
    assert lines[1].startswith("  → Let the bucket")
    assert all(line.startswith("    ") for line in lines[2:])
    assert max(map(len, lines)) < 80


def test_a_program_gets_an_object() -> None:
    """With every member, also where it is empty."""
    assert json.loads(as_object(LONG)) == {
        "id": "notifier",
        "status": "failed",
        "on": "acme",
        "what": LONG.what,
        "fix": LONG.fix,
    }


def test_the_end_counts_the_marks() -> None:
    """And it names what failed, so that nobody needs to scroll."""
    assert summary([LONG, Check("a", Status.OK, "b")]) == "2 checks: 1 ✓, 1 ✗, 0 !; ✗ notifier acme"
    assert summary([Check("a", Status.OK, "b")]) == "1 check: 1 ✓, 0 ✗, 0 !"
