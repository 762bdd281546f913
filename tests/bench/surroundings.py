"""What was measured, where and when: without it, nobody can say later what a figure is of."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.bench.processes import git_says

_CPUINFO: Final = Path("/proc/cpuinfo")
_PATIENCE_SECONDS: Final = 20.0


def machine() -> Mapping[str, Any]:
    """The machine, and its Python: which one, for of two builds of one version one may take 15 % more CPU."""
    return {
        "processors": os.cpu_count(),
        "cpu": _cpu_model(),
        "machine": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "python_home": sys.base_prefix,
    }


def now() -> str:
    """The date and time in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def this_tree() -> Mapping[str, Any]:
    """The revision of this tree, and whether it holds anything that is not committed; None where git cannot say."""
    changes = git_says("status", "--porcelain")
    return {**_named("HEAD"), "dirty": None if changes is None else bool(changes)}


def base(rev: str) -> Mapping[str, Any]:
    """Another revision: as it was asked for, and what it is."""
    return {"asked": rev, **_named(rev)}


def collector(program: Path) -> Mapping[str, Any]:
    """The name of its program, and what it says of its version."""
    try:
        said = subprocess.run(
            [program, "--version"], check=False, capture_output=True, text=True, timeout=_PATIENCE_SECONDS
        ).stdout.splitlines()
    except (OSError, subprocess.TimeoutExpired):
        said = []
    return {"program": program.name, "version": said[0].strip() if said else None}


def _named(rev: str) -> Mapping[str, str | None]:
    commit = git_says("rev-parse", "--verify", "--end-of-options", rev + "^{commit}")
    return {"revision": commit, "described": git_says("describe", "--always", "--tags", commit) if commit else None}


def _cpu_model() -> str:
    """As the processor calls itself."""
    try:
        lines = _CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()
