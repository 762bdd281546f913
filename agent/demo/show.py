"""What the demo prints: on a terminal with colours and a fixed footer, in a pipe as plain lines."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from agent.demo.answers import Answer
from agent.demo.lines import TIME_OF_DAY, Columns, Line
from agent.demo.scrape import Tally
from agent.sink.otlp.decode import ReceivedRecord
from agent.telemetry import metric_names

_UNLIMITED = 200
"""A width at which no line is cut."""

_READ = 4
"""The number of counts about input; the others are about output."""


@dataclass(frozen=True, slots=True)
class Count:
    """One number of the summary."""

    name: str
    value: int
    style: str = "bold"

    def text(self) -> Text:
        """The number behind its name."""
        return Text.assemble((f"{self.name} ", "dim"), (f"{self.value:,}", self.style))


def _line_of(counts: Sequence[Count]) -> Text:
    return Text("  ", no_wrap=True, overflow="ellipsis").append(Text("  ").join(one.text() for one in counts))


class Show:
    """Everything the demo prints goes through here."""

    def __init__(self, console: Console) -> None:
        self._console = console
        if not self.interactive:
            console.width = _UNLIMITED
        self._live: Live | None = None
        self._links: list[Text] = []

    @property
    def interactive(self) -> bool:
        """Whether a person watches a terminal that can be redrawn."""
        return self._console.is_terminal and not self._console.is_dumb_terminal

    def title(self) -> None:
        """Say what this is."""
        self._line(Text("trail-agent demo", "bold").append("  who did what in a CodeCatalyst space, and when", "dim"))
        self._line(Text())

    @contextmanager
    def step(self, doing: str, done: str) -> Iterator[list[str]]:
        """Turn a spinner labelled `doing` while the block runs, then tick it off as `done`.

        The block may append an address to the list it is given.
        """
        began, addresses = time.monotonic(), list[str]()
        with self._spinner(doing):
            yield addresses
        took = f"{time.monotonic() - began:.1f} s"
        address = addresses[0] if addresses else ""
        self._line(Text.assemble(("✓ ", "green"), f"{done:<34}", (f"{took:>6}   ", "dim"), (address, "cyan")))

    def links(self, address: str, *, once: bool) -> None:
        """Remember the addresses to open; they are shown under the counts. With `once` they would soon be gone."""
        if once:
            return
        self._links = [
            Text.assemble(
                ("  open next   ", "dim"), (f"{address}/", "bold cyan"), ("  status page     Ctrl-C ends", "dim")
            ),
            Text.assemble((f"              {address}/metrics", "cyan"), (f"  {address}/readyz", "cyan")),
        ]

    def header(self, place: str = "space/project") -> None:
        """Name the columns, and say what the marks mean; `place` is the name of what an event acted on."""
        self._line(Text())
        self._line(Text("CloudTrail records people as ids; the demo shows their names.", "dim"))
        self._line(Text("! marks a change of who may act or who pays.", "dim"))
        columns = self._columns()
        if columns.legend:
            self._line(Text(columns.legend, "dim"))
        self._line(Text())
        self._line(columns.header(place))

    def elsewhere(self, endpoint: str, *, all_codecatalyst: bool) -> None:
        """Say where the records can be seen: they do not arrive here."""
        services, metrics = '="aws-codecatalyst"', metric_names.CODECATALYST_EVENTS
        if not all_codecatalyst:
            services, metrics = '=~"aws-.+"', '{__name__=~"(codecatalyst|cloudtrail)_events_total"}'
        self._line(Text())
        self._line(Text.assemble("Records go to ", (endpoint, "cyan"), "; look there, for example:"))
        self._line(Text(f"  LogQL   {{service_name{services}}} | json", "bold"))
        self._line(Text(f"  PromQL  sum by (event_name, outcome) ({metrics})", "bold"))

    def account(self, endpoint: str, region: str, queue_url: str, bucket: str) -> None:
        """Say where the emulated account is, as lines of an agent's settings."""
        self._line(Text("An emulated S3 and SQS, with new events every few seconds. An agent reads them with:"))
        for line in (
            "aws:",
            f"  endpoint_url: {endpoint}",
            "queue:",
            f"  url: {queue_url}",
            f"  region: {region}",
            "buckets:",
            f"  - name: {bucket}",
        ):
            self._line(Text(f"  {line}", "bold"))
        self._line(Text("and with any credentials. Ctrl-C ends.", "dim"))

    def records(self, records: Iterable[ReceivedRecord], clock: str = TIME_OF_DAY) -> None:
        """One line for each record, those that came together in the order of their times, which `clock` formats."""
        columns = self._columns()
        for record in sorted(records, key=lambda one: one.time_unix_nano):
            self._line(columns.row(Line.of(record, clock)))

    def answers(self, answers: Iterable[Answer]) -> None:
        """Questions, each with the lines that answer it."""
        self._line(Text())
        self._line(Text("What these records answer; docs/questions.md asks the same, and more, in Grafana.", "dim"))
        for answer in answers:
            self._line(Text(f"  {answer.question}", "bold"))
            for line in answer.lines:
                self._line(Text(f"    {line}"))

    @contextmanager
    def footer(self) -> Iterator[None]:
        """Keep the counts at the bottom of the terminal while the block runs. In a pipe, do nothing."""
        if not self.interactive:
            yield
            return
        with Live(console=self._console, auto_refresh=False, transient=True) as live:
            self._live = live
            try:
                yield
            finally:
                self._live = None

    def refresh(self, tally: Tally) -> None:
        """Redraw the footer, if there is one."""
        if self._live:
            self._live.update(self._summary(tally), refresh=True)

    def summary(self, tally: Tally) -> None:
        """Print the counts and the addresses among the lines, where no footer shows them."""
        if not self._live:
            self._console.print(self._summary(tally), soft_wrap=not self.interactive)

    def curtain(self, tally: Tally) -> None:
        """Print the last counts, without addresses: they are about to close."""
        self._links = []
        self.summary(tally)

    def say(self, text: str, style: str = "") -> None:
        """Print one sentence."""
        self._line(Text(text, style))

    def verdict(self, text: str, *, good: bool) -> None:
        """Print how it ended."""
        self._line(Text.assemble(("✓ ", "bold green") if good else ("✗ ", "bold red"), (text, "bold")))

    def _summary(self, tally: Tally) -> RenderableType:
        style = "bold red" if tally.dead else "bold"
        counts = (
            Count("received", tally.received),
            Count("objects", tally.objects),
            Count("events", tally.read),
            Count("skipped", tally.skipped),
            Count("exported", tally.exported, "bold green"),
            Count("queued", tally.queued),
            Count("dead letters", tally.dead, style),
        )
        return Group(Text(), *self._lines(counts), *self._links, *([] if self._live else [Text()]))

    def _lines(self, counts: Sequence[Count]) -> list[Text]:
        """The counts on one line, or where that is too long for the terminal on two."""
        one = _line_of(counts)
        if one.cell_len <= self._console.width:
            return [one]
        return [_line_of(counts[:_READ]), _line_of(counts[_READ:])]

    def _spinner(self, doing: str) -> AbstractContextManager[object]:
        return self._console.status(f"{doing}…") if self.interactive else nullcontext()

    def _columns(self) -> Columns:
        return Columns.fit(self._console.width)

    def _line(self, text: Text) -> None:
        if self.interactive:
            self._console.print(text, no_wrap=True, overflow="ellipsis")
        else:
            self._console.print(Text(text.plain.rstrip()), soft_wrap=True)
