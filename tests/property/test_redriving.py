"""Whatever SQS refuses or leaves unanswered, and wherever a redrive ends: no dead letter is lost, none stays hidden."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.letters.sending import Report, Sending
from agent.letters.walk import HIDDEN_SECONDS, Walk
from agent.model import BATCH
from agent.pulse import Pulse
from tests.support.clock import FakeClock
from tests.support.letterbox import FakeLetterbox
from tests.support.telemetry import FakeTelemetry

_OPERATIONS = ("ReceiveMessage", "SendMessageBatch", "DeleteMessageBatch", "ChangeMessageVisibilityBatch")


@dataclass(frozen=True, slots=True)
class Trouble:
    """What one redrive meets. The numbers are of messages, or of requests that send; in `throttled`, how often, and of
    which message, where it is not the whole request.
    """

    refused: tuple[tuple[str, int], ...] = ()
    throttled: tuple[tuple[str, int, int | None], ...] = ()
    unanswered: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    repeated: int | None = None
    killed_at: int | None = None
    stopped_at: int | None = None
    slow_seconds: int = 0


_TROUBLES = st.builds(
    Trouble,
    refused=st.lists(st.tuples(st.sampled_from(_OPERATIONS[1:]), st.integers(0, 30)), max_size=4).map(tuple),
    throttled=st.lists(
        st.tuples(st.sampled_from(_OPERATIONS[1:]), st.integers(1, 12), st.none() | st.integers(0, 30)), max_size=3
    ).map(tuple),
    unanswered=st.lists(st.sampled_from(_OPERATIONS), max_size=1).map(tuple),
    denied=st.lists(st.sampled_from(_OPERATIONS[2:]), max_size=1).map(tuple),
    repeated=st.none() | st.integers(0, 30),
    killed_at=st.none() | st.integers(1, 4),
    stopped_at=st.none() | st.integers(1, 8),
    slow_seconds=st.sampled_from([0, 0, HIDDEN_SECONDS // 2, 2 * HIDDEN_SECONDS]),
)


class Killed(BaseException):
    """Nothing catches it."""


class Rig:
    """A dead-letter queue with so many letters, whose bodies are their numbers."""

    def __init__(self, count: int) -> None:
        self.clock = FakeClock()
        self.box = FakeLetterbox(self.clock, visibility=HIDDEN_SECONDS)
        self.ids = [self.box.put(str(number)) for number in range(count)]
        self.bodies = {str(number) for number in range(count)}

    def redrive(self, trouble: Trouble) -> Report | None:
        """Redrive all, with this trouble; None if it did not come to its end."""
        self._arrange(trouble)
        asked = Counter[str]()

        def is_stopped() -> bool:
            asked["stop"] += 1
            return trouble.stopped_at is not None and asked["stop"] >= trouble.stopped_at

        def sent() -> None:
            asked["send"] += 1
            self.clock.advance(trouble.slow_seconds)
            if asked["send"] == trouble.killed_at:
                raise Killed

        self.box.on_sent = sent
        try:
            with Walk(self.box, Pulse(self.clock), FakeTelemetry(), is_stopped) as walk:
                letters = list(walk.letters(1000, len(self.ids)))
                if trouble.repeated is not None and letters:
                    self.box.repeat(letters[trouble.repeated % len(letters)].delivery.message_id)
                return Sending(walk, self.box, is_stopped, lambda _: None).redrive(letters)
        except Exception:  # noqa: BLE001 - SQS did not answer a receive
            return None
        except Killed:
            return None
        finally:
            self.box.mend()

    def _arrange(self, trouble: Trouble) -> None:
        for operation, number in trouble.refused:
            if self.ids:
                self.box.refuse(operation, self.ids[number % len(self.ids)], times=2)
        for operation, times, which in trouble.throttled:
            if self.ids:
                self.box.throttle(operation, times, "" if which is None else self.ids[which % len(self.ids)])
        for operation in trouble.unanswered:
            self.box.fail(operation)
        for operation in trouble.denied:
            self.box.deny(operation)

    def left(self) -> list[str]:
        """What the dead-letter queue holds."""
        return [message.body for message in self.box.messages.values()]


@given(count=st.integers(0, 31), troubles=st.lists(_TROUBLES, max_size=4))
def test_no_letter_is_lost_and_few_come_twice(count: int, troubles: list[Trouble]) -> None:
    """After each redrive every letter is in one of the queues, and what was not tried or kept is told; at the end one
    without trouble finishes the work.
    """
    rig = Rig(count)
    for trouble in troubles:
        before, sent_before = set(rig.left()), len(rig.box.main)
        report = rig.redrive(trouble)
        assert set(rig.left()) | set(rig.box.main) == rig.bodies
        if report:
            told = [*report.done, *report.untouched, *report.lapsed]
            told += [failed.letter for failed in (*report.kept, *report.doubled)]
            assert len({letter.delivery.message_id for letter in told}) == len(told)
            assert before - set(rig.left()) == {letter.delivery.body for letter in report.done}
            assert len(rig.box.main) - sent_before == len(report.done) + len(report.doubled)
            assert len(report.doubled) <= BATCH
        rig.clock.advance(HIDDEN_SECONDS)
        assert rig.box.hidden_now() == 0
    report = rig.redrive(Trouble())
    assert report is not None
    assert not report.has_failed
    assert rig.left() == []
    assert set(rig.box.main) == rig.bodies
    assert len(rig.box.main) <= count + BATCH * len(troubles)


@pytest.mark.parametrize("operation", _OPERATIONS)
def test_each_request_can_go_unanswered(operation: str) -> None:
    """Then the letters are where they were, or in both queues, and visible within half a minute."""
    rig = Rig(25)
    report = rig.redrive(Trouble(unanswered=(operation,)))
    assert len(rig.left()) == (0 if operation == "ChangeMessageVisibilityBatch" else 25)
    assert (report is None) == (operation == "ReceiveMessage")
    rig.clock.advance(HIDDEN_SECONDS)
    assert rig.box.hidden_now() == 0
