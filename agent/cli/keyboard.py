"""Keys that somebody presses at a terminal, without Enter."""

from __future__ import annotations

import os
import select
import sys
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

_CHARACTERS: Final = 6  # of what termios.tcgetattr returns
END: Final = "\x04"
"""Ctrl-D; and what comes, again and again, of a terminal that is gone."""


class Keyboard:
    """Waits for keys of standard input; of what is no terminal, none ever comes."""

    def __init__(self) -> None:
        self._descriptor = sys.stdin.fileno() if sys.stdin and sys.stdin.isatty() else None

    @property
    def is_there(self) -> bool:
        """Whether keys can come."""
        return self._descriptor is not None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Get keys one by one and unseen while the block runs; Ctrl-C still interrupts, and Ctrl-Z is a key.

        A process that is suspended would leave its screen behind, and hold what it has without an end.
        """
        if self._descriptor is None:
            yield
            return
        before = termios.tcgetattr(self._descriptor)
        try:
            tty.setcbreak(self._descriptor)
            now = termios.tcgetattr(self._descriptor)
            now[_CHARACTERS][termios.VSUSP] = os.fpathconf(self._descriptor, "PC_VDISABLE").to_bytes()
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, now)
            yield
        finally:
            with suppress(termios.error):  # the terminal is gone
                termios.tcsetattr(self._descriptor, termios.TCSADRAIN, before)

    def wait(self, seconds: float) -> str:
        """The keys that are pressed within so many seconds, at once with the first; empty if there is none.

        `END` if the terminal is gone: nobody is there any more, and nobody will be.
        """
        if self._descriptor is None:
            time.sleep(seconds)
            return ""
        readable, _, _ = select.select([self._descriptor], [], [], seconds)
        if not readable:
            return ""
        try:
            return os.read(self._descriptor, 64).decode(errors="replace") or END
        except OSError:
            return END
