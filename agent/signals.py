"""SIGTERM and SIGINT as messages to the main thread, which asks for them when it is ready, and while it waits; or as a
flag, for a command that looks at it between two steps.

A Python signal handler may run while the main thread holds any lock; so ours does nothing, and the interpreter writes
the signal's number into a socket that the main thread waits on (Python library reference, `signal.set_wakeup_fd`).
"""

from __future__ import annotations

import os
import select
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from threading import Thread
from types import FrameType, TracebackType
from typing import Final, Self, TypeVar

from agent.pulse import Pulse

_Result = TypeVar("_Result")
_TICK_SECONDS: Final = 0.1

_ASKED_TO_STOP: Final = (signal.SIGTERM, signal.SIGINT)
_ENDING: Final = (*_ASKED_TO_STOP, signal.SIGHUP)
_OF_A_TERMINAL: Final = (*_ENDING, signal.SIGQUIT)
_AFTER_A_SIGNAL: Final = 128


class SignalInbox:
    """While the block runs, SIGTERM and SIGINT end nothing by themselves. To be used in the main thread.

    `agent.__main__` lets them wait until then.
    """

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.settimeout(0)
        self._writer.settimeout(0)

    def __enter__(self) -> Self:
        self._wakeup_before = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        self._handlers_before = {number: signal.signal(number, _hear) for number in _ASKED_TO_STOP}
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ASKED_TO_STOP)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._handlers_before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        self._reader.close()
        self._writer.close()

    def next(self, seconds: float) -> signal.Signals | None:
        """The next signal that asks the daemon to stop, or None if none comes within `seconds`."""
        readable, _, _ = select.select([self._reader], [], [], max(0.0, seconds))
        number = self._reader.recv(1) if readable else b""
        return signal.Signals(number[0]) if number and number[0] in _ASKED_TO_STOP else None


class Attention:
    """The main thread's: it waits for things, beats, and hears of a signal in `inbox` whatever it waits for."""

    def __init__(self, inbox: SignalInbox, pulse: Pulse) -> None:
        self._inbox = inbox
        self._pulse = pulse
        self.asked_by: signal.Signals | None = None
        """The latest signal that asked the process to stop."""

    def heard(self, seconds: float) -> bool:
        """Whether a signal that asks the process to stop comes within `seconds`."""
        self._pulse.beat()
        came = self._inbox.next(seconds)
        self.asked_by = came or self.asked_by
        return came is not None

    def unless_signalled(
        self, call: Callable[[], _Result], meanwhile: Callable[[], None] = lambda: None
    ) -> _Result | None:
        """What `call` returns, or raises; None if a signal comes first: nothing depends on the call then.

        `meanwhile` is called several times a second.
        """
        answer: Future[_Result] = Future()

        def ask() -> None:
            try:
                with self._pulse.busy():
                    answer.set_result(call())
            except Exception as error:  # noqa: BLE001 - raised again where it is waited for
                answer.set_exception(error)

        Thread(target=ask, name="start", daemon=True).start()
        while not answer.done():
            if self.heard(_TICK_SECONDS):
                return None
            meanwhile()
        return answer.result()

    def join(self, threads: Sequence[Thread], deadline: float) -> None:
        """Wait for `threads` until `deadline` (monotonic), or until another signal says not to."""
        while any(thread.is_alive() for thread in threads) and self._pulse.clock.monotonic() < deadline:
            if self.heard(_TICK_SECONDS):
                return


def _hear(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: the interpreter has already written the number."""


class SignalledError(KeyboardInterrupt):
    """A signal ends the command at once. `exit_code` is what a shell expects: 130 for SIGINT, 143 for SIGTERM."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.exit_code = _AFTER_A_SIGNAL + number


def exit_code_of(error: KeyboardInterrupt) -> int:
    """The exit code of a command that `error` ends; Python itself raises it for SIGINT alone."""
    return error.exit_code if isinstance(error, SignalledError) else _AFTER_A_SIGNAL + signal.SIGINT


class Stopping:
    """Whether a command was asked to end, and the exit code of one that ends before it is done because of that.

    A signal handler may run while the main thread holds a lock, so it must not set a `threading.Event`. This is a flag,
    and a pipe that becomes readable when the flag is set.
    """

    def __init__(self) -> None:
        self._set = False
        self.exit_code = 0
        self._reader, self._writer = os.pipe()

    def is_set(self) -> bool:
        """Whether the end was asked for."""
        return self._set

    def set(self, number: int) -> None:
        """Ask for the end, as this signal does."""
        if not self._set:
            self._set, self.exit_code = True, _AFTER_A_SIGNAL + number
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
    """While the block runs, the first such signal asks for the end; a second one raises `SignalledError`."""
    stopping = Stopping()

    def on_signal(number: int, _frame: FrameType | None) -> None:
        if stopping.is_set():
            raise SignalledError(number)
        stopping.set(number)

    try:
        with _handled(on_signal):
            yield stopping
    finally:
        stopping.close()


@contextmanager
def ending_at_once() -> Iterator[None]:
    """While the block runs, such a signal raises `SignalledError`: what the block has opened is closed on its way.

    So does Ctrl-\\, which would end the process where it stands, and leave a terminal as it is.
    """

    def on_signal(number: int, _frame: FrameType | None) -> None:
        raise SignalledError(number)

    with _handled(on_signal, _OF_A_TERMINAL):
        yield


@contextmanager
def _handled(
    on_signal: Callable[[int, FrameType | None], None], numbers: Sequence[signal.Signals] = _ENDING
) -> Iterator[None]:
    before = {number: signal.signal(number, on_signal) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
