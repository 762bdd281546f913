"""The commands as processes whose standard output cannot be written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.events import DATA

TRAIL_FILE = str(DATA / "codecatalyst" / "docs-example-CreateDevEnvironment.json")
PRINTING = [
    ("--version",),
    ("--help",),
    ("config", "schema"),
    ("config", "show"),
    ("check",),
    ("inspect", TRAIL_FILE),
    ("inspect", "-f", "jsonl", TRAIL_FILE),
]
ENVIRONMENT = os.environ | {
    "TRAIL_AGENT_QUEUE__URL": "https://sqs.us-west-2.amazonaws.com/111122223333/trail-agent",
    "TRAIL_AGENT_BUCKETS": "acme-trail",
}
printing = pytest.mark.parametrize("arguments", PRINTING, ids=lambda arguments: " ".join(arguments[:2]))


def run(arguments: tuple[str, ...], stdout: int | None, shell: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command with this standard output, `shell` being what a shell does to it first."""
    command = [sys.executable, "-m", "agent", *arguments]
    wrapped = ["sh", "-c", f'exec "$@" {shell}', "sh", *command] if shell else command
    return subprocess.run(
        wrapped, env=ENVIRONMENT, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60, check=False
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a device that is always full")
@printing
def test_a_full_disk_is_one_line(arguments: tuple[str, ...]) -> None:
    """Output that finds no room ends with exit code 1 and says so, also at the interpreter's exit."""
    with Path("/dev/full").open("wb") as full:
        result = run(arguments, full.fileno())
    assert result.returncode == 1
    complaints = [line for line in result.stderr.splitlines() if line.startswith("✗ ")]
    assert complaints == ["✗ the output cannot be written: No space left on device"]
    assert "Traceback" not in result.stderr
    assert "Exception ignored" not in result.stderr


@printing
def test_a_closed_output_is_one_line(arguments: tuple[str, ...]) -> None:
    """Output that was closed before the start is reported like one that is full."""
    result = run(arguments, None, shell=">&-")
    assert result.returncode == 1
    assert "✗ the output cannot be written: Bad file descriptor" in result.stderr
    assert "Traceback" not in result.stderr


@printing
def test_closed_errors_change_nothing_else(arguments: tuple[str, ...]) -> None:
    """Whoever closes standard error wants no words of it, and everything else as it is."""
    closed = run(arguments, subprocess.PIPE, shell="2>&-")
    open_one = run(arguments, subprocess.PIPE)
    assert (closed.returncode, closed.stdout) == (open_one.returncode, open_one.stdout)


@printing
def test_a_reader_who_leaves_is_no_complaint(arguments: tuple[str, ...]) -> None:
    """When the pipe's reader has gone, nothing is said of it."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        result = run(arguments, writer)
    finally:
        os.close(writer)
    assert result.returncode in {0, 1}
    assert "✗" not in result.stderr
    assert "Traceback" not in result.stderr
    assert "BrokenPipe" not in result.stderr
