"""Programs that check files of the project, or use its commands; some are not on every machine."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from subprocess import CompletedProcess, run
from typing import Final, NoReturn

import pytest

_VENV: Final = Path(sys.prefix)
_PLACES: Final = (_VENV / "bin", _VENV / "tools", _VENV / "checkov" / "bin")
_SECONDS: Final = 110.0
_OF: Final = {
    "helm": "make tools, which needs Go",
    "actionlint": "make tools, which needs Go",
    "checkov": "make tools",
    "chromium-headless-shell": "apt-get install --no-install-recommends chromium-headless-shell, or any Chrome",
    "node": "apt-get install --no-install-recommends nodejs npm",
    "amtool": "apt-get install --no-install-recommends prometheus-alertmanager",
    "prometheus": "apt-get install --no-install-recommends prometheus",
    "promtool": "apt-get install --no-install-recommends prometheus",
    "systemd-analyze": "apt-get install --no-install-recommends systemd",
    "bash": "apt-get install --no-install-recommends bash",
    "zsh": "apt-get install --no-install-recommends zsh",
    "fish": "apt-get install --no-install-recommends fish",
    "man": "apt-get install --no-install-recommends man-db",
    "mandoc": "apt-get install --no-install-recommends mandoc",
}
"""Where the tools come from that `make setup` does not bring."""
_ALSO: Final = {
    "chromium-headless-shell": ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome"),
}
"""Programs that do as well."""


@cache
def tool(name: str) -> str:
    """The path of the program `name`; skips the test if it is missing, or fails it where `CHECK_TOOLS=required`."""
    places = (os.pathsep.join(map(str, _PLACES)), None)
    found = (shutil.which(each, path=place) for each in (name, *_ALSO.get(name, ())) for place in places)
    path = next(filter(None, found), "")
    if not path:
        _is_missing(name, _OF.get(name, "make setup"))
    return str(path)


def npm_modules() -> Path:
    """The folder that has the node_modules of tests/tools/package.json; skips or fails the test like `tool`."""
    folder = _VENV / "tools"
    if not (folder / "node_modules" / ".package-lock.json").exists():
        _is_missing("what tests/tools/package.json names", "make tools, which needs npm")
    return folder


def _is_missing(name: str, source: str) -> NoReturn:
    missing = f"{name} is missing; it comes with: {source}"
    if os.environ.get("CHECK_TOOLS") == "required":
        pytest.fail(missing)
    pytest.skip(missing)


def run_tool(
    name: str, *arguments: str | Path, cwd: Path | None = None, stdin: str | None = None
) -> CompletedProcess[str]:
    """What the program `name` answers to `arguments`, whatever its exit code; nearly as long as a test may take."""
    command: Sequence[str] = [tool(name), *map(str, arguments)]
    seldom = {**os.environ, "GOGC": "400"}  # a tool in Go that lives for seconds need not collect garbage often
    return run(command, cwd=cwd, env=seldom, input=stdin, capture_output=True, text=True, timeout=_SECONDS, check=False)


def faults_by_schema(schema: str, *files: Path) -> str:
    """What check-jsonschema finds wrong with files by a schema that it brings; empty if nothing.

    It is called in this process: its start takes seconds, and its work none.
    """
    from check_jsonschema import main
    from click.testing import CliRunner

    assert files
    checked = CliRunner().invoke(main, ["--builtin-schema", schema, *map(str, files)])
    return "" if checked.exit_code == 0 else checked.output or repr(checked.exception)
