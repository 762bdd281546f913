"""Completion in real shells, each at a terminal: somebody types a part of a line and presses Tab."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.tools import tool

ROOT = Path(__file__).parents[2]
TAB = "\t"
ESCAPES = re.compile(r"\x1b(?:\[[0-9;?<>=]*[a-zA-Z]|[=>()][0B]?|\][^\x07]*\x07)|\x08")
WITH_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""
"""What gives a process the terminal at which it was started: a shell wants to control the jobs of one."""
CANCEL = "\x15"  # Ctrl-U: an empty line again


@dataclass(frozen=True, slots=True)
class Shell:
    """How a shell is started without anybody's settings, and how it learns to complete."""

    command: tuple[str, ...]
    learn: str


SHELLS = {
    "bash": Shell(("bash", "--norc", "--noprofile", "-i"), 'eval "$(trail-agent --show-completion)"'),
    "zsh": Shell(
        ("zsh", "-f", "-i"),
        'autoload -U compinit; compinit -u -D; eval "$(trail-agent --show-completion)"',
    ),
    "fish": Shell(("fish", "--no-config", "--interactive"), "trail-agent --show-completion | source"),
}


@dataclass(frozen=True, slots=True)
class Terminal:
    """The end of a terminal at which somebody sits."""

    descriptor: int

    def type(self, keys: str) -> None:
        """Press these keys."""
        os.write(self.descriptor, keys.encode())

    def read_until(self, wanted: str) -> str:
        """What is shown, without colours and moves of the cursor, until `wanted` stands there."""
        shown = ""
        while wanted not in (plain := ESCAPES.sub("", shown)):
            shown += os.read(self.descriptor, 65536).decode(errors="replace")
        return plain


@contextmanager
def terminal(shell: Shell, home: Path) -> Iterator[Terminal]:
    """A shell at a terminal, in a home of its own, that finds the program under test."""
    program = home / "trail-agent"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m agent "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
    environment = {"HOME": str(home), "PATH": f"{home}:/usr/bin:/bin", "TERM": "xterm", "PS1": "", "LC_ALL": "C.UTF-8"}
    process = subprocess.Popen(
        [sys.executable, "-c", WITH_TERMINAL, *shell.command],
        stdin=its,
        stdout=its,
        stderr=its,
        cwd=home,
        env=environment,
        start_new_session=True,
    )
    os.close(its)
    try:
        yield Terminal(ours)
    finally:
        process.kill()
        process.wait(10)
        os.close(ours)


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Terminal]:
    """A shell that has learnt to complete."""
    name = request.param
    tool(name)
    with terminal(SHELLS[name], tmp_path) as found:
        found.type(f"{SHELLS[name].learn}; echo lear''nt\n")
        found.read_until("learnt\r\n")
        yield found


def test_tab_finishes_commands_options_and_values(shell: Terminal, tmp_path: Path) -> None:
    """Of a command, of an option of that command, of an option's value, and of a file."""
    (tmp_path / "event-log.json").touch()
    shell.type(f"trail-agent insp{TAB}")
    shell.read_until("trail-agent inspect")
    shell.type(f"--expl{TAB}")
    shell.read_until("--explain")
    shell.type(f"--format js{TAB}")
    shell.read_until("--format jsonl")
    shell.type(f"--profiles identity,pi{TAB}")
    shell.read_until("--profiles identity,pipeline")
    shell.type(f"event-l{TAB}")
    shell.read_until("event-log.json")


def test_tab_finishes_both_values_of_an_option(shell: Terminal, tmp_path: Path) -> None:
    """A form, and then a folder."""
    (tmp_path / "history-of-october").mkdir()
    shell.type(f"trail-agent replay --to js{TAB}")
    shell.read_until("--to jsonl")
    shell.type(f"history-o{TAB}")
    shell.read_until("history-of-october/")


def test_tab_finishes_a_value_behind_an_equals_sign_in_zsh(tmp_path: Path) -> None:
    """As behind a space; bash takes the sign for an end of a word, and fish asks only about options that it knows."""
    tool("zsh")
    with terminal(SHELLS["zsh"], tmp_path) as found:
        found.type(f"{SHELLS['zsh'].learn}; echo lear''nt\n")
        found.read_until("learnt\r\n")
        found.type(f"trail-agent inspect --format=js{TAB}")
        found.read_until("--format=jsonl")


def test_tab_lists_what_there_is(shell: Terminal) -> None:
    """Every command, when nothing is typed yet; those of a group behind its name."""
    shell.type(f"trail-agent {TAB}{TAB}")
    shell.read_until("top")
    shell.type(f"{CANCEL}trail-agent config sc{TAB}")
    shell.read_until("config schema")


@pytest.mark.parametrize("name", SHELLS)
def test_completion_can_be_installed(name: str, tmp_path: Path) -> None:
    """It is written where the shell looks, and a new shell of that user has it."""
    tool(name)
    with terminal(SHELLS[name], tmp_path) as found:
        found.type("trail-agent --install-completion; echo do''ne\n")
        shown = found.read_until("done\r\n")
    assert f"{name} completion installed in" in shown
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "trail-agent"]
    assert any("_TRAIL_AGENT_COMPLETE" in path.read_text(encoding="utf-8") for path in written)


def test_the_first_tab_in_a_new_zsh_finishes(tmp_path: Path) -> None:
    """What was installed is read from a file, at the first Tab."""
    tool("zsh")
    with terminal(SHELLS["zsh"], tmp_path) as found:
        found.type("trail-agent --install-completion; echo do''ne\n")
        found.read_until("done\r\n")
    with terminal(Shell(("zsh", "-i"), ""), tmp_path) as found:
        found.type("echo rea''dy\n")
        found.read_until("ready\r\n")
        found.type(f"trail-agent insp{TAB}")
        found.read_until("trail-agent inspect")
