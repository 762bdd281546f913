"""Threads for reads: one for each call, and no end that waits for them."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import Final

import pytest

from agent.flow.thread_each import ThreadEach
from tests.support.clock import eventually, soon

_HANGS: Final = """
import threading
from agent.flow.thread_each import ThreadEach
ThreadEach("read").submit(threading.Event().wait)
print("the end")
"""


def test_calls_run_side_by_side_under_names_of_their_own() -> None:
    """Two that wait for each other both come through."""
    threads, meeting = ThreadEach("read"), threading.Barrier(2, timeout=20)

    def call(word: str) -> tuple[str, str]:
        meeting.wait()
        return word, threading.current_thread().name

    one, other = threads.submit(call, "one"), threads.submit(call, "other")
    assert [one.result(20), other.result(20)] == [("one", "read-1"), ("other", "read-2")]


def test_an_error_is_raised_where_it_is_waited_for() -> None:
    """And nowhere else."""
    threads = ThreadEach("read")
    with pytest.raises(ZeroDivisionError):
        threads.submit(lambda: 1 / 0).result(20)
    eventually(threads.is_idle, "it has ended")


def test_it_is_idle_when_nothing_runs() -> None:
    """Whoever ends the process asks."""
    threads, go_on = ThreadEach("read"), threading.Event()
    assert threads.is_idle()
    future = threads.submit(soon, go_on)
    assert not threads.is_idle()
    go_on.set()
    future.result(20)
    eventually(threads.is_idle, "it has ended")


def test_a_call_that_hangs_does_not_keep_the_process() -> None:
    """The interpreter exits without it."""
    ended = subprocess.run([sys.executable, "-c", _HANGS], capture_output=True, text=True, timeout=20, check=True)
    assert ended.stdout == "the end\n"
