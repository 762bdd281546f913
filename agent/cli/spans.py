"""Lengths of time as people type them: `90s`, `30m`, `2h`, `3d`, `1w`, and several of them in a row: `1d12h`."""

from __future__ import annotations

import re
from typing import Final

import typer

_SECONDS: Final = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_PART: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(min|[smhdw])", re.ASCII)


def seconds_of(text: str) -> float:
    """The length of time in seconds; raises `typer.BadParameter` for what is none."""
    rest, total = text.strip().lower(), 0.0
    parts = list(_PART.finditer(rest))
    if not parts or "".join(part[0] for part in parts) != rest:
        raise typer.BadParameter(f"{text!r} is no length of time; write it such as 30m, 2h, 3d or 1d12h")
    for part in parts:
        total += float(part[1]) * _SECONDS[part[2]]
    return total


def brief_span(seconds: float) -> str:
    """A length of time in one unit, for a narrow column: `45s`, `12m`, `7h`, `3d`."""
    whole = max(int(seconds), 0)
    unit, name = next((one for one in ((86_400, "d"), (3600, "h"), (60, "m")) if whole >= 2 * one[0]), (1, "s"))
    return f"{whole // unit}{name}"
