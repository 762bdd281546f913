"""What happens when standard output is full, closed or no longer read, or a bug ends the command: some lines, and never
the interpreter's own traceback."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NoReturn, TypeGuard

if TYPE_CHECKING:
    from rich.console import Console

UNWRITTEN: Final = 1
"""The exit code of a command whose output could not be written."""

_UNWRITABLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})


@contextmanager
def guarded() -> Iterator[None]:
    """Run a command. When the block ends, everything that it printed has been written, or the exit code is 1.

    When the reader of a pipe has gone, nothing is printed about it. What nobody foresaw is a bug: exit code 70.
    """
    if sys.stdout is None:  # the caller closed it; Python would fail only when something is printed
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w")
    if sys.stderr is None:  # whoever closed it wants no words, and the command all the same
        sys.stderr = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    try:
        yield
    except BrokenPipeError:
        forget()
        raise SystemExit(UNWRITTEN) from None
    except Exception as error:
        if is_of_the_output(error):
            _give_up(error)
        from agent.cli.report import told_bug

        raise told_bug(error, "the command.") from error
    finally:
        _flush()


def is_of_the_output(error: Exception) -> TypeGuard[OSError]:
    """Whether `error` says that something that was printed cannot be written."""
    return isinstance(error, OSError) and error.errno in _UNWRITABLE and error.filename is None


def print_at_once(line: str) -> bool:
    """Print one line to standard output. Where it cannot be written, standard error has it instead, with why.

    False if it cannot be written; not if only the reader of a pipe has gone.
    """
    encoding = sys.stdout.encoding or "utf-8"
    try:
        print(line.encode(encoding, "replace").decode(encoding), flush=True)
    except OSError as error:
        forget()
        say(line)
        if isinstance(error, BrokenPipeError):
            return True
        say(_unwritten(error))
        return False
    return True


def forget() -> None:
    """Discard what is still to be written to standard output, now and when the interpreter exits.

    Follows the note on SIGPIPE at https://docs.python.org/3/library/signal.html#note-on-sigpipe.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def wide_console() -> Console:
    """Standard output as rich writes it: as wide as the terminal, or in a pipe as wide as any line."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, 400)  # nobody's terminal cuts a line in a pipe
    return console


def say(line: str) -> None:
    """Print one line to standard error, without control characters and without what its encoding lacks."""
    from agent.errors import printable

    encoding = sys.stderr.encoding or "utf-8"
    print(printable(line).encode(encoding, "replace").decode(encoding), file=sys.stderr)


def _flush() -> None:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        forget()
    except OSError as error:
        _give_up(error)


def _give_up(error: OSError) -> NoReturn:
    forget()
    say(_unwritten(error))
    raise SystemExit(UNWRITTEN) from None


def _unwritten(error: OSError) -> str:
    return f"✗ the output cannot be written: {error.strerror}"
