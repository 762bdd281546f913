"""The table of `inspect` and of a comparison: a line for each event, as wide as the terminal at most."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.text import Text
from typer.testing import CliRunner

from agent.cli.app import app
from tests.support.events import DATA, raw_event
from tests.support.objects import log_file

EVENT_LOG = DATA / "codecatalyst" / "docs-list-event-logs-example.json"
TIME = "2026-11-20T12:00:00Z"


def shown(columns: int, *arguments: str | Path) -> list[str]:
    """The lines on a terminal of so many columns; in a pipe, if there are none."""
    environment = {"COLUMNS": str(columns), "FORCE_COLOR": "1"} if columns else {}
    result = CliRunner().invoke(app, ["inspect", *map(str, arguments)], env=environment)
    return Text.from_ansi(result.stdout).plain.splitlines()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with two events, of which one came from a very long address."""
    space = {"spaceName": "Acme", "name": "web"}
    events = [
        raw_event(eventID=address[:2], eventTime=TIME, sourceIPAddress=address, requestParameters=space)
        for address in ("192.0.2.1", "y" * 3000)
    ]
    file = tmp_path / "a.json"
    file.write_bytes(log_file(*events))
    return file


@pytest.mark.parametrize("columns", [120, 0], ids=["terminal", "pipe"])
def test_a_long_value_costs_only_its_own_column(path: Path, columns: int) -> None:
    """All other cells of both events are whole, and each event has one line."""
    heading, first, second = shown(columns, path)
    assert heading.split() == ["time", "actor", "event", "on", "what", "from", "outcome"]
    for line in (first, second):
        assert line.startswith(TIME)
        assert "CreateProject" in line
        assert "Acme/web" in line
        assert line.rstrip().endswith("success")
    assert "192.0.2.1 " in first
    assert "yyyy…" in second
    assert max(len(line) for line in (heading, first, second)) <= (columns or 400)


def test_a_narrow_terminal_shows_when_and_with_what_outcome() -> None:
    """In eighty columns the longest cells are cut alike; neither the time nor the outcome is."""
    heading, created, listed = shown(80, EVENT_LOG)
    assert (heading.split()[0], heading.split()[-1]) == ("time", "outcome")
    for line, time in ((created, "2022-12-01T09:15:32Z"), (listed, "2022-12-01T22:47:24Z")):
        assert line.startswith(time)
        assert line.endswith("success")
        assert len(line) <= 80
        assert len(line.split("  ")) >= 6


def test_what_fits_is_not_cut() -> None:
    """A wide terminal has every cell whole, and no column is wider than its cells."""
    assert not [line for line in shown(200, EVENT_LOG) if "…" in line]
    assert shown(200, EVENT_LOG) == shown(0, EVENT_LOG)


@pytest.mark.parametrize("columns", [1, 10, 30])
def test_even_a_sliver_of_a_terminal_gets_its_lines(path: Path, columns: int) -> None:
    """As much as fits, one line for each event."""
    lines = shown(columns, path)
    assert len(lines) == 3
    assert max(map(len, lines)) <= columns


def test_a_comparison_is_cut_alike(path: Path) -> None:
    """A long address hides no request id."""
    lines = shown(200, path, "--compare", EVENT_LOG)
    assert [line for line in lines[1:] if line.startswith("event log") and line.endswith("EXAMPLE33333")]
    assert [line for line in lines[1:] if line.startswith(f"trail      {TIME}") and "Acme/web" in line]
