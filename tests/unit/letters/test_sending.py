"""Letters go back to the queue, and none is deleted before the queue has it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from agent.aws.sqs import RefusedEntry
from agent.errors import AwsError
from agent.letters.sending import Report, Sending
from agent.letters.walk import HIDDEN_SECONDS, Walk
from agent.model import Letter
from agent.pulse import Pulse
from tests.support.clock import FakeClock
from tests.support.letterbox import FakeLetterbox
from tests.support.telemetry import FakeTelemetry


@dataclass
class Rig:
    """A dead-letter queue with letters whose bodies are numbers, and who works on them."""

    count: int
    clock: FakeClock = field(default_factory=FakeClock)
    advanced: list[int] = field(default_factory=list)
    stop_after: int = 1_000_000

    def __post_init__(self) -> None:
        self.box = FakeLetterbox(self.clock, visibility=HIDDEN_SECONDS)
        self.ids = [self.box.put(str(number)) for number in range(self.count)]

    def work(self, do: Callable[[Sending, list[Letter]], Report]) -> Report:
        """What `do` does with all of them."""
        with Walk(self.box, Pulse(self.clock), FakeTelemetry()) as walk:
            letters = list(walk.letters(1000, self.count))
            return do(Sending(walk, self.box, self.is_stopped, self.advanced.append), letters)

    def is_stopped(self) -> bool:
        """Whether somebody has pressed Ctrl-C."""
        return len(self.advanced) >= self.stop_after

    def left(self) -> set[str]:
        """The bodies that are in the dead-letter queue."""
        return {message.body for message in self.box.messages.values()}

    def nothing_is_lost(self) -> bool:
        """Whether each letter is in one of the queues, or in both."""
        return self.left() | set(self.box.main) >= {str(number) for number in range(self.count)}


def bodies(letters: list[Letter]) -> list[str]:
    """Their texts."""
    return [letter.delivery.body for letter in letters]


def test_all_go_back_once_and_are_gone_here() -> None:
    """Bodies unchanged, each once; and how far it is is told after each request."""
    rig = Rig(25)
    report = rig.work(Sending.redrive)
    assert sorted(rig.box.main, key=int) == [str(number) for number in range(25)]
    assert (len(report.done), report.kept, report.doubled, report.untouched) == (25, [], [], [])
    assert not report.has_failed
    assert rig.left() == set()
    assert rig.advanced == [10, 20, 25]


def test_nothing_to_send_is_nothing_done() -> None:
    """No request, no failure."""
    rig = Rig(0)
    assert not rig.work(Sending.redrive).has_failed
    assert rig.box.requests["SendMessageBatch"] == 0


def test_what_the_queue_refuses_stays_here() -> None:
    """The others of the same request are sent and deleted; the one is told with SQS's words."""
    rig = Rig(12)
    rig.box.refuse("SendMessageBatch", rig.ids[3])
    report = rig.work(Sending.redrive)
    assert [(failed.letter.delivery.body, failed.detail) for failed in report.kept] == [
        ("3", "InternalError: on demand")
    ]
    assert len(report.done) == 11
    assert report.has_failed
    assert rig.left() == {"3"}
    assert rig.box.hidden_now() == 0


@pytest.mark.row(89)
def test_a_letter_of_which_nothing_was_said_stays_here() -> None:
    """The others of the same request are deleted; whether the queue has this one, nobody has said."""
    rig = Rig(12)
    rig.box.be_silent("SendMessageBatch", rig.ids[3])
    report = rig.work(Sending.redrive)
    assert bodies([failed.letter for failed in report.kept]) == ["3"]
    assert len(report.done) == 11
    assert rig.left() == {"3"}


@pytest.mark.row(89)
@pytest.mark.parametrize("do", [Sending.redrive, Sending.drop])
@pytest.mark.parametrize("operation", ["SendMessageBatch", "DeleteMessageBatch"])
def test_an_answer_without_a_word_ends_the_work(do: Callable[[Sending, list[Letter]], Report], operation: str) -> None:
    """Nothing is told as done of which nobody has said so."""
    rig = Rig(25)
    rig.box.be_silent(operation)
    report = rig.work(do)
    if do is Sending.redrive or operation == "DeleteMessageBatch":
        assert (report.done, report.has_failed, len(report.untouched)) == ([], True, 15)
        assert len(rig.left()) == 25


def test_a_request_that_fails_ends_the_work() -> None:
    """The next would fare no better; nothing is deleted, and what was not tried is told."""
    rig = Rig(25)
    rig.box.fail("SendMessageBatch")
    report = rig.work(Sending.redrive)
    assert (len(report.kept), len(report.untouched), report.done) == (10, 15, [])
    assert report.error is not None
    assert rig.box.requests["DeleteMessageBatch"] == 0
    assert len(rig.left()) == 25
    assert rig.box.hidden_now() == 0


@pytest.mark.parametrize("operation", ["SendMessageBatch", "DeleteMessageBatch"])
def test_a_throttled_request_is_asked_again(operation: str) -> None:
    """SQS did nothing of it: some seconds later it does, each letter is sent once, and stays hidden meanwhile."""
    rig = Rig(25)
    rig.box.throttle(operation, 4)
    began = rig.clock.elapsed
    report = rig.work(Sending.redrive)
    assert (len(report.done), report.has_failed, report.error, report.untouched) == (25, False, None, [])
    assert sorted(rig.box.main, key=int) == [str(number) for number in range(25)]
    assert rig.left() == set()
    assert 7 <= rig.clock.elapsed - began <= 20


def test_a_letter_that_is_throttled_is_sent_again_alone() -> None:
    """The others of its request are not."""
    rig = Rig(12)
    rig.box.throttle("SendMessageBatch", 3, rig.ids[3])
    report = rig.work(Sending.redrive)
    assert (len(report.done), report.has_failed) == (12, False)
    assert sorted(rig.box.main, key=int) == [str(number) for number in range(12)]
    assert rig.box.requests["SendMessageBatch"] == 5


def test_a_throttle_without_an_end_ends_the_work() -> None:
    """After half a minute what was not sent is told, and that it surely was not; nothing stays hidden."""
    rig = Rig(25)
    rig.box.throttle("SendMessageBatch")
    began = rig.clock.elapsed
    report = rig.work(Sending.redrive)
    assert (len(report.kept), len(report.untouched), report.done) == (10, 15, [])
    assert not any(failed.is_unsure for failed in report.kept)
    assert report.error is not None
    assert report.error.kind == "throttled"
    assert 15 <= rig.clock.elapsed - began <= 45
    assert (rig.box.hidden_now(), len(rig.left())) == (0, 25)


def test_a_delete_that_stays_throttled_ends_the_work() -> None:
    """What is in both queues is told, and no more are sent."""
    rig = Rig(25)
    rig.box.throttle("DeleteMessageBatch")
    report = rig.work(Sending.redrive)
    assert (len(report.doubled), len(report.untouched), len(rig.box.main)) == (10, 15, 10)
    assert not any(failed.is_unsure for failed in report.doubled)


def test_what_may_have_been_taken_is_never_sent_again() -> None:
    """A time-out after a throttle: nobody knows whether the queue has the letters."""
    rig = Rig(12)
    rig.box.throttle("SendMessageBatch", 1)
    rig.box.fail("SendMessageBatch", 2)
    report = rig.work(Sending.redrive)
    assert (len(report.kept), rig.box.requests["SendMessageBatch"]) == (10, 2)
    assert all(failed.is_unsure for failed in report.kept)


def test_whoever_asks_for_the_end_is_not_kept_by_a_throttle() -> None:
    """It ends within the wait, and what was not sent counts as not tried."""
    rig = Rig(25)
    rig.box.throttle("SendMessageBatch")
    rig.clock.at(4, lambda: rig.advanced.extend([0] * 3))
    rig.stop_after = 3
    began = rig.clock.elapsed
    report = rig.work(Sending.redrive)
    assert (len(report.untouched), report.has_failed) == (25, False)
    assert rig.clock.elapsed - began <= 6


def test_one_letter_that_is_too_large_keeps_no_other_back() -> None:
    """SQS refuses all of a request for it: each is sent alone then, and the one is told as too large."""
    rig = Rig(12)
    rig.box.put("x" * 3000)
    rig.box.most_bytes = 1024
    report = rig.work(Sending.redrive)
    assert [(len(failed.letter.delivery.body), failed.is_of_size) for failed in report.kept] == [(3000, True)]
    assert (len(report.done), report.error, report.untouched) == (12, None, [])
    assert sorted(rig.box.main, key=int) == [str(number) for number in range(12)]


def test_a_refusal_of_every_letter_ends_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no letter of a request passes alone, and not for its size, the next would fare no better."""
    rig = Rig(25)

    def refuse(_parcel: object) -> list[RefusedEntry]:
        rig.box.requests["SendMessageBatch"] += 1
        raise AwsError("unavailable", "UnsupportedOperation: no", "UnsupportedOperation", is_undone=True)

    monkeypatch.setattr(rig.box, "send_back", refuse)
    report = rig.work(Sending.redrive)
    assert (len(report.kept), len(report.untouched), rig.box.requests["SendMessageBatch"]) == (10, 15, 11)
    assert report.error is not None
    assert not any(failed.is_unsure for failed in report.kept)


@pytest.mark.parametrize("operation", ["SendMessageBatch", "DeleteMessageBatch"])
def test_a_denial_of_each_message_ends_the_work(operation: str) -> None:
    """SQS may answer a batch and deny all of it; at most one request's letters are in both queues then."""
    rig = Rig(25)
    rig.box.deny(operation)
    report = rig.work(Sending.redrive)
    assert report.error is not None
    assert report.error.kind == "denied"
    assert len(report.untouched) == 15
    assert len(rig.box.main) == (10 if operation == "DeleteMessageBatch" else 0)
    assert len(rig.left()) == 25


def test_what_cannot_be_deleted_is_told_as_being_in_both_queues() -> None:
    """And no more are sent, so that they are few."""
    rig = Rig(25)
    rig.box.fail("DeleteMessageBatch")
    report = rig.work(Sending.redrive)
    assert (len(report.doubled), len(report.untouched), report.done) == (10, 15, [])
    assert len(rig.box.main) == 10
    assert len(rig.left()) == 25
    assert rig.nothing_is_lost()


def test_a_delete_that_is_refused_once_is_tried_again() -> None:
    """SQS sometimes refuses one of a batch; asked again, it does it."""
    rig = Rig(3)
    rig.box.refuse("DeleteMessageBatch", rig.ids[1], times=2)
    report = rig.work(Sending.redrive)
    assert (len(report.done), report.has_failed) == (3, False)
    assert rig.left() == set()


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_a_crash_between_send_and_delete_loses_nothing(nth: int) -> None:
    """A repeat then sends at most one request's letters twice."""
    rig = Rig(25)
    rig.box.on_sent = lambda: _crash_at(rig, nth)
    with pytest.raises(KeyboardInterrupt):
        rig.work(Sending.redrive)
    assert rig.nothing_is_lost()
    assert rig.box.hidden_now() == 0
    rig.box.on_sent = lambda: None
    with Walk(rig.box, Pulse(rig.clock), FakeTelemetry()) as walk:
        left = list(walk.letters(1000, 25))
        report = Sending(walk, rig.box, lambda: False, lambda _: None).redrive(left)
    assert not report.has_failed
    assert rig.left() == set()
    assert rig.nothing_is_lost()
    assert len(rig.box.main) - 25 <= 10


def _crash_at(rig: Rig, nth: int) -> None:
    if rig.box.requests["SendMessageBatch"] == nth:
        raise KeyboardInterrupt


def test_whoever_asks_for_the_end_gets_it_between_two_requests() -> None:
    """What is not tried stays, and is visible at once."""
    rig = Rig(25, stop_after=1)
    report = rig.work(Sending.redrive)
    assert (len(report.done), len(report.untouched), report.has_failed) == (10, 15, False)
    assert len(rig.left()) == 15
    assert rig.box.hidden_now() == 0


def test_work_that_takes_long_keeps_its_hold() -> None:
    """Nobody else receives a letter that is about to be sent."""
    rig = Rig(40)
    rig.box.on_sent = lambda: rig.clock.advance(HIDDEN_SECONDS * 0.45)
    report = rig.work(Sending.redrive)
    assert len(report.done) == 40
    assert rig.left() == set()


def _others_redrive(rig: Rig) -> None:
    """Stand still for longer than letters are hidden, while somebody else sends them all back."""
    if rig.box.requests["SendMessageBatch"] == 1:
        rig.clock.advance(HIDDEN_SECONDS + 1)
        with Walk(rig.box, Pulse(rig.clock), FakeTelemetry()) as walk:
            letters = list(walk.letters(1000, rig.count))
            Sending(walk, rig.box, lambda: False, lambda _: None).redrive(letters)


def test_what_others_may_have_meanwhile_is_not_sent() -> None:
    """A process that was stopped in its first request sends that one's letters twice, says so, and sends no others."""
    rig = Rig(30)
    rig.box.on_sent = lambda: _others_redrive(rig)
    report = rig.work(Sending.redrive)
    assert len(rig.box.main) == 40
    assert (len(report.lapsed), len(report.late), report.has_failed) == (20, 10, True)
    assert {*bodies(report.lapsed), *bodies(report.late)} == {str(number) for number in range(30)}


def test_what_others_may_have_meanwhile_is_not_dropped() -> None:
    """SQS says yes to a delete of what somebody else holds, and may keep it."""
    rig = Rig(12)
    with Walk(rig.box, Pulse(rig.clock), FakeTelemetry()) as walk:
        letters = list(walk.letters(1000, 12))
        rig.clock.advance(HIDDEN_SECONDS)
        report = Sending(walk, rig.box, rig.is_stopped, rig.advanced.append).drop(letters)
    assert (len(report.lapsed), report.done, report.has_failed) == (12, [], True)
    assert rig.box.requests["DeleteMessageBatch"] == 0


def test_a_clock_that_stood_still_does_not_send_what_others_have() -> None:
    """A machine that slept may not know for how long: SQS does."""
    rig = Rig(12)
    with Walk(rig.box, Pulse(rig.clock), FakeTelemetry()) as walk:
        letters = list(walk.letters(1000, 12))
        for message_id in rig.ids[:5]:
            rig.box.repeat(message_id)
        assert len(rig.box.take()) == 5
        report = Sending(walk, rig.box, rig.is_stopped, rig.advanced.append).redrive(letters)
    assert (len(report.lapsed), len(report.done), len(rig.box.main)) == (5, 7, 7)


def test_to_drop_is_to_delete_and_to_send_nothing() -> None:
    """What cannot be deleted stays, and is told."""
    rig = Rig(12)
    rig.box.refuse("DeleteMessageBatch", rig.ids[5], times=100)
    report = rig.work(Sending.drop)
    assert rig.box.main == []
    assert [failed.letter.delivery.body for failed in report.kept] == ["5"]
    assert sorted(bodies(report.done), key=int) == [str(number) for number in range(12) if number != 5]
    assert rig.left() == {"5"}
    assert rig.box.hidden_now() == 0


def test_a_drop_that_is_not_answered_ends_the_work() -> None:
    """The next would fare no better."""
    rig = Rig(25)
    rig.box.fail("DeleteMessageBatch")
    report = rig.work(Sending.drop)
    assert (len(report.kept), len(report.untouched)) == (10, 15)
    assert report.error is not None
