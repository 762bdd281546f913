"""The balance of a soak run: it must see what it is there to see."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import pytest

from agent.demo.generator import GeneratedEvent, Generator
from agent.sink.otlp.encode import Encoder
from tests.soak.memory import Memory, Sample
from tests.soak.report import Report
from tests.soak.sink import Archive
from tests.support.edges import Edge
from tests.support.objects import SOURCE
from tests.support.records import open_mapper

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
EVENTS = Generator(Random(1), NOW).generate(4, NOW)
MAPPER = open_mapper()


def store(archive: Archive, event: GeneratedEvent, version: str = "1") -> None:
    """What the sink does with the record of one event; another version gives other bytes."""
    archive.store(Encoder({}, version).encode([MAPPER.to_record(event.record, SOURCE)]))


def test_what_arrived_whole_leaves_no_fault() -> None:
    """Every event once, one of them twice with the same bytes: a repeat, and nothing wrong."""
    archive, report = Archive(), Report()
    for event in (*EVENTS, EVENTS[0]):
        store(archive, event)
    report.compare(EVENTS, archive)
    assert (report.events, report.stored, report.repeats, report.faults) == (4, 5, 1, [])


def test_lost_foreign_and_altered_events_are_told_apart() -> None:
    """One missing, one never written, one whose bytes changed on the second time."""
    archive, report = Archive(), Report()
    store(archive, EVENTS[0])
    store(archive, EVENTS[0], version="2")
    store(archive, EVENTS[3])
    report.compare(EVENTS[:2], archive)
    assert (report.lost, report.foreign, report.altered) == (1, 1, 1)
    assert len(report.faults) == 3


def test_the_slope_is_what_a_process_grows_by_once_it_is_warm() -> None:
    """The first quarter of the samples does not count; without enough there is no slope."""
    warm = [Sample(thousands=n, mib=80 + 0.5 * n) for n in range(2, 10)]
    assert Memory([Sample(0, 10), Sample(1, 20), *warm]).slope() == 0.5
    assert Memory(warm[:2]).slope() is None


def test_kills_are_counted_by_how_the_process_ended() -> None:
    """Signals from outside and edges of the work by name; together they are the kills."""
    report = Report(seconds=9)
    report.ends.update(["kill -9", "SIGTERM", "kill -9"])
    report.crashes.update([Edge.BURIED, Edge.RECEIVED, Edge.BURIED])
    assert report.kills == 6
    assert report.rows()["kills"] == "6 in 9 s (2 of kill -9; 1 of SIGTERM; 3 at an edge)"
    assert report.rows()["at an edge"] == "1 after receive; 2 after dead-letter send, before delete"


def test_what_is_missing_after_an_end_at_once_is_not_called_lost() -> None:
    """Nobody knows whether it would have come: it is counted by itself, and is neither a fault nor a success."""
    archive, report = Archive(), Report(is_early=True, is_cut_off=True)
    store(archive, EVENTS[0])
    report.compare(EVENTS, archive)
    assert (report.missing, report.lost, report.faults, report.exit_code) == (3, 0, [], 130)
    assert report.rows()["lost"] == "not known: 3 had not arrived yet"
    assert "open" in report.verdict


@pytest.mark.parametrize(
    ("early", "faults", "code", "verdict"),
    [(False, [], 0, "✓ nothing lost"), (True, [], 130, "✓ ended early: nothing lost"), (True, ["lost: e"], 1, "✗")],
)
def test_the_exit_code_tells_a_fault_before_an_early_end(
    early: bool, faults: list[str], code: int, verdict: str
) -> None:
    """A run that Ctrl-C ended says 130 if all is well, and 1 as any other if something was lost until then."""
    report = Report(is_early=early, faults=faults)
    assert report.exit_code == code
    assert report.verdict.startswith(verdict)
