"""How long the next try waits: twice as long each time, and chance keeps those that wait from coming together.

Page: AWS Architecture Blog, "Exponential Backoff And Jitter". All times are seconds; `random` is a number from 0 to 1.
"""

from __future__ import annotations

from typing import Final

_MOST_DOUBLINGS: Final = 20  # a number that grows for hours must not become too large for a float


def doubled(first: float, times: int, most: float) -> float:
    """`first`, doubled so many `times`, and never more than `most`."""
    return min(most, first * 2.0 ** min(times, _MOST_DOUBLINGS))


def full_jitter(random: float, first: float, times: int, most: float) -> float:
    """Anything up to that."""
    return random * doubled(first, times, most)


def half_jitter(random: float, first: float, times: int, most: float) -> float:
    """Anything from half of that: for what means little when it is tried at once."""
    return (1 + random) / 2 * doubled(first, times, most)
