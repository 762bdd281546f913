"""How a signal ends the bench: the first one does, and nothing that comes later disturbs what it takes back."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NoReturn

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_BY_SIGNAL: Final = 128


def heed_signals() -> None:
    """From now on a signal ends the bench: SIGINT as KeyboardInterrupt, the others as SystemExit.

    Those that are ignored stay ignored, as for whoever starts it with `nohup`.
    """
    for one in _SIGNALS:
        if signal.getsignal(one) is not signal.SIG_IGN:
            signal.signal(one, _end)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """A signal that comes in this block takes effect after it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(number: int, _frame: object) -> NoReturn:
    for one in _SIGNALS:
        signal.signal(one, _nothing)  # no SIG_IGN: Python has words for a signal that is ignored when it has come
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    sys.stderr.write(f"The bench was ended by {signal.Signals(number).name}; no figures are written.\n")
    sys.exit(_BY_SIGNAL + number)


def _nothing(_number: int, _frame: object) -> None:
    """The bench is ending."""
