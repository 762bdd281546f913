"""`trail-agent inspect`: local trail files → what would be shipped."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.options import known_profiles, profile_names

if TYPE_CHECKING:
    from agent.cli.inspection import Inspected, Inspector
    from agent.model import LogRecord

_UNREADABLE = 1
_USAGE = 2


_Profiles = Annotated[
    list[str] | None,
    typer.Option(
        "--profiles",
        metavar="NAMES",
        help="Select the events of these profiles, such as codeconnections,identity; or all.",
        callback=known_profiles,
    ),
]


class Format(StrEnum):
    """How records are printed."""

    TABLE = "table"
    JSONL = "jsonl"
    OTLP = "otlp"


def inspect(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH…",
            help="Trail files (.json, .json.gz), folders of them, or - for standard input. LookupEvents output, "
            "EventBridge events, CloudWatch Logs messages and single records are read too.",
        ),
    ],
    form: Annotated[
        Format,
        typer.Option(
            "--format",
            "-f",
            help="table; jsonl: one flat object per record; otlp: one OTLP/JSON ExportLogsServiceRequest.",
        ),
    ] = Format.TABLE,
    everything: Annotated[bool, typer.Option("--all", help="Every event, not just the selected ones.")] = False,
    profiles: _Profiles = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", "-c", metavar="FILE", help="Settings file; without it, the default settings are used."
        ),
    ] = None,
) -> None:
    """Show what would be shipped of local trail files. Needs no network and no AWS account."""
    from agent.cli.inspection import Inspector
    from agent.cli.report import fail_settings
    from agent.errors import SettingsError

    try:
        inspector = Inspector.from_settings(config, everything=everything, profiles=profile_names(profiles))
        found = inspector.inspect(paths)
    except SettingsError as error:
        fail_settings(error)
    if found.files:
        _print(inspector, form, found.records)
    _report(found, "CodeCatalyst event" if inspector.only_codecatalyst else "event")


def _print(inspector: Inspector, form: Format, records: Sequence[LogRecord]) -> None:
    from agent.cli.output import forget

    _set_encoding(form)
    try:
        _printers(inspector)[form](records)
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


def _printers(inspector: Inspector) -> dict[Format, Callable[[Sequence[LogRecord]], None]]:
    return {
        Format.TABLE: _print_table,
        Format.JSONL: lambda records: _print_lines(map(inspector.flat_json, records)),
        Format.OTLP: lambda records: _print_lines([inspector.otlp_json(records)]),
    }


def _print_lines(lines: Sequence[str] | map[str]) -> None:
    for line in lines:
        sys.stdout.write(line + "\n")


def _print_table(records: Sequence[LogRecord]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from agent.cli.table_row import TableRow

    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in TableRow.HEADINGS:
        table.add_column(heading, no_wrap=True)
    for record in records:
        row = TableRow.of(record)
        style = "red" if row.failed else ""
        table.add_row(*(Text(cell, style) for cell in row.cells()))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, 400)  # nobody's terminal cuts a line in a pipe
    console.print(table)


def _report(found: Inspected, one: str) -> None:
    """Say on standard error what was read and what could not be.

    Exit with 2 if a path names nothing, with 1 if something could not be read.
    """
    from agent.cli.output import say
    from agent.errors import number_of

    shown = number_of(len(found.records), one)
    summary = f"{shown} of {found.events} in {number_of(found.files, 'file')}"
    for line in (*found.passed_over, *found.forms):
        say(line)
    say(summary + (f"; {found.malformed} malformed" if found.malformed else ""))
    for problem in found.problems:
        say(f"✗ {problem}")
    for path in found.missing:
        say(f"✗ {path}: there is no such file or folder")
    if found.missing:
        raise typer.Exit(_USAGE)
    if found.problems:
        raise typer.Exit(_UNREADABLE)
