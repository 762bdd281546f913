"""Only the emulated account, with events in it: for an agent that runs elsewhere, such as in another container."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Final

from agent.demo.script import Act, Script
from agent.demo.show import Show
from agent.demo.world import World
from agent.errors import number_of
from agent.signals import Stopping

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
        show.account(world.endpoint, world.region, world.queue_url, world.bucket)
        script = Script(Random(), profiles)
        serving = _Serving(world)
        serving.write(script.past())
        serving.write(script.opening())
        for rounds in count(1):
            if stopping.wait(_PAUSE_SECONDS):
                return
            serving.write(script.next())
            if rounds % _TOLD_EVERY == 0:
                queued = world.queue_depth().total
                show.say(f"{serving.written:,} {script.what} written, {number_of(queued, 'message')} in the queue")


class _Serving:
    """Writes, and forgets the oldest objects."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.written = 0
        self._keys: deque[str] = deque()

    def write(self, act: Act) -> None:
        """Write the objects of `act`."""
        for one in act.objects:
            self._world.put(one.key, one.body)
            self._keys.append(one.key)
        self.written += len(act.events)
        while len(self._keys) > _MOST_OBJECTS:
            self._world.delete(self._keys.popleft())
