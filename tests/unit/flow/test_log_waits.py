"""A log that does not answer at once, or does not want to be asked."""

from __future__ import annotations

import threading

import pytest

from agent.errors import AwsError, DependencyError, DrainedError
from agent.flow.log_waits import LogWaits
from agent.pulse import Pulse
from tests.support.clock import FakeClock
from tests.support.telemetry import FakeTelemetry


class Rig:
    """What asks, on a clock that is told."""

    def __init__(self) -> None:
        self.clock, self.telemetry, self.halt = FakeClock(), FakeTelemetry(), threading.Event()
        self.failures: list[BaseException] = []
        self.waits = LogWaits(
            telemetry=self.telemetry,
            pulse=Pulse(self.clock),
            halt=self.halt,
            random=lambda: 1.0,
            failed=self.failures.append,
        )
        self.pacer = self.waits.pacer(2)

    def ask(self, *answers: AwsError | str) -> str:
        """What comes of these answers, one after the other."""
        left = list(answers)

        def answer() -> str:
            one = left.pop(0)
            if isinstance(one, AwsError):
                raise one
            return one

        return self.waits.until_answered("log us-west-2", self.pacer, answer, "allow it")


def test_what_may_pass_is_waited_for_and_told() -> None:
    """Longer each time, up to half a minute."""
    rig = Rig()
    assert rig.ask(*[AwsError("throttled", "slow down")] * 7, "found") == "found"
    assert rig.clock.elapsed == pytest.approx(1 + 2 + 4 + 8 + 16 + 30 + 30)
    assert rig.telemetry.named("gate_closed")[0] == ("log us-west-2",)
    assert rig.telemetry.count("gate_opened") == 1
    assert rig.failures == []


def test_a_refusal_ends_the_replay_and_says_what_to_do() -> None:
    """Nobody waits for a permission without a word."""
    rig = Rig()
    with pytest.raises(DependencyError, match="log us-west-2: AccessDenied; allow it"):
        rig.ask(AwsError("denied", "AccessDenied"), "found")
    assert len(rig.failures) == 1


def test_a_stop_ends_the_wait() -> None:
    """Nothing is asked any more."""
    rig = Rig()
    rig.clock.at(3.0, rig.halt.set)
    with pytest.raises(DrainedError):
        rig.ask(*[AwsError("unavailable", "503")] * 9)
    assert rig.clock.elapsed == 3.0
