"""`trail-agent replay` as a process of its own, over an emulated S3 and a real OTLP receiver."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from urllib.parse import unquote

import pytest

from agent.demo.trail_objects import pack
from tests.soak.replays import Rounds
from tests.support.clock import DEADLINE_SECONDS, eventually
from tests.support.cloud import Cloud
from tests.support.events import event
from tests.support.history import BEGIN, History, told
from tests.support.listing import key_at as trail_key_at
from tests.support.listing import stream
from tests.support.objects import trail_key, trail_object
from tests.support.otlp_receiver import HttpReceiver, HttpReply, partial_success
from tests.support.recorded_aws import RecordedAws
from tests.support.troubled_aws import Refusal, TroubledAws


@pytest.fixture
def sink() -> Iterator[HttpReceiver]:
    """An OTLP receiver that takes everything."""
    with HttpReceiver() as receiver:
        yield receiver


@pytest.fixture
def history(cloud: Cloud, sink: HttpReceiver, tmp_path: Path) -> History:
    """A bucket without objects."""
    return History(cloud, tmp_path, sink)


def test_sixty_objects_replayed_twice_ship_each_event_once(history: History) -> None:
    """The second run, with the same checkpoint, finds nothing to do."""
    history.write(60)
    again = ("--checkpoint", str(history.folder / "checkpoint"), "--json")
    first, second = history.run(*again), history.run(*again)
    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert history.arrived() == dict.fromkeys(history.ids, 1)
    assert (told(first)["objects"], told(first)["events_shipped"], told(first)["result"]) == (60, 120, "done")
    assert (told(second)["objects"], told(second)["streams"]) == (0, 3)


@pytest.mark.parametrize("layout", ["auto", "json"])
def test_what_is_told_meanwhile_is_of_one_kind_and_ends_with_the_whole(history: History, layout: str) -> None:
    """Plain lines, or lines of JSON where the log is JSON; the last one says 100 %."""
    history.write(6)
    history.settings = {"log": {"format": layout}}
    ended = history.run("--region", "us-west-2", "--region", "eu-wset-1")
    assert ended.code == 0, ended.err
    lines = ended.err.splitlines()
    assert [line[0] == "{" for line in lines] == [layout == "json"] * len(lines)
    if layout == "json":
        assert json.loads(lines[-1])["share"] == 1.0
    else:
        assert lines[-1].startswith("100% 4 objects")


@pytest.mark.parametrize("to_files", [False, True])
def test_whatever_ends_it_nothing_is_missing(history: History, to_files: bool) -> None:
    """Ended at any moment and run again: every event is there, in files once, and few came twice to the sink."""
    history.write(60)
    rounds = Rounds(history, Random(7))
    rounds.round(4, to_files=to_files)
    assert rounds.faults == []


@pytest.mark.parametrize(
    ("prefix", "organisation"), [("", "o-a1b2c3d4e5/"), ("logs/trail/", ""), ("x/", "o-a1b2c3d4e5/")]
)
def test_prefixed_and_organisation_trails_are_found(history: History, prefix: str, organisation: str) -> None:
    """Beside other folders of the bucket."""
    history.write(6, prefix=prefix, organisation=organisation)
    history.put("pictures/1.png", b"")
    ended = history.run()
    assert ended.code == 0, ended.err
    assert history.arrived().keys() == history.ids


def test_what_was_written_just_now_is_shipped_once_and_what_comes_late_is_found(history: History) -> None:
    """CloudTrail may put an object beside younger ones, minutes or hours after the time in its name."""
    now = datetime.now(UTC)
    again = ("--since", "2d", "--checkpoint", str(history.folder / "checkpoint"))
    for minutes in (9, 3):
        history.put(trail_key_at(now - timedelta(minutes=minutes)), trail_object(event(f"{minutes}")))
    assert [history.run_of(*again).code for _ in range(2)] == [0, 0]
    late = [6, 45, 14 * 60, 23 * 60]
    for minutes in late:
        history.put(trail_key_at(now - timedelta(minutes=minutes)), trail_object(event(f"{minutes}")))
    assert [history.run_of(*again).code for _ in range(2)] == [0, 0]
    assert history.arrived() == dict.fromkeys(map(str, (9, 3, *late)), 1)


def test_two_trails_of_one_bucket_are_shipped_and_what_was_not_looked_into_is_told(history: History) -> None:
    """One at the root hides none below it; a folder too deep may hold a third."""
    history.write(3)
    history.write(3, prefix="logs/org/", organisation="o-a1b2c3d4e5/", seed=2)
    history.put("a/b/c/d/1.png", b"")
    ended = history.run("--json")
    assert (ended.code, told(ended)["streams"], set(history.arrived())) == (0, 6, history.ids), ended.err
    (caution,) = told(ended)["cautions"]
    assert "not looked into for another AWSLogs/: a/b/c/d/;" in caution
    dry = history.run("--dry-run")
    assert f"! {caution}" in dry.out
    assert caution in dry.err


def test_several_buckets_are_replayed_side_by_side(history: History) -> None:
    """Each with a layout of its own."""
    history.write(6)
    other = "acme-trail-444455556666"
    history.cloud.add_bucket(other)
    key, body = trail_key("far", account="444455556666"), trail_object(event("far"))
    history.cloud.account.put_object(other, f"logs/{key}".replace("2026/11/20", "2026/10/05"), body)
    history.settings = {"buckets": [{"name": history.cloud.world.bucket}, {"name": other}]}
    ended = history.run("--json")
    assert (ended.code, told(ended)["streams"], told(ended)["objects"]) == (0, 4, 7), ended.err
    assert history.arrived().keys() == history.ids | {"far"}


def test_accounts_regions_and_times_narrow_it(history: History) -> None:
    """Only one object of six is of this account and the first day."""
    history.write(6)
    ended = history.run("--account", "444455556666", "--region", "us-west-2", "--until", "2026-10-06T12:00Z", "--json")
    assert (ended.code, told(ended)["objects"], told(ended)["streams"]) == (0, 1, 1), ended.err


def test_a_dry_run_counts_and_reads_nothing(history: History) -> None:
    """Objects, requests, time and money; and nothing is sent."""
    history.write(12)
    ended = history.run("--dry-run", "--json")
    assert ended.code == 0, ended.err
    counted = told(ended)
    lists = counted["list_requests"]
    assert (counted["objects"], counted["get_requests"], counted["streams"]) == (12, 12, 3)
    assert lists > 9, "nine days, and the folders in which they are"
    assert counted["object_bytes"] > 1000
    assert counted["estimated_usd"] == pytest.approx(lists * 0.005 / 1000 + 12 * 0.0004 / 1000, abs=1e-4)
    assert "would ship 12 objects" in history.run("--dry-run").out
    assert not history.arrived()


@pytest.mark.parametrize("chosen", [(), ("--region", "eu-west-1", "--prefix", "logs/trail")])
def test_a_dry_run_counts_the_requests_that_the_run_makes(history: History, chosen: Sequence[str]) -> None:
    """Those that find the trails, too. What is no log file is not read, and what is large is asked for twice."""
    history.write(12, prefix="logs/trail/", organisation="o-a1b2c3d4e5/")
    odd = history.keys[0].rpartition("/")[0]
    history.put(f"{odd}/notes.md", b"")
    large = history.keys[1].replace(".json.gz", "x.json")
    history.put(large, b'{"Records":[]}' + b" " * (2 << 20))
    asked = []
    with RecordedAws.before(history.cloud.world.endpoint, {}) as aws:
        history.settings = {"aws": {"endpoint_url": aws.url}}
        for arguments in (("--dry-run",), ()):
            ended = history.run(*chosen, *arguments, "--json")
            assert ended.code == 0, ended.err
            asked.append((told(ended), Counter(call.action for call in aws.calls)))
            aws.calls.clear()
    (counted, of_count), (done, of_run) = asked
    assert of_count == {"s3:ListBucket": counted["list_requests"]}
    assert of_run == {"s3:ListBucket": counted["list_requests"], "s3:GetObject": counted["get_requests"]}
    assert counted["objects"] + counted["other_objects"] == done["objects"]
    assert counted["get_requests"] == counted["objects"] + 1
    assert bool(counted["other_objects"]) == (not chosen)


def test_what_cannot_be_shipped_is_listed_and_tried_again(history: History) -> None:
    """Exit code 69, with the reason and what to do; the next run ships it, and nothing else."""
    history.write(6)
    bad = history.keys[2]
    body = pack(
        [b'{"eventVersion":"1.08","eventSource":"codecatalyst.amazonaws.com","eventName":"X","eventID":"late"}']
    )
    history.put(bad, body[:-9])
    arguments = ("--checkpoint", str(history.folder / "checkpoint"))
    ended = history.run(*arguments)
    assert ended.code == 69
    assert f"s3://{history.cloud.world.bucket}/{bad}" in ended.out
    assert "object_corrupt: " in ended.out
    assert "run the same command again" in ended.out
    history.put(bad, body)
    before = history.arrived()
    assert history.run(*arguments).code == 0
    assert history.arrived() - before == {"late": 1}


def test_the_oldest_object_may_not_be_read_and_the_rest_is_shipped(history: History) -> None:
    """Nothing was given before it: others are asked for, to find out that it is this one alone. And it is listed."""
    history.write(6)
    oldest = history.keys[0]
    with TroubledAws.before(history.cloud.world.endpoint, {}) as aws:
        aws.refuse("s3:GetObject", Refusal("AccessDenied"), lambda request: oldest in unquote(request.path))
        history.settings = {"aws": {"endpoint_url": aws.url}}
        ended = history.run("--json")
    assert (ended.code, told(ended)["result"], told(ended)["events_shipped"]) == (69, "incomplete", 10), ended.err
    assert [each["key"] for each in told(ended)["unshipped"]] == [oldest]
    assert "bucket denied" not in ended.err


def test_what_s3_refuses_of_many_accounts_is_listed_and_what_it_gives_is_shipped(history: History) -> None:
    """What is refused is the oldest, and all that is asked for at first: it is no bucket that refuses everything."""
    accounts = [f"{number:012}" for number in range(1, 13)]
    denied = [trail_key_at(BEGIN, of=stream(account)) for account in accounts if account != accounts[2]]
    for key in denied:
        history.put(key, trail_object(event(key)))
    history.put(trail_key_at(BEGIN + timedelta(days=2), of=stream(accounts[2])), trail_object(event("given")))
    with TroubledAws.before(history.cloud.world.endpoint, {}) as aws:
        aws.refuse("s3:GetObject", Refusal("AccessDenied"), lambda request: accounts[2] not in unquote(request.path))
        history.settings = {"aws": {"endpoint_url": aws.url}}
        ended = history.run("--json", "--keep-going")
    assert (ended.code, told(ended)["result"], set(history.arrived())) == (69, "incomplete", {"given"}), ended.err
    assert [each["key"] for each in told(ended)["unshipped"]] == sorted(denied)


def test_a_mask_that_comes_after_the_files_is_told_to_be_too_late(history: History) -> None:
    """Before it writes into them, and in the summary."""
    history.write(3)
    to_files = ("--to", "jsonl", str(history.folder / "out"), "--json")
    assert told(history.run(*to_files))["cautions"] == []
    key = history.folder / "key"
    key.write_text("0123456789abcdefghijklmnopqrstuvwxyz")
    key.chmod(0o600)
    history.settings = {"record": {"mask": ["sourceIPAddress"], "mask_key_file": str(key)}}
    ended = history.run(*to_files)
    assert ended.code == 0, ended.err
    (caution,) = told(ended)["cautions"]
    assert "record.mask: not set of some of them, sourceIPAddress now" in caution
    assert caution in ended.err


def test_files_that_were_moved_away_are_missed_where_the_checkpoint_is_kept(history: History) -> None:
    """They are not written again, and the summary says so."""
    history.write(3)
    out = history.folder / "out"
    arguments = ("--to", "jsonl", str(out), "--checkpoint", str(history.folder / "checkpoint"), "--json")
    assert told(history.run(*arguments))["cautions"] == []
    assert told(history.run(*arguments))["cautions"] == []
    out.rename(history.folder / "old")
    ended = history.run(*arguments)
    (caution,) = told(ended)["cautions"]
    assert (ended.code, f"there are no records in {out}" in caution, caution in ended.err) == (0, True, True)


def test_a_replay_in_which_everything_fails_stops(history: History) -> None:
    """It does not list the whole bucket, and says what it makes of it."""
    history.write(60)
    for key in list(history.keys):
        history.put(key, b"no gzip")
    ended = history.run("--json")
    assert ended.code == 69
    assert told(ended)["result"] == "stopped"
    assert "objects in a row could not be shipped" in told(ended)["why"]
    assert 10 <= len(told(ended)["unshipped"]) < 60
    going = history.run("--keep-going", "--json")
    assert (going.code, len(told(going)["unshipped"])) == (69, 60)


def test_what_a_sink_takes_of_two_is_counted_and_the_other_is_listed(history: History) -> None:
    """A partial success does not say which it means: the object is listed, with the sink's words, and 69."""
    history.write(1)
    reply = HttpReply(200, partial_success(1, "one is bad"))
    with HttpReceiver(rule=lambda export: reply if export.records else None) as receiver:
        history.sink = receiver
        ended = history.run("--json")
    figures = told(ended)
    assert (ended.code, figures["events_found"], figures["events_shipped"]) == (69, 2, 1), ended.err
    (listed,) = figures["unshipped"]
    assert (listed["key"], listed["reason"]) == (history.keys[0], "sink_rejected")
    assert "it rejected 1 of 2 records: one is bad" in listed["detail"]


def test_a_store_that_takes_nothing_so_old_stops_it_and_is_told(history: History) -> None:
    """Loki's default is a week: the tenth object with an event ends it, with the limit to raise."""
    history.write(30)
    refusal = HttpReply(400, b"entry for stream '{}' has timestamp too old: 1, oldest acceptable timestamp is: 2")
    with HttpReceiver(rule=lambda export: refusal if export.records else None) as loki:
        history.sink = loki
        ended = history.run("--json")
    assert (ended.code, told(ended)["result"]) == (69, "stopped"), ended.err
    assert "the sink refused the records of 10 objects" in told(ended)["why"]
    assert 10 <= len(told(ended)["unshipped"]) < 30
    assert {each["reason"] for each in told(ended)["unshipped"]} == {"sink_too_old"}
    assert "reject_old_samples_max_age" in told(ended)["unshipped"][0]["advice"]


def test_a_sink_that_is_down_is_waited_for(history: History) -> None:
    """Nothing is read meanwhile, nothing is lost, and the log says what is waited for."""
    history.write(6)
    with HttpReceiver([HttpReply(503)] * 4) as receiver:
        history.sink = receiver
        ended = history.run()
        assert ended.code == 0, ended.err
        assert history.arrived().keys() == history.ids
    assert "sink_down" in ended.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_it_says_how_to_go_on(history: History, number: signal.Signals) -> None:
    """It is not done, and a script that goes on with something else must see that."""
    history.write(6)
    history.sink = "http://127.0.0.1:9"
    with history.started("--checkpoint", str(history.folder / "checkpoint")) as child:
        eventually(lambda: "sink_down" in history.log.read_text() or not child.alive, "it waits for the sink")
        child.process.send_signal(number)
        assert child.wait(DEADLINE_SECONDS) == 128 + number, history.log.read_text()
    assert "run the same command again" in history.log.read_text()


def test_a_signal_amid_a_second_try_tells_no_old_reason_as_todays(history: History) -> None:
    """The object is sound by now; nobody knows whether it could be shipped."""
    bad = trail_key_at(BEGIN)
    history.put(bad, b"no gzip")
    again = ("--checkpoint", str(history.folder / "checkpoint"))
    assert history.run(*again).code == 69
    history.put(bad, trail_object(event("late")))
    with TroubledAws.before(history.cloud.world.endpoint, {}) as aws:
        aws.refuse("s3:GetObject", Refusal("SlowDown", 503))
        history.settings = {"aws": {"endpoint_url": aws.url}}
        with history.started(*again) as child:
            eventually(lambda: "s3:GetObject" in {call.action for call in aws.calls}, "it is tried again")
            child.process.terminate()
            assert child.wait(DEADLINE_SECONDS) == 143, history.log.read_text()
    assert "in an earlier run: " in history.log.read_text()


def test_a_second_replay_with_the_same_checkpoint_is_refused(history: History) -> None:
    """Both would ship the same."""
    history.write(6)
    history.sink = "http://127.0.0.1:9"
    arguments = ("--checkpoint", str(history.folder / "checkpoint"))
    with history.started(*arguments) as child:
        eventually(lambda: "sink_down" in history.log.read_text() or not child.alive, "the first one runs")
        ended = history.run(*arguments)
    assert ended.code == 2
    assert "another replay is using" in ended.err


def test_the_checkpoint_of_another_replay_is_refused(history: History) -> None:
    """It says what differs."""
    history.write(6)
    arguments = ("--checkpoint", str(history.folder / "checkpoint"))
    assert history.run(*arguments).code == 0
    ended = history.run(*arguments, "--region", "us-west-2")
    assert ended.code == 2
    assert "regions: not set in the checkpoint, us-west-2 now" in ended.err


def test_a_bucket_without_a_trail_is_told(history: History) -> None:
    """With what to do."""
    ended = history.run()
    assert ended.code == 69
    assert "--prefix" in ended.err
