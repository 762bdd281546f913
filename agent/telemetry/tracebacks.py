"""An exception as text for the log: where it happened, without any value that may be part of an event."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from typing import Final

from agent.errors import TrailAgentError
from agent.telemetry.safetext import clean

EXCEPTION: Final = "exception"
_MAX_CHARACTERS = 8000
_MAX_CAUSES = 5
_MAX_FRAMES = 30
_WITHHELD = "(text withheld: it may quote an event)"


def describe(error: BaseException) -> str:
    """The tracebacks of `error` and its causes, innermost last, each with the error's type and text.

    The text of a `KeyError` or `ValueError` quotes a value, which may be part of an event. So only our own errors and
    those of the operating system keep their text. The source lines are lines of code, not of data.
    """
    return "\n".join(_described(cause) for cause in _chain(error))[:_MAX_CHARACTERS]


def headline(error: BaseException) -> str:
    """One line: the type of `error`, and its text if that cannot quote an event."""
    safe = isinstance(error, TrailAgentError | OSError)
    return f"{type(error).__name__}: {clean(str(error)) if safe else _WITHHELD}"


def _described(error: BaseException) -> str:
    frames = traceback.format_tb(error.__traceback__, limit=-_MAX_FRAMES)
    return "".join(frames) + headline(error)


def _chain(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    for _ in range(_MAX_CAUSES):
        if current is None:
            return
        yield current
        current = current.__cause__ or current.__context__
