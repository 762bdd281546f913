"""Only the emulated account, with events in it: for an agent that runs elsewhere, such as in another container."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Final

from agent.demo.generator import OPENING_SIZE
from agent.demo.interrupt import Stopping
from agent.demo.script import Script
from agent.demo.show import Show
from agent.demo.world import World

_PAUSE_SECONDS: Final = 5.0
_TOLD_EVERY: Final = 60
_MOST_OBJECTS: Final = 10_000
"""The emulator keeps objects in memory; this many are there for half a day, and are a few tens of MiB."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the emulated account listens."""

    host: str
    port: int


def serve(address: Address, profiles: Sequence[str], show: Show, stopping: Stopping) -> None:
    """Run an emulated account at `address`, and write events of CodeCatalyst and of `profiles` into it until stopped.

    Raises DependencyError when the emulator does not start, or ends.
    """
    show.title()
    with World.start(address.host, address.port) as world:
        show.account(world.endpoint, world.queue_url, world.bucket)
        serving = _Serving(world, Script(Random(), profiles))
        serving.write(OPENING_SIZE, serving.script.opening_visitors)
        rounds = 0
        while not stopping.wait(_PAUSE_SECONDS):
            serving.write(serving.script.rng.randint(1, 4), serving.script.rng.randint(0, 2))
            rounds += 1
            if rounds % _TOLD_EVERY == 0:
                show.say(serving.told())


class _Serving:
    """Writes, and forgets the oldest objects."""

    def __init__(self, world: World, script: Script) -> None:
        self._world = world
        self.script = script
        self.written = 0
        self._keys: deque[str] = deque()

    def write(self, count: int, of_visitors: int) -> None:
        """Write `count` events of CodeCatalyst and `of_visitors` of the other profiles, in objects with noise."""
        now = datetime.now(UTC)
        events = self.script.events(count, of_visitors, now)
        for one in self.script.objects(events, now):
            self._world.put(one.key, one.body)
            self._keys.append(one.key)
        self.written += len(events)
        while len(self._keys) > _MOST_OBJECTS:
            self._world.delete(self._keys.popleft())

    def told(self) -> str:
        """What was done so far."""
        queued = self._world.queue_depth().total
        return f"{self.written:,} {self.script.what} written, {queued:,} messages in the queue"
