"""Ctrl-C, SIGTERM and a closed terminal all stop the demo cleanly."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopping:
    """Whether the demo was asked to end.

    A signal handler may run while the main thread holds a lock, so it must not set a `threading.Event`. This is a flag,
    and a pipe that becomes readable when the flag is set.
    """

    def __init__(self) -> None:
        self._set = False
        self._reader, self._writer = os.pipe()

    def is_set(self) -> bool:
        """Whether the end was asked for."""
        return self._set

    def set(self) -> None:
        """Ask for the end."""
        if not self._set:
            self._set = True
            os.write(self._writer, b".")

    def wait(self, seconds: float) -> bool:
        """Return when the end is asked for or `seconds` have passed; True if it is."""
        select.select([self._reader], [], [], max(0.0, seconds))
        return self._set

    def close(self) -> None:
        """Give the pipe back."""
        os.close(self._reader)
        os.close(self._writer)


@contextmanager
def interruptible() -> Iterator[Stopping]:
    """While the block runs, the first such signal asks for the end; a second one raises KeyboardInterrupt."""
    stopping = Stopping()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        if stopping.is_set():
            raise KeyboardInterrupt
        stopping.set()

    before = {number: signal.signal(number, on_signal) for number in _ENDING}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        stopping.close()
