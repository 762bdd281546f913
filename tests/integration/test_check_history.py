"""`trail-agent check --online` without a trail: Event history is looked at, and no word is about a queue."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from agent.checks.finding import Check
from agent.checks.lineup import Lineup
from agent.history.place_file import PlaceFile
from agent.pulse import SystemClock
from agent.settings import load
from tests.support import iam_policy
from tests.support.events import ACCOUNT, event
from tests.support.history_service import HistoryAws
from tests.support.otlp_receiver import HttpReceiver
from tests.support.recorded_aws import RecordedAws
from tests.support.troubled_aws import Refusal, TroubledAws

REGIONS = ("us-west-2", "eu-west-1")
OWNER = "111122223333"


@dataclass
class Place:
    """Where the agent runs: with a sound sink, and credentials."""

    sink: HttpReceiver
    folder: Path

    def before(self, aws: RecordedAws) -> Scene:
        """With this AWS."""
        return Scene(self, aws.url)


@dataclass
class Scene:
    """A place, and an AWS without a trail."""

    place: Place
    url: str
    has_checkpoint: bool = True

    def checks(self) -> Sequence[Check]:
        """What the checks say now."""
        path = self.place.folder / "agent.yaml"
        plain: dict[str, object] = {
            "event_history": {
                "regions": list(REGIONS),
                "checkpoint_file": str(self.place.folder / "checkpoint") if self.has_checkpoint else None,
            },
            "otlp": {"endpoint": self.place.sink.url},
            "aws": {"endpoint_url": self.url},
        }
        path.write_text(yaml.safe_dump(plain), encoding="utf-8")
        return [*Lineup(load(path, {}), 5.0, SystemClock()).examine()]

    def of_history(self) -> dict[str, Check]:
        """What is said of each region."""
        return {check.on: check for check in self.checks() if check.id == "event_history"}

    def of_checkpoint(self) -> Check:
        """What is said of the file."""
        (one,) = [check for check in self.checks() if check.id == "event_history.checkpoint"]
        return one


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """The sink takes everything."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with HttpReceiver() as receiver:
        yield Place(receiver, tmp_path)


@pytest.fixture
def aws() -> Iterator[TroubledAws]:
    """It answers nothing by itself but who asks."""
    with TroubledAws.before("http://127.0.0.1:9", {}) as troubled:
        troubled.answer("cloudtrail:LookupEvents", json.dumps({"Events": []}))
        yield troubled


def test_each_region_has_a_line_and_the_queue_has_none(place: Place) -> None:
    """The age of the newest event tells whether it is the right account; nothing is asked but one event of each."""
    with HistoryAws.before("http://127.0.0.1:9", {}) as history:
        moment = datetime.now(UTC) - timedelta(minutes=5)
        history.service.put({**event("one"), "eventTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}, region="us-west-2")
        checks = place.before(history).checks()
        assert sorted(region for region, _ in history.service.asked) == sorted(REGIONS)
        assert [question for _, question in history.service.asked] == [{"MaxResults": 1}] * 2
    assert {check.id for check in checks if check.status.mark == "✗"} == set()
    told = [(check.id, check.on, check.what) for check in checks if check.id in {"credentials", "event_history"}]
    assert told == [
        ("credentials", "", f"AWS is asked as arn:aws:iam::{ACCOUNT}:user/operator"),
        ("event_history", "us-west-2", f"can be asked in account {ACCOUNT}; its newest event is 5 min old"),
        ("event_history", "eu-west-1", f"can be asked in account {ACCOUNT}; it holds nothing"),
    ]
    assert {check.id.partition(".")[0] for check in checks} == {"credentials", "event_history", "sink", "clock"}


@pytest.mark.parametrize(
    ("refusal", "mark", "says"),
    [
        (Refusal("AccessDeniedException", 400), "✗", "Allow cloudtrail:LookupEvents to the agent's role"),
        (Refusal("UnrecognizedClientException", 400), "✗", "take it out of event_history.regions"),
        (Refusal("ThrottlingException", 400), "!", "share two requests a second"),
        (Refusal("InternalFailure", 500), "✗", "does not answer: InternalFailure"),
    ],
)
def test_a_region_that_refuses_is_named_and_the_other_is_sound(
    aws: TroubledAws, place: Place, refusal: Refusal, mark: str, says: str
) -> None:
    """Each refusal with what to do."""
    aws.refuse("cloudtrail:LookupEvents", refusal, lambda one: "/eu-west-1/" in one.headers["Authorization"])
    told = place.before(aws).of_history()
    assert (told["us-west-2"].status.mark, told["eu-west-1"].status.mark) == ("✓", mark)
    assert says in f"{told['eu-west-1'].what}. {told['eu-west-1'].fix}"


def test_the_agents_policy_is_enough(aws: TroubledAws, place: Place) -> None:
    """The one for this is apart from that of queue and buckets, and either is of no use to the other."""
    scene = place.before(aws)
    aws.allowed = iam_policy.read("agent-event-history.json")
    assert {check.id for check in scene.checks() if check.status.mark == "✗"} == set()
    aws.allowed = iam_policy.read("agent.json")
    assert {check.status.mark for check in scene.of_history().values()} == {"✗"}


def test_what_is_not_cloudtrail_is_named(aws: TroubledAws, place: Place) -> None:
    """A proxy or an emulator that answers anything with success."""
    aws.answer("cloudtrail:LookupEvents", "{}")
    assert {check.what for check in place.before(aws).of_history().values()} == {"what answers is not CloudTrail"}


def test_nothing_is_asked_without_credentials(aws: TroubledAws, place: Place) -> None:
    """Each region says why."""
    aws.refuse("sts:GetCallerIdentity", Refusal("ExpiredToken"))
    told = place.before(aws).of_history()
    assert {check.what for check in told.values()} == {"not checked, because AWS takes no credentials of the agent"}
    assert [call.action for call in aws.calls] == ["sts:GetCallerIdentity"]


def test_an_account_that_is_not_told_is_not_named(aws: TroubledAws, place: Place) -> None:
    """STS may be out of reach where CloudTrail is not."""
    aws.refuse("sts:GetCallerIdentity", Refusal("AccessDenied"))
    told = place.before(aws).of_history()
    assert {check.what for check in told.values()} == {
        "can be asked in account (STS does not tell which); it holds nothing"
    }


def test_the_checkpoint_says_where_the_agent_goes_on(aws: TroubledAws, place: Place) -> None:
    """First nothing is known; then the region counts that is furthest behind."""
    scene, file = place.before(aws), place.folder / "checkpoint"
    fresh = scene.of_checkpoint()
    assert (fresh.status.mark, fresh.what) == (
        "✓",
        "nothing is known of us-west-2, eu-west-1 yet; the agent begins there 30 min before its start",
    )
    assert not file.exists()
    kept = PlaceFile(file)
    kept.open(lambda: OWNER)
    for region, hours in zip(REGIONS, (1, 3), strict=True):
        kept.begin(region, int(time.time()) - hours * 3600 - 60)
    kept.keep()
    written = file.read_bytes()
    told = scene.of_checkpoint()
    assert (told.status.mark, told.what) == ("✓", "all that happened up to 3 h ago is shipped; the agent goes on there")
    assert file.read_bytes() == written
    kept.close()


@pytest.mark.parametrize(("days", "mark"), [(89, "✓"), (100, "!")])
def test_what_event_history_no_longer_has_is_told(aws: TroubledAws, place: Place, days: int, mark: str) -> None:
    """It keeps 90 days: a checkpoint may be older."""
    kept = PlaceFile(place.folder / "checkpoint")
    kept.open(lambda: OWNER)
    for region in REGIONS:
        kept.begin(region, int(time.time()) - days * 86400)
    kept.keep()
    kept.close()
    told = place.before(aws).of_checkpoint()
    assert told.status.mark == mark
    if mark == "!":
        since = datetime.now(UTC) - timedelta(days=100)
        assert "of 10 days nothing is left in it" in told.what
        assert f"`trail-agent replay --since {since:%Y-%m-%d}T" in told.fix


@pytest.mark.parametrize(("disk", "words"), [((0, 0), "is full"), ((9, os.ST_RDONLY), "is read-only")])
def test_a_checkpoint_that_cannot_be_written_is_named(
    aws: TroubledAws, place: Place, monkeypatch: pytest.MonkeyPatch, disk: tuple[int, int], words: str
) -> None:
    """What it says is true so far; a restart would ship again what is shipped from now on."""
    kept = PlaceFile(place.folder / "checkpoint")
    kept.open(lambda: OWNER)
    for region in REGIONS:
        kept.begin(region, int(time.time()) - 3600)
    kept.keep()
    kept.close()
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=disk[0], f_flag=disk[1]))
    told = place.before(aws).of_checkpoint()
    assert told.status.mark == "!"
    assert words in told.what
    assert "shipped again after a restart" in told.what


def test_a_checkpoint_that_the_agent_would_not_use_is_named(aws: TroubledAws, place: Place) -> None:
    """Of another account, or damaged; and where STS does not tell the account, nothing is claimed."""
    scene, file = place.before(aws), place.folder / "checkpoint"
    kept = PlaceFile(file)
    kept.open(lambda: "444455556666")
    kept.keep()
    kept.close()
    of_another = scene.of_checkpoint()
    assert of_another.status.mark == "✗"
    assert "is of account 444455556666, and the credentials are of 111122223333" in of_another.what
    assert of_another.fix == "Until then the agent asks for no Event history."
    file.write_text("{", encoding="utf-8")
    damaged = scene.of_checkpoint()
    assert "is no checkpoint of Event history, or is damaged" in damaged.what
    assert damaged.fix == "Until then the agent does not start: it ends with exit code 78."
    aws.refuse("sts:GetCallerIdentity", Refusal("AccessDenied"))
    assert "is no checkpoint of Event history, or is damaged" in scene.of_checkpoint().what
    file.unlink()
    untold = scene.of_checkpoint()
    assert (untold.status.mark, untold.what.startswith("not checked, because STS")) == ("!", True)


def test_a_checkpoint_ahead_of_the_clock_is_named(aws: TroubledAws, place: Place) -> None:
    """With what the agent makes of it."""
    kept = PlaceFile(place.folder / "checkpoint")
    kept.open(lambda: OWNER)
    kept.begin(REGIONS[1], int(time.time()) + 3600)
    kept.keep()
    kept.close()
    told = place.before(aws).of_checkpoint()
    assert told.status.mark == "!"
    assert told.what.startswith("its place of eu-west-1 is ahead of this clock")
    assert "the agent goes on 30 min back" in told.what


@pytest.mark.parametrize(
    ("ahead", "mark", "says"), [(-7200.0, "✗", "ahead of"), (7200.0, "✗", "behind"), (0.0, "✓", "")]
)
def test_a_clock_that_is_wrong_is_named_without_a_queue(
    aws: TroubledAws, place: Place, ahead: float, mark: str, says: str
) -> None:
    """Also where AWS refuses everything because of it: a refusal has a date, too."""
    scene = place.before(aws)
    aws.ahead = ahead
    for refused in (False, True):
        if refused:
            aws.refuse("sts:GetCallerIdentity", Refusal("SignatureDoesNotMatch", 403))
        (told,) = [check for check in scene.checks() if check.id == "clock.aws"]
        assert told.status.mark == mark
        assert says in told.what


def test_without_a_checkpoint_what_is_missed_is_told(aws: TroubledAws, place: Place) -> None:
    """It is no fault, but nobody should find it out later."""
    scene = place.before(aws)
    scene.has_checkpoint = False
    told = scene.of_checkpoint()
    assert (told.status.mark, told.what) == (
        "!",
        "nothing is remembered over restarts: what happens while the agent is down for more than 30 min is missed",
    )
