"""What `--help` says of the options."""

from __future__ import annotations

import re

import pytest
import typer.main
from typer.testing import CliRunner

from agent.cli.app import app
from agent.cli.options import complete_profiles, profile_names
from agent.cli.replay_logs import complete_regions, complete_sources
from agent.records.profiles import BY_NAME

COMMANDS = [
    [],
    *([name] for name in ("run", "demo", "check", "inspect", "replay", "top", "healthcheck", "config", "dead-letters")),
    ["config", "show"],
    *(["dead-letters", name] for name in ("list", "show", "redrive", "drop")),
]


def help_of(command: list[str]) -> str:
    """The help of a command, on a wide terminal."""
    return CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200", "TERMINAL_WIDTH": "200"}).stdout


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_flags_have_no_type(command: list[str]) -> None:
    """A flag takes no value, and so none is shown behind it."""
    shown = help_of(command)
    assert "--help" in shown
    assert "bool" not in shown


@pytest.mark.parametrize(
    ("command", "usage"),
    [
        (["inspect"], "inspect [OPTIONS] PATH… "),
        (["top"], "top [OPTIONS] [URL…] "),
        (["dead-letters", "show"], "show [OPTIONS] ID "),
        (["dead-letters", "redrive"], "redrive [OPTIONS] [ID…] "),
    ],
)
def test_an_argument_is_shown_as_it_is_called(command: list[str], usage: str) -> None:
    """No braces around it, one sign for several, and no type of Python's beside it."""
    shown = help_of(command)
    assert usage in shown
    assert "<str>" not in shown
    assert "<list" not in shown


def test_a_shell_offers_what_a_replay_can_name() -> None:
    """The sources with what each is, and the regions."""
    assert [name for name, _ in complete_sources("event-")] == ["event-history", "event-logs"]
    assert [name for name, _ in complete_sources("")] == ["buckets", "event-history", "event-logs"]
    assert complete_regions("us-west") == ["us-west-1", "us-west-2"]


def test_the_settings_file_is_explained_alike() -> None:
    """Every command that reads the daemon's settings says the same of `-c`."""
    commands = (["run"], ["check"], ["config", "show"], ["dead-letters", "list"])
    texts = {re.sub(r"\s+", " ", help_of([*command])) for command in commands}
    assert all("-c FILE Settings file; without it, only the environment is used." in text for text in texts)


def test_every_command_is_asked_for_its_help_here() -> None:
    """No command is forgotten above."""
    assert {command[0] for command in COMMANDS if command} == set(typer.main.get_group(app).commands)


@pytest.mark.parametrize("command", ["demo", "inspect"])
@pytest.mark.parametrize(
    ("names", "words"),
    [
        ("", "names no profile"),
        (" , ", "names no profile"),
        ("identity,nosuch,alsono", "nosuch and alsono are no profiles; there are codecatalyst"),
        ("all,nosuch", "nosuch is no profile; there are codecatalyst"),
        ("identiy,pipelines", "identiy and pipelines are no profiles; did you mean identity and pipeline?"),
        ("pipelines", "pipelines is no profile; did you mean pipeline?"),
        ("Identity", "did you mean identity?"),
    ],
)
def test_names_that_are_no_profiles_are_refused(command: str, names: str, words: str) -> None:
    """Every wrong name is told at once, and no name at all is not taken for the default."""
    arguments = [command, "--profiles", names, *(["x.json"] if command == "inspect" else [])]
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "400", "TERMINAL_WIDTH": "400"})
    assert result.exit_code == 2
    assert words in re.sub(r"[\s│]+", " ", result.stderr)


def test_all_stands_for_every_profile() -> None:
    """Each profile comes once, however often it is named."""
    assert profile_names(["all"]) == profile_names(["identity,all"]) == list(BY_NAME)
    assert profile_names(["identity, pipeline,identity"]) == ["identity", "pipeline"]
    assert profile_names(["identity", "pipeline,identity"]) == ["identity", "pipeline"]
    assert profile_names(None) == []


@pytest.mark.parametrize(
    ("begun", "offered"),
    [
        ("", ["codecatalyst", "codeconnections", "identity", "pipeline", "trail_guard", "all"]),
        ("code", ["codecatalyst", "codeconnections"]),
        (
            "identity,",
            ["identity,codecatalyst", "identity,codeconnections", "identity,pipeline", "identity,trail_guard"],
        ),
        ("identity,pi", ["identity,pipeline"]),
        ("nosuch", []),
    ],
)
def test_a_shell_offers_the_profiles_that_are_not_named_yet(begun: str, offered: list[str]) -> None:
    """The last name of a list is finished, and what stands before it stays."""
    assert [name for name, _ in complete_profiles(begun)] == offered
