"""`python -m tests.soak.replays`: replays that are ended again and again until they are done, and compared.

First of sixty objects in a bucket, then of Event history. Each round begins with a new checkpoint and ends when nothing
is left to ship; half of the rounds write files. Exit code 1 if an event is missing, one is foreign, or one is in a file
twice.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from tests.support.clock import DEADLINE_SECONDS, eventually
from tests.support.cloud import Cloud
from tests.support.history import AccountHistory, History, Replayed, in_files
from tests.support.history_service import HistoryAws
from tests.support.otlp_receiver import HttpReceiver

_LONGEST: Final = 0.3  # the share of the time for all, from when it knows what there is
_STILLBORN: Final = 0.1  # the share of the lives that are not waited for until then
_TERM: Final = 0.3  # the share of the ends that are asked for first


@dataclass
class Rounds:
    """Ends processes that replay `history`; `faults` says what went wrong, one sentence each."""

    history: Replayed
    rng: Random
    kills: int = 0
    rounds: int = 0
    repeats: int = 0
    faults: list[str] = field(default_factory=list)

    def run(self, kills: int) -> None:
        """Rounds until there were so many ends; the last one is let to its end."""
        while self.kills < kills:
            self.round(kills, to_files=bool(self.rounds % 2))

    def round(self, kills: int, *, to_files: bool) -> None:
        """Until everything is shipped, from a new checkpoint."""
        self.rounds += 1
        folder = self.history.folder / f"round-{self.rounds}"
        folder.mkdir(parents=True)
        files = ["--to", "jsonl", str(folder / "out")] if to_files else []
        before = Counter() if to_files else self.history.arrived()
        arguments = ["--checkpoint", str(folder / "checkpoint"), *files]
        while self.kills < kills and not self._life(arguments):
            self.kills += 1
        if self.kills >= kills:
            ended = self.history.run(*arguments)
            if ended.code:
                self.faults.append(f"the last life of round {self.rounds} ended with {ended.code}: {ended.err}")
        arrived = in_files(folder / "out") if to_files else self.history.arrived() - before
        self._compare(arrived, to_files=to_files)
        shutil.rmtree(folder)

    def _life(self, arguments: list[str]) -> bool:
        """One process, to its violent end. Returns whether it ended by itself, with everything shipped."""
        with self.history.started(*arguments) as child:
            if self.rng.random() >= _STILLBORN:
                eventually(
                    lambda: self.history.found in self.history.log.read_text() or not child.alive,
                    "it finds what there is",
                )
            if child.wait(self.rng.uniform(0, _LONGEST * self.history.seconds)) is None and self.rng.random() < _TERM:
                child.process.send_signal(signal.SIGTERM)
                child.wait(self.rng.choice((0.05, DEADLINE_SECONDS)))
            code = child.wait(0)
        if code not in {None, 0, 128 + signal.SIGTERM, -signal.SIGTERM}:
            self.faults.append(f"a process ended with {code}: {self.history.log.read_text()}")
        return code == 0

    def _compare(self, arrived: Counter[str], *, to_files: bool) -> None:
        if missing := self.history.ids - arrived.keys():
            self.faults.append(f"round {self.rounds}: {len(missing)} events are missing")
        if foreign := arrived.keys() - self.history.ids:
            self.faults.append(f"round {self.rounds}: {len(foreign)} events are foreign")
        repeats = arrived.total() - len(arrived)
        if repeats and to_files:
            self.faults.append(f"round {self.rounds}: {repeats} lines are there twice")
        self.repeats += repeats


@contextmanager
def _objects(folder: Path, seed: int) -> Iterator[Replayed]:
    """Sixty objects of three days."""
    with Cloud.start() as cloud, HttpReceiver() as sink:
        history = History(cloud, folder, sink)
        history.write(60, seed=seed)
        yield history


@contextmanager
def _event_history(folder: Path, _seed: int) -> Iterator[Replayed]:
    """An account without a trail, in which things happened on three days; AWS gives some of them twice."""
    with HistoryAws.before("http://127.0.0.1:9", {}) as aws, HttpReceiver() as sink:
        aws.service.repeats = True
        history = AccountHistory(aws, folder, sink)
        for hours in (80, 60, 55, 30, 5):
            history.happen(60, hours_ago=hours)
        yield history


_KINDS: Final = {"buckets": _objects, "event-history": _event_history}


def _run(kind: str, kills: int, seed: int) -> bool:
    """End replays of this kind so often, and say how it went. Returns whether nothing was wrong."""
    with tempfile.TemporaryDirectory(prefix="trail-agent-replays-") as folder, _KINDS[kind](Path(folder), seed) as one:
        rounds = Rounds(one, Random(seed))
        rounds.run(kills)
    for fault in rounds.faults:
        sys.stdout.write(f"✗ {fault}\n")
    ends = f"{rounds.kills} ends in {rounds.rounds} rounds"
    sys.stdout.write(f"{kind}: {ends}, of {len(one.ids)} events each; {rounds.repeats} came to the sink twice\n")
    return not rounds.faults


def main() -> int:
    """Run, and say how it went."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.replays", description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="end each kind so often (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of objects and times (%(default)s)")
    parser.add_argument("--from", dest="kinds", choices=_KINDS, action="append", help="only this kind; default: both")
    given = parser.parse_args()
    sound = [_run(kind, given.kills, given.seed) for kind in given.kinds or _KINDS]
    return 0 if all(sound) else 1


if __name__ == "__main__":
    sys.exit(main())
