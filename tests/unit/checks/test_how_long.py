"""How long something is, in words that are read at a glance."""

from __future__ import annotations

import pytest

from agent.checks.how_long import how_long


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (61, "61 s"),
        (450, "7.5 min"),
        (3600, "1 h"),
        (43200, "12 h"),
        (86400, "1 day"),
        (129600, "36 h"),
        (172800, "2 days"),
        (864000, "10 days"),
    ],
)
def test_a_span_is_shown_in_its_largest_unit(seconds: float, shown: str) -> None:
    """One of a unit exactly, or two and more of it."""
    assert how_long(seconds) == shown
