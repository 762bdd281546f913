"""What came of the files that `inspect` was given: what each held, and what could not be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from agent.cli.explanation import ExplainedEvent
from agent.model import LogRecord


@dataclass(frozen=True, slots=True)
class InspectedFile:
    """One file that was read. `is_event_log` says whether it is CodeCatalyst's own event log.

    `form` is a line if the file was not a log file as its name says, and what it was taken for instead. `unread` is a
    line if the agent would not read an object of that name, or not as it is; it is read here all the same.
    """

    name: str
    is_event_log: bool
    records: Sequence[LogRecord]
    events: int
    malformed: int
    form: str = ""
    unread: str = ""
    explained: Sequence[ExplainedEvent] = ()


@dataclass(slots=True)
class Inspected:
    """What came of all files together.

    `passed_over` has a line for each folder with files whose names are no log file's, `left_out` one for each file that
    was read and does not count. `problems` has a sentence for each file or folder that gave nothing to read, `missing`
    the paths that name nothing.
    """

    files: list[InspectedFile] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    @property
    def records(self) -> list[LogRecord]:
        """Those of all files, in the order of the files."""
        return [record for file in self.files for record in file.records]

    @property
    def explained(self) -> list[ExplainedEvent]:
        """Those of all files, in the order of the files."""
        return [one for file in self.files for one in file.explained]

    @property
    def events(self) -> int:
        """How many entries there are, selected or not."""
        return sum(file.events for file in self.files)

    @property
    def malformed(self) -> int:
        """How many entries are no records."""
        return sum(file.malformed for file in self.files)

    @property
    def has_event_log(self) -> bool:
        """Whether one of the files is CodeCatalyst's own event log."""
        return any(file.is_event_log for file in self.files)

    def notes(self) -> Iterator[str]:
        """What is to be said of the files that were read."""
        yield from self.passed_over
        yield from (file.form for file in self.files if file.form)
        yield from (f"! {line}" for line in self.left_out)
        yield from (f"! {file.unread}" for file in self.files if file.unread)

    def leave_out(self, which: Callable[[InspectedFile], bool], why: str) -> None:
        """Take out each of `which`; a line says `why`."""
        self.left_out += [f"{file.name}: {why}" for file in self.files if which(file)]
        self.files = [file for file in self.files if not which(file)]
