"""`make bench`: what the agent costs, as ratios within one run. README.md beside this file says how to read it.

Times differ from machine to machine and from minute to minute: quote the ratios, and medians.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from tests.bench import bars, surroundings
from tests.bench.contestants import Agent, Collector, Contestant, Yardstick
from tests.bench.ending import heed_signals
from tests.bench.failures import Failures
from tests.bench.measures import Figures, burst, flood, growth, idle, stages, unloaded
from tests.bench.processes import ROOT, Service, compile_agent, is_revision, revision
from tests.bench.results import as_json
from tests.bench.table import put, show, stage_lines
from tests.bench.writing import reason, why_not, write

_PARTS: Final = ("stages", "burst", "unloaded", "idle", "memory", "growth")
_LEAST_OBJECTS: Final = 8  # of the mixes that cost most an eighth is put in
_INTERRUPTED: Final = 130


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """What is asked for. Raises SystemExit with one line if it cannot be measured."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--base", type=_revision, help="a revision to measure beside this tree")
    parser.add_argument("--collector", type=_program, help="an OpenTelemetry Collector (contrib) to measure beside it")
    parser.add_argument("--rounds", type=_at_least(1), default=5, help="rounds, of which the median counts (5)")
    parser.add_argument("--objects", type=_at_least(_LEAST_OBJECTS), default=600, help="objects in one round (600)")
    parser.add_argument("--only", choices=_PARTS, action="append", help="this part only; may be given several times")
    parser.add_argument("--json", type=Path, help="where the figures go, too (build/bench.json, or bench-PART.json)")
    asked = parser.parse_args(argv)
    asked.parts = list(dict.fromkeys(asked.only or _PARTS))
    named = "".join(f"-{part}" for part in asked.parts) if asked.only else ""
    asked.json = asked.json or ROOT / "build" / f"bench{named}.json"
    if why := why_not(asked.json):
        parser.error(f"argument --json: {asked.json} cannot be written: {why}")
    return asked


def _at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text} is no number of {least} or more")
        return int(text)

    return number


def _revision(text: str) -> str:
    if not is_revision(text):
        raise argparse.ArgumentTypeError(f"{text} is no revision of this repository")
    return text


def _program(text: str) -> Path:
    if not (os.path.isfile(text) and os.access(text, os.X_OK)):  # noqa: PTH113 - as it was given
        raise argparse.ArgumentTypeError(f"{text} is no program that can be run")
    return Path(text).resolve()


@contextmanager
def _contestants(asked: argparse.Namespace, folder: Path, failures: Failures) -> Iterator[list[Contestant]]:
    with ExitStack() as stack:
        compile_agent(ROOT)
        found: list[Contestant] = [Agent(), Yardstick()]
        if asked.collector:
            found.append(Collector(asked.collector))
        if asked.base:
            with failures.noting("checkout", asked.base):
                found.append(Agent(asked.base, tree=stack.enter_context(revision(asked.base, folder))))
        yield found


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, and print a table for each kind of measurement, and the bars at the end.

    Whatever ends it, its processes, its folder and the files of another revision go. Raises SystemExit if it is ended,
    if anybody failed, after all else was measured and written, and if the figures cannot be written.
    """
    asked = arguments(argv)
    heed_signals()
    failures = Failures()
    try:
        told = _measure(asked, failures)
        if failures.noted:
            put(failures.lines())
        unwritten = _write(asked.json, told)
    except KeyboardInterrupt:
        sys.stderr.write("The bench was interrupted; no figures are written.\n")
        sys.exit(_INTERRUPTED)
    wrong = [unwritten] if unwritten else []
    if failures.noted:
        who = ", ".join(f"{one.who} ({one.what})" for one in failures.noted)
        where = "above" if unwritten else f"above, and in {asked.json}"
        wrong.append(f"Not all could be measured: {who}. The reasons stand {where}.")
    if wrong:
        sys.exit("\n".join(wrong))


def _write(path: Path, told: Mapping[str, Any]) -> str | None:
    """What is wrong if the figures cannot be written, after all."""
    try:
        write(path, json.dumps(told, indent=2) + "\n")
    except OSError as error:
        return f"The figures cannot be written to {path}: {reason(error)}."
    put([f"The figures are in {path}."])
    return None


def _measure(asked: argparse.Namespace, failures: Failures) -> Mapping[str, Any]:
    """Measure and show all that can be measured, note what cannot, and return what is to be written."""
    put(_about())
    about = _surroundings(asked)
    with tempfile.TemporaryDirectory(prefix="trail-agent-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        contestants = stack.enter_context(_contestants(asked, folder, failures))
        service = stack.enter_context(Service.start(folder))
        measure = partial(_part, asked=asked, service=service, contestants=contestants, folder=folder)
        figures = [one for part in asked.parts for one in measure(part, failures=failures)]
    held = list(bars.held(figures))
    if held:
        put(bars.lines(held))
    return as_json(about, figures, held, failures.noted)


def _part(
    part: str,
    *,
    asked: argparse.Namespace,
    service: Service,
    contestants: list[Contestant],
    folder: Path,
    failures: Failures,
) -> list[Figures]:
    rounds, objects = asked.rounds, asked.objects
    match part:
        case "stages":
            return _stages(service, [one for one in contestants if isinstance(one, Agent)], failures)
        case "burst":
            return show(burst(service, contestants, folder, rounds=rounds, objects=objects, failures=failures))
        case "unloaded":
            return show(unloaded(service, contestants, folder, rounds=rounds, failures=failures))
        case "idle":
            return show(idle(service, contestants, folder, failures=failures))
        case "memory":
            return show(flood(service, folder, failures=failures))
        case _:
            return show(growth(service, folder, rounds=rounds, objects=objects, failures=failures))


def _stages(service: Service, agents: list[Agent], failures: Failures) -> list[Figures]:
    figures = stages(service, agents, failures=failures)
    if figures:
        put(stage_lines(figures))
    return figures


def _surroundings(asked: argparse.Namespace) -> Mapping[str, Any]:
    """What is measured, where and when, as the figures say it."""
    return {
        "date": surroundings.now(),
        "tree": surroundings.this_tree(),
        "base": surroundings.base(asked.base) if asked.base else None,
        "collector": surroundings.collector(asked.collector) if asked.collector else None,
        "machine": surroundings.machine(),
        "run": {"rounds": asked.rounds, "objects": asked.objects, "parts": asked.parts},
    }


def _about() -> list[str]:
    here = surroundings.machine()
    python = f"Python {here['python']} in {here['python_home']}"
    return [
        f"{here['processors']} processors ({here['machine']}), {here['system']}, {python}",
        "In brackets: as a multiple of trail-agent's figure; where a load grows, of that of the first load.",
        "CPU is user and system time of the whole process.",
    ]


if __name__ == "__main__":
    main()
