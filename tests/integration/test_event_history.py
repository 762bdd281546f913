"""`trail-agent replay --from event-history` as a process of its own: no trail, no queue, no bucket."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.soak.replays import Rounds
from tests.support.clock import DEADLINE_SECONDS, eventually
from tests.support.commands import Ended
from tests.support.history import IN_REGIONS, REGIONS, AccountHistory, in_files, told
from tests.support.history_service import HistoryAws
from tests.support.otlp_receiver import HttpReceiver


class Account(AccountHistory):
    """An account without a trail, and what reads its history into a sink."""

    def run(self, *arguments: str, regions: tuple[str, ...] = IN_REGIONS, **settings: Any) -> Ended:
        """From beginning to end, of the time and the regions that are given."""
        return self.shell(**settings).run("replay", "--from", "event-history", *regions, *arguments)


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    """It has nothing but its history: whatever else is asked of it fails."""
    with HistoryAws.before("http://127.0.0.1:9", {}) as aws, HttpReceiver() as sink:
        yield Account(aws, tmp_path, sink)


def arrived(account: Account) -> dict[str, int]:
    """How often each event came."""
    counts: dict[str, int] = {}
    for record in (record for export in account.sink.exports for record in export.records):
        uid = str(record.attributes["log.record.uid"])
        counts[uid] = counts.get(uid, 0) + 1
    return counts


def test_history_without_a_trail_arrives_oldest_first(account: Account) -> None:
    """Each event once, of each region, with settings that name no queue and no bucket."""
    account.aws.service.repeats = True
    account.happen(70, hours_ago=30)
    ended = account.run("--since", "2d", "--json")
    assert ended.code == 0, ended.err
    report = told(ended)
    assert (report["result"], report["events_found"], report["events_shipped"]) == ("done", 140, 140)
    assert report["events_known_already"] == 0
    assert arrived(account) == dict.fromkeys(account.ids, 1)
    records = [record for export in account.sink.exports for record in export.records]
    for region in REGIONS:
        times = [one.time_unix_nano for one in records if f'"awsRegion":"{region}"' in one.body]
        assert times == sorted(times)
        assert len(times) == 70
    assert not any("log.file.path" in record.attributes for record in records)


def test_a_second_run_goes_on_where_the_first_ended(account: Account) -> None:
    """With a checkpoint, each event once over all runs: also what happened meanwhile."""
    again = ("--since", "3d", "--checkpoint", str(account.folder / "checkpoint"), "--json")
    account.happen(60, hours_ago=50)
    first = account.run(*again)
    asked = len(account.aws.service.asked)
    account.happen(3, hours_ago=0.52)
    second = account.run(*again)
    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert "events of the last 30 minutes: they are left to a later run, from 20" in first.err
    counts = arrived(account)
    assert set(counts.values()) == {1}
    assert {one for one in account.ids if "-50-" in one} <= counts.keys()
    assert len(account.aws.service.asked) - asked <= 2 * 2 * len(REGIONS)


def test_a_checkpoint_is_for_one_account(account: Account) -> None:
    """The history of another account in the same region is another one: nothing of it may pass for shipped."""
    again = ("--since", "2d", "--checkpoint", str(account.folder / "checkpoint"))
    assert account.run(*again).code == 0
    account.aws.owner = "444455556666"
    ended = account.run(*again)
    assert ended.code == 2
    assert "accounts: 111122223333 in the checkpoint, 444455556666 now" in ended.err


@pytest.mark.parametrize("to_files", [False, True])
def test_whatever_ends_it_nothing_is_missing(account: Account, to_files: bool) -> None:
    """Ended at any moment and run again: every event is there, in files once, and few came twice to the sink."""
    history = AccountHistory(account.aws, account.folder, account.sink)
    history.happen(30, hours_ago=70)
    history.happen(30, hours_ago=40)
    rounds = Rounds(history, Random(5))
    rounds.round(3, to_files=to_files)
    assert rounds.faults == []


def test_a_dry_run_counts_requests_and_time(account: Account) -> None:
    """With one look at each region, and nothing shipped."""
    account.happen(10, hours_ago=50)
    yesterday = datetime.now(UTC) - timedelta(days=1)  # at midnight today has no window yet
    report = told(account.run("--since", "30d", "--until", f"{yesterday:%Y-%m-%d}", "--dry-run", "--json"))
    assert (report["places"], report["windows"], report["least_requests"]) == (list(REGIONS), 58, 58)
    assert report["least_seconds"] == 14.5
    assert len(account.aws.service.asked) == 2
    assert account.sink.exports == []


def test_a_denial_ends_it_and_says_what_to_do(account: Account) -> None:
    """At the start, and in the middle; the rest is left to the next run."""
    account.happen(10, hours_ago=5)
    for before in (0, 3):
        account.aws.service.troubles.clear()
        account.aws.service.troubles.extend([*[""] * before, "AccessDeniedException"])
        ended = account.run("--since", "2d")
        assert ended.code == 69
        assert "allow cloudtrail:LookupEvents" in ended.err + ended.out


def test_throttling_is_waited_for(account: Account) -> None:
    """Somebody else in the account asks, too."""
    account.happen(10, hours_ago=5)
    account.aws.service.troubles.extend(["", "", "ThrottlingException"])
    assert account.run("--since", "1d").code == 0
    assert arrived(account) == dict.fromkeys(account.ids, 1)


def test_a_signal_ends_it_while_it_waits(account: Account) -> None:
    """It says how to go on, and the next run ships what is left."""
    account.happen(10, hours_ago=5)
    account.aws.service.troubles.extend(["", "", *["ThrottlingException"] * 1000])
    again = ("--since", "2d", "--checkpoint", str(account.folder / "checkpoint"))
    with account.shell(shutdown_grace_seconds=1).start("replay", "--from", "event-history", *IN_REGIONS, *again) as run:
        eventually(lambda: len(account.aws.service.asked) > 4, "it waits", DEADLINE_SECONDS)
        run.send_signal(signal.SIGTERM)
        out, _ = run.communicate(timeout=DEADLINE_SECONDS)
    assert run.returncode == 128 + signal.SIGTERM
    assert "run the same command again" in out
    account.aws.service.troubles.clear()
    assert account.run(*again).code == 0
    assert arrived(account) == dict.fromkeys(account.ids, 1)


def test_a_signal_before_the_first_answer_says_how_to_go_on(account: Account) -> None:
    """While AWS does not answer, nobody knows yet how much there is; the command is the same."""
    account.happen(10, hours_ago=5)
    account.aws.service.troubles.extend(["ThrottlingException"] * 1000)
    with account.shell().start("replay", "--from", "event-history", *IN_REGIONS, "--since", "2d") as run:
        eventually(lambda: len(account.aws.service.asked) > 1, "it waits", DEADLINE_SECONDS)
        run.send_signal(signal.SIGTERM)
        _, told_text = run.communicate(timeout=DEADLINE_SECONDS)
    assert run.returncode == 128 + signal.SIGTERM
    assert "stopped by a signal before anything was read: run the same command again" in told_text


def test_files_are_written_for_each_region(account: Account) -> None:
    """One for each day."""
    account.happen(5, hours_ago=30)
    out = account.folder / "out"
    assert account.run("--since", "2d", "--to", "jsonl", str(out)).code == 0
    assert in_files(out) == dict.fromkeys(account.ids, 1)
    regions = {f"event-history:{region}" for region in REGIONS}
    assert {path.name for path in out.iterdir()} == {*regions, ".trail-agent.json"}


@pytest.mark.parametrize(
    ("arguments", "told_text"),
    [
        (("--since", "100d"), "has the last 90 days only"),
        (("--since", "10m"), "may still be missing"),
        (("--since", "2d", "--prefix", "logs"), "is about buckets"),
        (("--since", "2d", "--from", "nowhere"), "there are: buckets, event-history"),
    ],
)
def test_what_cannot_be_is_said_at_once(account: Account, arguments: tuple[str, ...], told_text: str) -> None:
    """Nothing is asked."""
    ended = account.run(*arguments)
    assert ended.code == 2
    assert told_text in " ".join(ended.err.replace("│", " ").split())
    assert account.aws.service.asked == []


def test_without_a_region_that_of_the_environment_is_asked(account: Account) -> None:
    """As everywhere with AWS; what was found says which."""
    ended = account.run("--since", "2d", regions=())
    assert ended.code == 0, ended.err
    (region,) = {region for region, _ in account.aws.service.asked}
    assert f"event-history:{region}" in ended.err
