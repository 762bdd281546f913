"""`trail-agent replay`: its command line, before anything is read."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest
from typer.testing import CliRunner

from agent.cli.app import app

WHO = "arn:aws:iam::1:user/alice"
CONFIG = "queue: {url: 'https://sqs.us-west-2.amazonaws.com/111122223333/q'}\nbuckets: [{name: acme}]\n"


def words_of(text: str) -> str:
    """What is printed in a box, without the box."""
    return " ".join(text.replace("│", " ").split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Missing option '--since'"),
        (["--since", "30dd"], "Invalid value for --since: '30dd' is no time"),
        (["--since", "2d", "--until", "3d"], "Invalid value for --until:"),
        (["--since", "2d", "--account", "1234"], "'1234' is no account id: 12 digits"),
        (["--since", "2d", "--region", "Oregon"], "'Oregon' is no region, such as us-west-2"),
        (["--since", "2d", "--prefix", "s3://acme/logs"], "without the bucket"),
        (["--since", "2d", "--to", "csv", "out"], "'csv' is no form; there is jsonl: --to jsonl DIR"),
        (["--since", "2d", "--workers", "0"], "--workers"),
        (["--since", "2d", "--account", "444455556666"], "444455556666 is not listed under accounts"),
    ],
)
def test_a_wrong_command_line_ends_with_2_and_says_what_is_wrong(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    """With the option, and what to write."""
    config = tmp_path / "agent.yaml"
    config.write_text(CONFIG + "accounts: ['111122223333']\n")
    result = CliRunner().invoke(app, ["replay", "-c", str(config), *arguments], env={"COLUMNS": "200"})
    assert result.exit_code == 2
    assert words in words_of(result.stderr)


def test_wrong_settings_end_with_78(tmp_path: Path) -> None:
    """As with every command."""
    result = CliRunner().invoke(app, ["replay", "-c", str(tmp_path / "none.yaml"), "--since", "2d"])
    assert result.exit_code == 78


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
