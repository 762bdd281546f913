"""`make fuzz`: damaged objects and notifications, by the hundred thousand, under a memory ceiling.

Exit code 1 if one of them raises what nothing may raise, breaks a demand, or takes too long.
"""

from __future__ import annotations

import argparse
import resource
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final, NoReturn

from rich.console import Console
from rich.progress import track

from tests.fuzz.run import Finding, Fuzz, Tally

_CEILING_BYTES: Final = 1 << 30  # of address space: the libraries alone take some 300 MiB of it
_LONGEST_SECONDS: Final = 10.0
_MOST_FINDINGS: Final = 10
_LINES: Final = 10


class TooSlowError(Exception):
    """One input took longer than any may."""


class Show:
    """Everything that is printed goes through here."""

    def __init__(self, console: Console, seed: int) -> None:
        self._console = console
        self._seed = seed

    def over(self, numbers: range) -> Iterator[int]:
        """`numbers`, under a bar on a terminal, with a line for every tenth elsewhere."""
        if self._console.is_terminal:
            yield from track(numbers, "damaging", console=self._console)
            return
        step, began = max(1, len(numbers) // _LINES), time.monotonic()
        for done, number in enumerate(numbers, 1):
            yield number
            if done % step == 0:
                self.say(f"{done:>9} inputs, {done / (time.monotonic() - began):.0f} a second")

    def finding(self, finding: Finding) -> None:
        """What went wrong, where the input is, and how to see it again."""
        self.say(f"✗ input {finding.number} ({finding.kind.value}): {finding.error!r:.500}", "bold red")
        self.say(f"  saved as {finding.saved}; again: python -m tests.fuzz --seed {self._seed} --only {finding.number}")

    def report(self, tally: Tally, seconds: float, findings: int) -> None:
        """The balance."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
        self.say("")
        self.say(f"{tally.inputs} inputs in {seconds:.0f} s, {tally.inputs / seconds:.0f} a second; seed {self._seed}")
        self.say(f"peak memory {peak:.0f} MiB, under a ceiling of {_CEILING_BYTES >> 20} MiB of address space")
        for outcome, count in tally.outcomes.most_common():
            self.say(f"{count:>9}  {outcome}")
        verdict = f"✗ {findings} findings" if findings else "✓ no crash, and every demand held"
        self.say(verdict, "bold red" if findings else "bold green")

    def say(self, text: str, style: str = "") -> None:
        """One line."""
        self._console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def _bounded() -> Iterator[None]:
    """No more memory than the ceiling, and no input that runs for ever."""

    def on_alarm(_number: int, _frame: FrameType | None) -> NoReturn:
        raise TooSlowError(f"an input took more than {_LONGEST_SECONDS:.0f} s")

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_CEILING_BYTES, hard))
    signal.signal(signal.SIGALRM, on_alarm)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _run(fuzz: Fuzz, numbers: range, show: Show) -> int:
    findings = 0
    for number in show.over(numbers):
        signal.setitimer(signal.ITIMER_REAL, _LONGEST_SECONDS)
        for finding in fuzz.run(range(number, number + 1)):
            if finding:
                findings += 1
                show.finding(finding)
        if findings >= _MOST_FINDINGS:
            break
    return findings


def main() -> int:
    """Run, report, and say how it went."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--number", type=int, default=20_000, help="inputs to make (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the inputs (%(default)s)")
    parser.add_argument("--only", type=int, help="the one input of this number")
    given = parser.parse_args()
    numbers = range(given.number) if given.only is None else range(given.only, given.only + 1)
    show, fuzz, began = Show(Console(), given.seed), Fuzz(given.seed), time.monotonic()
    show.say(f"fuzz: {len(numbers)} inputs, seed {given.seed}")
    with _bounded():
        findings = _run(fuzz, numbers, show)
    show.report(fuzz.tally, max(time.monotonic() - began, 1e-9), findings)
    return 1 if findings else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
