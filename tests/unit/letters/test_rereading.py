"""What would become of a dead letter now, as the daemon's own reading says."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from agent.aws.store_policy import REFUSED, StoreError
from agent.letters.rereading import Prospect, Rereading
from agent.letters.told import ToldLetter
from agent.model import Letter, ObjectRef
from agent.pulse import Pulse
from tests.support.clock import FakeClock
from tests.support.events import event, noise
from tests.support.messages import delivery, notification
from tests.support.objects import BUCKET, ref, trail_key, trail_object
from tests.support.queue import DEAD_LETTER_URL
from tests.support.settings import settings
from tests.support.store import FakeStore, denied, missing, unavailable
from tests.support.telemetry import FakeTelemetry

GOOD = trail_object(event("a"), event("b"), noise("n"))


@dataclass
class Rig:
    """A store, and what reads letters again from it."""

    store: FakeStore = field(default_factory=FakeStore)
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        chosen = settings(TRAIL_AGENT_BUCKETS=BUCKET)
        self.rereading = Rereading(chosen, self.store, DEAD_LETTER_URL, FakeTelemetry(), Pulse(self.clock))

    def put(self, name: str, body: bytes = GOOD) -> ObjectRef:
        """Write an object."""
        self.store.put(ref(name), body)
        return ref(name)

    def prospects(self, body: str, reason: str = "object_missing") -> list[Prospect]:
        """What would become of a letter with this text."""
        letter = Letter(delivery(body=body), {"reason": reason, "detail": "because"})
        return self.rereading.prospects(ToldLetter.of(letter))

    def only(self, body: str, reason: str = "object_missing") -> Prospect:
        """The same, where it is one thing."""
        (one,) = self.prospects(body, reason)
        return one


def test_an_object_that_is_sound_now_would_be_delivered() -> None:
    """With its selected events, and how many are not."""
    rig = Rig()
    one = rig.only(notification(rig.put("here")))
    assert one == Prospect(is_good=True, says="it would be delivered: 2 events; 1 other not selected")


@pytest.mark.parametrize("reason", ["sink_rejected", "sink_too_old"])
def test_what_the_sink_refused_only_the_sink_can_say(reason: str) -> None:
    """To read it again proves nothing about that."""
    rig = Rig()
    one = rig.only(notification(rig.put("here")), reason)
    assert "reading it finds 2 events" in one.says
    assert "whether the sink takes them" in one.says


def test_an_object_that_is_missing_would_be_a_dead_letter_again() -> None:
    """At the fourth receive, as the daemon decides; with the advice for it."""
    rig = Rig()
    one = rig.only(notification(ref("gone")))
    assert not one.is_good
    assert one.says.startswith("it would be a dead letter again: object_missing: S3 has no such object")
    assert "lifecycle rule" in one.to_do


@pytest.mark.parametrize(
    ("body", "reason"),
    [("{broken", "notification_unknown"), (notification(ObjectRef("elsewhere", trail_key("a"))), "not_allowed")],
)
def test_what_names_nothing_to_read_is_decided_without_s3(body: str, reason: str) -> None:
    """No object is asked for."""
    rig = Rig()
    assert rig.only(body).says.startswith(f"it would be a dead letter again: {reason}: ")
    assert rig.store.requests == []


def test_a_damaged_object_would_be_a_dead_letter_again() -> None:
    """Read as often as the daemon reads it."""
    rig = Rig()
    assert "object_corrupt" in rig.only(notification(rig.put("bad", GOOD[:-9]))).says


def test_of_several_objects_each_is_told() -> None:
    """The good one would be delivered, and the message would be a dead letter for the bad one."""
    rig = Rig()
    good, bad = rig.prospects(notification(rig.put("here"), ref("gone")))
    assert (good.is_good, bad.is_good) == (True, False)
    assert "object_missing" in bad.says


def test_a_bucket_at_fault_is_told_and_not_waited_for() -> None:
    """The daemon would wait for it; whoever asks here wants to know that."""
    rig = Rig()
    here = rig.put("here")
    rig.store.bucket_trouble(BUCKET, denied())
    one = rig.only(notification(here))
    assert not one.is_good
    assert one.says == "the agent would wait (bucket denied): S3 refused the read (AccessDenied)"
    assert "s3:GetObject" in one.to_do
    assert rig.clock.elapsed < 5


def test_a_store_that_does_not_answer_is_told_after_its_tries() -> None:
    """Within seconds, though the daemon would wait for hours."""
    rig = Rig()
    here = rig.put("here")
    rig.store.bucket_trouble(BUCKET, unavailable())
    assert rig.only(notification(here)).says.startswith("the agent would wait (bucket unavailable)")
    assert rig.clock.elapsed < 5


def test_what_takes_several_receives_to_decide_is_read_several_times() -> None:
    """S3 cannot serve this read: at the first receive, that may be the whole bucket's fault."""
    rig = Rig()
    here = rig.put("here")
    rig.store.trouble(here, *[StoreError(REFUSED, "S3 cannot serve this read (InvalidRequest)", answer="400")] * 9)
    assert rig.only(notification(here)).says.startswith("it would be a dead letter again: object_unreadable: ")


def test_what_stays_undecided_would_come_again() -> None:
    """Until SQS moves the message here by itself: what S3 never gives whole is no dead letter of the agent."""
    rig = Rig()
    rig.put("other")
    rig.only(notification(ref("other")))
    here = rig.put("here")
    rig.store.trouble(here, *[unavailable()] * 99)
    one = rig.only(notification(here))
    assert not one.is_good
    assert one.says.startswith("it would come again and again, until SQS moves it here: store_unavailable")


def test_what_holds_nothing_for_the_agent_would_be_deleted() -> None:
    """A test message, a digest file, events of other services: each says why."""
    rig = Rig()
    assert rig.only('{"Service": "Amazon S3", "Event": "s3:TestEvent"}') == Prospect(
        is_good=True, says="it would be deleted: it holds nothing for the agent (test_event)"
    )
    noisy = rig.put("noise", trail_object(noise("1"), noise("2")))
    assert "none of its 2 events is selected" in rig.only(notification(noisy)).says
    assert "its objects have no events" in rig.only(notification(rig.put("empty", trail_object()))).says


def test_two_letters_can_be_read_one_after_the_other() -> None:
    """What was met with the first says nothing of the second."""
    rig = Rig()
    here = rig.put("here")
    rig.store.trouble(here, missing())
    assert not rig.only(notification(here)).is_good
    assert rig.only(notification(here)).is_good
