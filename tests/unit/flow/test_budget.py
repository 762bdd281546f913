"""Memory that is reserved before it is used."""

from __future__ import annotations

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager

import pytest

from agent.errors import DrainedError
from agent.flow.budget import Budget, OutgrownError, Reservation, Share, ShortError
from agent.flow.heap import Heap
from agent.pulse import Clock, Pulse
from tests.support.clock import FakeClock, PatientClock, finish, soon


class Reported:
    """What the outside was told."""

    def __init__(self) -> None:
        self.levels: list[int] = []

    def __call__(self, level: int) -> None:
        """Remember."""
        self.levels.append(level)


def make(total: int, clock: Clock | None = None) -> tuple[Budget, Reported, threading.Event]:
    """A budget, what it reports, and how it is halted."""
    reported, halt = Reported(), threading.Event()
    return Budget(total, Pulse(clock or FakeClock()), halt, reported), reported, halt


def reserve(budget: Budget, wanted: int) -> AbstractContextManager[Reservation]:
    """One read of a delivery of its own."""
    return budget.open_share().reserve(wanted)


def test_what_is_reserved_is_given_back() -> None:
    """Reservations add up, and the outside hears of each step back to nothing."""
    budget, reported, _ = make(100)
    with reserve(budget, 40), reserve(budget, 60):
        pass
    assert reported.levels == [40, 100, 40, 0]


def test_what_is_reserved_is_given_back_after_a_failure() -> None:
    """A read that fails does not keep its memory."""
    budget, reported, _ = make(100)
    with pytest.raises(ZeroDivisionError), reserve(budget, 100):
        raise ZeroDivisionError
    assert reported.levels == [100, 0]


def test_one_that_is_too_large_goes_alone() -> None:
    """A reservation beyond the total is granted when nothing else is reserved, so that it never waits for ever."""
    budget, reported, _ = make(100)
    with reserve(budget, 1000):
        pass
    assert reported.levels == [1000, 0]


def test_one_that_does_not_fit_waits_for_room() -> None:
    """A second reservation is granted as soon as the first is given back, and not before."""
    clock = PatientClock()
    budget, reported, _ = make(100, clock)
    got_it = threading.Event()

    def second() -> None:
        with reserve(budget, 50):
            got_it.set()

    thread = threading.Thread(target=second, daemon=True)
    with reserve(budget, 60):
        thread.start()
        soon(clock.waiting)
        assert not got_it.is_set()
    finish(thread)
    assert reported.levels == [60, 0, 50, 0]


def test_waiting_ends_when_told_to_halt() -> None:
    """No memory comes free once the daemon is stopping: the read is given up, and nothing stays reserved for it."""
    clock = FakeClock()
    budget, reported, halt = make(100, clock)
    clock.at(30, halt.set)
    with reserve(budget, 60):
        with pytest.raises(DrainedError), reserve(budget, 50):
            pass
        assert clock.elapsed == pytest.approx(30, abs=1)
    assert reported.levels == [60, 0]


@pytest.mark.row(29)
@pytest.mark.parametrize("seed", range(5))
def test_many_readers_never_exceed_it_and_all_come_through(seed: int) -> None:
    """Eight threads with two hundred reservations, some too large: never more than the total, except for one alone."""
    sizes = random.Random(seed).choices([1, 10, 40, 100, 250], k=200)
    budget, reported, _ = make(100, PatientClock())
    holders: list[int] = []

    def read(size: int) -> int:
        with reserve(budget, size):
            holders.append(size)
            assert size <= 100 or holders == [size]
            holders.remove(size)
        return size

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(read, sizes)) == sizes
    assert all(level <= 100 or level == 250 for level in reported.levels)
    assert reported.levels[-1] == 0


def keep(share: Share, wanted: int, kept: int) -> Share:
    """Read one object for a share, which keeps so much for what was found."""
    with share.reserve(wanted) as reservation:
        reservation.kept = kept
    return share


def test_what_is_kept_counts_until_it_is_released() -> None:
    """What a read found stays reserved after it, and is given back once it is shipped."""
    budget, reported, _ = make(100)
    share = keep(budget.open_share(), 80, 30)
    share.close()
    share.release()
    assert reported.levels == [80, 30, 0]


def test_a_share_is_released_once() -> None:
    """Whoever releases it again, or before its reads are over, takes nothing from others."""
    budget, reported, _ = make(100)
    other = keep(budget.open_share(), 50, 50)
    share = keep(budget.open_share(), 30, 30)
    for _ in range(3):
        share.release()
    share.close()
    share.release()
    assert reported.levels[-1] == 50
    other.close()
    other.release()
    assert reported.levels[-1] == 0


def test_what_several_keep_is_given_back_at_once() -> None:
    """As if each had been released by itself, whether its reads are over or not; and so is what was sent of them."""
    reported = Reported()
    budget = Budget(100, Pulse(FakeClock()), threading.Event(), reported, request_bytes=5)
    shares = [keep(budget.open_share(), 30, 30) for _ in range(3)]
    shares[0].close()
    sent = budget.begin_sending(60)
    budget.release(shares[:2], sent)
    assert reported.levels[-2:] == [105, 30]
    budget.release(shares)
    assert reported.levels[-1] == 0
    with reserve(budget, 1000):
        pass


def test_a_read_waits_for_what_others_are_about_to_ship() -> None:
    """While finished deliveries hold the memory, another read waits, and says so; it goes on when they are released."""
    clock = FakeClock()
    budget, reported, _ = make(100, clock)
    share = keep(budget.open_share(), 90, 90)
    share.close()
    short: list[bool] = []
    clock.at(2, lambda: short.append(budget.is_short()))
    clock.at(5, share.release)
    with reserve(budget, 50):
        assert not budget.is_short()
    assert short == [True]
    assert clock.elapsed >= 5
    assert max(reported.levels) == 90


def test_a_delivery_of_many_objects_never_waits_for_itself() -> None:
    """What an unfinished delivery keeps is not waited for: nobody else could free it."""
    budget, reported, _ = make(100)
    share = keep(keep(budget.open_share(), 90, 90), 90, 90)
    share.close()
    share.release()
    with reserve(budget, 100):
        pass
    assert reported.levels[-1] == 0


def test_whoever_does_not_wait_is_told_that_memory_is_short() -> None:
    """It holds nothing then; and it is granted what is free, and what nobody could make room for."""
    budget, reported, _ = make(100)
    with reserve(budget, 60):
        with pytest.raises(ShortError), budget.open_share(patient=False).reserve(41):
            pytest.fail("there was no room")
        with budget.open_share(patient=False).reserve(40):
            assert reported.levels[-1] == 100
        assert not budget.is_short()
    with budget.open_share(patient=False).reserve(1000):
        pass
    assert reported.levels[-1] == 0


def test_a_read_that_needs_more_gets_what_is_free() -> None:
    """What is added is given back with the rest; to need less than is reserved changes nothing."""
    budget, reported, _ = make(100)
    with reserve(budget, 20), reserve(budget, 40) as reservation:
        for needed in (30, 80, 60):
            reservation.require(needed)
    assert reported.levels == [20, 60, 100, 20, 0]


def test_a_read_that_needs_more_than_is_free_gives_up() -> None:
    """It never waits while it holds memory: it gives all of it back, and says how much it will reserve next time."""
    budget, reported, _ = make(100)
    with reserve(budget, 60):
        with pytest.raises(OutgrownError) as raised, reserve(budget, 20) as reservation:
            reservation.require(41)
        assert raised.value.wanted == 41
        assert reported.levels == [60, 80, 60]


def test_a_read_that_outgrows_waits_for_what_others_are_about_to_ship() -> None:
    """What is read and not shipped yet will be free; a read that goes on beside it would hold more than the total."""
    budget, _, _ = make(100)
    share = keep(budget.open_share(), 90, 90)
    share.close()
    with pytest.raises(OutgrownError), reserve(budget, 5) as reservation:
        reservation.require(20)
    share.release()
    with reserve(budget, 5) as reservation:
        reservation.require(100)


def test_a_read_alone_gets_all_that_it_needs() -> None:
    """Nobody else could make room for it, so an object that is larger than the total still gets through."""
    budget, reported, _ = make(100)
    with reserve(budget, 90) as reservation:
        reservation.require(1000)
        reservation.kept = 700
    assert reported.levels == [90, 1000, 700]


def test_a_share_is_closed_once() -> None:
    """To close it again changes nothing: what it keeps is expected once, and nothing is waited for afterwards."""
    budget, _, _ = make(100)
    share = keep(budget.open_share(), 60, 60)
    share.close()
    share.close()
    share.release()
    with reserve(budget, 1000):
        pass


def test_what_is_being_sent_counts() -> None:
    """A request is counted three times, up to the largest there can be, without waiting, also beyond the total."""
    reported = Reported()
    budget = Budget(100, Pulse(FakeClock()), threading.Event(), reported, request_bytes=30)
    with reserve(budget, 100):
        small, large = budget.begin_sending(10), budget.begin_sending(70)
        assert reported.levels == [100, 130, 220]
        budget.release([], sent=small)
        budget.release([], sent=large)
    assert reported.levels[-1] == 0


def test_the_heap_hears_of_what_is_freed() -> None:
    """And of what is still held, so that it can tell what the C library keeps."""
    told: list[tuple[int, int]] = []

    class Listening(Heap):
        def freed(self, size: int, held: int) -> None:
            told.append((size, held))

    budget = Budget(100, Pulse(FakeClock()), threading.Event(), Reported(), heap=Listening())
    other, share = keep(budget.open_share(), 40, 30), keep(budget.open_share(), 40, 20)
    share.release()
    other.release()
    assert told == [(20, 30), (30, 0)]


def test_all_is_idle_as_long_as_the_latest_of_them() -> None:
    """A share that works, or whose reads are over, is not; one that is released does not count."""
    clock = FakeClock()
    budget = Budget(100, Pulse(clock), threading.Event(), lambda _: None)
    assert budget.idle_seconds() == 0
    one, other = budget.open_share(), budget.open_share()
    one.waits()
    clock.advance(5)
    assert (one.idle_seconds(), budget.idle_seconds()) == (5, 0)
    other.waits()
    clock.advance(2)
    assert budget.idle_seconds() == 2
    other.close()
    assert budget.idle_seconds() == 0
    other.release()
    assert budget.idle_seconds() == 7
    one.waits()
    assert budget.idle_seconds() == 0
