"""A history, in a bucket or in an account without a trail, and `trail-agent replay` as a process that ships it."""

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
from tests.support.events import Members, event, noise
from tests.support.history_service import HistoryAws
from tests.support.otlp_receiver import HttpReceiver

BEGIN = datetime(2026, 10, 5, tzinfo=UTC)
SINCE, UNTIL = ("--since", "2026-10-05"), ("--until", "2026-10-08")
ORIGINS = (("111122223333", "us-west-2"), ("111122223333", "eu-west-1"), ("444455556666", "us-west-2"))
REGIONS = ("us-west-2", "eu-west-1")
IN_REGIONS = tuple(word for region in REGIONS for word in ("--region", region))
_FROM_HERE = {"PYTHONPATH": str(Path(__file__).parents[2])}


class Replayed:
    """What `trail-agent replay` ships as a process of its own, with the settings of `shell()`, into `sink`.

    `ids` are those of the events that there are. `chosen` are the arguments that say what of them. `found` is what a
    replay prints once it knows what there is.
    """

    folder: Path
    sink: HttpReceiver | str
    ids: set[str]
    chosen: Sequence[str]
    found: str
    seconds: float
    """How long a replay of it takes, roughly, from then on."""

    def shell(self) -> Shell:
        """With the settings of now."""
        raise NotImplementedError

    def run(self, *arguments: str) -> Ended:
        """From beginning to end."""
        return self.shell().run("replay", *self.chosen, *arguments)

    @contextmanager
    def started(self, *arguments: str) -> Iterator[Child]:
        """The process, while the block runs; what it prints goes to `log`, on both outputs."""
        command = [*PROGRAM, "replay", "-c", str(self.shell().config), *self.chosen, *arguments]
        with Child.start(command, {**isolated(), **_FROM_HERE}, self.log) as child:
            yield child

    @property
    def log(self) -> Path:
        """What the last process that was started wrote."""
        return self.folder / "replay.log"

    def arrived(self) -> Counter[str]:
        """How often each event came to the sink."""
        assert isinstance(self.sink, HttpReceiver)
        return Counter(
            str(json.loads(record.body)["eventID"]) for export in self.sink.exports for record in export.records
        )


@dataclass
class History(Replayed):
    """Objects of three days, of several accounts and regions, in the bucket of `cloud`; `ids` of their events."""

    cloud: Cloud
    folder: Path
    sink: HttpReceiver | str
    settings: Mapping[str, Any] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    chosen: Sequence[str] = (*SINCE, *UNTIL)
    found: str = "streams"
    seconds: float = 3.0

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

    def run_of(self, *arguments: str) -> Ended:
        """A replay of another time."""
        return self.shell().run("replay", *arguments)

    def shell(self) -> Shell:
        """With the settings of `cloud`, and those of this history over them."""
        return Shell.at(self.folder, self.cloud.settings(self.sink, **self.settings))


@dataclass
class AccountHistory(Replayed):
    """Events of some days in the Event history of an account without a trail, in two regions."""

    aws: HistoryAws
    folder: Path
    sink: HttpReceiver
    ids: set[str] = field(default_factory=set)
    chosen: Sequence[str] = ("--from", "event-history", *IN_REGIONS, "--since", "4d")
    found: str = "event-history:"
    seconds: float = 10.0

    def happen(self, number: int, *, hours_ago: float, late: float = 0.0) -> None:
        """So many events, each a minute after the other, in each region."""
        begin = datetime.now(UTC) - timedelta(hours=hours_ago)
        for region in REGIONS:
            some = [
                _moved(event(f"{region}-{hours_ago}-{one}"), begin + timedelta(minutes=one), region)
                for one in range(number)
            ]
            self.aws.service.put(*some, _moved(noise("noise"), begin, region), region=region, late=late)
            self.ids.update(str(one["eventID"]) for one in some)

    def shell(self, **settings: Any) -> Shell:
        """With the least that is set, and `settings`."""
        plain: Mapping[str, Any] = {
            "otlp": {"endpoint": self.sink.url},
            "aws": {"endpoint_url": self.aws.url},
            "log": {"format": "json"},
        }
        return Shell.at(self.folder, {**plain, **settings})


def _moved(one: Members, moment: datetime, region: str) -> Members:
    return {**one, "eventTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}", "awsRegion": region}


def in_files(folder: Path) -> Counter[str]:
    """How often each event is in the files below `folder`."""
    lines: Sequence[str] = [line for path in folder.rglob("*.jsonl") for line in path.read_text().splitlines()]
    return Counter(str(json.loads(json.loads(line)["body"])["eventID"]) for line in lines)


def told(ended: Ended) -> dict[str, Any]:
    """What `--json` printed."""
    found: dict[str, Any] = json.loads(ended.out)
    return found
