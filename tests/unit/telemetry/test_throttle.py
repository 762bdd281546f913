"""How often the log tells the same again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.telemetry.throttle import Distinct, Throttle
from tests.support.clock import FakeClock


def test_a_throttle_lets_one_through_a_minute() -> None:
    """The first is told, the next ones are counted, and each kind has its own minute."""
    clock = FakeClock()
    throttle = Throttle(clock)
    assert [throttle.take_turn("sink") for _ in range(3)] == [0, None, None]
    assert throttle.take_turn("queue") == 0
    clock.elapsed += 60
    assert [throttle.take_turn("sink"), throttle.take_turn("queue")] == [2, 0]


@given(st.lists(st.text(max_size=3)), st.integers(0, 10))
def test_distinct_messages_are_told_once_and_never_more_than_there_is_room_for(messages: list[str], room: int) -> None:
    """A sink that words its warning anew each time is heard so many times and no more."""
    distinct = Distinct(room)
    told = [message for message in messages if distinct.note(message)]
    assert len(told) == len(set(told)) == min(room, len(set(messages)))
