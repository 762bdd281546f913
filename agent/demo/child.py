"""A child process of the demo. It never outlives the demo."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self


class Child:
    """One Python process, in a session of its own: Ctrl-C reaches only the demo, which then stops it."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log

    @classmethod
    @contextmanager
    def start(
        cls, arguments: Sequence[str], environment: Mapping[str, str], log: Path, *, speaks: bool = False
    ) -> Iterator[Self]:
        """Run `python arguments…` while the block runs; what it writes goes to the file `log`.

        With `speaks`, its standard output is a pipe that the caller reads.
        """
        with log.open("wb") as written:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
                [sys.executable, *arguments],
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if speaks else written,
                stderr=written,
                start_new_session=True,
            )
        child = cls(process, log)
        try:
            yield child
        finally:
            child.kill()

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self.process.poll() is None

    def stop(self, seconds: float) -> int | None:
        """Ask it to end, and wait for at most `seconds`. Returns its exit code, or None if it still runs."""
        self.process.terminate()
        return self.wait(seconds)

    def wait(self, seconds: float) -> int | None:
        """Wait for its end for at most `seconds`. Returns its exit code, or None if it still runs."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def kill(self) -> None:
        """Kill it and close its pipes. Does nothing if it has ended."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()

    def last_lines(self, count: int = 12) -> list[str]:
        """The end of what it wrote."""
        return self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
