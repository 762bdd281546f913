"""Lengths of time as people type and read them."""

from __future__ import annotations

import pytest
import typer

from agent.cli.spans import brief_span, seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0s", 0),
        ("90s", 90),
        ("30m", 1800),
        ("30min", 1800),
        ("1.5h", 5400),
        ("2h", 7200),
        ("3d", 259_200),
        ("1w", 604_800),
        (" 1D 12h ", 129_600),
    ],
)
def test_a_length_of_time_is_read(text: str, seconds: float) -> None:
    """A number and its unit, and several of them in a row."""
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "2", "h", "2x", "-2h", "2h!", "tomorrow", "2 hours", "1e3s", "٢h"])
def test_what_is_none_is_refused_with_an_example(text: str) -> None:
    """Nothing is guessed: a wrong age would choose other messages."""
    with pytest.raises(typer.BadParameter, match="such as 30m, 2h, 3d"):
        seconds_of(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (172_799, "47h"), (2e5, "2d")],
)
def test_an_age_is_shown_in_one_unit(seconds: float, text: str) -> None:
    """Short, and never rounded up."""
    assert brief_span(seconds) == text
