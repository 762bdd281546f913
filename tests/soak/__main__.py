"""`make soak`: end the real process again and again while events flow, and count what is lost.

Exit code 1 if anything is lost, foreign or altered, or if anything else went wrong on the way. Ctrl-C ends the run
early: it reports what was done until then, with exit code 130 if nothing was wrong.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from agent.signals import interruptible
from tests.soak.plan import Plan
from tests.soak.run import Soak
from tests.soak.show import Show


def _plan() -> Plan:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--kills", type=int, default=Plan().kills, help="end the process so often (%(default)s)")
    parser.add_argument("--events", type=int, default=Plan().events, help="events to write (%(default)s)")
    parser.add_argument("--seconds", type=float, default=0, help="stop ending it after so long; 0: by --kills alone")
    parser.add_argument("--seed", type=int, default=1, help="of objects, faults and times (%(default)s)")
    given = parser.parse_args()
    return Plan(given.kills, given.events, given.seconds, given.seed)


def main() -> int:
    """Run, report, and say how it went."""
    plan = _plan()
    show = Show(Console(), plan)
    with tempfile.TemporaryDirectory(prefix="trail-agent-soak-") as folder, interruptible() as stopping, show.running():
        report = Soak(plan, Path(folder), show.watch, stopping.is_set).run()
    show.report(report)
    return report.exit_code


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # a third one, while everything is being put away
        sys.exit(130)
