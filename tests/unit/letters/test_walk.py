"""A look through a dead-letter queue: what it finds, what it hides, and that it gives everything back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from agent.errors import AwsError
from agent.letters.walk import HIDDEN_SECONDS, LONGEST_SECONDS, End, Walk
from agent.pulse import Pulse
from tests.support.clock import FakeClock
from tests.support.letterbox import FakeLetterbox
from tests.support.telemetry import FakeTelemetry


@dataclass
class Rig:
    """A dead-letter queue and what looks through it."""

    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.box = FakeLetterbox(self.clock, visibility=HIDDEN_SECONDS)

    def filled(self, count: int) -> set[str]:
        """So many messages; returns their ids."""
        return {self.box.put(str(number)) for number in range(count)}

    def walk(
        self,
        is_stopped: Callable[[], bool] = lambda: False,
        waits: Callable[[str, float], object] = lambda _said, _seconds: None,
    ) -> Walk:
        """A look that has not begun."""
        return Walk(self.box, Pulse(self.clock), FakeTelemetry(), is_stopped, waits)

    def receives(self) -> set[int]:
        """How often each message was received: the numbers that occur."""
        return {message.receives for message in self.box.messages.values()}


@pytest.mark.parametrize("count", [0, 1, 9, 10, 25])
def test_every_message_is_found_once_and_visible_afterwards(count: int) -> None:
    """However many there are, each counts one receive, and others can receive it as soon as the look is over."""
    rig = Rig()
    ids = rig.filled(count)
    with rig.walk() as walk:
        found = [letter.delivery.message_id for letter in walk.letters(1000, count)]
        assert rig.box.hidden_now() == count
    assert sorted(found) == sorted(ids)
    assert (walk.end, walk.count, walk.stranded) == (End.WHOLE, count, 0)
    assert rig.box.hidden_now() == 0
    assert rig.receives() <= {1}


def test_one_empty_answer_is_believed_only_when_all_that_sqs_counts_were_seen() -> None:
    """While SQS says that there are more, it is asked three times in a row."""
    rig = Rig()
    rig.filled(3)
    with rig.walk() as walk:
        assert len(list(walk.letters(1000, 3))) == 3
    once = rig.box.requests["ReceiveMessage"]
    with rig.walk() as walk:
        assert len(list(walk.letters(1000, 5))) == 3
    assert (once, rig.box.requests["ReceiveMessage"] - once) == (2, 4)


@pytest.mark.parametrize(("after", "seen"), [(0, 0), (1, 10)])
def test_a_look_that_sqs_cut_short_says_so(after: int, seen: int) -> None:
    """SQS counts more than it shows: that is not the whole, and no end that anybody asked for."""
    rig = Rig()
    rig.filled(25)
    rig.box.conceal(after)
    with rig.walk() as walk:
        assert len(list(walk.letters(1000, 25))) == seen
    assert walk.end is End.SHORT


def test_no_more_are_received_than_are_wanted() -> None:
    """What is not looked at counts no receive."""
    rig = Rig()
    rig.filled(25)
    with rig.walk() as walk:
        assert len(list(walk.letters(12, 25))) == 12
    assert walk.end is End.ENOUGH
    assert sum(message.receives for message in rig.box.messages.values()) == 12


def test_a_look_at_exactly_all_is_whole() -> None:
    """As many as are wanted, and no more are counted: nothing is left out."""
    rig = Rig()
    rig.filled(10)
    with rig.walk() as walk:
        assert len(list(walk.letters(10, 10))) == 10
    assert walk.end is End.WHOLE


def test_what_is_held_for_long_stays_hidden_and_is_found_once() -> None:
    """A look that takes longer than SQS hides a message extends that in time."""
    rig = Rig()
    rig.filled(30)
    with rig.walk() as walk:
        found = []
        for letter in walk.letters(1000, 30):
            found.append(letter.delivery.message_id)
            rig.clock.advance(HIDDEN_SECONDS / 20)
    assert len(found) == len(set(found)) == 30
    assert rig.receives() == {1}
    assert rig.box.hidden_now() == 0


def test_a_message_that_comes_twice_is_told_once_and_given_back() -> None:
    """SQS can hand a message out again; only its last receipt counts then."""
    rig = Rig()
    rig.filled(2)
    with rig.walk() as walk:
        looked_at = walk.letters(1000, 3)
        rig.box.repeat(next(looked_at).delivery.message_id)
        assert len(list(looked_at)) == 1
    assert rig.receives() == {1, 2}
    assert rig.box.hidden_now() == 0


def test_a_look_ends_after_minutes() -> None:
    """A queue that fills as fast as it is looked through does not hold whoever looks for ever."""
    rig = Rig()
    rig.filled(10)
    with rig.walk() as walk:
        for _ in walk.letters(100_000, 10):
            rig.box.put("another")
            rig.clock.advance(1)
    assert walk.end is End.LATE
    assert LONGEST_SECONDS <= rig.clock.elapsed < LONGEST_SECONDS + 2 * HIDDEN_SECONDS
    assert rig.box.hidden_now() == 0


def test_whoever_asks_for_the_end_gets_it_and_everything_is_given_back() -> None:
    """Ctrl-C ends the look after the request that is under way."""
    rig = Rig()
    rig.filled(40)
    with rig.walk(lambda: rig.box.requests["ReceiveMessage"] >= 2) as walk:
        assert len(list(walk.letters(1000, 40))) == 20
    assert walk.end is End.STOPPED
    assert rig.box.hidden_now() == 0


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_whatever_ends_the_block_nothing_stays_hidden(error: type[BaseException]) -> None:
    """A second Ctrl-C, or a bug, in the middle of it."""
    rig = Rig()
    rig.filled(15)
    with pytest.raises(error), rig.walk() as walk:
        _find_and_raise(walk, error)
    assert rig.box.hidden_now() == 0


def _find_and_raise(walk: Walk, error: type[BaseException]) -> None:
    next(walk.letters(1000, 15))
    raise error


def test_what_was_found_before_sqs_failed_is_given_back() -> None:
    """The error comes out, and the messages are visible."""
    rig = Rig()
    rig.filled(30)
    with rig.walk() as walk:
        looked_at = walk.letters(1000, 30)
        next(looked_at)
        rig.box.fail("ReceiveMessage")
        with pytest.raises(AwsError):
            list(looked_at)
    assert rig.receives() == {0, 1}
    assert rig.box.hidden_now() == 0


def test_a_throttled_look_goes_on_when_sqs_shows_something_again() -> None:
    """Half a minute is waited, what was found stays hidden meanwhile, and each message is found once."""
    rig = Rig()
    rig.filled(25)
    told: list[float] = []
    with rig.walk(waits=lambda _said, seconds: told.append(seconds)) as walk:
        looked_at = walk.letters(1000, 25)
        next(looked_at)
        rig.box.throttle("ReceiveMessage", 6)
        assert len(list(looked_at)) == 24
        assert rig.box.hidden_now() == 25
    assert (walk.end, len(told), rig.receives()) == (End.WHOLE, 6, {1})


def test_a_look_that_is_throttled_without_an_end_ends() -> None:
    """After half a minute, and everything is given back; whoever asks for the end gets it sooner."""
    rig = Rig()
    rig.filled(5)
    rig.box.throttle("ReceiveMessage")
    with rig.walk() as walk, pytest.raises(AwsError):
        list(walk.letters(1000, 5))
    assert 15 <= rig.clock.elapsed <= 45
    with rig.walk(lambda: rig.box.requests["ReceiveMessage"] > 8) as walk:
        assert list(walk.letters(1000, 5)) == []
    assert walk.end is End.STOPPED


def test_what_sqs_does_not_take_back_is_counted_and_comes_by_itself() -> None:
    """That is no error: the messages become visible when their time is over."""
    rig = Rig()
    rig.filled(12)
    with rig.walk() as walk:
        ids = [letter.delivery.message_id for letter in walk.letters(1000, 12)]
        rig.box.refuse("ChangeMessageVisibilityBatch", ids[0])
    assert (walk.stranded, rig.box.hidden_now()) == (1, 1)
    with rig.walk() as walk:
        list(walk.letters(1000, 12))
        rig.box.fail("ChangeMessageVisibilityBatch")
    assert walk.stranded == 11
    rig.clock.advance(HIDDEN_SECONDS)
    assert rig.box.hidden_now() == 0


def test_what_sqs_said_where_it_does_not_hide_a_message_is_remembered() -> None:
    """With it, whoever ran the command knows why others may have what was held; standing still is no word of SQS's."""
    rig = Rig()
    rig.filled(3)
    with rig.walk() as walk:
        letters = list(walk.letters(1000, 3))
        rig.box.deny("ChangeMessageVisibilityBatch")
        for _ in range(4):
            rig.clock.advance(HIDDEN_SECONDS / 4)
            assert walk.hold_anew(letters) == ([] if rig.clock.elapsed >= HIDDEN_SECONDS else letters)
    assert (walk.lost_by and walk.lost_by.kind, walk.stranded) == ("denied", 0)
    rig.box.mend()
    with rig.walk() as walk:
        letters = list(walk.letters(1000, 3))
        rig.clock.advance(HIDDEN_SECONDS)
        assert (walk.held(letters), walk.lost_by) == ([], None)
    with rig.walk() as walk:
        list(walk.letters(1000, 3))
        rig.box.deny("ChangeMessageVisibilityBatch")
    assert (walk.stranded, walk.stranded_by and walk.stranded_by.detail) == (3, "AccessDenied: on demand")


def test_what_somebody_else_has_by_now_is_not_counted_as_stranded() -> None:
    """A receipt that SQS does not know any more: the message is not ours to give back."""
    rig = Rig()
    (message_id,) = rig.filled(1)
    with rig.walk() as walk:
        list(walk.letters(1000, 1))
        rig.box.forget(message_id)
    assert walk.stranded == 0


def test_a_part_can_be_given_back_at_once() -> None:
    """What is not meant is visible while the rest is worked on; what was deleted is not given back."""
    rig = Rig()
    rig.filled(3)
    with rig.walk() as walk:
        first, second, _ = walk.letters(1000, 3)
        walk.keep_only([first, second])
        assert rig.box.hidden_now() == 2
        rig.box.delete([walk.latest(second)])
        walk.forget([second])
    assert rig.box.hidden_now() == 0
    assert walk.stranded == 0
