"""Which object comes next, of all streams."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from agent.replay.lane import Lane, Listed
from agent.replay.order import AHEAD, next_turns
from tests.support.listing import stream
from tests.support.objects import BUCKET

DAY = date(2026, 10, 5)
MIDNIGHT = datetime(2026, 10, 5, tzinfo=UTC)
REGIONS = ("us-west-2", "eu-west-1", "ap-south-1")


def lane(region: str, *minutes: int, day: date = DAY, is_known: bool = True) -> Lane:
    """A lane with an object at each of these minutes of the day."""
    made = Lane(stream(region=region), day)
    begin = MIDNIGHT + (day - DAY)
    if is_known:
        made.add(
            [Listed(BUCKET, f"{region} {each:04}", begin + timedelta(minutes=each)) for each in minutes],
            after="",
            is_last=True,
        )
    return made


def turns(lanes: list[Lane], most: int = 10) -> list[str]:
    """The keys that are handed out."""
    return [turn.listed.key for turn in next_turns(lanes, most, 0.0)]


def test_the_oldest_come_first_and_others_fill_the_unit() -> None:
    """Sparse streams share a unit of work."""
    lanes = [lane("us-west-2", 10, 20), lane("eu-west-1", 5)]
    assert turns(lanes) == ["eu-west-1 0005", "us-west-2 0010", "us-west-2 0020"]


def test_no_stream_runs_far_ahead_of_another() -> None:
    """A store would find the other one's records too far behind."""
    lanes = [lane("us-west-2", 0, 10, 50), lane("eu-west-1", 20, 30, 31, 60)]
    assert turns(lanes) == ["us-west-2 0000", "us-west-2 0010", "eu-west-1 0020"]


def test_a_stream_alone_is_held_back_by_none() -> None:
    """What is far apart in it still comes in order."""
    assert turns([lane("us-west-2", 0, 700, 1400)]) == ["us-west-2 0000", "us-west-2 0700", "us-west-2 1400"]


def test_a_day_ends_for_all_before_the_next_begins() -> None:
    """However little there is to do."""
    today, tomorrow = lane("us-west-2", 10), lane("us-west-2", 0, day=date(2026, 10, 6))
    assert turns([today, tomorrow]) == ["us-west-2 0010"]
    assert turns([today, tomorrow]) == []


def test_nothing_is_handed_out_before_the_oldest_is_known() -> None:
    """A listing that is late may hold it."""
    lanes = [lane("us-west-2", 10), lane("eu-west-1", is_known=False)]
    assert turns(lanes) == []
    assert turns([]) == []


MINUTES = st.lists(st.integers(0, 1439), max_size=30, unique=True).map(sorted)


@given(st.lists(MINUTES, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_objects_in_hand_are_close_to_all_that_is_unsettled(by_stream: list[list[int]], chance: object) -> None:
    """Whoever settles in whatever order: each stream in order, and none more than half an hour ahead of another."""
    random = chance
    lanes = [lane(region, *minutes) for region, minutes in zip(REGIONS, by_stream, strict=False)]
    in_hand: list[tuple[Lane, Listed]] = []
    shipped: list[str] = []
    while in_hand or any(not each.is_done() for each in lanes):
        new = [(turn.lane, turn.listed) for turn in next_turns(lanes, 4, 0.0)]
        for one, listed in new:
            others = [oldest for other in lanes if other is not one and (oldest := other.oldest())]
            assert not others or listed.written < min(others) + AHEAD
        in_hand += new
        assert in_hand, "somebody can always go on"
        one, listed = in_hand.pop(random.randrange(len(in_hand)))  # type: ignore[attr-defined]
        one.settle(listed.key)
        shipped.append(listed.key)
    assert len(shipped) == sum(map(len, by_stream))
