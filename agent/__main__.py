"""The command `trail-agent`."""

from __future__ import annotations

import gc
import sys

from agent import __version__
from agent.cli.output import guarded


def main() -> None:
    """Run one command line; ends the process with its exit code."""
    with guarded():
        _run_command()


def _run_command() -> None:
    if sys.argv[1:] == ["--version"]:  # answered without importing anything: health checks and scripts ask often
        sys.stdout.write(f"trail-agent {__version__}\n")
        return
    if sys.argv[1:2] == ["run"]:
        gc.disable()  # what is imported stays, and is not worth a look; the daemon turns it on again
    if sys.argv[1:2] in (["run"], ["replay"]):
        from agent.signals import keep_for_later  # noqa: PLC0415

        keep_for_later()
    from agent.cli.app import app  # noqa: PLC0415

    app(prog_name="trail-agent")


if __name__ == "__main__":
    main()
