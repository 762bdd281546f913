"""`python -m tests.wheel dist/….whl`: install a built wheel as a user does, away from the source, and try it.

Needs nothing but the Python that it runs on, so that each Python of the package can try the same file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).parents[2]
_SECONDS: Final = 0.3  # what `--version` may take
_UNAVAILABLE: Final = 69


class Trial:
    """A new environment in `folder`, and what the commands in it answer, without the caller's environment."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        venv.create(folder / "venv", with_pip=True)
        self._bin = folder / "venv" / "bin"
        self._environment = {"PATH": f"{self._bin}:/usr/bin:/bin", "HOME": str(folder)}

    def install(self, *arguments: str) -> None:
        """`pip install`, in this environment, with the caller's own index."""
        quiet = ["install", "--quiet", "--disable-pip-version-check", *arguments]
        subprocess.run([self._bin / "python", "-m", "pip", *quiet], check=True, env=os.environ | self._environment)

    def says(self, *command: str, code: int = 0) -> str:
        """What a command prints; ends the trial if its exit code is not `code`."""
        program, *arguments = command
        done = subprocess.run(
            [self._bin / program, *arguments],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if done.returncode != code:
            sys.exit(f"✗ {' '.join(command)} ends with {done.returncode}, not {code}:\n{done.stdout}{done.stderr}")
        print(f"✓ {' '.join(command)}", flush=True)
        return done.stdout + done.stderr


def _require(met: bool, what: str) -> None:
    if not met:
        sys.exit(f"✗ {what}")


def _fastest(trial: Trial) -> float:
    taken = []
    for _ in range(5):
        began = time.perf_counter()
        trial.says("trail-agent", "--version")
        taken.append(time.perf_counter() - began)
    return min(taken)


def try_wheel(wheel: Path, folder: Path) -> None:
    """Install `wheel` and what it needs into `folder`, and do what a new user does; ends the process at a failure."""
    version = wheel.name.split("-")[1]
    trial = Trial(folder)
    trial.install("--require-hashes", "-r", str(_ROOT / "requirements.lock"))
    trial.install("--no-index", "--no-deps", str(wheel))
    trial.says("python", "-m", "pip", "check")
    _require(trial.says("trail-agent", "--version") == f"trail-agent {version}\n", "the version is the wheel's")
    seconds = _fastest(trial)
    _require(seconds < _SECONDS, f"--version takes {seconds:.2f} s")
    place = trial.says("python", "-c", "import agent; print(agent.__file__)").strip()
    _require(Path(place).is_relative_to(folder), f"the package is imported from {place}")
    trial.says("trail-agent", "check", "-c", str(_ROOT / "config" / "minimal.yaml"))
    schema = json.loads((_ROOT / "config" / "agent.schema.json").read_text(encoding="utf-8"))
    _require(json.loads(trial.says("trail-agent", "config", "schema")) == schema, "the schema is that of config/")
    _require((folder / "venv" / "share" / "man" / "man1" / "trail-agent.1").is_file(), "man has its page")
    advice = trial.says("trail-agent", "demo", "--once", code=_UNAVAILABLE)
    _require("trail-agent[demo]" in advice, "a demo without its emulator says how to get it")
    trial.install("--require-hashes", "-r", str(_ROOT / "requirements-demo.lock"))
    trial.says("trail-agent", "demo", "--once")


def main(arguments: Sequence[str]) -> None:
    """Try each wheel that is named."""
    if not arguments:
        sys.exit("usage: python -m tests.wheel WHEEL…")
    for wheel in map(Path, arguments):
        with tempfile.TemporaryDirectory(prefix="trail-agent-wheel-") as folder:
            try_wheel(wheel.resolve(), Path(folder).resolve())
            print(f"{wheel.name} works on Python {sys.version.split()[0]}")


if __name__ == "__main__":
    main(sys.argv[1:])
