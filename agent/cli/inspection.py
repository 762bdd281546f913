"""Local trail files → LogRecords, by the same reading, selection and mapping as the daemon's, without any network."""

from __future__ import annotations

import stat
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Final, Self

from agent import __version__, settings
from agent.choices import make_mapper, make_mask, make_ours, make_read_limits, make_selector
from agent.cli.explanation import Explainer, dead_letter, key_in, why_unread
from agent.cli.inspected import Inspected, InspectedFile
from agent.cli.local_files import STANDARD_INPUT, LocalFile, look_into, open_file
from agent.cli.local_forms import LOG_FILE, Taken, take
from agent.cli.no_events import kind_of
from agent.errors import PermanentError, number_of
from agent.faults.dead_letters import Reason
from agent.flow.objects import map_events
from agent.model import LogRecord, ObjectSource
from agent.records.item_mapping import ItemMapper
from agent.records.profiles import named
from agent.records.profiles.profile import ANYTHING, Ours
from agent.records.selection import EVERY_SOURCE, EveryEvent
from agent.settings import LimitSettings, RecordSettings, SelectSettings
from agent.sink.otlp.decode import otlp_json
from agent.sink.otlp.encode import Encoder
from agent.sink.otlp.flat import flat_line
from agent.telemetry.labels import LabelLimits, vocabulary
from agent.trail import reader
from agent.trail.admission import Admission
from agent.trail.edit import Mask
from agent.trail.inflate import Inflated, inflate
from agent.trail.key import names_log_file, stands_beside

_ENDING: Final = ".json"
_FIRST_BYTES: Final = 1024
_MOST_ENDINGS: Final = 5


@dataclass(frozen=True, slots=True)
class Choices:
    """What the settings choose, or their defaults, of which none names a queue, a bucket or a key."""

    select: SelectSettings = field(default_factory=SelectSettings)
    record: RecordSettings = field(default_factory=RecordSettings)
    limits: LimitSettings = field(default_factory=LimitSettings)
    ours: Ours = ANYTHING
    mask: Mask | None = None
    resource: Mapping[str, str] = field(default_factory=dict)
    service_names: Mapping[str, str] = field(default_factory=dict)
    accounts: Sequence[str] = ()
    regions: Sequence[str] = ()

    @classmethod
    def of(cls, config: Path | None, profiles: Sequence[str]) -> Self:
        """As the settings file says; `profiles`, if any, stand for those of the settings. Raises `SettingsError`.

        It need not say what is to be read: no queue and no bucket.
        """
        if config is None:
            return cls(SelectSettings(profiles=tuple(profiles))) if profiles else cls()
        overrides = {"select.profiles": list(profiles)} if profiles else None
        loaded = settings.load(config, settings.environment(), overrides, needs_source=False)
        return cls(
            select=loaded.select,
            record=loaded.record,
            limits=loaded.limits,
            ours=make_ours(loaded, loaded.dead_letter_url),
            mask=make_mask(loaded.record),
            resource=loaded.resource,
            service_names=loaded.service_names,
            accounts=loaded.accounts,
            regions=loaded.regions,
        )

    @classmethod
    def unheard(cls, config: Path | None) -> Sequence[str]:
        """The environment variables that would choose something of this, and count only with a settings file."""
        return () if config else settings.that_set([one.name for one in fields(cls)], settings.environment())

    @property
    def only_codecatalyst(self) -> bool:
        """Whether no other event can be selected."""
        return set(self.select.profiles) == {"codecatalyst"} and not self.select.event_sources

    @property
    def leaves_out_codecatalyst(self) -> bool:
        """Whether some event of CodeCatalyst is not selected."""
        chosen = self.select
        has_each_source = EVERY_SOURCE in chosen.event_sources or (
            "codecatalyst" in chosen.profiles and chosen.connection_events
        )
        return bool(chosen.exclude_events) or not chosen.include_read_only or not has_each_source


class Inspector:
    """Reads trail files as the daemon reads objects."""

    def __init__(self, chosen: Choices, *, everything: bool, explain: bool) -> None:
        self.only_codecatalyst = not everything and chosen.only_codecatalyst
        self._selection = EveryEvent() if everything else make_selector(chosen.select, chosen.ours)
        self._mapper = make_mapper(
            chosen.record, chosen.limits, chosen.service_names, chosen.ours, chosen.mask, kind=ItemMapper
        )
        self._limits = make_read_limits(chosen.limits)
        self._encoder = Encoder(chosen.resource, __version__)
        self._admission = Admission({"": None}, frozenset(chosen.accounts), frozenset(chosen.regions))
        self._explainer = self._make_explainer(chosen) if explain else None

    @classmethod
    def from_settings(
        cls, config: Path | None, *, everything: bool, profiles: Sequence[str] = (), explain: bool = False
    ) -> Self:
        """As the settings file `config` says, or with every default; raises `SettingsError`.

        With `everything`, every event is selected; `profiles`, if any, stand for those of the settings. With `explain`,
        each event gets its explanation, too.
        """
        return cls(Choices.of(config, profiles), everything=everything, explain=explain)

    def _make_explainer(self, chosen: Choices) -> Explainer:
        known = vocabulary(named(chosen.select.profiles), chosen.select.event_sources)
        return Explainer(
            selection=self._selection,
            mapper=self._mapper,
            labels=LabelLimits(known, chosen.limits.event_name_labels),
        )

    def inspect(self, paths: Sequence[str]) -> Inspected:
        """The records of every file that `paths` name, and of all trail files in the folders among them."""
        found = Inspected()
        for file in [file for path in paths for file in _files(path, found)]:
            self._try_file(file, found)
        return found

    def otlp_json(self, selected: Sequence[LogRecord]) -> str:
        """`selected` as one OTLP/JSON `ExportLogsServiceRequest`, exactly as it would be sent."""
        return otlp_json(self._encoder.encode(selected))

    def flat_json(self, record: LogRecord) -> str:
        """`record` as one flat JSON object: its fields, then its resource's and its own attributes."""
        return flat_line(record, self._encoder)

    def _try_file(self, file: str, found: Inspected) -> None:
        try:
            self._inspect_file(file, found)
        except PermanentError as error:
            found.problems.append(f"{file}: {error.detail}")
        except OSError as error:
            found.problems.append(f"{file}: cannot be read: {error.strerror}")

    def _inspect_file(self, name: str, found: Inspected) -> None:
        file = open_file(name)
        inflated = self._inflated(file)
        reader.refuse_bomb(inflated.text, self._limits.events_per_object)
        taken = take(inflated.text)
        selected = reader.read(taken.text, self._selection, self._limits.events_per_object)
        source = ObjectSource("", name, file.account, file.last_modified_ns)
        mapped = map_events(selected, self._mapper, source, self._selection)
        events = len(mapped.records) + mapped.skipped + mapped.malformed
        form = _form(taken, is_unlike_its_name=inflated.facts.is_plain and file.promises_gzip)
        unread = why_unread(name, self._admission) or self._why_refused(file, taken, inflated.text)
        found.files.append(
            InspectedFile(
                name=name,
                is_event_log=taken.is_event_log,
                records=mapped.records,
                events=events + taken.strange,
                malformed=mapped.malformed + taken.strange,
                form=f"{name}: taken for {form}, {number_of(events, 'event')}{_strange(taken)}" if form else "",
                unread=f"{name}: {unread}" if unread else "",
                explained=self._explainer.explain(name, taken.text, source, unread) if self._explainer else (),
            )
        )

    def _why_refused(self, file: LocalFile, taken: Taken, text: bytearray) -> str:
        """What the daemon says of an object with this `text`, which only `inspect` takes; empty if the file is none."""
        if taken.form == LOG_FILE or not key_in(file.name):
            return ""
        try:
            as_it_is = inflate([bytes(text[len(file.mark) :])], self._limits.inflate).text if file.mark else text
            reader.read(as_it_is, self._selection, self._limits.events_per_object)
        except PermanentError as error:
            return dead_letter(error.reason, error.detail)
        return ""

    def _inflated(self, file: LocalFile) -> Inflated:
        """The text of a file; raises `PermanentError` with a sentence that speaks of a file where it has none."""
        if not file.first:
            raise PermanentError(Reason.OBJECT_CORRUPT, "the file is empty")
        if not file.is_gzip and (kind := kind_of(file.first)):
            raise PermanentError(Reason.OBJECT_CORRUPT, kind)
        try:
            inflated = inflate(file.chunks, self._limits.inflate)
        except PermanentError as error:
            raise PermanentError(error.reason, error.detail.replace("the object", "the file")) from error
        if not inflated.text:
            raise PermanentError(Reason.OBJECT_CORRUPT, "the file is gzip of nothing")
        if kind := kind_of(bytes(inflated.text[:_FIRST_BYTES])):
            raise PermanentError(Reason.OBJECT_CORRUPT, kind)
        return inflated


def _strange(taken: Taken) -> str:
    if not taken.strange:
        return ""
    return f"; {number_of(taken.strange, 'entry is', 'entries are')} no record of CloudTrail"


def _files(path: str, found: Inspected) -> list[str]:
    """The files that `path` stands for: itself, of whatever kind, or a folder's; `found` learns if there are none."""
    if path == STANDARD_INPUT:
        return [path]
    try:
        folder = stat.S_ISDIR(Path(path).stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        found.missing.append(path)
        return []
    except OSError as error:
        found.problems.append(f"{path}: cannot be read: {error.strerror}")
        return []
    return _trail_files(path, found) if folder else [path]


def _trail_files(folder: str, found: Inspected) -> list[str]:
    looked = look_into(folder)
    found.problems += looked.problems
    files = looked.files
    chosen = [file for file in files if _is_named_like_a_trail_file(file.name)]
    if not chosen and not looked.problems:
        found.problems.append(f"{folder}: holds no trail files: none of its names holds .json or is a log file's")
    if len(chosen) < len(files):
        others = {*files} - {*chosen}
        found.passed_over.append(f"{folder}: passed over {_by_ending(others)}")
    return sorted(map(str, chosen))


def _is_named_like_a_trail_file(name: str) -> bool:
    return (_ENDING in name.lower() or names_log_file(name)) and not stands_beside(name)


def _by_ending(files: Iterable[Path]) -> str:
    """How many files, and which: "3 files: 2 .txt, 1 .md5"."""
    endings = Counter(sorted(file.suffix.lower() or "without an ending" for file in files))
    most = endings.most_common(_MOST_ENDINGS)
    shown = [f"{count} {ending}" for ending, count in most]
    others = endings.total() - sum(count for _, count in most)
    shown += [f"{others} with other endings"] if others else []
    return f"{number_of(endings.total(), 'file')}: {', '.join(shown)}"


def _form(taken: Taken, *, is_unlike_its_name: bool) -> str:
    """What the file was taken for; empty where it is a log file as its name says."""
    if taken.form != LOG_FILE:
        return taken.form
    return f"{LOG_FILE} that is not compressed, in spite of its name" if is_unlike_its_name else ""
