"""`trail-agent replay --from event-logs`: a space's own log is shipped, by a process of its own, over HTTP and TLS."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.demo.environment import isolated
from tests.support.clock import eventually
from tests.support.commands import Ended
from tests.support.private_ca import PrivateCa, make_private_ca
from tests.support.spaces import NOON, SPACE, TOKEN, Spaces, item, items, serving

DAY = timedelta(days=1)
SPAN = ("--since", "2026-10-05", "--until", "2026-10-08")
_FROM_HERE = {"PYTHONPATH": str(Path(__file__).parents[2])}


@dataclass
class Rig:
    """The service with forty items of three days, and the command that reads them into files."""

    spaces: Spaces
    ca: PrivateCa
    folder: Path

    def run(self, *arguments: str, token: str = TOKEN) -> Ended:
        """`trail-agent replay --from event-logs`, to its end."""
        with self.start(*arguments, token=token) as process:
            out, err = process.communicate(timeout=60)
        return Ended(process.returncode, out, err)

    def start(self, *arguments: str, token: str = TOKEN) -> subprocess.Popen[str]:
        """The same, under way."""
        variables = {
            "AWS_CA_BUNDLE": str(self.ca.ca_file),
            "AWS_ENDPOINT_URL_CODECATALYST": self.spaces.url,
            **({"AWS_BEARER_TOKEN_CODECATALYST": token} if token else {}),
        }
        return subprocess.Popen(
            [sys.executable, "-m", "agent", "replay", "--from", "event-logs", *arguments],
            env={**isolated(), **_FROM_HERE, **variables},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def all_of_it(self) -> Sequence[str]:
        """The arguments for the whole space, into files, with a checkpoint."""
        to = ("--to", "jsonl", str(self.folder / "out"), "--checkpoint", str(self.folder / "checkpoint"))
        return ("--space", SPACE, *SPAN, *to)

    def arrived(self) -> Sequence[dict[str, object]]:
        """Every record in the files."""
        files = sorted((self.folder / "out").rglob("*.jsonl"))
        texts = [file.read_text(encoding="utf-8") for file in files]
        return [json.loads(line) for text in texts for line in text.splitlines(keepends=True) if line.endswith("\n")]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A service that gives pages of twenty."""
    ca = make_private_ca(tmp_path / "ca")
    with serving(Spaces({SPACE: items(40, NOON - DAY / 2, 3 * DAY / 40)}, largest=20), ca) as spaces:
        yield Rig(spaces, ca, tmp_path)


def test_a_space_is_shipped_once_and_in_order(rig: Rig) -> None:
    """Each event with a trail's attributes and its own JSON; the same command again finds nothing to do."""
    rig.spaces.failures = [(429, "ThrottlingException")]
    ended = rig.run(*rig.all_of_it)
    assert ended.code == 0, ended.err
    arrived = rig.arrived()
    assert [one["aws.cloudtrail.event_id"] for one in arrived] == [f"item-{number}" for number in range(40)]
    assert {one["rpc.method"] for one in arrived} == {"CreateProject"}
    assert [json.loads(str(one["body"])) for one in arrived] == rig.spaces.held[SPACE]
    again = rig.run(*rig.all_of_it)
    assert (again.code, len(rig.arrived())) == (0, 40), again.err


def test_a_replay_that_was_killed_goes_on(rig: Rig) -> None:
    """No event is missing, and none is there twice."""
    with rig.start(*rig.all_of_it) as process:
        eventually(rig.arrived, "the first records are written")
        process.kill()
    ended = rig.run(*rig.all_of_it)
    assert ended.code == 0, ended.err
    assert [one["aws.cloudtrail.event_id"] for one in rig.arrived()] == [f"item-{number}" for number in range(40)]


def test_a_clock_that_is_ahead_loses_no_event(rig: Rig) -> None:
    """The span ends by the clock of the service: what happens there later is found by the next run."""
    hour, now = DAY / 24, datetime.now(UTC)
    rig.spaces.held = {SPACE: [item(1, now - 2 * hour)]}
    rig.spaces.behind = hour
    arguments = ["--space", SPACE, "--since", "1d", *rig.all_of_it[-5:]]
    first = rig.run(*arguments)
    assert (first.code, len(rig.arrived())) == (0, 1), first.err
    assert "! the clock of this machine is ahead of that of the log: it is read up to " in first.out
    rig.spaces.held = {SPACE: [*rig.spaces.held[SPACE], item(2, now - 5 * hour / 6)]}
    rig.spaces.behind = hour / 4
    second = rig.run(*arguments)
    assert (second.code, len(rig.arrived())) == (0, 2), second.err


def test_a_span_that_is_not_over_by_the_clock_of_the_service_is_refused(rig: Rig) -> None:
    """Nothing of it is there for certain, and no checkpoint is made."""
    rig.spaces.behind = DAY
    ended = rig.run("--space", SPACE, "--since", "12h", *rig.all_of_it[-5:])
    assert (ended.code, "by the clock of the log it is " in ended.err) == (69, True), ended.err
    assert not (rig.folder / "checkpoint").exists()


def test_half_a_surrogate_pair_in_one_item_holds_up_nothing(rig: Rig) -> None:
    """The service writes it as JSON has it; the record has U+FFFD, and every other event is shipped."""
    lone = [item(100 + hour, NOON + hour * DAY / 24, userAgent="half \ud83d") for hour in range(3)]
    rig.spaces.held = {**rig.spaces.held, "Lone": lone}
    ended = rig.run("--space", "Lone", *rig.all_of_it)
    assert ended.code == 0, ended.err
    arrived = rig.arrived()
    assert len(arrived) == 43
    assert [one["user_agent.original"] for one in arrived].count("half \ufffd") == 3


def test_a_short_burst_does_not_make_a_replay_long(rig: Rig) -> None:
    """The newest events tell little of a month; a window is a day where the log has few events in all."""
    burst = items(300, NOON + 4 * DAY, timedelta(milliseconds=50))
    rig.spaces.held = {SPACE: [*rig.spaces.held[SPACE], *burst]}
    rig.spaces.largest = 250
    ended = rig.run("--space", SPACE, "--since", "2026-09-10", "--until", "2026-10-10", "--dry-run", "--json")
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["windows"] == 30
    assert len(rig.spaces.asked) == 3


def test_a_dry_run_reads_no_window(rig: Rig) -> None:
    """One look at the space, and what it would take."""
    ended = rig.run("--space", SPACE, *SPAN, "--dry-run")
    assert ended.code == 0, ended.err
    assert f"places    1 place: {SPACE}" in ended.out
    told = "! event-logs are promised for the last 30 days only: of what happened before "
    assert told in ended.err
    assert told in ended.out
    assert len(rig.spaces.asked) == 1


@pytest.mark.parametrize(
    ("arguments", "token", "code", "words"),
    [
        (["--space", SPACE], "", 69, "aws sso login"),
        (["--space", SPACE], "expired", 69, "the token is not valid"),
        (["--space", "another"], TOKEN, 69, "no such space"),
        (["--space", SPACE, "-c", "identity.yaml"], TOKEN, 2, "select.profiles and select.event_sources"),
        ([], TOKEN, 2, "--space"),
        (["--space", "x y"], TOKEN, 2, "--space"),
        (["--space", SPACE, "--region", "us-west-2"], TOKEN, 2, "--region"),
        (["--space", SPACE, "--prefix", "a"], TOKEN, 2, "--prefix"),
    ],
)
def test_what_keeps_it_from_being_read_is_said(
    rig: Rig, arguments: list[str], token: str, code: int, words: str
) -> None:
    """With what to do, before anything is shipped."""
    (rig.folder / "identity.yaml").write_text("select: {profiles: [identity]}", encoding="utf-8")
    ended = rig.run(*arguments, *SPAN, "--to", "jsonl", str(rig.folder / "out"), token=token)
    assert (ended.code, words in ended.err) == (code, True), ended.err
    assert rig.arrived() == []
