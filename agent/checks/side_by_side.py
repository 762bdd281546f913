"""Work that is done side by side, each piece in a thread that nobody waits for when the process ends.

An executor's threads are waited for at the end of the process: Ctrl-C would last as long as the slowest request.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Final, ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Thing = TypeVar("Thing")
Result = TypeVar("Result")
_AT_ONCE: Final = 8


def begin(work: Callable[Arguments, Result], *arguments: Arguments.args, **options: Arguments.kwargs) -> Future[Result]:
    """Begin `work`; its result, or what it raised, is asked of the future."""
    promised: Future[Result] = Future()

    def run() -> None:
        try:
            promised.set_result(work(*arguments, **options))
        except BaseException as error:  # noqa: BLE001 - raised again by whoever asks for the result
            promised.set_exception(error)

    threading.Thread(target=run, name=f"check {getattr(work, '__name__', '')}", daemon=True).start()
    return promised


def each(work: Callable[[Thing], Result], things: Sequence[Thing]) -> Iterator[Result]:
    """What `work` gives for each of these, in their order; some at once. What it raises is raised."""
    for first in range(0, len(things), _AT_ONCE):
        some = [begin(work, thing) for thing in things[first : first + _AT_ONCE]]
        yield from [one.result() for one in some]
