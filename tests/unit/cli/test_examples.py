"""The help of each command ends with examples, and each of them is a command line that works."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import pytest
import typer.main
from typer.testing import CliRunner

from agent.cli.app import app
from agent.cli.examples import examples, examples_of, text_of
from agent.cli.report import load_or_fail
from tests.support.events import DATA

ROOT = Path(__file__).parents[3]
PROGRAM = "trail-agent"
OFFLINE = {"check", "inspect", "config"}
"""The commands whose examples can be run anywhere."""


def commands(words: Sequence[str] = (), command: Any = None) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Each command and group of commands, with the words that lead to it."""
    command = command or typer.main.get_command(app)
    yield tuple(words), command
    for word, below in getattr(command, "commands", {}).items():
        yield from commands((*words, word), below)


COMMANDS = dict(commands())
LINES = [one.line for command in COMMANDS.values() for one in examples_of(command.callback)]


def argument_lists(line: str) -> Iterator[list[str]]:
    """The arguments of each trail-agent in a line of a shell."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    parts: list[list[str]] = [[]]
    for word in lexer:
        if set(word) <= set("|&;<>()"):
            parts.append([])
        else:
            parts[-1].append(word)
    yield from (part[1:] for part in parts if part[:1] == [PROGRAM])


def parse(arguments: list[str]) -> click.Context:
    """Read the arguments as the program would, up to the command that they name; raises for what it would refuse."""
    command = COMMANDS[()]
    context: click.Context = command.make_context(PROGRAM, list(arguments))
    while words := [*context._protected_args, *context.args] if hasattr(command, "commands") else []:
        name, command, rest = command.resolve_command(context, words)
        context = command.make_context(name, rest, parent=context)
    return context


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_help_ends_with_examples(words: tuple[str, ...]) -> None:
    """One or a few, in eighty columns, each with what it does."""
    environment = {"COLUMNS": "80"}
    result = CliRunner().invoke(app, [*words, "--help"], env=environment)
    assert result.exit_code == 0
    shown = examples_of(COMMANDS[words].callback)
    assert 1 <= len(shown) <= 3
    assert result.stdout.rstrip().endswith(text_of(COMMANDS[words].callback).rstrip())
    assert [line for line in text_of(COMMANDS[words].callback).splitlines() if len(line) > 80] == []
    assert any(f"{PROGRAM} {' '.join(words)}".strip() in one.line for one in shown)
    assert all(one.does and not one.does.endswith(".") for one in shown)


@pytest.mark.parametrize("line", LINES)
def test_every_example_is_read(line: str) -> None:
    """No option has another name meanwhile, and no value is refused."""
    found = list(argument_lists(line))
    assert found
    for arguments in found:
        if arguments[-1] != "--help":
            parse(arguments)


@pytest.mark.parametrize(
    "arguments", [["inspect", "--nosuch", "x"], ["nosuch"], ["demo", "--profiles", "nosuch"], ["inspect"]]
)
def test_a_wrong_example_would_be_found(arguments: list[str]) -> None:
    """The reading above refuses what the program refuses."""
    with pytest.raises(Exception, match=r"nosuch|Missing"):
        parse(arguments)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that has what the examples name."""
    shutil.copy(ROOT / "config" / "minimal.yaml", tmp_path / "agent.yaml")
    event = (DATA / "codecatalyst" / "docs-example-ListConnections.json").read_bytes()
    (tmp_path / "log.json.gz").write_bytes(event)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "log.json").write_bytes(event)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "line", [line for line in LINES if line.split()[1] in OFFLINE and "&&" not in line and "--online" not in line]
)
@pytest.mark.usefixtures("folder")
def test_every_example_that_needs_no_account_works(line: str) -> None:
    """Run as it stands, it ends well and prints something."""
    for arguments in argument_lists(line):
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.stderr
        assert result.stdout


@pytest.mark.parametrize("line", [line for line in LINES if "dead-letters" in line])
@pytest.mark.usefixtures("folder")
def test_every_example_about_dead_letters_finds_the_settings(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue must be named: without a settings file, the example would end before it asked anything."""
    for name in [name for name in os.environ if name.startswith("TRAIL_AGENT_")]:
        monkeypatch.delenv(name)
    for arguments in argument_lists(line):
        assert load_or_fail(parse(arguments).params["config"]).queue


def test_a_command_without_examples_shows_none() -> None:
    """And one that has some keeps them through whatever wraps its function."""

    @examples(("trail-agent x", "does x"), ("trail-agent y", "does y"))
    def command() -> None:
        pass

    assert text_of(print) == text_of(None) == ""
    assert re.sub(r"\s+", " ", text_of(command)) == " Examples: # does x trail-agent x # does y trail-agent y "
