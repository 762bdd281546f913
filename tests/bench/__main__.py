"""`make bench`: what the agent costs, as ratios within one run. README.md beside this file says how to read it.

Times differ from machine to machine and from minute to minute: quote the ratios, and medians.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, NoReturn

from tests.bench import bars
from tests.bench.contestants import Agent, Collector, Contestant, Yardstick
from tests.bench.measures import Figures, burst, flood, growth, idle, stages, unloaded
from tests.bench.processes import ROOT, Service, StuckError, is_revision, revision
from tests.bench.table import put, show, stage_lines

_PARTS: Final = ("stages", "burst", "unloaded", "idle", "memory", "growth")
_LEAST_OBJECTS: Final = 8  # of the mixes that cost most an eighth is put in
_INTERRUPTED, _BY_SIGNAL = 130, 128


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--base", type=_revision, help="a revision to measure beside this tree")
    parser.add_argument("--collector", type=_program, help="an OpenTelemetry Collector (contrib) to measure beside it")
    parser.add_argument("--rounds", type=_at_least(1), default=5, help="rounds, of which the median counts (5)")
    parser.add_argument("--objects", type=_at_least(_LEAST_OBJECTS), default=600, help="objects in one round (600)")
    parser.add_argument("--only", choices=_PARTS, action="append", help="this part only; may be given several times")
    parser.add_argument("--json", type=Path, help="where the figures go, too (build/bench.json, or bench-PART.json)")
    asked = parser.parse_args(argv)
    parts = "".join(f"-{part}" for part in asked.only or ())
    asked.json = asked.json or ROOT / "build" / f"bench{parts}.json"
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
def _contestants(asked: argparse.Namespace, folder: Path) -> Iterator[list[Contestant]]:
    with ExitStack() as stack:
        found: list[Contestant] = [Agent(), Yardstick()]
        if asked.collector:
            found.append(Collector(asked.collector))
        if asked.base:
            found.append(Agent(asked.base, tree=stack.enter_context(revision(asked.base, folder))))
        yield found


def main(argv: Sequence[str] | None = None) -> None:
    """Measure, and print a table for each kind of measurement, and the bars at the end.

    Whatever ends it, its processes, its folder and the files of another revision go. Raises SystemExit if it is ended.
    """
    asked = _arguments(argv)
    for one in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, _end)
    try:
        _measure(asked)
    except KeyboardInterrupt:
        sys.stderr.write("The bench was interrupted; no figures are written.\n")
        sys.exit(_INTERRUPTED)
    except StuckError as error:
        sys.exit(f"The bench cannot go on: {error}")


def _end(number: int, _frame: object) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)
    sys.stderr.write(f"The bench was ended by {signal.Signals(number).name}; no figures are written.\n")
    sys.exit(_BY_SIGNAL + number)


def _measure(asked: argparse.Namespace) -> None:
    put(_about())
    with tempfile.TemporaryDirectory(prefix="trail-agent-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        contestants = stack.enter_context(_contestants(asked, folder))
        service = stack.enter_context(Service.start(folder))
        figures = [one for part in asked.only or _PARTS for one in _part(part, asked, service, contestants, folder)]
    held = list(bars.held(figures))
    if held:
        put(bars.lines(held))
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    run = {"rounds": asked.rounds, "objects": asked.objects, "parts": asked.only or _PARTS}
    asked.json.write_text(json.dumps(_as_json(run, figures, held), indent=2) + "\n")
    put([f"The figures are in {asked.json}."])


def _part(
    part: str, asked: argparse.Namespace, service: Service, contestants: list[Contestant], folder: Path
) -> list[Figures]:
    match part:
        case "stages":
            return _stages(service, [one for one in contestants if isinstance(one, Agent)])
        case "burst":
            return show(burst(service, contestants, folder, rounds=asked.rounds, objects=asked.objects))
        case "unloaded":
            return show(unloaded(service, contestants, folder, rounds=asked.rounds))
        case "idle":
            return show(idle(service, contestants, folder))
        case "memory":
            return show(flood(service, folder))
        case _:
            return show(growth(service, folder, rounds=asked.rounds, objects=asked.objects))


def _stages(service: Service, agents: list[Agent]) -> list[Figures]:
    try:
        figures = stages(service, agents)
    except StuckError as error:
        if len(agents) == 1:
            raise
        put([str(error), "Of a revision before these stages only whole processes are measured."])
        figures = stages(service, agents[:1])
    put(stage_lines(figures))
    return figures


def _about() -> list[str]:
    return [
        f"{os.cpu_count()} processors ({platform.machine()}), Python {platform.python_version()}, {platform.system()}",
        "In brackets: as a multiple of trail-agent's figure. CPU is user and system time of the whole process.",
    ]


def _as_json(run: Mapping[str, Any], figures: Sequence[Figures], held: Sequence[bars.Held]) -> Any:
    machine = {"processors": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    told = [{"bar": one.bar.name, "measured": one.measured, "met": one.meets_goal} for one in held]
    return {"machine": machine, "run": run, "figures": [asdict(one) for one in figures], "bars": told}


if __name__ == "__main__":
    main()
