"""The real process, killed at each edge of its work: nothing is lost, and what comes again is what was in hand."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from agent.demo.generator import GeneratedEvent, Generator
from agent.demo.trail_objects import pack, trail_key
from agent.faults.dead_letters import Reason
from tests.soak.report import Report
from tests.soak.sink import Archive
from tests.support import crash, moto
from tests.support.clock import DEADLINE_SECONDS, eventually
from tests.support.cloud import Cloud
from tests.support.daemon import Daemon
from tests.support.edges import Edge
from tests.support.messages import s3_event
from tests.support.otlp_receiver import Export, HttpReceiver, HttpReply

NOW: Final = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
LETTER: Final = "not json"
OBJECTS: Final = 11
EVENTS: Final = 2  # in each

UNSENT: Final = frozenset({Edge.RECEIVED, Edge.OPENED, Edge.READ, Edge.EXPORTING})
"""The edges at which the sink has nothing yet."""

CHAINS: Final = (
    ((Edge.RECEIVED, 1), (Edge.OPENED, 1), (Edge.READ, 1), (Edge.EXPORTING, 1)),
    ((Edge.STORED, 1), (Edge.ANSWERED, 1), (Edge.REMEMBERED, 1), (Edge.BURYING, 1)),
    ((Edge.BURIED, 1), (Edge.DELETING, 1), (Edge.DELETED, 1)),
    ((Edge.RECEIVED, 2), (Edge.DELETING, 2), (Edge.DELETED, 2)),
)
"""Edges, and the how many-th time they are reached: one process after the other ends at one. A start takes a second."""

ASIDE: Final = frozenset({Edge.HIDING, Edge.HIDDEN, Edge.WAITING})
"""The edges that are reached only if something goes wrong."""


class Store:
    """What is behind the sink. It is too busy for the next `busy` exports, and keeps nothing of them."""

    def __init__(self) -> None:
        self.archive = Archive()
        self.busy = 0

    def __call__(self, export: Export) -> HttpReply | None:
        """Keep what is exported, or ask for a second of patience."""
        if self.busy and export.records:
            self.busy -= 1
            return HttpReply(503, headers={"Retry-After": "1"})
        self.archive.store(export.request)
        return None


class Trial:
    """Known events and messages for the dead-letter queue, and processes that are killed on the way to the sink.

    One worker, so that what is in hand is one receive: the first brings one message, the second ten.
    """

    def __init__(self, cloud: Cloud, url: str, archive: Archive, folder: Path) -> None:
        self._cloud = cloud
        self._archive = archive
        self._folder = folder
        self._settings = cloud.settings(url, workers=1)
        self._rng = Random(27)
        self._generator = Generator(self._rng, NOW)
        self._events: list[GeneratedEvent] = []
        self._repeatable = 0
        self._crashes = 0
        for _ in range(OBJECTS):
            self.put(self._key())

    def announce(self) -> str:
        """Notify of an object that is not there, and return its key."""
        key = self._key()
        self._cloud.world.send(s3_event(key, bucket=self._cloud.world.bucket))
        return key

    def put(self, key: str) -> None:
        """Write an object with events."""
        events = self._generator.generate(EVENTS, NOW)
        self._events += events
        self._cloud.world.put(key, pack(event.record for event in events))

    def crash(self, edge: Edge, nth: int = 1) -> None:
        """One life, up to the edge, with something to bury and something to deliver."""
        self._crashes += 1
        self._cloud.world.send(LETTER)
        self.put(self._key())
        folder = self._folder / f"life-{self._crashes}"
        with Daemon.run(folder, self._settings, program=crash.program(edge, nth)) as agent:
            assert agent.child.wait(DEADLINE_SECONDS) == -signal.SIGKILL, agent.log_text()
            assert crash.reached(agent.events()) is edge
        if edge not in UNSENT:
            self._repeatable += EVENTS * self._cloud.world.queue_depth().in_flight
        moto.lapse()

    def recover(self) -> None:
        """A life that nothing happens to, until the queue is empty."""
        with Daemon.run(self._folder / "last", self._settings) as agent:
            eventually(self._cloud.is_idle, "the queue is empty")
            assert agent.ledger_balances()

    def check(self) -> None:
        """Hold what the sink and the dead-letter queue have against what was written."""
        report = Report()
        report.compare(self._events, self._archive)
        assert report.faults == []
        assert report.repeats <= self._repeatable
        letters = self._cloud.dead_letters()
        assert self._crashes <= len(letters) <= 2 * self._crashes
        assert {_body_and_reason(letter) for letter in letters} == {(LETTER, Reason.NOTIFICATION_UNKNOWN)}

    def _key(self) -> str:
        return trail_key(self._rng, "111122223333", "us-west-2", NOW)


def _body_and_reason(letter: Any) -> tuple[str, str]:
    return letter["Body"], letter.get("MessageAttributes", {}).get("reason", {}).get("StringValue", "none")


@pytest.fixture
def store() -> Store:
    """A store with nothing in it."""
    return Store()


@pytest.fixture
def trial(cloud: Cloud, store: Store, tmp_path: Path) -> Iterator[Trial]:
    """A trial whose records go to `store`."""
    with HttpReceiver(rule=store) as sink:
        yield Trial(cloud, sink.url, store.archive, tmp_path)


@pytest.mark.row(27)
@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: " ".join(f"{edge.name}-{nth}" for edge, nth in chain))
def test_processes_killed_at_one_edge_after_the_other_lose_nothing(
    trial: Trial, chain: Sequence[tuple[Edge, int]]
) -> None:
    """The last process delivers all of it: no event is missing, none foreign, and a repeat has the same bytes."""
    for edge, nth in chain:
        trial.crash(edge, nth)
    trial.recover()
    trial.check()


def test_the_chains_have_every_edge() -> None:
    """An edge that is new gets its place in a chain, or a test of its own."""
    assert {edge for chain in CHAINS for edge, _ in chain} | ASIDE == {*Edge}


@pytest.mark.row(27)
@pytest.mark.parametrize("edge", [Edge.RECEIVED, Edge.STORED, Edge.BURIED])
def test_a_crash_loop_loses_nothing(trial: Trial, edge: Edge) -> None:
    """Three processes in a row are killed at the same edge; the fourth delivers all of it."""
    for _ in range(3):
        trial.crash(edge)
    trial.recover()
    trial.check()


@pytest.mark.row(27)
@pytest.mark.parametrize("edge", [Edge.HIDING, Edge.HIDDEN])
def test_a_process_killed_as_it_gives_a_message_back_loses_nothing(trial: Trial, edge: Edge) -> None:
    """An object is not there when its notification comes; it is when the next process reads it."""
    late = trial.announce()
    trial.crash(edge)
    trial.put(late)
    trial.recover()
    trial.check()


@pytest.mark.row(27)
def test_a_process_killed_while_it_waits_for_the_sink_loses_nothing(trial: Trial, store: Store) -> None:
    """The sink asks for patience, and the process dies in it; the next one delivers all."""
    store.busy = 1
    trial.crash(Edge.WAITING)
    trial.recover()
    trial.check()
