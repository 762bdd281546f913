"""How a command tells the operator what is wrong with the settings."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn

from agent.errors import SettingsError

EXIT_SETTINGS = 78


def fail_settings(error: SettingsError) -> NoReturn:
    """Print each problem on a line of standard error, then what to do, and end with exit code 78 (EX_CONFIG)."""
    for problem in error.problems:
        _say(f"✗ {problem}")
    _say("Nothing was started. Correct the above in the file or the environment; `trail-agent check` looks again.")
    raise SystemExit(EXIT_SETTINGS)


def show_warnings(warnings: Sequence[str]) -> None:
    """Print each warning on a line of standard error."""
    for warning in warnings:
        _say(f"! {warning}")


def _say(line: str) -> None:
    printable = "".join(character if character.isprintable() else "?" for character in line)
    encoding = sys.stderr.encoding or "utf-8"
    print(printable.encode(encoding, "replace").decode(encoding), file=sys.stderr)
