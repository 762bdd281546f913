"""The windows of a round: together they are all of it, and each is of a size that can be read."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from agent.history.round import Round, span

DAY = 86_400


def begun(begin: int, until: int, known: Sequence[int] = ()) -> Round:
    """A round."""
    one = Round("event-history:us-west-2")
    one.start(begin, until, known)
    return one


def windows(one: Round, events: int = 300) -> list[tuple[int, int]]:
    """All windows, each with so many events, read whole."""
    found = []
    while not one.is_over:
        window = one.window()
        found.append(span(window))
        one.pass_by(window, span(window)[0], events)
    return found


def test_windows_follow_each_other() -> None:
    """None is of two days."""
    assert windows(begun(DAY - 1000, DAY + 4000)) == [(DAY - 1000, DAY), (DAY, DAY + 3600), (DAY + 3600, DAY + 4000)]


def test_where_little_happens_windows_grow_and_where_much_does_they_shrink() -> None:
    """They are to hold some five hundred."""
    assert [end - begin for begin, end in windows(begun(0, 3 * 3600), 10)] == [3600, 7200]
    assert [end - begin for begin, end in windows(begun(0, 5400), 2000)][:2] == [3600, 900]


def test_where_many_are_known_windows_are_small_from_the_first() -> None:
    """Four a second are known of the first quarter of an hour, and none behind it."""
    known = [number // 4 for number in range(3600)]
    found = windows(begun(0, 1800, known))
    assert found[:3] == [(0, 125), (125, 250), (250, 375)]
    assert found[-1][1] == 1800


def test_more_in_one_second_than_are_wanted_are_a_window() -> None:
    """A smaller one there is not."""
    assert windows(begun(0, 10, [5] * 2000))[:2] == [(0, 5), (5, 6)]


def test_of_what_was_read_in_part_the_older_part_comes_next() -> None:
    """Then the newest part again, in smaller windows; the place moves when all before it is read to the last page."""
    one = begun(0, 7200)
    window = one.window()
    assert one.pass_by(window, 3000, 1200) == 0
    assert span(one.window()) == (0, 250)
    assert one.pass_by(one.window(), 0, 300) == 250
    ends = []
    while one.begin < 3600:
        ends.append(one.pass_by(one.window(), one.begin, 300))
    assert ends[-6:] == [2500, 2750, 3000, 3250, 3500, 3750]


def test_windows_of_a_part_are_short_though_little_happened_before_it() -> None:
    """As many happen in it as were found, and the windows before it have grown."""
    one = begun(0, 7200)
    one.pass_by(one.window(), 3000, 1200)
    while one.begin < 3000:
        one.pass_by(one.window(), one.begin, 1)
    assert span(one.window()) == (3000, 3250)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_read_of_each_window_all_is_read_whole_once(seed: int) -> None:
    """Each second is in one window that was read to the last page, and the place moves behind such windows only."""
    rng = Random(seed)
    one, seen = begun(0, 5000, [rng.randrange(5000) for _ in range(1500)]), [0] * 5000
    while not one.is_over:
        window = one.window()
        begin, end = span(window)
        since = rng.randrange(begin, end) if rng.random() < 0.5 else begin
        for second in range(begin, end) if since == begin else ():
            seen[second] += 1
        reached = one.pass_by(window, since, rng.randrange(1500))
        assert all(seen[:reached])
    assert seen == [1] * 5000


def test_a_window_of_a_second_cannot_shrink() -> None:
    """A larger one is cut into eight."""
    one = begun(0, 7200)
    assert one.shrink(one.window())
    assert span(one.window()) == (0, 450)
    while one.shrink(one.window()):
        pass
    assert span(one.window()) == (0, 1)


def test_a_round_can_end_before_its_end() -> None:
    """Then nothing comes next."""
    one = begun(0, 7200)
    one.end()
    assert one.is_over
