"""One day of one stream: strictly in order, whatever comes again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from agent.replay.lane import Lane, Listed
from tests.support.listing import stream
from tests.support.objects import BUCKET

DAY = date(2026, 10, 5)
NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)


def listed(name: str, minutes: int = 0) -> Listed:
    """An object of `name`, written so many minutes after noon."""
    return Listed(BUCKET, name, NOON + timedelta(minutes=minutes))


def lane_of(names: str, *, cap: str = "") -> Lane:
    """A lane with an object for each letter, five minutes apart."""
    lane = Lane(stream(), DAY)
    objects = [listed(name, 5 * number) for number, name in enumerate(names)]
    lane.add(objects, after=names[-1:], is_last=True, cap=cap)
    return lane


def taken(lane: Lane, most: int = 10, *, now: float = 0.0, before: datetime | None = None) -> str:
    """What is handed out, in one word."""
    return "".join(each.key for each in lane.take(most, now, before))


def test_nothing_is_handed_out_before_all_that_was_is_settled() -> None:
    """One unit of work at a time."""
    lane = lane_of("abcd")
    assert taken(lane, 2) == "ab"
    lane.settle("b")
    assert (taken(lane), lane.is_busy(), lane.settled_up_to) == ("", True, "")
    assert lane.settle("a") == "b"
    assert taken(lane) == "cd"
    assert (lane.settle("c"), lane.settle("d"), lane.is_done()) == ("c", "d", True)


def test_what_comes_again_holds_back_what_follows() -> None:
    """It comes alone, when its time has come, and counts its tries."""
    lane = lane_of("abcde")
    assert taken(lane, 3) == "abc"
    lane.return_("b", at=60.0, counts=True)
    assert (lane.settle("a"), lane.settle("c")) == ("a", "")
    assert taken(lane, now=59.0) == ""
    assert lane.again_at() == 60.0
    (again,) = lane.take(10, 60.0, None)
    assert (again.key, again.tries) == ("b", 2)
    assert lane.settle("b") == "c"
    assert taken(lane, now=60.0) == "de"


def test_what_nobody_finished_was_no_try() -> None:
    """A drain spends no tries."""
    lane = lane_of("a")
    taken(lane)
    lane.return_("a", counts=False)
    assert [each.tries for each in lane.take(10, 0.0, None)] == [1]


def test_no_run_begins_behind_what_a_later_end_would_take_in() -> None:
    """An object was left out because it is too young, or others may come beside it: the place stays before it."""
    for cap in "cd":
        lane = lane_of("abd", cap=cap)
        assert taken(lane) == "abd"
        assert [lane.settle(key) for key in "abd"] == ["a", "b", ""]
        assert [lane.is_capped(key) for key in "abd"] == [False, False, True]
        assert lane.is_done()


def test_it_hands_out_what_is_old_enough() -> None:
    """Other streams must not be left behind."""
    lane = lane_of("abcd")
    assert taken(lane, before=NOON + timedelta(minutes=10)) == "ab"
    assert lane.oldest() == NOON


def test_the_next_page_is_wanted_in_time() -> None:
    """Before the last one is used up; and while it is on its way, its age is known roughly."""
    lane = Lane(stream(), DAY)
    assert (lane.is_known(), lane.wants_page(), lane.oldest()) == (False, True, None)
    lane.add([listed("a", 7)], after="a", is_last=False)
    assert (lane.is_known(), lane.wants_page(), lane.after) == (True, True, "a")
    taken(lane)
    lane.settle("a")
    assert lane.oldest() == NOON + timedelta(minutes=7)
    assert not lane.is_done()
    lane.add([], after="a", is_last=True)
    assert (lane.is_done(), lane.wants_page(), lane.oldest()) == (True, False, None)
