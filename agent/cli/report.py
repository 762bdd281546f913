"""How a command reports what is wrong with the settings."""

from __future__ import annotations

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
_CHECK = "Correct them in the file or the environment. `trail-agent check` shows whether they are right."


def load_or_fail(config: Path | None) -> Settings:
    """The settings of the file `config` and of the environment. Ends with exit code 78 if they cannot be used."""
    from agent.settings import environment, load

    try:
        return load(config, environment())
    except SettingsError as error:
        fail_settings(error)


def fail_settings(error: SettingsError, then: str = _CHECK) -> NoReturn:
    """Print each problem on a line of standard error, `then` what to do, and end with exit code 78 (EX_CONFIG)."""
    for problem in error.problems:
        say(f"✗ {problem}")
    say(f"trail-agent cannot run with these settings. {then}")
    raise SystemExit(EXIT_SETTINGS)


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
