"""Requests that are not made too often."""

from __future__ import annotations

import threading

import pytest

from agent.errors import DrainedError
from agent.pulse import Pulse
from agent.waiting.pacer import Pacer
from tests.support.clock import FakeClock


def test_so_many_pass_in_a_second_and_no_more() -> None:
    """The first at once; time in which nobody came is not saved up."""
    clock = FakeClock()
    pacer, times = Pacer(2, Pulse(clock), threading.Event()), []
    for pause in (0, 0, 0, 10, 0):
        clock.advance(pause)
        pacer.pass_()
        times.append(clock.elapsed)
    assert times == [0, 0.5, 1.0, 11.0, 11.5]


def test_after_a_rest_they_pass_as_before() -> None:
    """A rest in which somebody else rests already is no longer than the longer one."""
    clock = FakeClock()
    pacer = Pacer(2, Pulse(clock), threading.Event())
    pacer.rest(10)
    pacer.rest(3)
    pacer.pass_()
    assert clock.elapsed == 10


def test_a_stop_ends_the_wait() -> None:
    """Whoever waits for a turn does not take it."""
    clock, halt = FakeClock(), threading.Event()
    pacer = Pacer(1, Pulse(clock), halt)
    pacer.rest(60)
    clock.at(2, halt.set)
    with pytest.raises(DrainedError):
        pacer.pass_()
    assert clock.elapsed == 2
