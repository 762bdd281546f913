"""One thread that ends what takes too long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from math import inf
from typing import Final

import pytest

from agent.sink.otlp.watchdog import Watchdog

LONG: Final = 60.0
AT_ONCE: Final = 0.005
IN_TIME: Final = 0.1  # the thread of a watchdog may take some milliseconds to start


def test_a_block_that_takes_too_long_is_bitten_once() -> None:
    """It is told while it still runs, and not again when it ends."""
    watchdog, bites, bitten = Watchdog(), list[int](), threading.Event()

    def bite() -> None:
        bites.append(1)
        bitten.set()

    with watchdog.watched(AT_ONCE, bite):
        assert bitten.wait(LONG)
    assert bites == [1]


def test_a_block_that_ends_in_time_is_left_alone() -> None:
    """Whatever is watched afterwards, nothing is called for it."""
    watchdog, bites, bitten = Watchdog(), list[str](), threading.Event()
    with watchdog.watched(IN_TIME, partial(bites.append, "early")):
        pass
    with watchdog.watched(IN_TIME, bitten.set):
        assert bitten.wait(LONG)
    assert bites == []


def test_an_earlier_end_is_not_kept_waiting_by_a_later_one() -> None:
    """The thread waits for the first of many, also if that one came last."""
    watchdog, bitten = Watchdog(), threading.Event()
    with watchdog.watched(LONG, bitten.clear), watchdog.watched(LONG * 2, bitten.clear):
        with watchdog.watched(AT_ONCE, bitten.set):
            assert bitten.wait(LONG)
        assert bitten.is_set()


def test_many_that_end_in_time_leave_nothing_behind() -> None:
    """A busy sink does not make the list of what is watched grow."""
    watchdog = Watchdog()
    for _ in range(5_000):
        with watchdog.watched(LONG, lambda: None):
            pass
    assert len(watchdog._due) < 200
    assert watchdog._watched == {}


def waiting(until: Callable[[float], bool], watchdog: Watchdog) -> None:
    """Until the thread waits, for a time of which this is true: it gives up the lock for nothing else."""
    give_up_at = time.monotonic() + LONG
    while time.monotonic() < give_up_at:
        with watchdog._changed:
            if watchdog._thread and until(watchdog._looks_at):
                return
    raise AssertionError("the thread has not come to wait")


def test_a_thread_that_waits_is_woken_for_what_is_due_earlier() -> None:
    """Whether it waits for nothing, for a later block, or for one that has ended: else a request would never end."""
    watchdog, bitten = Watchdog(), [threading.Event() for _ in range(3)]
    with watchdog.watched(AT_ONCE, bitten[0].set):
        assert bitten[0].wait(LONG)
    waiting(lambda looks_at: looks_at == inf, watchdog)
    with watchdog.watched(AT_ONCE, bitten[1].set):
        assert bitten[1].wait(LONG / 2)
    waiting(lambda looks_at: looks_at == inf, watchdog)
    with watchdog.watched(2 * LONG, lambda: None):
        pass
    with watchdog.watched(AT_ONCE, bitten[2].set):
        assert bitten[2].wait(LONG / 2)


def test_what_ends_in_time_wakes_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread keeps to the time that it has set out to wait for, however many blocks begin and end meanwhile."""
    watchdog, woken = Watchdog(), list[int]()
    with watchdog.watched(LONG, lambda: None):
        monkeypatch.setattr(watchdog._changed, "notify", lambda: woken.append(1))
        for _ in range(500):
            with watchdog.watched(LONG, lambda: None):
                pass
    assert woken == []


def test_many_threads_share_one() -> None:
    """Each block is bitten for itself, and one thread does it."""
    watchdog, bitten = Watchdog(), [threading.Event() for _ in range(20)]

    def work(event: threading.Event) -> None:
        with watchdog.watched(AT_ONCE, event.set):
            assert event.wait(LONG)

    threads = [threading.Thread(target=work, args=(event,)) for event in bitten]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(event.is_set() for event in bitten)
