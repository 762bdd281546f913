"""`make bench`: what the agent costs, as ratios within one run. `--help` says what can be asked for.

Times differ from machine to machine and from minute to minute: quote the ratios, and medians.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

from tests.bench import stages
from tests.bench.contestants import Agent, Collector, Contestant, Yardstick
from tests.bench.measures import Figures, burst, growth, idle, unloaded
from tests.bench.processes import Service, revision
from tests.bench.table import show


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--base", help="a revision to measure beside this tree")
    parser.add_argument("--collector", type=Path, help="an OpenTelemetry Collector to measure beside it, with awss3")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, of which the median counts")
    parser.add_argument("--objects", type=int, default=600, help="objects in one round")
    parser.add_argument("--only", choices=("stages", "burst", "unloaded", "idle", "growth"), action="append")
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    return parser.parse_args(argv)


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
    """Measure, and print a table for each kind of measurement."""
    asked = _arguments(argv)
    wanted = asked.only or ["stages", "burst", "unloaded", "idle", "growth"]
    figures: list[Figures] = []
    if "stages" in wanted:
        stages.main()
    with tempfile.TemporaryDirectory(prefix="trail-agent-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        contestants = stack.enter_context(_contestants(asked, folder))
        service = stack.enter_context(Service.start(folder))
        if "burst" in wanted:
            figures += show(burst(service, contestants, folder, rounds=asked.rounds, objects=asked.objects))
        if "unloaded" in wanted:
            figures += show(unloaded(service, contestants, folder, rounds=asked.rounds))
        if "idle" in wanted:
            figures += show(idle(service, contestants, folder))
        if "growth" in wanted:
            figures += show(growth(service, folder, rounds=asked.rounds, objects=asked.objects))
    if asked.json:
        asked.json.write_text(json.dumps([asdict(one) for one in figures], indent=2) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
