"""`inspect --compare`: which of the files are CodeCatalyst's own event log, and which the trail's; what differs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import typer

from agent.cli import compared_text
from agent.cli.comparison import Comparison
from agent.cli.inspect_report import Format, print_lines, report_files, report_problems, to_the_reader
from agent.cli.inspected import Inspected, InspectedFile
from agent.cli.inspection import Choices, Inspector
from agent.cli.local_files import STANDARD_INPUT
from agent.cli.output import say
from agent.errors import number_of
from agent.settings import SelectSettings

_DIFFERENT = 3
_OPTION = "--compare"


@dataclass(frozen=True, slots=True)
class BothLogs:
    """The files of each log. No file is in both."""

    event_log: Inspected
    trail: Inspected

    @classmethod
    def told_apart(cls, named: Inspected, paths: Inspected) -> BothLogs:
        """From the files that `--compare` names and from those of PATH…, as far as their forms tell.

        Raises `typer.BadParameter` if PATH… has no file that belongs to the other log.
        """
        if not named.files or not paths.files:
            return cls(named, paths)
        if named.has_event_log:
            named.leave_out(lambda file: not file.is_event_log, "is not CodeCatalyst's own event log; left out of it")
            paths.leave_out(lambda file: file.is_event_log, "is CodeCatalyst's own event log; left out of the trail")
            _refuse_none(paths, "PATH… is CodeCatalyst's own event log, too: name the trail's files there")
            return cls(named, paths)
        places = {_place(file) for file in named.files}
        paths.leave_out(lambda file: _place(file) in places, f"{_OPTION} names it, too; left out here")
        _refuse_none(paths, f"PATH… has no other file than {_OPTION}")
        if not paths.has_event_log:
            return cls(named, paths)
        say(
            f"! PATH… has CodeCatalyst's own event log, and {_OPTION} names the trail: they are compared the other way "
            "round"
        )
        named.files += [file for file in paths.files if not file.is_event_log]
        paths.files = [file for file in paths.files if file.is_event_log]
        return cls(paths, named)


def _refuse_none(paths: Inspected, why: str) -> None:
    if not paths.files:
        raise typer.BadParameter(why, param_hint=_OPTION)


def compare(config: Path | None, log: str, paths: list[str], form: Format) -> None:
    """Print what differs; exit with 3 if something does, but with 1 or 2 if not all could be read.

    All of CodeCatalyst's events are compared, whatever the settings in `config` select. Raises `SettingsError`.
    """
    if log in paths:
        raise typer.BadParameter(f"{log} is both logs", param_hint=_OPTION)
    chosen = Choices.of(config, ())
    if chosen.leaves_out_codecatalyst:
        say("! all of CodeCatalyst's events are compared, also those that select of the settings leaves out")
    inspector = Inspector(replace(chosen, select=SelectSettings()), everything=False, explain=False)
    both = BothLogs.told_apart(inspector.inspect([log]), inspector.inspect(paths))
    compared = Comparison(both.event_log.records, both.trail.records)
    are_read = bool(both.event_log.files and both.trail.files)
    if are_read:
        with to_the_reader(form):
            if form is Format.JSONL:
                print_lines(compared_text.json_lines(compared))
            else:
                compared_text.show(compared)
    report_files(both.event_log, both.trail)
    for line in compared_text.summary(compared) if are_read else ():
        say(line)
    if malformed := both.event_log.malformed + both.trail.malformed:
        say(f"! {number_of(malformed, 'entry is', 'entries are')} malformed, and not compared")
    report_problems(both.event_log, both.trail, code=_DIFFERENT if compared.differing else 0)


def _place(file: InspectedFile) -> str:
    """Where a file is, however its name is written."""
    return file.name if file.name == STANDARD_INPUT else str(Path(file.name).resolve())
