"""One readable line for each log record that arrived: time, actor, event, on what, source, outcome."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from agent.demo.cast import NAMES_BY_USER_ID
from agent.records.summary import Summary
from agent.sink.otlp.decode import ReceivedRecord

_MARK = 4
_SERVICE_SUFFIX = ".amazonaws.com"
_TIME = 8
TIME_OF_DAY = "%H:%M:%S"
DAY_AND_TIME = "%d %H:%M"
_WIDE = 132
_MEDIUM = 110
_NARROW = 96


@dataclass(frozen=True, slots=True)
class Who:
    """How a kind of actor is shown: in a word, and in four letters at most where there is little room."""

    word: str
    mark: str

    @classmethod
    def of(cls, kind: str) -> Who:
        """Of a value of the attribute `actor.kind`; one that has no words of its own here stands for itself."""
        return _WHO.get(kind) or cls(kind, kind)


_WHO = {
    "builder_id": Who("Builder ID", "BID"),
    "identity_center_user": Who("workforce", "work"),
    "root": Who("root", "root"),
    "iam_user": Who("IAM user", "IAM"),
    "assumed_role": Who("role", "role"),
    "federated_user": Who("federated", "fed"),
    "aws_service": Who("AWS", "AWS"),
    "aws_account": Who("account", "acct"),
    "codecatalyst_user": Who("user", "user"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """What is shown of a record."""

    time: str
    actor: str
    who: Who
    event: str
    where: str
    source: str
    failure: str
    sensitive: bool

    @classmethod
    def of(cls, record: ReceivedRecord, clock: str = TIME_OF_DAY) -> Line:
        """The line for `record`, made of its attributes; `clock` is how its time is shown, in local time."""

        told = Summary.of(record.event_name, record.attributes)
        actor, kind = _printable(told.actor), _printable(told.actor_kind)
        account = str(record.resource.get("cloud.account.id", ""))
        return cls(
            time=f"{datetime.fromtimestamp(record.time_unix_nano / 1e9).astimezone():{clock}}",
            actor=NAMES_BY_USER_ID.get(actor, actor).removesuffix(_SERVICE_SUFFIX),
            who=Who.of(kind),
            event=_printable(told.event),
            where=_printable(told.where) or account,
            source=_printable(told.source).removesuffix(_SERVICE_SUFFIX),
            failure=_printable(told.error or told.outcome).removesuffix("Exception") if told.has_failed else "",
            sensitive=told.is_critical,
        )


def _printable(text: str) -> str:
    """`text` without control characters."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)


@dataclass(frozen=True, slots=True)
class Columns:
    """How wide each column is, in cells; without room for `source` it is 0.

    `marks` is 0 where the actor's kind stands in full behind the name, else the width of a column of short ones.
    """

    actor: int
    event: int
    where: int
    source: int
    gap: int = 1
    marks: int = 0

    @classmethod
    def fit(cls, width: int) -> Columns:
        """The columns for a terminal of `width` cells; in a narrow one, the least important columns are left out."""
        if width >= _WIDE:
            return cls(actor=25, event=33, where=19, source=13, gap=2)
        if width >= _MEDIUM:
            return cls(actor=25, event=26, where=19, source=13)
        if width >= _NARROW:
            return cls(actor=12, event=26, where=17, source=13, marks=_MARK)
        return cls(actor=12, event=26, where=13, source=0, marks=_MARK)

    @property
    def legend(self) -> str:
        """What the short kinds mean that do not explain themselves; empty where kinds stand in full."""
        return "BID is a Builder ID, work is workforce, fed is federated, acct is an account." if self.marks else ""

    def header(self, place: str) -> Text:
        """The names of the columns; `place` is that of what an event acted on."""
        named = (
            ("time", _TIME),
            ("actor", self.actor),
            ("as", self.marks),
            ("  event", self.event + 2),
            (place, self.where),
            ("from", self.source),
        )
        return Text("".join(self._cell(*one) for one in named) + "outcome", "dim")

    def row(self, line: Line) -> Text:
        """The line, one style per meaning: red failed, yellow decides who may act or who pays."""
        return Text.assemble(
            (self._cell(line.time, _TIME), "dim"),
            (self._cell(self._actor(line), self.actor), "bold magenta" if line.who.word == "root" else "cyan"),
            (self._cell(line.who.mark, self.marks), "dim"),
            ("! " if line.sensitive else "  ", "bold yellow"),
            (self._cell(line.event, self.event), "bold yellow" if line.sensitive else "bold"),
            self._cell(line.where, self.where),
            (self._cell(line.source, self.source), "dim"),
            (line.failure or "ok", "bold red" if line.failure else "green"),
        )

    def _actor(self, line: Line) -> str:
        return f"{line.actor} ({line.who.word})" if line.who.word and not self.marks else line.actor

    def _cell(self, text: str, width: int) -> str:
        """`text` in exactly `width` cells and a gap; nothing at all if the column is left out."""
        if not width:
            return ""
        cut = text if cell_len(text) <= width else set_cell_size(text, width - 1) + "…"
        return set_cell_size(cut, width + self.gap)
