"""`trail-agent inspect`: local trail files → what would be shipped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.examples import examples
from agent.cli.inspect_report import Format, print_lines, report, report_absent, report_unheard, to_the_reader
from agent.cli.options import complete_profiles, known_profiles, profile_names

if TYPE_CHECKING:
    from agent.cli.inspected import Inspected
    from agent.cli.inspection import Inspector
    from agent.model import LogRecord


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
    typer.Option(
        "--config",
        "-c",
        metavar="FILE",
        help="Settings file; without it, the default settings are used, whatever the environment says.",
    ),
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
    from agent.cli.inspection import Choices, Inspector
    from agent.cli.report import fail_settings
    from agent.errors import SettingsError

    explain = explain or event is not None
    if explain and form is Format.OTLP:
        raise typer.BadParameter("otlp shows what is sent, and no reasons: use table or jsonl", param_hint="--format")
    if compare is not None:
        _check_comparison(form, profiles, explain=explain)
    report_unheard(Choices.unheard(config))
    try:
        if compare is not None:
            from agent.cli import both_logs

            both_logs.compare(config, compare, paths, form)
            return
        inspector = Inspector.from_settings(
            config, everything=everything and not explain, profiles=profile_names(profiles), explain=explain
        )
    except SettingsError as error:
        fail_settings(error, config)
    found = inspector.inspect(paths)
    if found.files and explain:
        _explain(found, form, one_by_one=everything, event=event)
    elif found.files:
        with to_the_reader(form):
            _printers(inspector)[form](found.records)
    report(found, "CodeCatalyst event" if inspector.only_codecatalyst else "event")


def _check_comparison(form: Format, profiles: list[str] | None, *, explain: bool) -> None:
    if explain or form is Format.OTLP:
        raise typer.BadParameter("a comparison is a table or jsonl, and explains no event", param_hint="--compare")
    if profiles:
        raise typer.BadParameter("a comparison is of CodeCatalyst's events alone, and of all", param_hint="--profiles")


def _explain(found: Inspected, form: Format, *, one_by_one: bool, event: str | None) -> None:
    from agent.cli import explained_text

    events = explained_text.chosen(found.explained, event)
    if event is not None and not events:
        report_absent(found, event)
    with to_the_reader(form):
        if form is Format.JSONL:
            print_lines(map(explained_text.json_line, events))
        else:
            explained_text.show(events, one_by_one=one_by_one)


def _printers(inspector: Inspector) -> dict[Format, Callable[[Sequence[LogRecord]], None]]:
    return {
        Format.TABLE: _print_table,
        Format.JSONL: lambda records: print_lines(map(inspector.flat_json, records)),
        Format.OTLP: lambda records: print_lines([inspector.otlp_json(records)]),
    }


def _print_table(records: Sequence[LogRecord]) -> None:
    from agent.cli.event_table import EventTable
    from agent.cli.table_row import TableRow

    table = EventTable(*TableRow.HEADINGS)
    for record in records:
        row = TableRow.of(record)
        table.add(*row.cells(), failed=row.failed)
    table.show()
