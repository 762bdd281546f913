"""Listings that do not come at once."""

from __future__ import annotations

import threading

import pytest

from agent.aws import store_policy
from agent.aws.store_policy import StoreError
from agent.errors import DrainedError
from agent.pulse import Pulse
from agent.replay.retrying import Retrying
from tests.support.clock import FakeClock
from tests.support.objects import BUCKET
from tests.support.store import denied, unavailable
from tests.support.telemetry import FakeTelemetry


class Rig:
    """What asks, on a clock that is told."""

    def __init__(self) -> None:
        self.clock, self.telemetry, self.halt = FakeClock(), FakeTelemetry(), threading.Event()
        self.retrying = Retrying(telemetry=self.telemetry, pulse=Pulse(self.clock), halt=self.halt, random=lambda: 1.0)

    def ask(self, *answers: StoreError | str, is_patient: bool = False) -> str:
        """What comes of these answers, one after the other."""
        left = list(answers)

        def answer() -> str:
            one = left.pop(0)
            if isinstance(one, StoreError):
                raise one
            return one

        return self.retrying.until_answered(BUCKET, answer, is_patient=is_patient)


def test_what_may_pass_is_waited_for_and_told() -> None:
    """Longer each time, up to half a minute."""
    rig = Rig()
    assert rig.ask(*[unavailable()] * 8, "found") == "found"
    assert rig.clock.waits[0] == 0.5
    assert rig.clock.elapsed == pytest.approx(0.5 + 1 + 2 + 4 + 8 + 16 + 30 + 30)
    assert rig.telemetry.named("gate_closed")[0] == (f"listing of bucket {BUCKET}",)
    assert rig.telemetry.count("gate_opened") == 1


def test_a_refusal_ends_what_has_not_begun() -> None:
    """Whoever waits at the terminal hears of it at once; later, credentials may come back."""
    rig = Rig()
    with pytest.raises(StoreError):
        rig.ask(denied(), "found")
    assert rig.ask(denied(), "found", is_patient=True) == "found"


def test_answers_that_cannot_be_read_end_it_after_a_minute() -> None:
    """A proxy may be at fault for a while; what answers so for ever is no S3. Another answer begins anew."""
    odd = StoreError(store_policy.UNREADABLE, "S3's answer cannot be read (a part without Key)")
    rig = Rig()
    assert rig.ask(*[odd] * 7, denied(), *[odd] * 7, "found", is_patient=True) == "found"
    rig = Rig()
    with pytest.raises(StoreError, match="without Key"):
        rig.ask(*[odd] * 8, "found", is_patient=True)
    assert 30 < rig.clock.elapsed < 90


def test_a_stop_ends_the_wait() -> None:
    """Nothing is listed any more."""
    rig = Rig()
    rig.clock.at(3.0, rig.halt.set)
    with pytest.raises(DrainedError):
        rig.ask(*[unavailable()] * 99)
