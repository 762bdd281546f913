"""The page for man(1) says what the commands say, and man can show it."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import typer.main

from agent.cli.app import app
from tests.reference.manual import MANUAL, manual
from tests.support.tools import tool
from tests.unit.cli.test_examples import COMMANDS, LINES


def shown(*command: str) -> subprocess.CompletedProcess[str]:
    """What a program that reads such pages says of it."""
    program = tool(command[0])
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANWIDTH": "500", "TERM": "dumb"}
    return subprocess.run(
        [program, *command[1:]], capture_output=True, text=True, timeout=60, check=False, env=environment
    )


def test_the_page_is_what_the_code_writes(request: pytest.FixtureRequest) -> None:
    """No command, option or example of it is older than the code."""
    if request.config.getoption("--update-golden"):
        MANUAL.write_text(manual(), encoding="utf-8")
    assert MANUAL.read_text(encoding="utf-8") == manual(), "run `make docs` (python -m tests.reference)"


def test_the_page_has_every_command_option_and_example() -> None:
    """And every exit code."""
    plain = manual().replace("\\-", "-").replace("\\(aq", "'").replace("\\&", "")
    for words, command in COMMANDS.items():
        if not hasattr(command, "commands"):
            assert f"trail-agent {' '.join(words)} [OPTIONS]" in plain
            names = [name for one in command.params for name in one.opts if name.startswith("-")]
            assert [name for name in names if name not in plain] == []
    assert [line for line in LINES if line not in plain] == []
    codes = ",".join(re.findall(r"^\\fB([\d, ]+)\\fR$", plain, re.MULTILINE)).replace(" ", "").split(",")
    assert {"0", "1", "2", "69", "70", "78", "130"} <= {*codes}
    assert len(typer.main.get_group(app).commands) > 1


@pytest.mark.skipif(sys.platform != "linux", reason="another man, with other options")
def test_man_shows_the_page_and_finds_nothing_wrong() -> None:
    """Man-db's groff, with all its warnings; the examples can be copied from it: a hyphen is a hyphen."""
    page = shown("man", "--warnings=w", "--local-file", str(MANUAL))
    assert (page.returncode, page.stderr) == (0, "")
    assert [line for line in LINES if line not in page.stdout] == []


def test_mandoc_finds_nothing_wrong() -> None:
    """The other reader of such pages, of the BSDs and of macOS."""
    assert shown("mandoc", "-T", "lint", "-W", "warning", str(MANUAL)).stdout == ""
