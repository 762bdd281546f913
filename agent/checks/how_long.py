"""How long something is, in words: `10 days`, `36 h`, `5 min`."""

from __future__ import annotations

from typing import Final

MINUTE: Final = 60
HOUR: Final = 3600
DAY: Final = 86400


def how_long(seconds: float) -> str:
    """The largest unit in which it is at least two, or one of it exactly."""
    for unit, name in ((DAY, "day"), (HOUR, "h"), (MINUTE, "min")):
        if seconds == unit or seconds >= 2 * unit:
            count = f"{seconds / unit:.1f}".removesuffix(".0")
            return f"{count} {name}s" if name == "day" and count != "1" else f"{count} {name}"
    return f"{seconds:.0f} s"
