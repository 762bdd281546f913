"""How the result of a check is printed: a few lines on a terminal, one line in a pipe, one object as JSON."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from collections import Counter
from collections.abc import Sequence
from typing import Final

import typer

from agent.checks.finding import Check, Status
from agent.errors import number_of, printable

_COLOURS: Final = {Status.OK: "green", Status.FAILED: "red", Status.CAUTION: "yellow"}
_NARROWEST: Final = 40
_SETTINGS: Final = "settings"


def as_text(check: Check) -> str:
    """The mark, what was checked, what is so, and what to do. On a terminal it is broken to the terminal's width."""
    name = f"{check.id} {check.on}".rstrip()
    if not sys.stdout.isatty():
        return f"{check.status.mark} {name}: {_sentence(check.what)}{f' {check.fix}' if check.fix else ''}"
    width = _width()
    mark = typer.style(check.status.mark, _COLOURS[check.status])
    lines = _wrapped(f"{name}: {check.what}", width, "  ")
    fix = _wrapped(f"→ {check.fix}", width, "    ", "  ") if check.fix else []
    return "\n".join([f"{mark} {lines[0].removeprefix('  ')}", *lines[1:], *fix])


def as_object(check: Check) -> str:
    """One JSON object: id, status (ok, failed, caution), on, what, fix."""
    told = {"id": check.id, "status": check.status, "on": check.on, "what": check.what, "fix": check.fix}
    return json.dumps(told, ensure_ascii=False)


def of_settings(sentence: str, status: Status) -> Check:
    """A problem of the settings, or a caution, as one more result; it is about the key with which it begins."""
    key, _, told = printable(sentence).partition(": ")
    on, what = (key, told) if told else ("", key)
    return Check(_SETTINGS, status, what, "Correct it in the file or the environment.", on)


def sound_settings(what: str) -> Check:
    """That the settings can be used."""
    return Check(_SETTINGS, Status.OK, what)


def summary(checks: Sequence[Check]) -> str:
    """How many ended how, and the names of those that failed: they may have left the screen."""
    count = Counter(check.status for check in checks)
    told = ", ".join(f"{count[status]} {status.mark}" for status in Status)
    crossed = ", ".join(f"{check.id} {check.on}".rstrip() for check in checks if check.status is Status.FAILED)
    text = f"{number_of(len(checks), 'check')}: {told}" + (f"; ✗ {crossed}" if crossed else "")
    return "\n".join(_wrapped(text, _width(), "  ", "")) if sys.stdout.isatty() else text


def _width() -> int:
    return max(shutil.get_terminal_size().columns - 1, _NARROWEST)


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _wrapped(text: str, width: int, indent: str, first: str | None = None) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent if first is None else first,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
