"""What would become of many letters, told by a few of each reason."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from agent.letters.outlook import LONGEST_SECONDS, look_out
from agent.letters.rereading import Prospect
from agent.letters.told import ToldLetter
from agent.model import Letter
from tests.support.clock import FakeClock
from tests.support.messages import delivery

GOOD = Prospect(is_good=True, says="it would be delivered: 1 event")
GONE = Prospect(is_good=False, says="it would be a dead letter again", to_do="find it")


def letters(**counts: int) -> list[ToldLetter]:
    """So many letters of each reason; their ids are their reason and number."""
    return [
        ToldLetter(Letter(delivery(f"{reason}-{number}"), {}), reason, "because")
        for reason, count in counts.items()
        for number in range(count)
    ]


def never() -> bool:
    """Nobody asks for the end."""
    return False


def test_three_of_each_reason_are_read_again_at_most() -> None:
    """The first, the last and one between them; one of every reason comes before a second one of any."""
    read: list[str] = []

    def reading(told: ToldLetter) -> Sequence[Prospect]:
        read.append(told.message_id)
        return [GOOD]

    found = look_out(letters(object_missing=9, not_allowed=2, sink_too_old=1), reading, FakeClock(), never)
    assert [(one.reason, one.count, len(one.found)) for one in found] == [
        ("object_missing", 9, 3),
        ("not_allowed", 2, 2),
        ("sink_too_old", 1, 1),
    ]
    assert read[:3] == ["object_missing-0", "not_allowed-0", "sink_too_old-0"]
    assert sorted(read[3:]) == ["not_allowed-1", "object_missing-4", "object_missing-8"]
    assert [one.is_of_the_sink for one in found] == [False, False, True]


def test_what_would_fail_is_told_once_for_each_letter() -> None:
    """A letter of which one object is good and another is not would be a dead letter again."""
    (one,) = look_out(letters(object_missing=2), lambda _told: [GOOD, GONE, GONE], FakeClock(), never)
    assert one.failing == [GONE, GONE]
    (sound,) = look_out(letters(object_missing=2), lambda _told: [GOOD], FakeClock(), never)
    assert sound.failing == []


@pytest.mark.parametrize("asked", [True, False])
def test_a_read_that_does_not_come_back_is_left_behind(asked: bool) -> None:
    """After twenty seconds, or once somebody asks for the end; what was read until then counts."""
    clock, stuck, go_on = FakeClock(), threading.Event(), threading.Event()

    def reading(told: ToldLetter) -> Sequence[Prospect]:
        if told.reason == "not_allowed":
            stuck.set()
            go_on.wait(60)
        return [GONE]

    def meanwhile() -> bool:
        assert stuck.wait(60)
        clock.advance(LONGEST_SECONDS)
        return asked

    first, second = look_out(letters(object_missing=2, not_allowed=1), reading, clock, meanwhile)
    go_on.set()
    assert (len(first.found), second.found) == (1, [])


def test_a_bug_in_reading_is_raised() -> None:
    """It ends the command as any other does; nothing is printed by the thread."""

    def reading(_told: ToldLetter) -> Sequence[Prospect]:
        raise KeyError("bug")

    with pytest.raises(KeyError):
        look_out(letters(not_allowed=1), reading, FakeClock(), never)
