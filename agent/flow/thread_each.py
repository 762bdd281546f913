"""Threads for reads: one for each, and none that the end of the process waits for.

A read may hang in a system call until S3 answers. The pool of the standard library joins its threads when the
interpreter exits, so a process that has given such a read up could not end before.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import ParamSpec, TypeVar

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class ThreadEach(Executor):
    """Runs each call in a daemon thread of its own, whose name begins with `name`. Thread-safe.

    Whoever submits bounds how many run: here as many as messages are in hand.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._numbers = itertools.count(1)
        self._running: set[int] = set()

    def submit(
        self, fn: Callable[_Arguments, _Result], /, *args: _Arguments.args, **kwargs: _Arguments.kwargs
    ) -> Future[_Result]:
        """Begin at once."""
        future: Future[_Result] = Future()
        number = next(self._numbers)

        def run() -> None:
            try:
                future.set_result(fn(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
                future.set_exception(error)
            finally:
                self._running.discard(number)

        self._running.add(number)
        threading.Thread(target=run, name=f"{self._name}-{number}", daemon=True).start()
        return future

    def is_idle(self) -> bool:
        """Whether nothing runs."""
        return not self._running
