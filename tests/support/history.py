"""A bucket with a history in it, and `trail-agent replay` as a process of its own that ships it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from agent.demo.child import Child
from agent.demo.environment import isolated
from agent.demo.generator import Generator
from agent.demo.trail_objects import pack, trail_key
from tests.support.cloud import Cloud
from tests.support.commands import Ended, Shell
from tests.support.daemon import PROGRAM
from tests.support.otlp_receiver import HttpReceiver

BEGIN = datetime(2026, 10, 5, tzinfo=UTC)
SINCE, UNTIL = ("--since", "2026-10-05"), ("--until", "2026-10-08")
ORIGINS = (("111122223333", "us-west-2"), ("111122223333", "eu-west-1"), ("444455556666", "us-west-2"))
_FROM_HERE = {"PYTHONPATH": str(Path(__file__).parents[2])}


@dataclass
class History:
    """Objects of three days, of several accounts and regions, in the bucket of `cloud`; `ids` of their events."""

    cloud: Cloud
    folder: Path
    sink: HttpReceiver | str
    settings: Mapping[str, Any] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)

    def write(self, objects: int, *, prefix: str = "", organisation: str = "", each: int = 2, seed: int = 1) -> None:
        """So many objects, with so many events each, spread over the days."""
        rng = Random(seed)
        events = iter(Generator(Random(seed), BEGIN).generate(objects * each, BEGIN))
        for number in range(objects):
            account, region = ORIGINS[number % len(ORIGINS)]
            written = BEGIN + number * timedelta(days=3) / objects
            key = prefix + trail_key(rng, account, region, written).replace("AWSLogs/", f"AWSLogs/{organisation}")
            some = [next(events) for _ in range(each)]
            self.put(key, pack([event.record for event in some]))
            self.ids.update(event.event_id for event in some)

    def put(self, key: str, body: bytes) -> None:
        """One object."""
        self.keys.append(key)
        self.cloud.account.put_object(self.cloud.world.bucket, key, body)

    def run(self, *arguments: str) -> Ended:
        """From beginning to end."""
        return self.run_of(*SINCE, *UNTIL, *arguments)

    def run_of(self, *arguments: str) -> Ended:
        """The same, of another time."""
        return self._shell().run("replay", *arguments)

    @contextmanager
    def started(self, *arguments: str) -> Iterator[Child]:
        """The process, while the block runs; what it prints goes to `log`, on both outputs."""
        command = [*PROGRAM, "replay", "-c", str(self._shell().config), *SINCE, *UNTIL, *arguments]
        with Child.start(command, {**isolated(), **_FROM_HERE}, self.log) as child:
            yield child

    @property
    def log(self) -> Path:
        """What the last process that was started wrote."""
        return self.folder / "replay.log"

    def _shell(self) -> Shell:
        return Shell.at(self.folder, self.cloud.settings(self.sink, **self.settings))

    def arrived(self) -> Counter[str]:
        """How often each event came to the sink."""
        assert isinstance(self.sink, HttpReceiver)
        return Counter(
            str(json.loads(record.body)["eventID"]) for export in self.sink.exports for record in export.records
        )


def in_files(folder: Path) -> Counter[str]:
    """How often each event is in the files below `folder`."""
    lines: Sequence[str] = [line for path in folder.rglob("*.jsonl") for line in path.read_text().splitlines()]
    return Counter(str(json.loads(json.loads(line)["body"])["eventID"]) for line in lines)


def told(ended: Ended) -> dict[str, Any]:
    """What `--json` printed."""
    found: dict[str, Any] = json.loads(ended.out)
    return found
