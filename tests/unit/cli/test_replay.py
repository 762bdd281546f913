"""`trail-agent replay`: its command line, before anything is read."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import NoReturn

import pytest
from typer.testing import CliRunner

from agent.cli.app import app
from agent.errors import DependencyError
from agent.replay.checkpoint import CheckpointError
from agent.replay.ending import StoppedError
from agent.replay.wishes import ReplayWishes
from agent.settings import Settings

WHO = "arn:aws:iam::1:user/alice"
CONFIG = "queue: {url: 'https://sqs.us-west-2.amazonaws.com/111122223333/q'}\nbuckets: [{name: acme}]\n"


def words_of(text: str) -> str:
    """What is printed in a box, without the box."""
    return " ".join(text.replace("│", " ").split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--space", "Acme"], "--space: goes with --from event-logs"),
        (["--space", "Acme", "--from", "event-history"], "--space: goes with --from event-logs"),
        (["--prefix", "logs", "--from", "event-logs"], "--prefix: is about buckets, and not about event-logs"),
        (["--account", "111122223333", "--from", "event-history"], "--account: is about buckets"),
    ],
)
def test_an_option_of_another_source_is_told_before_the_settings(arguments: list[str], words: str) -> None:
    """Without a settings file, too: what is missing in them may be of no use to what is meant."""
    result = CliRunner().invoke(app, ["replay", "--since", "2d", *arguments], env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert words in words_of(result.stderr)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Missing option '--since'"),
        (["--since", "30dd"], "Invalid value for --since: '30dd' is no time"),
        (["--since", "2d", "--until", "3d"], "Invalid value for --until:"),
        (["--since", "2d", "--account", "1234"], "'1234' is no account id: 12 digits"),
        (["--since", "2d", "--region", "Oregon"], "'Oregon' is no AWS region, such as us-west-2"),
        (["--since", "2d", "--region", "us-west2"], "'us-west2' is no AWS region; did you mean us-west-2?"),
        (["--since", "2d", "--region", "eu-west-1"], "eu-west-1 is not listed under regions in the settings"),
        (
            ["--since", "2d", "--from", "event-history", "--region", "us-wst-2"],
            "--region: 'us-wst-2' is no AWS region; did you mean us-west-2?",
        ),
        (["--since", "2d", "--prefix", "s3://acme/logs"], "without the bucket"),
        (["--since", "2d", "--to", "csv", "out"], "'csv' is no form; there is jsonl: --to jsonl DIR"),
        (["--since", "2d", "--to", "", "out"], "'' is no form; there is jsonl: --to jsonl DIR"),
        (["--since", "2d", "--to", "jsonl", ""], "no folder is named: --to jsonl DIR"),
        (["--since", "2d", "--checkpoint", "/dev/null"], "/dev/null is no file, but a device or a pipe"),
        (["--since", "2d", "--workers", "0"], "--workers"),
        (["--since", "2d", "--account", "444455556666"], "444455556666 is not listed under accounts"),
    ],
)
def test_a_wrong_command_line_ends_with_2_and_says_what_is_wrong(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    """With the option, and what to write."""
    config = tmp_path / "agent.yaml"
    config.write_text(CONFIG + "accounts: ['111122223333']\nregions: [us-west-2]\n")
    result = CliRunner().invoke(app, ["replay", "-c", str(config), *arguments], env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert words in words_of(result.stderr)


def test_a_mistyped_region_of_the_environment_is_told_by_its_variable() -> None:
    """Whoever has no queue has no other region: the log would be waited for, at a host that there is not."""
    arguments = ["replay", "--since", "2d", "--from", "event-history"]
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "200", "AWS_REGION": "us-wst-2"})
    assert result.exit_code == 2
    assert "AWS_REGION: 'us-wst-2' is no AWS region; did you mean us-west-2?" in words_of(result.stderr)


def test_wrong_settings_end_with_78(tmp_path: Path) -> None:
    """As with every command."""
    result = CliRunner().invoke(app, ["replay", "-c", str(tmp_path / "none.yaml"), "--since", "2d"])
    assert result.exit_code == 78


@pytest.mark.parametrize("more", ["nosuch: 1\n", "aws: {profile: nosuch}\n"])
def test_settings_that_cannot_be_used_name_their_check(tmp_path: Path, more: str) -> None:
    """With the file, so that the line can be copied; also where that is known only once AWS is to be asked."""
    config = tmp_path / "agent.yaml"
    config.write_text(CONFIG + more)
    result = CliRunner().invoke(app, ["replay", "-c", str(config), "--since", "2d"])
    assert result.exit_code == 78
    assert f"`trail-agent check -c {config}` shows whether they are right" in result.stderr


@pytest.mark.parametrize("settings", ["", "otlp: {endpoint: 'http://127.0.0.1:9'}\n"])
def test_event_history_without_any_region_asks_for_one(tmp_path: Path, settings: str) -> None:
    """Not for the queue and the buckets, which it does not read."""
    config = tmp_path / "agent.yaml"
    config.write_text(settings)
    arguments = ["replay", "-c", str(config), "--since", "2d", "--from", "event-history"]
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "200", "AWS_REGION": "", "AWS_DEFAULT_REGION": ""})
    assert result.exit_code == 2
    assert "Invalid value for --region: is needed with --from event-history" in words_of(result.stderr)
    assert not any(word in result.stderr for word in ("queue", "buckets"))


@pytest.mark.parametrize(
    ("options", "settings", "asked"),
    [
        (["--region", "eu-west-1"], "regions: [us-east-1]\nevent_history: {regions: [us-west-2]}\n", ["eu-west-1"]),
        ([], "regions: [us-east-1]\nevent_history: {regions: [us-west-2, eu-west-1]}\n", ["us-west-2", "eu-west-1"]),
        ([], "regions: [us-east-1]\n" + CONFIG, ["us-east-1"]),
        ([], CONFIG, ["us-west-2"]),
        ([], "workers: 2\n", ["ap-south-1"]),
    ],
)
def test_event_history_is_asked_in_the_regions_that_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], settings: str, asked: list[str]
) -> None:
    """Those of the command line, of event_history, of regions, of the queue, of AWS's own variables: the first."""
    wishes: list[ReplayWishes] = []

    def stop(_settings: Settings, wish: ReplayWishes, *_arguments: object) -> NoReturn:
        wishes.append(wish)
        raise StoppedError(2)

    monkeypatch.setattr("agent.replay.replaying.replay", stop)
    monkeypatch.setattr("agent.cli.replay._end", sys.exit)
    config = tmp_path / "agent.yaml"
    config.write_text(settings)
    arguments = ["replay", "-c", str(config), "--since", "2d", "--from", "event-history", *options]
    CliRunner().invoke(app, arguments, env={"AWS_REGION": "ap-south-1"})
    assert [list(wish.log.places) for wish in wishes if wish.log] == [asked]


def test_a_checkpoint_behind_a_link_is_the_file_that_it_leads_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written anew under its own name: a link would be replaced by a file, and the other one never written."""
    wishes: list[ReplayWishes] = []

    def stop(_settings: Settings, wish: ReplayWishes, *_arguments: object) -> NoReturn:
        wishes.append(wish)
        raise StoppedError(2)

    monkeypatch.setattr("agent.replay.replaying.replay", stop)
    monkeypatch.setattr("agent.cli.replay._end", sys.exit)
    config, link, kept = tmp_path / "agent.yaml", tmp_path / "link", tmp_path / "kept" / "checkpoint"
    config.write_text(CONFIG)
    link.symlink_to(kept)
    CliRunner().invoke(app, ["replay", "-c", str(config), "--since", "2d", "--checkpoint", str(link)])
    assert [wish.checkpoint for wish in wishes] == [kept]


@pytest.mark.parametrize(
    ("error", "code", "result"),
    [
        (DependencyError("no trail was found"), 69, "stopped"),
        (CheckpointError("it is another's\n  buckets: a, b"), 2, "stopped"),
        (StoppedError(2), 130, "interrupted"),
    ],
)
def test_who_wants_json_gets_it_also_of_a_replay_that_never_began(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, code: int, result: str
) -> None:
    """One object on standard output, and the same for people on standard error."""

    def stop(*_arguments: object) -> NoReturn:
        raise error

    monkeypatch.setattr("agent.replay.replaying.replay", stop)
    monkeypatch.setattr("agent.cli.replay._end", sys.exit)
    config = tmp_path / "agent.yaml"
    config.write_text(CONFIG)
    ended = CliRunner().invoke(app, ["replay", "-c", str(config), "--since", "2d", "--json"])
    assert ended.exit_code == code
    assert json.loads(ended.stdout) == {"result": result, "why": str(error)}
    first, *others = str(error).splitlines()
    assert ended.stderr.splitlines() == [f"{'!' if code == 130 else '✗'} {first}", *others]


def test_a_bug_ends_with_70_and_does_not_quote_what_it_met(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its text may be an event's."""

    def stumble(*_arguments: object) -> NoReturn:
        raise KeyError(WHO)

    monkeypatch.setattr("agent.replay.replaying.replay", stumble)
    config = tmp_path / "agent.yaml"
    config.write_text(CONFIG)
    result = CliRunner().invoke(app, ["replay", "-c", str(config), "--since", "2d"])
    assert result.exit_code == 70
    assert "report it" in result.stderr
    assert "alice" not in result.output
