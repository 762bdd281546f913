"""Times and lengths of time as people type them, for all commands: there is one grammar, and it stands here.

A length is a number with its unit, or several in a row: `90s`, `30m`, `1.5h`, `1d12h`, `2w`. A time is a date, with or
without a time of day, or a length, which means so long ago. Where only seconds make sense, a number alone is seconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import typer

from agent.errors import printable
from agent.replay.span import EARLIEST, Span, SpanError, shown

_SECONDS: Final = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
_PART: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(min|[smhdw])", re.ASCII)
_PLAIN: Final = re.compile(r"\d+\.?\d*|\.\d+", re.ASCII)
_LENGTHS: Final = "30m, 2h, 3d or 1d12h"
_FORMS: Final = f"write a date (2026-10-05), a time (2026-10-05T12:00Z), or how long ago, such as {_LENGTHS}"
_SHOWN: Final = 40


def seconds_of(text: str) -> float:
    """The length of time in seconds, for an option; raises `typer.BadParameter` for what is none."""
    try:
        return _length(text)
    except ValueError:
        name = printable(text, _SHOWN)
        raise typer.BadParameter(f"'{name}' is no length of time; write it such as {_LENGTHS}") from None


def seconds_between(least: float, most: float) -> Callable[[str | float], float]:
    """What reads an option that is a length of time, or a plain number of seconds, from `least` to `most`.

    It raises `typer.BadParameter` for anything else.
    """

    def read(given: str | float) -> float:
        text = str(given).strip()
        seconds = float(text) if _PLAIN.fullmatch(text) else seconds_of(text)
        if not least <= seconds <= most:
            raise typer.BadParameter(f"'{printable(text, _SHOWN)}' is not between {least:g}s and {most:g}s")
        return seconds

    return read


def read_span(since: str, until: str | None, now: datetime) -> Span:
    """What `--since` and `--until` say at the time `now`; raises `SpanError`. Without `until`, up to now."""
    begin = _moment("--since", since, now)
    if begin < EARLIEST:
        raise SpanError("--since", f"{shown(begin)} is before CloudTrail began, in November 2013")
    end = _moment("--until", until, now) if until is not None else now.replace(microsecond=0)
    if end > now:
        raise SpanError("--until", f"{shown(end)} UTC is in the future: leave it out, to go up to now")
    if begin >= end:
        raise SpanError("--until", f"{shown(end)} UTC is not after --since, which is {shown(begin)} UTC")
    return Span(begin, end)


def brief_span(seconds: float) -> str:
    """A length of time in one unit, for a narrow column: `45s`, `12m`, `7h`, `3d`."""
    whole = max(int(seconds), 0)
    unit, name = next((one for one in ((86_400, "d"), (3600, "h"), (60, "m")) if whole >= 2 * one[0]), (1, "s"))
    return f"{whole // unit}{name}"


def _length(text: str) -> float:
    """In seconds; raises `ValueError` for what is no length of time."""
    rest = text.strip().lower()
    parts = list(_PART.finditer(rest))
    if not parts or "".join(part[0] for part in parts) != rest:
        raise ValueError
    return sum(float(part[1]) * _SECONDS[part[2]] for part in parts)


def _moment(option: str, text: str, now: datetime) -> datetime:
    """One option, as a moment in UTC that is not in the future where it is `--since`."""
    text = text.strip()
    try:
        moment = _written(text) if "-" in text else now - timedelta(seconds=_length(text))
    except (ValueError, OverflowError):
        raise SpanError(option, f"'{printable(text, _SHOWN)}' is no time: {_FORMS}") from None
    if option == "--since" and moment >= now:
        raise SpanError(option, f"{shown(moment)} UTC is in the future")
    return moment.replace(microsecond=0)


def _written(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if not re.match(r"\d{4}-\d\d-\d\d", text):  # ISO has week dates and 20261005, too; those are mistyped more often
        raise ValueError
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
