"""Runs `python -m agent` and sends it SIGTERM when its standard input ends.

The process that starts it holds the other end of that pipe. So the daemon stops when that process ends, for any reason.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading


def main() -> None:
    """Run the command line as `trail-agent` would."""
    threading.Thread(target=_end_with_standard_input, name="leash", daemon=True).start()
    runpy.run_module("agent", run_name="__main__")


def _end_with_standard_input() -> None:
    os.read(sys.stdin.fileno(), 1)  # nobody writes to it: this returns when it ends
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
