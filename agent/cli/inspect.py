"""`trail-agent inspect`: local trail files → what would be shipped."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.examples import examples
from agent.cli.options import complete_profiles, known_profiles, profile_names

if TYPE_CHECKING:
    from agent.cli.inspection import Inspected, Inspector
    from agent.model import LogRecord

_UNREADABLE = 1
_USAGE = 2
_DIFFERENT = 3


class Format(StrEnum):
    """How records are printed."""

    TABLE = "table"
    JSONL = "jsonl"
    OTLP = "otlp"


_Paths = Annotated[
    list[str],
    typer.Argument(
        metavar="PATH…",
        help="Trail files (.json, .json.gz), folders of them, or - for standard input. LookupEvents output, "
        "EventBridge events, CloudWatch Logs messages, single records and CodeCatalyst's own event log "
        "(list-event-logs) are read too.",
    ),
]
_Form = Annotated[
    Format,
    typer.Option(
        "--format",
        "-f",
        help="table; jsonl: one flat object per record; otlp: one OTLP/JSON ExportLogsServiceRequest.",
    ),
]
_Everything = Annotated[
    bool,
    typer.Option(
        "--all", help="Every event, not just the selected ones; with --explain: a line for each, not each reason."
    ),
]
_Explain = Annotated[
    bool, typer.Option("--explain", help="Say of each event why it is shipped or not, and what is made of it.")
]
_Event = Annotated[
    str | None,
    typer.Option("--event", metavar="ID", help="Explain this event alone: its eventID, or its number in the file."),
]
_Compare = Annotated[
    str | None,
    typer.Option(
        "--compare",
        metavar="FILE",
        help="CodeCatalyst's own event log (list-event-logs): show the events that only it has, or only the trail in "
        "PATH…; jsonl has all events of both. Exits with 3 if the logs differ.",
    ),
]
_Profiles = Annotated[
    list[str] | None,
    typer.Option(
        "--profiles",
        metavar="NAMES",
        help="Select the events of these profiles, such as codeconnections,identity; or all.",
        callback=known_profiles,
        autocompletion=complete_profiles,
    ),
]
_Config = Annotated[
    Path | None,
    typer.Option("--config", "-c", metavar="FILE", help="Settings file; without it, the default settings are used."),
]


@examples(
    ("trail-agent inspect log.json.gz", "who did what: what would be shipped of a trail's log file"),
    ("trail-agent inspect -c agent.yaml --explain log.json.gz", "why each event is shipped or not, by your settings"),
    (
        "trail-agent inspect --format jsonl logs/ | jq -r .event_name",
        "a folder of log files, as JSON for other programs",
    ),
)
def inspect(
    paths: _Paths,
    *,
    form: _Form = Format.TABLE,
    everything: _Everything = False,
    explain: _Explain = False,
    event: _Event = None,
    compare: _Compare = None,
    profiles: _Profiles = None,
    config: _Config = None,
) -> None:
    """Show what would be shipped of local trail files, and why. Needs no network and no AWS account."""
    from agent.cli.inspection import Inspector
    from agent.cli.report import fail_settings
    from agent.errors import SettingsError

    explain = explain or event is not None
    if explain and form is Format.OTLP:
        raise typer.BadParameter("otlp shows what is sent, and no reasons: use table or jsonl", param_hint="--format")
    if compare is not None and (explain or form is Format.OTLP):
        raise typer.BadParameter("a comparison is a table or jsonl, and explains no event", param_hint="--compare")
    try:
        inspector = Inspector.from_settings(
            config, everything=everything and not explain, profiles=profile_names(profiles), explain=explain
        )
        found = inspector.inspect(paths)
    except SettingsError as error:
        fail_settings(error, config)
    if compare is not None:
        if compare in paths:
            raise typer.BadParameter(f"{compare} is both logs", param_hint="--compare")
        _compare(*_the_right_way_round(inspector.inspect([compare]), found), form)
        return
    if found.files and explain:
        _explain(found, form, one_by_one=everything, event=event)
    elif found.files:
        with _to_the_reader(form):
            _printers(inspector)[form](found.records)
    _report(found, "CodeCatalyst event" if inspector.only_codecatalyst else "event")


def _the_right_way_round(event_log: Inspected, trail: Inspected) -> tuple[Inspected, Inspected]:
    """The event log and the trail, as far as their forms tell. Raises `typer.BadParameter` for an event log twice."""
    from agent.cli.output import say

    if not event_log.files or not trail.files or trail.event_logs < trail.files:
        return event_log, trail
    if event_log.event_logs:
        raise typer.BadParameter(
            "PATH… is CodeCatalyst's own event log, too: name the trail's files there", param_hint="--compare"
        )
    say("! PATH… is CodeCatalyst's own event log, and --compare names the trail: they are compared the other way round")
    return trail, event_log


def _compare(event_log: Inspected, trail: Inspected, form: Format) -> None:
    """Print what differs; exit with 3 if something does, but with 1 or 2 if not all could be read."""
    from agent.cli import compared_text
    from agent.cli.comparison import Comparison
    from agent.cli.output import say
    from agent.errors import number_of

    compared = Comparison(event_log.records, trail.records)
    are_read = bool(event_log.files and trail.files)
    if are_read:
        with _to_the_reader(form):
            if form is Format.JSONL:
                _print_lines(compared_text.json_lines(compared))
            else:
                compared_text.show(compared)
    for found in (event_log, trail):
        _report_files(found)
    for line in compared_text.summary(compared) if are_read else ():
        say(line)
    if malformed := event_log.malformed + trail.malformed:
        say(f"! {number_of(malformed, 'entry is', 'entries are')} malformed, and not compared")
    event_log.problems += trail.problems
    event_log.missing += trail.missing
    _report_problems(event_log)
    if compared.differing:
        raise typer.Exit(_DIFFERENT)


def _explain(found: Inspected, form: Format, *, one_by_one: bool, event: str | None) -> None:
    from agent.cli import explained_text

    events = explained_text.chosen(found.explained, event)
    if event is not None and not events:
        typer.echo(f"✗ no event has the id or the number {event!r}: --explain --all lists them", err=True)
        raise typer.Exit(_UNREADABLE)
    with _to_the_reader(form):
        if form is Format.JSONL:
            _print_lines(map(explained_text.json_line, events))
        else:
            explained_text.show(events, one_by_one=one_by_one)


@contextmanager
def _to_the_reader(form: Format) -> Iterator[None]:
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


def _printers(inspector: Inspector) -> dict[Format, Callable[[Sequence[LogRecord]], None]]:
    return {
        Format.TABLE: _print_table,
        Format.JSONL: lambda records: _print_lines(map(inspector.flat_json, records)),
        Format.OTLP: lambda records: _print_lines([inspector.otlp_json(records)]),
    }


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stdout.write(line + "\n")


def _print_table(records: Sequence[LogRecord]) -> None:
    from rich.table import Table
    from rich.text import Text

    from agent.cli.output import wide_console
    from agent.cli.table_row import TableRow

    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in TableRow.HEADINGS:
        table.add_column(heading, no_wrap=True)
    for record in records:
        row = TableRow.of(record)
        style = "red" if row.failed else ""
        table.add_row(*(Text(cell, style) for cell in row.cells()))
    console = wide_console()
    console.print(table)


def _report(found: Inspected, one: str) -> None:
    """Say on standard error what was read and what could not be.

    Exit with 2 if a path names nothing, with 1 if something could not be read.
    """
    from agent.cli.output import say
    from agent.errors import number_of

    _report_files(found)
    shown = number_of(len(found.records), one)
    summary = f"{shown} of {found.events} in {number_of(found.files, 'file')}"
    say(summary + (f"; {found.malformed} malformed" if found.malformed else ""))
    if found.events and not found.records and not found.explained:
        say("--explain says why none of them would be shipped")
    _report_problems(found)


def _report_files(found: Inspected) -> None:
    from agent.cli.output import say

    for line in (*found.passed_over, *found.forms):
        say(line)
    for line in found.unread:
        say(f"! {line}")


def _report_problems(found: Inspected) -> None:
    from agent.cli.output import say

    for problem in found.problems:
        say(f"✗ {problem}")
    for path in found.missing:
        say(f"✗ {path}: there is no such file or folder")
    if found.missing:
        raise typer.Exit(_USAGE)
    if found.problems:
        raise typer.Exit(_UNREADABLE)
