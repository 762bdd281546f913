"""Only `make stack-test` runs these tests: it builds what they need. At the end a table says what was shown."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from rich.console import Console
from rich.table import Table

from tests.integration.conftest import cloud, emulator
from tests.stack.programs import BUILT, PROGRAMS, SKIP

__all__ = ["cloud", "emulator"]  # fixtures that are shared

collect_ignore_glob = [] if os.environ.get(BUILT) else ["test_*.py"]

Shown = Callable[[str], None]
PathOf = Callable[[str], str]


@pytest.fixture(scope="session")
def program() -> PathOf:
    """The path of a program by its name; fails where it could not be built, or skips if told to."""

    def path_of(name: str) -> str:
        path = PROGRAMS[name].path
        if not path.exists():
            told = pytest.skip if os.environ.get(SKIP) == "skip" else pytest.fail
            told(f"{name} could not be built; `make stack-test` says why at its begin")
        return str(path)

    return path_of


@pytest.fixture
def shown(request: pytest.FixtureRequest) -> Shown:
    """Tells the table what was counted or measured."""

    def tell(text: str) -> None:
        request.node.user_properties.append(("shown", text))

    return tell


def pytest_itemcollected(item: pytest.Item) -> None:
    """Remember what a test is there to show."""
    function = getattr(item, "function", None)
    item.user_properties.append(("title", (function.__doc__ or "").strip().partition("\n")[0]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table of what was shown, and of what was not."""
    table = Table("", "what", "counted or measured", "s", title="What was shown", title_justify="left", expand=True)
    for outcome in ("passed", "failed", "skipped"):
        for report in sorted(terminalreporter.stats.get(outcome, ()), key=lambda report: str(report.nodeid)):
            told = [(name, str(text)) for name, text in report.user_properties]
            title = next((text for name, text in told if name == "title"), report.nodeid)
            counted = "\n".join(text for name, text in told if name == "shown")
            table.add_row(outcome, title, counted, f"{report.duration:.0f}")
    Console(width=150, soft_wrap=True).print(table)
