"""Waiting that beats, and threads that are missed when they do not."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.pulse import SLICE_SECONDS, Pulse, SystemClock
from tests.support.clock import FakeClock, PatientClock, finish


def in_thread(name: str, target: object) -> None:
    """Run something in a thread of this name, to its end."""
    assert callable(target)
    thread = threading.Thread(target=target, name=name)
    thread.start()
    finish(thread)


@given(st.floats(0, 100))
def test_a_wait_takes_as_long_as_it_says(seconds: float) -> None:
    """An event that is never set is waited for exactly so long, in slices."""
    clock = FakeClock()
    assert not Pulse(clock).wait(threading.Event(), seconds)
    assert clock.elapsed == pytest.approx(seconds)
    assert all(wait <= SLICE_SECONDS for wait in clock.waits)


def test_an_event_that_is_set_is_not_waited_for() -> None:
    """What has happened already costs no time."""
    clock, event = FakeClock(), threading.Event()
    event.set()
    assert Pulse(clock).wait(event, 60)
    assert clock.waits == []


def test_an_event_ends_the_wait() -> None:
    """What happens amid the wait ends it at that moment."""
    clock, event = FakeClock(), threading.Event()
    clock.at(12, event.set)
    assert Pulse(clock).wait(event, 60)
    assert clock.elapsed == 12


def test_a_wait_of_no_time_only_looks() -> None:
    """Zero and negative waits say whether the event is set."""
    pulse = Pulse(FakeClock())
    assert not pulse.wait(threading.Event(), 0)
    assert not pulse.wait(threading.Event(), -1)


def test_a_thread_that_waits_is_alive() -> None:
    """A wait of an hour beats all the while: nobody thinks that its thread hangs."""
    clock = FakeClock()
    pulse = Pulse(clock)
    still: list[list[str]] = []
    clock.every(1, lambda: still.append(pulse.still(SLICE_SECONDS + 1)))
    with pulse.alive():
        pulse.wait(threading.Event(), 3600)
    assert len(still) > 3000
    assert not any(still)


def test_a_thread_that_hangs_is_missed() -> None:
    """A thread that neither waits nor beats is named after the time allowed, until it beats again."""
    clock = FakeClock()
    pulse = Pulse(clock)
    me = threading.current_thread().name
    with pulse.alive():
        clock.advance(60)
        assert pulse.still(60) == []
        clock.advance(1)
        assert pulse.still(60) == [me]
        pulse.beat()
        assert pulse.still(60) == []


def test_a_thread_that_dies_is_missed() -> None:
    """A thread that ended with an exception stays on the list, and its heart stands still."""
    clock = FakeClock()
    pulse = Pulse(clock)

    def die() -> None:
        with suppress(ZeroDivisionError), pulse.alive():
            raise ZeroDivisionError

    in_thread("mortal", die)
    clock.advance(61)
    assert pulse.still(60) == ["mortal"]


def test_a_thread_that_ends_well_is_not_missed() -> None:
    """Whoever leaves in order is no longer watched."""
    clock = FakeClock()
    pulse = Pulse(clock)

    def live() -> None:
        with pulse.alive():
            pulse.beat()

    in_thread("mortal", live)
    clock.advance(3600)
    assert pulse.still(60) == []


def test_a_task_that_hangs_is_missed() -> None:
    """A pool's thread is watched while it has a task, and beats in its waits; between tasks nobody misses it."""
    clock = FakeClock()
    pulse = Pulse(clock)
    missed: list[list[str]] = []

    def work() -> None:
        with pulse.busy():
            pulse.wait(threading.Event(), 3600)
            missed.append(pulse.still(60))
            clock.advance(61)
            missed.append(pulse.still(60))

    in_thread("pool", work)
    clock.advance(3600)
    assert [*missed, pulse.still(60)] == [[], ["pool"], []]


def test_a_task_that_fails_is_not_missed() -> None:
    """Its error reaches whoever waits for the task; the thread is as good as before."""
    clock = FakeClock()
    pulse = Pulse(clock)
    with suppress(ZeroDivisionError), pulse.busy():
        raise ZeroDivisionError
    clock.advance(61)
    assert pulse.still(60) == []


def test_a_watched_thread_that_runs_a_task_stays_watched() -> None:
    """The end of a task is not the end of the thread that ran it."""
    clock = FakeClock()
    pulse = Pulse(clock)
    with pulse.alive():
        with pulse.busy():
            pass
        clock.advance(61)
        assert pulse.still(60) == [threading.current_thread().name]


def test_a_thread_that_is_not_watched_may_wait() -> None:
    """Threads of a pool beat without being on the list, and are never missed."""
    clock = FakeClock()
    pulse = Pulse(clock)
    in_thread("pool", lambda: pulse.wait(threading.Event(), 60))
    clock.advance(3600)
    assert pulse.still(60) == []


def test_each_thread_has_its_own_heart() -> None:
    """Of two threads only the one that stands still is named."""
    clock = FakeClock()
    pulse = Pulse(clock)
    done = threading.Event()
    inside = threading.Event()

    def hang() -> None:
        with pulse.alive():
            inside.set()
            PatientClock().wait(done, 60)

    thread = threading.Thread(target=hang, name="hanging")
    thread.start()
    PatientClock().wait(inside, 1)
    with pulse.alive():
        clock.advance(61)
        pulse.beat()
        assert pulse.still(60) == ["hanging"]
    done.set()
    finish(thread)


def test_the_machines_clock_goes_forward() -> None:
    """The real clock answers, and its wait says whether the event is set."""
    clock, event = SystemClock(), threading.Event()
    assert clock.monotonic() <= clock.monotonic()
    assert clock.time() > 1_600_000_000
    assert not clock.wait(event, 0)
    event.set()
    assert clock.wait(event, 10)
