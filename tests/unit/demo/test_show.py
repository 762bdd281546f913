"""What a person sees of the demo, on a terminal and in a pipe."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
from rich.console import Console
from rich.text import Text

from agent.demo.generator import OPENING_SIZE, Generator
from agent.demo.lines import Columns, Line
from agent.demo.scrape import Tally
from agent.demo.show import Show
from agent.model import ObjectSource
from agent.settings import load
from agent.sink.otlp.decode import ReceivedRecord, records
from agent.sink.otlp.encode import Encoder
from tests.support.records import open_mapper


@pytest.fixture(scope="module")
def opening() -> list[ReceivedRecord]:
    """The opening as the daemon would ship it."""
    mapper = open_mapper()
    events = Generator(Random(5), datetime(2023, 5, 18, 17, 10, tzinfo=UTC)).generate(OPENING_SIZE)
    source = ObjectSource("bucket", "key", "111122223333", 0)
    request = Encoder({"service.name": "aws-codecatalyst"}, "1").encode(
        [mapper.to_record(event.record, source) for event in events]
    )
    return list(records(request))


def received(attributes: Mapping[str, str]) -> ReceivedRecord:
    """One record with these attributes."""
    return ReceivedRecord({"cloud.account.id": "111122223333"}, "", "", 0, 0, 9, "", "{}", attributes)


def shown(opening: list[ReceivedRecord], *, width: int | None) -> list[str]:
    """What a terminal of `width` shows, or a pipe gets."""
    stream = io.StringIO()
    environ = {"TERM": "xterm-256color", "COLUMNS": str(width or 80)}
    console = Console(file=stream, width=width, force_terminal=width is not None, _environ=environ)
    show = Show(console)
    show.header()
    show.records(opening)
    lines = stream.getvalue().splitlines()
    return lines if width is None else [Text.from_ansi(line).plain for line in lines]


def test_a_line_says_who_did_what_where() -> None:
    """Person, kind of identity, event, place, address and failure come from the attributes the daemon set."""
    line = Line.of(
        received(
            {
                "aws.codecatalyst.actor": "94d00cd8-e9e6-4810-b177-b08e84775435",
                "aws.codecatalyst.actor.kind": "builder_id",
                "aws.codecatalyst.event": "CreateDevEnvironment",
                "aws.codecatalyst.space.name": "ExampleCorp",
                "aws.codecatalyst.project.name": "website",
                "source.address": "203.0.113.7",
                "aws.error.code": "AccessDeniedException",
            }
        )
    )
    assert (line.actor, line.who.word, line.event) == ("Mary Major", "Builder ID", "CreateDevEnvironment")
    assert (line.where, line.source, line.failure) == ("ExampleCorp/website", "203.0.113.7", "AccessDenied")
    assert not line.sensitive


@pytest.mark.parametrize("width", [80, 100, 140])
def test_two_kinds_of_one_name_look_different(width: int) -> None:
    """A federated user and an IAM user who share a name can be told apart on every usual width."""
    kinds = ("federated_user", "iam_user", "assumed_role", "builder_id")
    named = {"aws.codecatalyst.actor": "jstiles", "aws.codecatalyst.event": "ListConnections"}
    rows = {
        Columns.fit(width).row(Line.of(received({**named, "aws.codecatalyst.actor.kind": kind}))).plain
        for kind in kinds
    }
    assert len(rows) == len(kinds)


@pytest.mark.parametrize("width", [80, 100, 140])
def test_the_summary_is_whole_on_every_width(width: int) -> None:
    """Numbers that do not fit on one line stand on two, and none is cut."""
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=True, _environ={"TERM": "xterm-256color"})
    Show(console).summary(Tally(received=1234, objects=1234, read=123456, skipped=123456, exported=4, queued=5, dead=6))
    lines = [Text.from_ansi(line).plain for line in stream.getvalue().splitlines()]
    words = " ".join(" ".join(lines).split())
    assert "received 1,234 objects 1,234 events 123,456 skipped 123,456 exported 4 queued 5 dead letters 6" in words
    assert max(map(len, lines)) <= width


def test_a_line_without_a_space_names_the_account() -> None:
    """An event that tells no space is at least placed in its account."""
    assert Line.of(received({"aws.codecatalyst.event": "ListConnections"})).where == "111122223333"


def test_control_characters_do_not_reach_the_terminal() -> None:
    """No string of an event can ring a bell or move the cursor."""
    line = Line.of(received({"aws.codecatalyst.actor": "eve\x1b[2J\x07"}))
    assert "\x07" not in Columns.fit(200).row(line).plain
    assert "\x1b" not in Columns.fit(200).row(line).plain


def test_the_lines_about_an_account_are_an_agents_settings(tmp_path: Path) -> None:
    """Copied into a file, they are all that it takes."""
    stream = io.StringIO()
    queue_url = "http://127.0.0.1:5000/123456789012/trail"
    Show(Console(file=stream, width=100)).account("http://127.0.0.1:5000", "us-west-2", queue_url, "acme-trail")
    _, *lines, _ = stream.getvalue().splitlines()
    config = tmp_path / "agent.yaml"
    config.write_text(textwrap.dedent("\n".join(lines)))
    settings = load(config, {})
    assert (settings.needed_queue().url, settings.needed_queue().region) == (queue_url, "us-west-2")
    assert [bucket.name for bucket in settings.buckets] == ["acme-trail"]


@pytest.mark.parametrize("width", [80, 100, 120, 140])
def test_lines_fit_the_terminal(opening: list[ReceivedRecord], width: int) -> None:
    """On every usual width each record is one line, and no longer than that."""
    lines = shown(opening, width=width)
    assert sum(line[:2].isdigit() for line in lines) == OPENING_SIZE
    assert max(len(line) for line in lines) <= width


def test_a_pipe_gets_plain_aligned_lines(opening: list[ReceivedRecord]) -> None:
    """Without a terminal there are no escapes, nothing is cut, and columns stay in place."""
    lines = shown(opening, width=None)
    header = next(line for line in lines if line.startswith("time"))
    rows = [line for line in lines if line[:2].isdigit()]
    assert len(rows) == OPENING_SIZE
    assert all("\x1b" not in line and "…" not in line.replace("codecatalyst…", "") for line in lines)
    assert all(row[header.index("outcome") - 1] == " " and row[header.index("outcome")] != " " for row in rows)


def test_sensitive_changes_and_failures_stand_out(opening: list[ReceivedRecord]) -> None:
    """What decides who may act or who pays is marked, and a failure shows its code."""
    rows = shown(opening, width=None)
    marked = {row.split("! ")[1].split()[0] for row in rows if "! " in row and row[:2].isdigit()}
    assert {"PutBillingAuthorization", "AssociateIamRoleToConnection", "AcceptConnection", "RejectConnection"} <= marked
    assert "ListProjects" not in marked
    assert any(row.endswith("AccessDenied") for row in rows)


def test_the_summary_counts_and_tells_what_to_open() -> None:
    """The counts of the flow stand above the daemon's addresses."""
    stream = io.StringIO()
    show = Show(Console(file=stream))
    show.links("http://127.0.0.1:9464", once=False)
    show.summary(Tally(received=3, objects=2, read=1254, skipped=1220, exported=34))
    text = stream.getvalue()
    assert "events 1,254  skipped 1,220  exported 34" in text
    for path in ("/", "/metrics", "/readyz"):
        assert f"http://127.0.0.1:9464{path}" in text
