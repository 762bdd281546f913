"""`make stack-test`: build the programs that are missing, say which they are, and run the tests.

Arguments are pytest's.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from time import monotonic

from tests.stack.programs import BUILT, PROGRAMS, SKIP, MissingError, Program

HERE = Path(__file__).parent


def main() -> int:
    """The exit code of the tests; 1 if a program is missing and nobody said that it may be."""
    missing = [program for program in PROGRAMS.values() if not _is_built(program)]
    if missing and os.environ.get(SKIP) != "skip":
        _say(f"Nothing was tested. {SKIP}=skip leaves out what needs a program that cannot be had.")
        return 1
    command = [sys.executable, "-m", "pytest", str(HERE), *sys.argv[1:]]
    return subprocess.run(command, env={**os.environ, BUILT: "1"}, check=False).returncode


def _is_built(program: Program) -> bool:
    """Build it, unless it is there, and say what it is."""
    if not program.path.exists():
        _say(f"Building {program.name} {program.release}; this takes some minutes, once …")
    begun = monotonic()
    try:
        program.build()
    except MissingError as error:
        _say(f"{program.name} {program.release} is missing: {error}")
        return False
    took = monotonic() - begun
    _say(f"{program.name:14} {program.release:9} {program.origin}" + (f"   built in {took:.0f} s" if took > 1 else ""))
    return True


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
