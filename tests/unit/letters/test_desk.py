"""Finding the messages that are meant, and what to do where SQS refuses."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from agent.connections import AwsConnections
from agent.errors import AwsError
from agent.letters.choosing import Choice
from agent.letters.desk import Desk, to_do_about
from agent.pulse import Pulse
from tests.support.clock import FakeClock
from tests.support.letterbox import OF_THE_AGENT, FakeLetterbox
from tests.support.settings import settings
from tests.support.telemetry import FakeTelemetry


@dataclass
class Rig:
    """A desk over a fake queue."""

    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.box = FakeLetterbox(self.clock)

    def find(self, choice: Choice, most: int = 1000) -> list[str]:
        """The bodies of what is found; they are held, and nothing else, when the search is over."""
        pulse, telemetry, chosen = Pulse(self.clock), FakeTelemetry(), settings()
        about = self.box.attributes(self.box.url)
        desk = Desk(chosen, self.box, about, pulse, telemetry, AwsConnections(chosen, telemetry, pulse))
        seen: list[int] = []
        with desk.walk(lambda: False) as walk:
            found = desk.find(walk, choice, most, seen.append)
            assert self.box.hidden_now() == len(found)
        assert self.box.hidden_now() == 0
        assert seen == list(range(1, len(seen) + 1))
        return [told.letter.delivery.body for told in found]


def test_the_oldest_comes_first() -> None:
    """Whatever the order in which SQS gives them."""
    rig = Rig()
    for number in range(12):
        rig.box.put(str(number))
        rig.clock.advance(60)
    rig.box.messages = dict(reversed(rig.box.messages.items()))
    assert rig.find(Choice()) == [str(number) for number in range(12)]


def test_what_is_not_meant_is_given_back_before_anything_is_done() -> None:
    """By reason and by age."""
    rig = Rig()
    rig.box.put("old")
    rig.clock.advance(7200)
    rig.box.put("new")
    rig.box.put("{broken", told={})
    assert rig.find(Choice(older_than=3600)) == ["old"]
    assert rig.find(Choice(newer_than=3600, reasons=("object_missing",))) == ["new"]
    assert rig.find(Choice(reasons=("notification_unknown",))) == ["{broken"]


def test_the_search_ends_with_a_whole_id() -> None:
    """No more messages are received than it takes to find it."""
    rig = Rig()
    ids = [rig.box.put(str(number), OF_THE_AGENT) for number in range(30)]
    whole = "0123abcd-1111-4111-8111-111111111111"
    message = rig.box.messages.pop(ids[4])
    message.message_id = whole
    rig.box.messages = {whole: message, **rig.box.messages}
    rig.box._told[whole] = rig.box._told[ids[4]]
    assert rig.find(Choice((whole,))) == ["4"]
    assert rig.box.requests["ReceiveMessage"] == 1
    assert rig.find(Choice((whole[:12],))) == ["4"]
    assert rig.box.requests["ReceiveMessage"] > 3


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("denied", "deploy/iam/operator.json"),
        ("missing", "queue.url"),
        ("no_credentials", "AWS_PROFILE"),
        ("throttled", "again"),
        ("unavailable", "aws.endpoint_url"),
        ("anything", "network"),
    ],
)
def test_each_way_to_fail_has_its_advice(kind: str, words: str) -> None:
    """One sentence for whoever ran the command."""
    assert words in to_do_about(AwsError(kind, "because"))
