"""Pieces of work beside each other: a result or an error for whoever asks, and no hold on the end of the process."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from agent.checks.side_by_side import begin
from tests.support.clock import DEADLINE_SECONDS


def test_a_result_is_asked_for_later() -> None:
    """Two pieces that need each other's progress come to an end."""
    first, second = threading.Event(), threading.Event()

    def meet(mine: threading.Event, other: threading.Event) -> bool:
        mine.set()
        return other.wait(DEADLINE_SECONDS)

    met = [begin(meet, first, second), begin(meet, second, first)]
    assert [one.result(DEADLINE_SECONDS) for one in met] == [True, True]


def test_an_error_is_raised_where_the_result_is_asked_for() -> None:
    """And nowhere else."""
    broken = begin(int, "x")
    with pytest.raises(ValueError, match="invalid literal"):
        broken.result(DEADLINE_SECONDS)


def test_what_is_under_way_does_not_keep_a_process() -> None:
    """It ends at once, though a piece would wait for ever."""
    code = "import threading; from agent.checks.side_by_side import begin; begin(threading.Event().wait)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=DEADLINE_SECONDS)
