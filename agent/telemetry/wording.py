"""Numbers, sizes and times in readable form."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

_THOUSANDS: Final = ("k", "M", "G", "T", "P", "E")
_MANY: Final = 1000.0
_COUNTED_BELOW: Final = 10_000.0
_SIZES: Final = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_STEP: Final = 1024.0
_FRACTIONS_BELOW: Final = 10.0
_DAYS_ALONE: Final = 100 * 86400  # seconds
_SPANS: Final = ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s"))


def number(value: float) -> str:
    """`12345` → `12,345`; a fraction below ten keeps one digit."""
    if abs(value) < _FRACTIONS_BELOW and value != int(value):
        return f"{value:.1f}"
    return f"{value:,.0f}"


def brief(value: float) -> str:
    """`12345` → `12 k`: a number for a narrow place; below ten thousand it is written out."""
    if value < _COUNTED_BELOW:
        return number(value)
    unit = -1
    while value >= _MANY and unit < len(_THOUSANDS) - 1:
        value /= _MANY
        unit += 1
    return f"{number(value)} {_THOUSANDS[unit]}" if value < _MANY else f"{value:.0e} {_THOUSANDS[unit]}"


def size(count: float) -> str:
    """`1536` → `1.5 KiB`."""
    unit = 0
    while count >= _STEP and unit < len(_SIZES) - 1:
        count /= _STEP
        unit += 1
    return f"{number(count)} {_SIZES[unit]}"


def span(seconds: float) -> str:
    """`0.034` → `34 ms`, `5400` → `1 h 30 min`; from a hundred days on, days alone."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms" if seconds > 0 else "0 s"
    whole = int(seconds)
    for large, large_name, small, small_name in _SPANS:
        if whole >= large:
            rest = whole % large // small if whole < _DAYS_ALONE else 0
            return f"{whole // large} {large_name}" + (f" {rest} {small_name}" if rest else "")
    return f"{number(seconds if seconds < _FRACTIONS_BELOW else whole)} s"


def ago(then: float, now: float) -> str:
    """How long ago `then` was (Unix seconds); 0 stands for never."""
    return f"{span(max(now - then, 0.0) // 1)} ago" if then else "never"


def roughly(then: float, now: float) -> str:
    """How long ago `then` was, in one unit: `14 min ago`."""
    amount, unit = span(max(now - then, 0.0) // 1).split(" ")[:2]
    return f"{amount} {unit} ago"


def clock(unix_seconds: float) -> str:
    """`06:30`, in UTC."""
    hours, minutes = divmod(int(unix_seconds // 60) % 1440, 60)
    return f"{hours:02}:{minutes:02}"


def instant(unix_seconds: float) -> str:
    """`2026-11-23 06:30:00 UTC`."""
    return f"{datetime.fromtimestamp(unix_seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
