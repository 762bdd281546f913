"""Times and lengths of time as people type and read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from agent.cli.spans import brief_span, read_span, seconds_between, seconds_of
from agent.replay.span import SpanError

NOW = datetime(2026, 11, 29, 7, 30, 40, tzinfo=UTC)
LENGTHS = st.lists(
    st.tuples(st.integers(1, 99).map(str), st.sampled_from(["s", "m", "min", "h", "H", " d"])).map("".join), min_size=1
).map("".join)


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
    ("given", "seconds"), [("30", 30), ("2.5", 2.5), (".5", 0.5), (" 30s ", 30), ("5m", 300), (2.0, 2)]
)
def test_where_seconds_are_usual_a_number_alone_is_seconds(given: str | float, seconds: float) -> None:
    """With a unit it is what it is everywhere else."""
    assert seconds_between(0.5, 3600)(given) == seconds


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("0.4", "'0.4' is not between 0.5s and 3600s"),
        ("2h", "'2h' is not between"),
        ("9" * 400, "is not between"),
        ("nan", "is no length of time; write it such as"),
        ("-1", "is no length of time"),
        ("", "is no length of time"),
        ("5x", "is no length of time"),
    ],
)
def test_seconds_that_cannot_be_meant_are_refused(given: str, words: str) -> None:
    """With what could be."""
    with pytest.raises(typer.BadParameter, match=words):
        seconds_between(0.5, 3600)(given)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (172_799, "47h"), (2e5, "2d")],
)
def test_an_age_is_shown_in_one_unit(seconds: float, text: str) -> None:
    """Short, and never rounded up."""
    assert brief_span(seconds) == text


@pytest.mark.parametrize(
    ("since", "begin"),
    [
        ("2026-10-05", "2026-10-05T00:00:00+00:00"),
        (" 2026-10-05T12:00 ", "2026-10-05T12:00:00+00:00"),
        ("2026-10-05 12:00:30", "2026-10-05T12:00:30+00:00"),
        ("2026-10-05T12:00Z", "2026-10-05T12:00:00+00:00"),
        ("2026-10-05T12:00+02:00", "2026-10-05T10:00:00+00:00"),
        ("2026-10-05T12:00:00.9Z", "2026-10-05T12:00:00+00:00"),
        ("30d", "2026-10-30T07:30:40+00:00"),
        ("12H", "2026-11-28T19:30:40+00:00"),
        ("90m", "2026-11-29T06:00:40+00:00"),
        ("2w", "2026-11-15T07:30:40+00:00"),
        ("1h30m", "2026-11-29T06:00:40+00:00"),
        (" 1d 12h ", "2026-11-27T19:30:40+00:00"),
        ("1.5h", "2026-11-29T06:00:40+00:00"),
        ("90s", "2026-11-29T07:29:10+00:00"),
    ],
)
def test_a_time_is_read_as_it_is_written(since: str, begin: str) -> None:
    """Dates, times with and without a zone, and how long ago; what has no zone is UTC."""
    assert read_span(since, None, NOW).since.isoformat() == begin


def test_without_an_end_it_goes_up_to_now() -> None:
    """With one, up to there."""
    assert read_span("1d", None, NOW).until == NOW
    assert read_span("1d", "1h", NOW).until == NOW - timedelta(hours=1)


@pytest.mark.parametrize(
    ("since", "until", "option", "words"),
    [
        ("yesterday", None, "--since", "write a date"),
        ("", None, "--since", "write a date"),
        ("20261005", None, "--since", "write a date"),
        ("2026-W40-1", None, "--since", "write a date"),
        ("2026-13-01", None, "--since", "write a date"),
        ("30dd", None, "--since", "'30dd' is no time"),
        ("-3d", None, "--since", "is no time"),
        ("999999w", None, "--since", "is no time"),
        ("\x1b[31m" + "x" * 99, None, "--since", "…' is no time"),
        ("2012-01-01", None, "--since", "before CloudTrail began"),
        ("2026-11-30", None, "--since", "in the future"),
        ("0d", None, "--since", "in the future"),
        ("1h-30m", None, "--since", "such as 30m, 2h, 3d or 1d12h"),
        ("9" * 400 + "d", None, "--since", "is no time"),
        ("2d", "2026-12-01", "--until", "leave it out"),
        ("2d", "3d", "--until", "is not after --since"),
        ("2026-10-05", "2026-10-05", "--until", "is not after --since"),
        ("2d", "never", "--until", "write a date"),
    ],
)
def test_what_cannot_be_meant_is_refused(since: str, until: str | None, option: str, words: str) -> None:
    """With the option, and what to write."""
    with pytest.raises(SpanError) as caught:
        read_span(since, until, NOW)
    assert caught.value.option == option
    assert words in str(caught.value)
    assert str(caught.value).isprintable()


@given(LENGTHS)
def test_every_option_reads_a_length_of_time_alike(text: str) -> None:
    """What is an age for one command is so long ago for another."""
    back = timedelta(seconds=seconds_of(text))
    assert read_span(text, None, NOW).since == NOW - back
