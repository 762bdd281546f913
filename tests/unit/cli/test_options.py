"""What `--help` says of the options."""

from __future__ import annotations

import re

import pytest
import typer.main
from typer.testing import CliRunner

from agent.cli.app import app

COMMANDS = [[], ["run"], ["demo"], ["check"], ["inspect"], ["healthcheck"], ["config"], ["config", "show"]]


def help_of(command: list[str]) -> str:
    """The help of a command, on a wide terminal."""
    return CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200", "TERMINAL_WIDTH": "200"}).stdout


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_flags_have_no_type(command: list[str]) -> None:
    """A flag takes no value, and so none is shown behind it."""
    shown = help_of(command)
    assert "--help" in shown
    assert "bool" not in shown


def test_the_settings_file_is_explained_alike() -> None:
    """Every command that reads the daemon's settings says the same of `-c`."""
    texts = {re.sub(r"\s+", " ", help_of([*command])) for command in (["run"], ["check"], ["config", "show"])}
    assert all("-c FILE Settings file; without it, only the environment is used." in text for text in texts)


def test_every_command_is_asked_for_its_help_here() -> None:
    """No command is forgotten above."""
    assert {command[0] for command in COMMANDS if command} == set(typer.main.get_group(app).commands)
