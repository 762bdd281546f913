"""How the output of `inspect` reaches its reader, and what standard error says beside it."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, NoReturn

import typer

if TYPE_CHECKING:
    from agent.cli.inspected import Inspected

_UNREADABLE = 1
_USAGE = 2
_MOST_VARIABLES = 3


class Format(StrEnum):
    """How records are printed."""

    TABLE = "table"
    JSONL = "jsonl"
    OTLP = "otlp"


def report_unheard(variables: Sequence[str]) -> None:
    """Say which environment variables choose nothing here, if there are any."""
    from agent.cli.output import say

    if variables:
        more = len(variables) - _MOST_VARIABLES
        shown = ", ".join(variables[:_MOST_VARIABLES]) + (f" and {more} more" if more > 0 else "")
        count = "counts" if len(variables) == 1 else "count"
        say(f"! {shown} {count} only with a settings file: -c FILE, or -c /dev/null for the environment alone")


@contextmanager
def to_the_reader(form: Format) -> Iterator[None]:
    """Print in the block; ends the command quietly if the reader of a pipe has seen enough."""
    from agent.cli.output import forget

    _set_encoding(form)
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of the pipe has seen enough
        forget()
        raise typer.Exit from None


def _set_encoding(form: Format) -> None:
    """A terminal that is not UTF-8 still shows the table; JSON is UTF-8 everywhere (RFC 8259)."""
    if not isinstance(sys.stdout, io.TextIOWrapper):
        return
    if form is Format.TABLE:
        sys.stdout.reconfigure(errors="replace")
    else:
        sys.stdout.reconfigure(encoding="utf-8")


def print_lines(lines: Iterable[str]) -> None:
    """Each of them with its end."""
    for line in lines:
        sys.stdout.write(line + "\n")


def report(found: Inspected, one: str) -> None:
    """Say on standard error what was read and what could not be.

    Exit with 2 if a path names nothing, with 1 if something could not be read.
    """
    from agent.cli.output import say
    from agent.errors import number_of

    report_files(found)
    events, malformed, records = found.events, found.malformed, found.records
    shown = number_of(len(records), one)
    summary = f"{shown} of {events} in {number_of(len(found.files), 'file')}"
    say(summary + (f"; {malformed} malformed" if malformed else ""))
    if events and not records and not found.explained:
        say("--explain says why none of them would be shipped")
    report_problems(found)


def report_absent(found: Inspected, event: str) -> NoReturn:
    """Say that no entry is the `event` that was asked for, and what could not be read: it may be there.

    Exit with 2 if a path names nothing, else with 1.
    """
    from agent.cli.output import say

    report_files(found)
    where = " of what could be read" if found.problems or found.missing else ""
    say(f"✗ no event{where} has the id or the number {event!r}: --explain --all lists them")
    report_problems(found)
    raise typer.Exit(_UNREADABLE)


def report_files(*logs: Inspected) -> None:
    """Say what the files were taken for, and what is odd about them."""
    from agent.cli.output import say

    for found in logs:
        for line in found.notes():
            say(line)


def report_problems(*logs: Inspected, code: int = 0) -> None:
    """Say what could not be read, and exit with 2 or 1 then; else with `code`, if it is not 0."""
    from agent.cli.output import say

    problems = [problem for found in logs for problem in found.problems]
    missing = [path for found in logs for path in found.missing]
    for problem in problems:
        say(f"✗ {problem}")
    for path in missing:
        say(f"✗ {path}: there is no such file or folder")
    if code := _USAGE if missing else _UNREADABLE if problems else code:
        raise typer.Exit(code)
