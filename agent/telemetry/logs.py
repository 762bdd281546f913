"""The log: one line per named event, as JSON for machines or in colour for a terminal.

No untrusted text can break a line or control a terminal: every value is escaped and cut before it is written.
Nothing here changes the whole interpreter, except `foreign_logging`, and that only while its block runs.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import TextIO

from agent.pulse import Clock, SystemClock
from agent.telemetry.safetext import clean, without_user
from agent.telemetry.throttle import Throttle
from agent.telemetry.tracebacks import EXCEPTION, describe, headline

_Render = Callable[[dict[str, object]], str]


def open_log(level: str, layout: str, stream: TextIO, clock: Clock | None = None) -> Log:
    """A log that writes lines to `stream`, at `level` (debug, info, warning, error) and above.

    `layout` is `json`, `console` or `auto`: console on a terminal, json otherwise. A line that cannot be written (full
    disk, closed pipe) is dropped: the log never stops the daemon.
    """
    on_terminal = stream.isatty()
    console = layout == "console" or (layout == "auto" and on_terminal)
    lowest = logging.getLevelNamesMapping()[level.upper()]
    return Log(lowest, _console(colors=on_terminal) if console else json.dumps, _Lines(stream), clock or SystemClock())


class Log:
    """Writes named events with their fields, one line each. Safe to call from many threads at once."""

    def __init__(self, lowest: int, render: _Render, lines: _Lines, clock: Clock) -> None:
        self._lowest = lowest
        self._render = render
        self._lines = lines
        self._clock = clock
        self.has_debug = lowest <= logging.DEBUG

    def debug(self, event: str, /, **fields: object) -> None:
        """Log `event` at level debug."""
        self.log(logging.DEBUG, event, **fields)

    def info(self, event: str, /, **fields: object) -> None:
        """Log `event` at level info."""
        self.log(logging.INFO, event, **fields)

    def warning(self, event: str, /, **fields: object) -> None:
        """Log `event` at level warning."""
        self.log(logging.WARNING, event, **fields)

    def error(self, event: str, /, **fields: object) -> None:
        """Log `event` at level error."""
        self.log(logging.ERROR, event, **fields)

    def log(self, level: int, event: str, /, **fields: object) -> None:
        """Log `event` at `level`: the time (UTC, ISO 8601, milliseconds), the level and the event come first."""
        if level < self._lowest:
            return
        now = datetime.fromtimestamp(self._clock.time(), UTC).isoformat(timespec="milliseconds")
        stamp = {"timestamp": now.replace("+00:00", "Z"), "level": logging.getLevelName(level).lower(), "event": event}
        self._lines.write(self._render({**stamp, **_cleaned(fields)}))


@contextmanager
def foreign_logging(log: Log, clock: Clock | None = None) -> Iterator[None]:
    """While the block runs, warnings and errors that libraries log (botocore, urllib3, grpc) go to `log`.

    Each place in a library's code is logged once a minute, because urllib3 warns of every retry. An exception that ends
    a thread goes to `log`, too: the interpreter would print its text, which may quote an event.
    """
    root = logging.getLogger()
    bridge, before = _Bridge(log, Throttle(clock or SystemClock())), root.level
    root.addHandler(bridge)
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    hook, threading.excepthook = threading.excepthook, partial(_thread_failed, log)
    try:
        yield
    finally:
        threading.excepthook = hook
        logging.captureWarnings(capture=False)
        root.setLevel(before)
        root.removeHandler(bridge)


class _Bridge(logging.Handler):
    """Hands records of the standard library's logging to our log."""

    def __init__(self, log: Log, throttle: Throttle) -> None:
        super().__init__(logging.WARNING)
        self._log = log
        self._throttle = throttle

    def emit(self, record: logging.LogRecord) -> None:
        """Write `record` as one event `library_said`. The library's text is a value, never the name of an event."""
        suppressed = self._throttle.take_turn(f"{record.name}:{record.lineno}")
        if suppressed is None:
            return
        fields: dict[str, object] = {"logger": record.name, "message": _message(record)}
        if suppressed:
            fields["suppressed"] = suppressed
        if record.exc_info and record.exc_info[1]:
            fields[EXCEPTION] = describe(record.exc_info[1])
        level = logging.ERROR if record.levelno >= logging.ERROR else logging.WARNING
        self._log.log(level, "library_said", **fields)


def _message(record: logging.LogRecord) -> str:
    try:
        return without_user(record.getMessage())
    except (TypeError, ValueError):
        return without_user(str(record.msg))


def _thread_failed(log: Log, failed: threading.ExceptHookArgs) -> None:
    error = failed.exc_value or failed.exc_type()
    log.error(
        "thread_failed",
        thread=failed.thread.name if failed.thread else "",
        error=headline(error),
        hint="a bug: /livez will fail, so that the agent is restarted; please report it with this line",
        **{EXCEPTION: describe(error)},
    )


class _Lines:
    """Writes whole lines, one at a time, and never raises."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._lock = threading.Lock()

    def write(self, line: str) -> None:
        """Write `line`; what the stream's encoding lacks is escaped."""
        text = line.encode(self._encoding, "backslashreplace").decode(self._encoding)
        # ValueError: the stream is closed. Nobody reads it any more.
        with self._lock, suppress(OSError, ValueError):
            self._stream.write(text + "\n")
            self._stream.flush()


def _cleaned(fields: Mapping[str, object]) -> dict[str, object]:
    # A traceback keeps its line ends; `describe` has made it safe.
    return {key: value if key == EXCEPTION else _clean_value(value) for key, value in fields.items()}


def _clean_value(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    return clean(str(value))


def _console(*, colors: bool) -> _Render:
    # structlog brings rich, which takes a tenth of a second and five megabytes: only people on a terminal need it.
    from structlog.dev import ConsoleRenderer, plain_traceback  # noqa: PLC0415

    renderer = ConsoleRenderer(colors=colors, sort_keys=False, pad_event_to=0, exception_formatter=plain_traceback)
    return lambda line: renderer(None, "", line)
