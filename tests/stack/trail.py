"""An emulated bucket into which log files are written, and the events in them that an agent with all profiles ships."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from random import Random
from typing import Any, Final

from agent.demo.bystanders import Bystanders
from agent.demo.generator import Generator
from agent.demo.trail_objects import Press, pack, trail_key
from agent.demo.visitors import Visitors
from agent.records.profiles import BY_NAME, named
from agent.records.selection import Selector
from tests.support.cloud import Cloud

PROFILES: Final = list(BY_NAME)
_NOISE: Final = 20


class Trail:
    """What is written into the bucket of `cloud`. `events`: the text of each event to be shipped, by its id."""

    def __init__(self, cloud: Cloud, seed: int = 1) -> None:
        self._cloud = cloud
        self._rng = Random(seed)
        others = [name for name in PROFILES if name != "codecatalyst"]
        self._generator = Generator(self._rng, datetime.now(UTC))
        self._visitors = Visitors(self._rng, others)
        self._press = Press(self._rng, Bystanders(besides=Selector(profiles=named(PROFILES))), noise=_NOISE)
        self._keys: list[str] = []
        self.events: dict[str, str] = {}

    def write(self, rounds: int, events: int = 6) -> None:
        """In each round so many events of CodeCatalyst and half as many of others, in some files, among noise."""
        for _ in range(rounds):
            now = datetime.now(UTC)
            written = self._generator.generate(events, now) + self._visitors.generate(events // 2, now)
            self.events |= {event.event_id: event.record.decode() for event in written}
            for one in self._press.objects(written, now):
                self._put(one.key, one.body)

    def write_each_kind(self) -> None:
        """One round with every kind of event there is."""
        self.write(1, 2 * max(self._visitors.round_size, 40))

    def write_file(self, *events: Mapping[str, Any]) -> None:
        """A file of its own with exactly these events."""
        texts = [json.dumps(event, separators=(",", ":"), ensure_ascii=False) for event in events]
        self.events |= {str(event["eventID"]): text for event, text in zip(events, texts, strict=True)}
        key = trail_key(self._rng, "111122223333", "us-west-2", datetime.now(UTC))
        self._put(key, pack([text.encode() for text in texts]))

    def announce_again(self) -> None:
        """Tell the queue of all the same files once more."""
        for key in self._keys:
            self._cloud.world.send(json.dumps({"s3Bucket": self._cloud.world.bucket, "s3ObjectKey": [key]}))

    def settings(self, sink: str, protocol: str = "http/protobuf", **otlp: Any) -> dict[str, Any]:
        """Settings of an agent that ships all of it to `sink`; `otlp` are further keys of that section."""
        to_sink = {"endpoint": sink, "protocol": protocol, **otlp}
        return self._cloud.settings(sink, select={"profiles": PROFILES}, otlp=to_sink)

    def _put(self, key: str, body: bytes) -> None:
        self._cloud.world.put(key, body)
        self._keys.append(key)
