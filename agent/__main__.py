"""The command `trail-agent`."""

from __future__ import annotations

import gc
import signal
import sys

from agent import __version__


def main() -> None:
    """Run one command line; ends the process with its exit code."""
    if sys.argv[1:2] in (["run"], ["replay"]):
        _keep_stop_signals()
    from agent.cli.output import guarded  # noqa: PLC0415

    with guarded():
        _run_command()


def _keep_stop_signals() -> None:
    """Let SIGTERM and SIGINT wait until there is a `SignalInbox`. Hardly anything is imported before.

    The first process of a container would lose a SIGTERM that comes before: there, a signal without a handler does
    nothing (`pid_namespaces(7)`).
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTERM, signal.SIGINT))


def _run_command() -> None:
    if sys.argv[1:] == ["--version"]:  # answered without importing anything: health checks and scripts ask often
        sys.stdout.write(f"trail-agent {__version__}\n")
        return
    if sys.argv[1:2] == ["run"]:
        gc.disable()  # what is imported stays, and is not worth a look; the daemon turns it on again
    from agent.cli.app import app  # noqa: PLC0415

    app(prog_name="trail-agent")


if __name__ == "__main__":
    main()
