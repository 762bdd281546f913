"""`python -m agent` on a leash: the same program, which is sent SIGTERM when its standard input ends.

Whoever starts it holds the other end of that pipe, and so it follows them, however they end.
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
    os.read(sys.stdin.fileno(), 1)  # nothing is ever written there: it returns at the end
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
