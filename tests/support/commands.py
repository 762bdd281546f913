"""A command of the agent as a process of its own, as an operator runs it in a shell or in a pipe."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from agent.demo.environment import isolated

_FROM_HERE = {"PYTHONPATH": str(Path(__file__).parents[2])}
_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs commands with these settings, in a folder of their own."""

    config: Path

    @classmethod
    def at(cls, folder: Path, settings: Mapping[str, Any]) -> Shell:
        """Write `settings` into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "agent.yaml"
        config.write_text(yaml.safe_dump(dict(settings)))
        return cls(config)

    def run(self, *arguments: str, stdout: int = subprocess.PIPE) -> Ended:
        """`trail-agent ARGUMENTS… -c FILE`, to its end; what goes to another `stdout` is not told."""
        with self.start(*arguments, stdout=stdout) as process:
            out, err = process.communicate(timeout=_SECONDS)
        return Ended(process.returncode, out or "", err)

    def start(
        self,
        *arguments: str,
        stdin: int = subprocess.DEVNULL,
        stdout: int = subprocess.PIPE,
        stderr: int = subprocess.PIPE,
        by: Sequence[str] = (),
    ) -> subprocess.Popen[str]:
        """The same, under way; its output is piped. `by` is another command that starts it."""
        return subprocess.Popen(
            [*by, sys.executable, "-m", "agent", *arguments, "-c", str(self.config)],
            env={**isolated(), **_FROM_HERE},
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            text=True,
        )
