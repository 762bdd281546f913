"""How a command reports what is wrong with the settings."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from agent.cli.output import say
from agent.errors import SettingsError

if TYPE_CHECKING:
    from agent.settings import Settings

EXIT_SETTINGS = 78
EXIT_BUG = 70
_CHECK = "Correct them in the file or the environment. `{}` shows whether they are right."


def load_or_fail(config: Path | None) -> Settings:
    """The settings of the file `config` and of the environment. Ends with exit code 78 if they cannot be used."""
    from agent.settings import environment, load

    try:
        return load(config, environment())
    except SettingsError as error:
        fail_settings(error, config)


def fail_settings(error: SettingsError, config: Path | None = None, *, then: str = "") -> NoReturn:
    """Print each problem on a line of standard error, `then` what to do, and end with exit code 78 (EX_CONFIG).

    `config` is the settings file that the command line names.
    """
    for problem in error.problems:
        say(f"✗ {problem}")
    say(f"trail-agent cannot run with these settings. {then or _CHECK.format(command_line('check', config))}")
    raise SystemExit(EXIT_SETTINGS)


def command_line(command: str, config: Path | None, *arguments: str) -> str:
    """A command such as `dead-letters list` as it can be copied into a shell, with the settings file that was named."""
    named = [] if config is None else ["-c", str(config)]
    return shlex.join(["trail-agent", *command.split(), *named, *arguments])


def told_bug(error: Exception, what_is_so: str) -> SystemExit:
    """Say where `error` happened, without any value; then what is so now. Returns the end, with code 70 (EX_SOFTWARE).

    The interpreter's own traceback would show values, which may be part of an event.
    """
    from agent.telemetry.tracebacks import describe

    typer.echo(describe(error), err=True)
    say(f"✗ A bug ended {what_is_so} Please report it, with the lines above.")
    return SystemExit(EXIT_BUG)


def show_warnings(warnings: Sequence[str]) -> None:
    """Print each warning on a line of standard error."""
    for warning in warnings:
        say(f"! {warning}")
