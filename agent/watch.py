"""What is looked at now and then, work or no work: how full the queues are, and whether the sink is up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from agent.errors import AwsError
from agent.pulse import Pulse

_DEPTH_SECONDS: Final = 15.0
_PROBE_SECONDS: Final = 5.0


class Depth(Protocol):
    """How many messages a queue holds."""

    @property
    def visible(self) -> int:
        """Waiting to be received."""
        ...

    @property
    def in_flight(self) -> int:
        """Received, and hidden."""
        ...

    @property
    def delayed(self) -> int:
        """Not to be received yet."""
        ...


class ProbedSink(Protocol):
    """A sink that can be asked whether it accepts."""

    def probe(self) -> bool:
        """Ask it, without records; it tells the outside what it found."""
        ...


class WatchTelemetry(Protocol):
    """What the watch tells the outside."""

    def queue_depth(self, queue: str, visible: int, in_flight: int, delayed: int) -> None:
        """So many messages are in the queue `main` or `dead_letter`."""
        ...


class Watch:
    """One thread's work. `queues` maps each queue's name to its URL; the sink is probed when it `needs_probe`."""

    def __init__(
        self,
        *,
        queues: Mapping[str, str],
        depth: Callable[[str], Depth],
        sink: ProbedSink,
        needs_probe: Callable[[], bool],
        telemetry: WatchTelemetry,
        pulse: Pulse,
    ) -> None:
        self._queues = queues
        self._depth = depth
        self._sink = sink
        self._needs_probe = needs_probe
        self._telemetry = telemetry
        self._pulse = pulse
        self._looked_at = -_DEPTH_SECONDS

    def run(self, stop: threading.Event) -> None:
        """Look until `stop` is set; the body of the watch thread."""
        with self._pulse.alive():
            while not stop.is_set():
                self.look()
                self._pulse.wait(stop, _PROBE_SECONDS)

    def look(self) -> None:
        """One look at whatever is due."""
        if self._needs_probe():
            self._sink.probe()
        now = self._pulse.clock.monotonic()
        if now - self._looked_at >= _DEPTH_SECONDS:
            self._looked_at = now
            for name, url in self._queues.items():
                self._look_at_queue(name, url)

    def _look_at_queue(self, name: str, url: str) -> None:
        self._pulse.beat()
        try:
            depth = self._depth(url)
        except AwsError:
            return  # the failed request has been counted; receiving says when the queue is down
        self._telemetry.queue_depth(name, depth.visible, depth.in_flight, depth.delayed)
